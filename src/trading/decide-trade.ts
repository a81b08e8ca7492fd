import { isBelow } from '../measure.ts';
import { formatUsd, parseEstimate, subtractUsd, sumUsd, type MicroUsd } from '../money.ts';
import { LONGEST_HISTORY, type OrderRequest } from '../purple-flea/trading.ts';
import { isOpen } from './market-hours.ts';
import type { MarketPolicy, TradePolicy } from './trade-policy.ts';
import type { TradeSignal } from './trade-signal.ts';

/** Every reason not to trade that is decided beforehand, in the order in which they are looked at: by itself, by its claim, by the facts. */
export const SKIP_REASONS = [
  'hold',
  'stale',
  'future-dated',
  'asset-not-allowed',
  'low-confidence',
  'market-closed',
  'daily-notional',
  'in-doubt',
  'cool-down',
  'daily-loss',
  'low-balance',
  'exposure',
] as const;
export type SkipReason = (typeof SKIP_REASONS)[number];

/** What is decided of an order; who places it for which cause is added when it is placed. */
export type OrderTerms = Pick<OrderRequest, 'asset' | 'direction' | 'amount' | 'leverage'>;

export interface Skip {
  readonly action: 'skip';
  readonly reason: SkipReason;
  /** For the person who asks why, with the figures. */
  readonly detail: string;
}
export type TradeDecision = { readonly action: 'place'; readonly order: OrderTerms } | Skip;

/** What a decision goes by besides the signal: the account, the market and the day. */
export interface TradeFacts {
  /** What is free in the account that margins are taken from; undefined where the service does not show it. */
  readonly available: MicroUsd | undefined;
  /** Notional of the open positions in the signal's market, longs less shorts: negative where it is short. */
  readonly exposure: MicroUsd;
  /** Profit of this UTC day, realised and open; negative where it is a loss. */
  readonly profitToday: MicroUsd;
  /** False where the service's history is cut off within the day: then losses may be missing in `profitToday`. */
  readonly isDayShown: boolean;
  /** When the last order of the market was placed (ISO 8601), if that is not longer ago than the cool-down. */
  readonly lastOrderAt: string | undefined;
}

/** A signal may be dated so far ahead: clocks differ. */
const MAX_AHEAD_SECONDS = 60;

/** A millionth of a whole, in which confidences are counted. */
const WHOLE = 1_000_000n;
const CENT = 10_000n;

/** How old a signal is, in whole seconds; negative where it is dated ahead. */
export function ageSecondsOf(signal: Pick<TradeSignal, 'at'>, now: Date): number {
  return Math.floor(ageMsOf(signal, now) / 1000);
}

/** The same in milliseconds. */
export function ageMsOf({ at }: Pick<TradeSignal, 'at'>, now: Date): number {
  return now.getTime() - Date.parse(at);
}

/** A signal that passed `screen`, with its market and the order that it asks for. */
export interface TradableSignal extends TradeSignal {
  readonly action: 'trade';
  readonly market: MarketPolicy;
  readonly order: OrderTerms;
}

/** Screens a signal by itself, before anything is read for it. Pure, as `decideTrade`: the same arguments, the same answer. */
export function screen(signal: TradeSignal, policy: TradePolicy, now: Date): TradableSignal | Skip {
  const { asset, direction, confidence } = signal;
  if (direction === 'hold') return skip('hold', 'the model says hold');
  const ageSeconds = ageSecondsOf(signal, now);
  if (ageSeconds > policy.maxAgeSeconds) {
    return skip('stale', `it is ${ageSeconds} s old; ${policy.maxAgeSeconds} s is the most`);
  }
  if (ageSeconds < -MAX_AHEAD_SECONDS) {
    return skip('future-dated', `it is dated ${-ageSeconds} s ahead; ${MAX_AHEAD_SECONDS} s is the most`);
  }
  const market = marketOf(signal, policy);
  if (market === undefined) {
    const allowed = policy.markets.map((one) => one.asset).join(', ') || 'none';
    return skip('asset-not-allowed', `${asset} is not one of ${allowed}`);
  }
  if (confidence !== undefined && isBelow(confidence, policy.confidenceThreshold)) {
    return skip('low-confidence', `confidence ${confidence} is below ${policy.confidenceThreshold}`);
  }
  if (market.hours !== undefined && !isOpen(market.hours, now)) {
    const { days, from, until, timeZone } = market.hours;
    return skip('market-closed', `${asset} trades on days ${days.join(', ')} from ${from} to ${until}, ${timeZone}`);
  }
  const order = { asset, direction, amount: sizeOf(signal, policy), leverage: policy.leverage };
  return { ...signal, action: 'trade', market, order };
}

