import { CLOCK_SKEW_MS } from '../clock-skew.ts';
import type { LastOrder, OrderSums, Unshown } from '../ledger/latest.ts';
import { formatUsd, parseEstimate, subtractUsd, sumUsd, type MicroUsd } from '../money.ts';
import { marginOf, type OrderTerms } from './decide-trade.ts';
import type { TradeSnapshot } from './look-for-order.ts';

/** What a service shows of a market and its account. */
export interface Shown {
  readonly exposure: MicroUsd;
  /** Undefined where it is not shown. */
  readonly available: MicroUsd | undefined;
}

/** What a market and its account come to, shown or not. */
export interface Reckoning {
  /** Longs less shorts: the most leaves less room to a long order, the least to a short one. */
  readonly least: MicroUsd;
  readonly most: MicroUsd;
  readonly available: MicroUsd | undefined;
  readonly unshown: Unshown;
}

/** A service may show an order so much later. Until then the order counts in its market, shown or not. */
export const UNSHOWN_MS = 15 * 60_000;

const NOTHING: OrderSums = { longUsd: '0.00', shortUsd: '0.00', marginUsd: '0.00' };

/**
 * Reckons what a market may come to: from what the service shows, and from what was expected with the last order. The two may
 * differ by the orders that the service may not show yet, and no further: any other difference was made by others.
 *
 * @param last undefined where the service shows it for sure.
 */
export function reckon(shown: Shown, last: LastOrder | undefined, at: Date): Reckoning {
  const known = [last?.exposureUsd, last?.otherExposureUsd].flatMap((usd) => usd ?? []).map(parseEstimate);
  const unshown = unshownAt(last, at);
  const reckoned = {
    least: known.reduce(lesser, shown.exposure),
    most: known.reduce(greater, shown.exposure),
    available: last?.availableUsd === undefined ? shown.available : parseEstimate(last.availableUsd),
  };
  const { available } = shown;
  const sums = unshown.before === undefined ? undefined : addSums(unshown.now, unshown.before);
  if (sums === undefined) {
    const free = available === undefined ? undefined : lesser(available, reckoned.available ?? available);
    return { ...reckoned, available: free, unshown };
  }
  const { longUsd, shortUsd, marginUsd } = sums;
  return {
    least: greater(reckoned.least, subtractUsd(shown.exposure, parseEstimate(shortUsd))),
    most: lesser(reckoned.most, sumUsd(shown.exposure, parseEstimate(longUsd))),
    available:
      available === undefined
        ? undefined
        : lesser(available, greater(reckoned.available ?? available, subtractUsd(available, parseEstimate(marginUsd)))),
    unshown,
  };
}

/** What a market and its account are expected to come to with an order. */
export function expectedWith(
  { direction, amount, leverage }: OrderTerms,
  { least, most, available, unshown }: Reckoning,
): NonNullable<TradeSnapshot['expected']> {
  const isLong = direction === 'long';
  const after = (before: MicroUsd) => formatUsd(isLong ? sumUsd(before, amount) : subtractUsd(before, amount));
  const margin = marginOf(amount, leverage);
  const own = { ...NOTHING, [isLong ? 'longUsd' : 'shortUsd']: formatUsd(amount), marginUsd: formatUsd(margin) };
  return {
    exposureUsd: after(isLong ? most : least),
    ...(least === most ? {} : { otherExposureUsd: after(isLong ? least : most) }),
    ...(available === undefined ? {} : { availableUsd: formatUsd(subtractUsd(available, margin)) }),
    unshown: { ...unshown, now: addSums(unshown.now, own) },
  };
}

/** Sums are kept in two parts, so that one can be dropped once all its orders are shown. */
function unshownAt(last: LastOrder | undefined, at: Date): Unshown {
  const since = at.toISOString();
  if (last === undefined) return { since, now: NOTHING, before: NOTHING };
  // An order of an earlier release: what there was before it is not known.
  if (last.unshown === undefined) return { since, now: NOTHING };
  const isOld = at.getTime() - Date.parse(last.unshown.since) >= UNSHOWN_MS + CLOCK_SKEW_MS;
  return isOld ? { since, now: NOTHING, before: last.unshown.now } : last.unshown;
}

function addSums(one: OrderSums, other: OrderSums): OrderSums {
  const add = (name: keyof OrderSums) => formatUsd(sumUsd(parseEstimate(one[name]), parseEstimate(other[name])));
  return { longUsd: add('longUsd'), shortUsd: add('shortUsd'), marginUsd: add('marginUsd') };
}

function lesser(one: MicroUsd, other: MicroUsd): MicroUsd {
  return one < other ? one : other;
}

function greater(one: MicroUsd, other: MicroUsd): MicroUsd {
  return one > other ? one : other;
}
