import { dayBudget } from '../ledger/budgets.ts';
import { marketLock, type Intent, type IntentCursor, type IntentStore } from '../ledger/intent.ts';
import type { LastOrder } from '../ledger/latest.ts';
import { parseEstimate, subtractUsd, sumUsd, type MicroUsd } from '../money.ts';
import { reachesBackTo, type Position, type Trade } from '../purple-flea/trading.ts';
import type { TradeFacts } from './decide-trade.ts';
import { readTrading, snapshotOf, type TradeSnapshot } from './look-for-order.ts';
import { ORDER_KINDS, type Market } from './market.ts';

export interface ReadFactsDeps {
  readonly intents: Pick<IntentStore, 'read' | 'readHolder' | 'readUsed' | 'readLastOrder' | 'listSince'>;
  readonly market: Market;
  readonly coolDownSeconds: number;
  readonly now: () => Date;
}

/** The facts, and the snapshot of the same moment: what follows is compared with it. */
export interface TradePicture {
  readonly facts: TradeFacts;
  readonly snapshot: TradeSnapshot;
}

const PAGE = 100;

/** A service may show an order that late: until then its market is reckoned with it, shown or not. */
const UNSHOWN_MS = 15 * 60_000;

/**
 * Reads what a decision over an order goes by, from the market and from the ledger.
 *
 * @throws ServiceUnreadableError where the market cannot be read.
 */
export async function readFacts(
  deps: ReadFactsDeps,
  order: { readonly asset: string; readonly direction: 'long' | 'short' },
): Promise<TradePicture> {
  const { intents, market, coolDownSeconds, now } = deps;
  const { asset } = order;
  const at = now();
  const kind = ORDER_KINDS[market.mode];
  const since = new Date(at.getTime() - coolDownSeconds * 1000);
  const ours = { kind, agentId: market.agentId, payee: asset };
  const [state, shownAvailable, holder, notionalToday, last] = await Promise.all([
    readTrading(market.trading),
    market.readBalance(),
    intents.readHolder(marketLock(ours)),
    intents.readUsed(dayBudget(kind, at)),
    intents.readLastOrder(ours),
  ]);
  const earlier = last === undefined && coolDownSeconds > 0 ? await readOrders(intents, ours, since) : [];
  const { positions, trades = [] } = state;
  const expected = expectedOf(market, last, at);
  const shown = netOf(positions.filter((row) => row.asset === asset));
  const seen = [
    ...(last === undefined ? [] : [last.at]),
    ...earlier.map(({ updatedAt }) => updatedAt),
    ...positions.flatMap((row) => (row.asset === asset && row.openedAt !== undefined ? [row.openedAt] : [])),
    ...trades.flatMap((row) => (row.asset === asset ? [row.at] : [])),
  ].filter((time) => Date.parse(time) >= since.getTime());
  return {
    facts: {
      available: leastOf(shownAvailable, expected?.availableUsd),
      exposure: furthest(order.direction, shown, expected?.exposureUsd),
      notionalToday,
      profitToday: profitOf(positions, trades, at),
      isDayShown: reachesBackTo(trades, startOfDay(at)),
      lastOrderAt: seen.toSorted((one, other) => Date.parse(one) - Date.parse(other)).at(-1),
      inDoubt: holder === undefined ? undefined : await nameOf(intents, holder),
    },
    snapshot: snapshotOf(order, state, last),
  };
}

/** Longs less shorts. */
function netOf(positions: readonly Position[]): MicroUsd {
  const side = (direction: Position['direction']) =>
    sumUsd(...positions.flatMap((row) => (row.direction === direction ? [row.amount] : [])));
  return subtractUsd(side('long'), side('short'));
}

/** What the last order was expected to come to, for as long as the service may not show it. The paper book shows it at once. */
function expectedOf({ mode }: Market, last: LastOrder | undefined, at: Date): LastOrder | undefined {
  return mode === 'live' && last !== undefined && at.getTime() - Date.parse(last.at) < UNSHOWN_MS ? last : undefined;
}

/** Of what the service shows and what the ledger knows, that which leaves less room on a side. */
function furthest(direction: 'long' | 'short', shown: MicroUsd, knownUsd: string | undefined): MicroUsd {
  if (knownUsd === undefined) return shown;
  const known = parseEstimate(knownUsd);
  return (direction === 'long') === known > shown ? known : shown;
}

function leastOf(shown: MicroUsd | undefined, knownUsd: string | undefined): MicroUsd | undefined {
  if (shown === undefined || knownUsd === undefined) return shown;
  const known = parseEstimate(knownUsd);
  return known < shown ? known : shown;
}

/** The orders of a market that were applied since a moment: earlier releases kept no last one. */
async function readOrders(
  intents: Pick<IntentStore, 'listSince'>,
  market: Pick<Intent, 'kind' | 'agentId' | 'payee'>,
  since: Date,
): Promise<Intent[]> {
  const found: Intent[] = [];
  let after: IntentCursor | undefined;
  do {
    const page = await intents.listSince('applied', since, PAGE, after);
    found.push(...page.intents);
    after = page.next;
  } while (after !== undefined);
  return found.filter(
    ({ kind, agentId, payee }) => kind === market.kind && agentId === market.agentId && payee === market.payee,
  );
}

async function nameOf(intents: Pick<IntentStore, 'read'>, holder: string): Promise<string> {
  const intent = await intents.read(holder);
  return intent === undefined ? holder : `${intent.reference} (${intent.state})`;
}

/** Midnight UTC before a moment. */
export function startOfDay(at: Date): Date {
  return new Date(at.toISOString().slice(0, 10));
}

/** What was realised in the UTC day of a moment, and what open positions stand at. */
export function profitOf(positions: readonly Position[], trades: readonly Trade[], at: Date): MicroUsd {
  return sumUsd(...realisedOn(trades, at), ...positions.map(openProfitOf));
}

/** What each fill of the UTC day of a moment realised, of those that closed something. */
export function realisedOn(trades: readonly Trade[], at: Date): readonly MicroUsd[] {
  const day = at.toISOString().slice(0, 10);
  return trades.flatMap((trade) =>
    trade.pnl !== undefined && new Date(trade.at).toISOString().startsWith(day) ? [trade.pnl] : [],
  );
}

/** Where the service does not show what a position stands at, it may have lost all that it can: its margin. */
function openProfitOf({ pnl, amount, leverage }: Position): MicroUsd {
  if (pnl !== undefined) return pnl;
  const parts = BigInt(Math.max(1, Math.floor(leverage)));
  return (0n - (amount + parts - 1n) / parts) as MicroUsd;
}
