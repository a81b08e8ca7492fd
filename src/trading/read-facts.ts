import type { IntentStore } from '../ledger/intent.ts';
import type { LastOrder } from '../ledger/latest.ts';
import { parseEstimate, subtractUsd, sumUsd, type MicroUsd } from '../money.ts';
import { reachesBackTo, type Position, type Trade } from '../purple-flea/trading.ts';
import type { OrderTerms, TradeFacts } from './decide-trade.ts';
import { readTrading, snapshotOf, type TradeSnapshot } from './look-for-order.ts';
import { ORDER_KINDS, type Market } from './market.ts';

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
  /** The exposure as it may be at the other end: a service may show the last orders late. */
  readonly otherExposure: MicroUsd;
  /** When it began to be read. */
  readonly at: Date;
}

/** A service may show an order that late: until then its market is reckoned with it, shown or not. */
const UNSHOWN_MS = 15 * 60_000;

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
  const [state, shownAvailable, last] = await Promise.all([
    readTrading(market.trading),
    market.readBalance(),
    intents.readLastOrder({ kind: ORDER_KINDS[market.mode], agentId: market.agentId, payee: asset }),
  ]);
  const { positions, trades = [] } = state;
  const expected = expectedOf(market, last, at);
  const shown = netOf(positions.filter((row) => row.asset === asset));
  const { least, most } = boundsOf(shown, expected);
  const seen = [
    ...(last === undefined ? [] : [last.at]),
    ...positions.flatMap((row) => (row.asset === asset && row.openedAt !== undefined ? [row.openedAt] : [])),
    ...trades.flatMap((row) => (row.asset === asset ? [row.at] : [])),
  ].filter((time) => Date.parse(time) >= since.getTime());
  return {
    at,
    facts: {
      available: leastOf(shownAvailable, expected?.availableUsd),
      exposure: order.direction === 'long' ? most : least,
      profitToday: profitOf(positions, trades, at),
      isDayShown: reachesBackTo(trades, startOfDay(at)),
      lastOrderAt: seen.toSorted((one, other) => Date.parse(one) - Date.parse(other)).at(-1),
    },
    snapshot: snapshotOf(order, state, last),
    otherExposure: order.direction === 'long' ? least : most,
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

/** By what the service shows and what the ledger knows: the most leaves less room to a long order, the least to a short one. */
function boundsOf(
  shown: MicroUsd,
  { exposureUsd, otherExposureUsd }: Pick<LastOrder, 'exposureUsd' | 'otherExposureUsd'> = {},
): { readonly least: MicroUsd; readonly most: MicroUsd } {
  const known = [exposureUsd, otherExposureUsd].flatMap((usd) => (usd === undefined ? [] : [parseEstimate(usd)]));
  return known.reduce(({ least, most }, one) => ({ least: one < least ? one : least, most: one > most ? one : most }), {
    least: shown,
    most: shown,
  });
}

function leastOf(shown: MicroUsd | undefined, knownUsd: string | undefined): MicroUsd | undefined {
  if (shown === undefined || knownUsd === undefined) return shown;
  const known = parseEstimate(knownUsd);
  return known < shown ? known : shown;
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
