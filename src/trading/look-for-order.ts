import * as z from 'zod/mini';
import type { Intent } from '../ledger/intent.ts';
import { expectedSchema, type LastOrder } from '../ledger/latest.ts';
import type { Look } from '../ledger/resolve-intents.ts';
import { formatUsd, parseUsd, type MicroUsd } from '../money.ts';
import {
  LONGEST_HISTORY,
  reachesBackTo,
  type OrderDirection,
  type PlacedOrder,
  type Position,
  type Trade,
  type TradingClient,
} from '../purple-flea/trading.ts';

/** What is known of a market right before an order, by id: what is new afterwards may be the order. */
export const tradeSnapshotSchema = z.object({
  asset: z.string(),
  direction: z.enum(['long', 'short']),
  positionIds: z.array(z.string()),
  /** Undefined where the dialect has no history. */
  tradeIds: z.optional(z.array(z.string())),
  /** Effect key of the ledger's last order in the market: by it, one is seen that the service does not show yet. */
  lastOrder: z.optional(z.string()),
  /** What is expected to stand with the order; the next one reckons with it until the service shows it. */
  expected: z.optional(expectedSchema),
});
export type TradeSnapshot = z.infer<typeof tradeSnapshotSchema>;

const side = z.enum(['long', 'short']);

/** What bodies of any dialect say of an order's side. */
const orderedSchema = z.object({ direction: z.optional(side), side: z.optional(side) });

/** The asset and side of an order. An order that only a lost ledger may have sent has no snapshot: its body names the side. */
export function orderedBy({
  before,
  payee,
  requestBody,
}: Pick<Intent, 'before' | 'payee' | 'requestBody'>): Pick<PlacedOrder, 'asset' | 'direction'> | undefined {
  const snapshot = z.safeParse(tradeSnapshotSchema, before);
  if (snapshot.success) return { asset: snapshot.data.asset, direction: snapshot.data.direction };
  const body = z.safeParse(orderedSchema, JSON.parse(requestBody));
  const direction = body.success ? (body.data.direction ?? body.data.side) : undefined;
  return direction === undefined ? undefined : { asset: payee, direction };
}

/** An agent's positions, and its last fills where the dialect has a history. */
export interface TradingState {
  readonly positions: readonly Position[];
  readonly trades: readonly Trade[] | undefined;
}

/** @throws ServiceUnreadableError where the service cannot be read; no order is sent then. */
export async function readTrading(trading: TradingClient): Promise<TradingState> {
  const [positions, history] = await Promise.all([trading.readPositions(), trading.readHistory()]);
  return { positions, trades: history.kind === 'read' ? history.value : undefined };
}

/** What an order in a market has to be told apart from. */
export function snapshotOf(
  { asset, direction }: { readonly asset: string; readonly direction: OrderDirection },
  { positions, trades }: TradingState,
  last: LastOrder | undefined,
): TradeSnapshot {
  const isHere = (row: { readonly asset: string }) => row.asset === asset;
  return {
    asset,
    direction,
    positionIds: positions.filter(isHere).flatMap(({ positionId }) => positionId ?? []),
    ...(trades === undefined ? {} : { tradeIds: trades.filter(isHere).map(({ tradeId }) => tradeId) }),
    ...(last === undefined ? {} : { lastOrder: last.intentKey }),
  };
}

/** A fill or a position. */
interface Fill {
  readonly id: string;
  readonly isNew: boolean;
  readonly orderId: string | undefined;
  readonly asset: string;
  readonly direction: OrderDirection;
  readonly amount: MicroUsd;
  /** Undefined where the service keeps no time. */
  readonly at: string | undefined;
}

/** What looking for an order needs. */
export interface LookForOrderDeps {
  readonly trading: TradingClient;
  /** All orders of the agent in the market that were settled since a moment. */
  readonly findOthers: (since: Date) => Promise<readonly Intent[]>;
}

/** How much older than it should be a snapshot, or a clock, may be. */
const STALE_MS = 5 * 60_000;

/**
 * Looks for the order of an intent: exactly one new fill of its market, side and size. Orders carry no reference of ours,
 * so where there is none, nobody can say that there was no order: the position may have been closed or merged.
 *
 * The snapshot may have been old when it was taken, and the claim that carries it may have been written late: what other
 * intents are known to have ordered since is left out.
 */
export async function lookForOrder({ trading, findOthers }: LookForOrderDeps, intent: Intent): Promise<Look> {
  const before = z.safeParse(tradeSnapshotSchema, intent.before);
  if (!before.success) return { kind: 'invisible', reason: 'no snapshot was taken before the order' };
  const since = new Date(Date.parse(intent.createdAt) - STALE_MS);
  const others = await findOthers(since);

  const fills = await readFills(trading, before.data, since);
  if (fills === undefined) {
    return { kind: 'unclear', reason: `the last ${LONGEST_HISTORY} fills do not reach back to ${since.toISOString()}` };
  }
  const fresh = fills.filter(
    (fill) =>
      fill.isNew &&
      isOf(fill, before.data, parseUsd(intent.amountUsd)) &&
      !others.some((other) => isFilledBy(other, fill)) &&
      (fill.at === undefined || Date.parse(fill.at) >= since.getTime()),
  );
  const [first, ...more] = fresh;
  if (first === undefined) return { kind: 'absent' };
  if (more.length > 0) {
    return { kind: 'many', note: `several new fills could be this order: ${fresh.map(({ id }) => id).join(', ')}` };
  }
  const unseen = others.filter((other) => !fills.some((fill) => isFilledBy(other, fill)));
  if (unseen.length > 0) {
    const references = unseen.map(({ reference }) => reference).join(', ');
    return { kind: 'many', note: `the new fill ${first.id} could be this order or one of ${references}` };
  }
  const { id, orderId = id, asset, direction, amount } = first;
  const result: PlacedOrder = { orderId, status: 'filled', asset, direction, amountUsd: formatUsd(amount) };
  return { kind: 'found', result };
}

/**
 * Fills where there is a history, which shows an order whatever became of its position; otherwise positions. Undefined where
 * the history is cut off before a moment: what is not in it may be beyond its end.
 */
async function readFills(trading: TradingClient, before: TradeSnapshot, since: Date): Promise<Fill[] | undefined> {
  const history = await trading.readHistory();
  if (history.kind === 'read' && before.tradeIds !== undefined) {
    if (!reachesBackTo(history.value, since)) return undefined;
    const known = new Set(before.tradeIds);
    return history.value.map(({ tradeId: id, ...trade }) => ({ ...trade, id, isNew: !known.has(id) }));
  }
  const known = new Set(before.positionIds);
  const positions = await trading.readPositions();
  return positions.flatMap(({ positionId: id, openedAt: at, ...position }) =>
    id === undefined ? [] : [{ ...position, id, at, isNew: !known.has(id) }],
  );
}

function isFilledBy({ result }: Intent, { id, orderId }: Fill): boolean {
  const known = result?.['orderId'];
  return known !== undefined && (known === id || known === orderId);
}

/** A fill is in whole lots, so near the size that was asked for: at most a tenth off. */
function isOf(row: Fill, { asset, direction }: TradeSnapshot, asked: MicroUsd): boolean {
  const off = row.amount > asked ? row.amount - asked : asked - row.amount;
  return row.asset === asset && row.direction === direction && off * 10n <= asked;
}
