import type { IntentStore } from '../ledger/intent.ts';
import type { LastOrder } from '../ledger/latest.ts';
import { subtractUsd, sumUsd, type MicroUsd } from '../money.ts';
import { reachesBackTo, type Position, type Trade } from '../purple-flea/trading.ts';
import type { OrderTerms, TradeFacts } from './decide-trade.ts';
import { readTrading, snapshotOf, type TradeSnapshot } from './look-for-order.ts';
import { ORDER_KINDS, type Market } from './market.ts';
import { reckon, UNSHOWN_MS, type Reckoning } from './reckon.ts';

export interface ReadFactsDeps {
  readonly intents: Pick<IntentStore, 'readLastOrder'>;
  readonly market: Market;
  readonly coolDownSeconds: number;
  readonly now: () => Date;
}

/** The facts, and the snapshot of the same moment: what follows is compared with it. */
export interface TradePicture {
  readonly facts: TradeFacts;
  readonly snapshot: TradeSnapshot;
  readonly reckoning: Reckoning;
  /** When it began to be read. */
  readonly at: Date;
}

/**
 * Reads what a decision over an order goes by, all at the same time. It is read under the market's lock, so that no other
 * order is placed between this and its own.
 *
 * @throws ServiceUnreadableError where the market cannot be read.
 */
export async function readFacts(
  { intents, market, coolDownSeconds, now }: ReadFactsDeps,
  order: Pick<OrderTerms, 'asset' | 'direction'>,
): Promise<TradePicture> {
  const { asset } = order;
  const at = now();
  const since = new Date(at.getTime() - coolDownSeconds * 1000);
  const [state, available, last] = await Promise.all([
    readTrading(market.trading),
    market.readBalance(),
    intents.readLastOrder({ kind: ORDER_KINDS[market.mode], agentId: market.agentId, payee: asset }),
  ]);
  const { positions, trades = [] } = state;
  const exposure = netOf(positions.filter((row) => row.asset === asset));
  const reckoning = reckon({ exposure, available }, expectedOf(market, last, at), at);
  const seen = [
    ...(last === undefined ? [] : [last.at]),
    ...positions.flatMap((row) => (row.asset === asset && row.openedAt !== undefined ? [row.openedAt] : [])),
    ...trades.flatMap((row) => (row.asset === asset ? [row.at] : [])),
  ].filter((time) => Date.parse(time) >= since.getTime());
  return {
    at,
    facts: {
      available: reckoning.available,
      exposure: order.direction === 'long' ? reckoning.most : reckoning.least,
      profitToday: profitOf(positions, trades, at),
      isDayShown: reachesBackTo(trades, startOfDay(at)),
      lastOrderAt: seen.toSorted((one, other) => Date.parse(one) - Date.parse(other)).at(-1),
    },
    snapshot: snapshotOf(order, state, last),
    reckoning,
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