/**
 * Decides over a screened signal. The day's notional is no part of it: the claim of the order, which comes before, holds that
 * limit, and the order's own part of it is in the day's sum already.
 */
export function decideTrade(
  { market, order }: Pick<TradableSignal, 'market' | 'order'>,
  policy: TradePolicy,
  facts: TradeFacts,
  now: Date,
): TradeDecision {
  const { asset, direction, amount, leverage } = order;
  const { lastOrderAt, profitToday, isDayShown, available, exposure } = facts;
  if (isResting(lastOrderAt, policy, now)) {
    return skip('cool-down', `${asset} was traded at ${lastOrderAt} and rests for ${policy.coolDownSeconds} s`);
  }
  if (0n - profitToday >= policy.dailyLossUsd) {
    return skip('daily-loss', `${usd(profitToday)} today; the limit is a loss of ${usd(policy.dailyLossUsd)}`);
  }
  if (!isDayShown) {
    return skip('daily-loss', `only the last ${LONGEST_HISTORY} fills of today are shown: its loss is not known`);
  }
  const margin = marginOf(amount, leverage);
  const needed = margin > policy.minBalanceUsd ? margin : policy.minBalanceUsd;
  if (available !== undefined && available < needed) {
    return skip('low-balance', `${usd(available)} are free; ${usd(needed)} are needed`);
  }
  const after = direction === 'long' ? sumUsd(exposure, amount) : subtractUsd(exposure, amount);
  // What makes a position smaller may always go out: a market at its limit has to be able to leave it.
  if (sizeOfSigned(after) > market.maxExposureUsd && sizeOfSigned(after) > sizeOfSigned(exposure)) {
    return skip(
      'exposure',
      `${usd(exposure)} open would become ${usd(after)}; ${usd(market.maxExposureUsd)} on either side is the most`,
    );
  }
  return { action: 'place', order };
}

/** An order that another clock dates ahead counts as placed now. */
function isResting(lastOrderAt: string | undefined, { coolDownSeconds }: TradePolicy, now: Date): boolean {
  if (lastOrderAt === undefined) return false;
  const placedAt = Math.min(Date.parse(lastOrderAt), now.getTime());
  return now.getTime() < placedAt + coolDownSeconds * 1000;
}

/** The size of a signal's order: in whole cents where it goes by the confidence, less what is below one. */
function sizeOf({ confidence }: TradeSignal, { size, confidenceThreshold, maxOrderUsd }: TradePolicy): MicroUsd {
  if (size.by === 'fixed') return least(size.amountUsd, maxOrderUsd);
  const threshold: bigint = parseEstimate(confidenceThreshold);
  const sure: bigint = confidence === undefined ? WHOLE : parseEstimate(confidence);
  const range = WHOLE - threshold;
  // A confidence in single precision may pass a hair below the threshold.
  const above = sure > threshold ? sure - threshold : 0n;
  const share = range === 0n ? 0n : ((size.toUsd - size.fromUsd) * above) / range;
  const scaled = range === 0n ? size.toUsd : size.fromUsd + share;
  return least((scaled - (scaled % CENT)) as MicroUsd, maxOrderUsd);
}

/** What an order takes out of the free balance; rounded up to the micro-dollar. */
export function marginOf(amount: MicroUsd, leverage: number): MicroUsd {
  const parts = BigInt(leverage);
  return ((amount + parts - 1n) / parts) as MicroUsd;
}

function sizeOfSigned(amount: MicroUsd): bigint {
  return amount < 0n ? 0n - amount : amount;
}

function least(one: MicroUsd, other: MicroUsd): MicroUsd {
  return one < other ? one : other;
}

function marketOf({ asset }: TradeSignal, { markets }: TradePolicy): MarketPolicy | undefined {
  return markets.find((market) => market.asset === asset);
}

function usd(amount: MicroUsd): string {
  return `$${formatUsd(amount)}`;
}

function skip(reason: SkipReason, detail: string): Skip {
  return { action: 'skip', reason, detail };
}
