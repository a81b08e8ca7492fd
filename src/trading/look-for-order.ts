import * as z from 'zod/mini';
import type { Intent } from '../ledger/intent.ts';
import type { Look } from '../ledger/resolve-intents.ts';
import { formatUsd, parseUsd, type MicroUsd } from '../money.ts';
import type { OrderDirection, PlacedOrder, TradingClient } from '../purple-flea/trading.ts';

/** What is known of an agent's positions and fills right before an order, by id: what is new afterwards may be the order. */
export const tradeSnapshotSchema = z.object({
  asset: z.string(),
  direction: z.enum(['long', 'short']),
  positionIds: z.array(z.string()),
  /** Undefined where the dialect has no history. */
  tradeIds: z.optional(z.array(z.string())),
});
export type TradeSnapshot = z.infer<typeof tradeSnapshotSchema>;

/** Takes the snapshot. @throws ServiceUnreadableError where the service cannot be read; no order is sent then. */
export async function takeTradeSnapshot(
  trading: TradingClient,
  order: { readonly asset: string; readonly direction: OrderDirection },
): Promise<TradeSnapshot> {
  const positions = await trading.readPositions();
  const history = await trading.readHistory();
  return {
    asset: order.asset,
    direction: order.direction,
    positionIds: positions.flatMap(({ positionId }) => positionId ?? []),
    ...(history.kind === 'read' ? { tradeIds: history.value.map(({ tradeId }) => tradeId) } : {}),
  };
}

/** A fill or a position that was not there before the order. */
interface Fresh {
  readonly id: string;
  readonly asset: string;
  readonly direction: OrderDirection;
  readonly amount: MicroUsd;
}

/**
 * Looks for the order of an intent: exactly one new fill of its market, side and size. Orders carry no reference of ours,
 * so where there is none, nobody can say that there was no order: the position may have been closed or merged.
 */
export async function lookForOrder(trading: TradingClient, intent: Intent): Promise<Look> {
  const before = z.safeParse(tradeSnapshotSchema, intent.before);
  if (!before.success) return { kind: 'invisible', reason: 'no snapshot was taken before the order' };
  const fresh = (await findFresh(trading, before.data)).filter((row) =>
    isOf(row, before.data, parseUsd(intent.amountUsd)),
  );
  const [first, ...others] = fresh;
  if (first === undefined) return { kind: 'absent' };
  if (others.length > 0) {
    return { kind: 'many', note: `several new fills could be this order: ${fresh.map(({ id }) => id).join(', ')}` };
  }
  const { id: orderId, asset, direction, amount } = first;
  const result: PlacedOrder = { orderId, status: 'filled', asset, direction, amountUsd: formatUsd(amount) };
  return { kind: 'found', result };
}

/** Fills where there is a history, which shows an order whatever became of its position; otherwise positions. */
async function findFresh(trading: TradingClient, before: TradeSnapshot): Promise<Fresh[]> {
  const history = await trading.readHistory();
  if (history.kind === 'read' && before.tradeIds !== undefined) {
    const known = new Set(before.tradeIds);
    return history.value.filter(({ tradeId }) => !known.has(tradeId)).map((trade) => ({ ...trade, id: trade.tradeId }));
  }
  const known = new Set(before.positionIds);
  const positions = await trading.readPositions();
  return positions.flatMap(({ positionId, ...position }) =>
    positionId === undefined || known.has(positionId) ? [] : [{ ...position, id: positionId }],
  );
}

/** A fill is in whole lots, so near the size that was asked for: at most a tenth off. */
function isOf(row: Fresh, { asset, direction }: TradeSnapshot, asked: MicroUsd): boolean {
  const off = row.amount > asked ? row.amount - asked : asked - row.amount;
  return row.asset === asset && row.direction === direction && off * 10n <= asked;
}
