import * as z from 'zod';
import { parseUsd, type MicroUsd } from '../../src/money.ts';
import type { Stored } from '../world/store.ts';

/** A price at a time, in milliseconds since 1970. */
export interface PricePoint {
  readonly at: number;
  readonly price: MicroUsd;
}

/** How the price of an asset moves. Its id is the asset, such as `BTC-USDC`. */
export interface PricePath extends Stored {
  /** When the path came into force, in milliseconds since 1970. */
  readonly since: number;
  /** At least one, in the order of time. Between them the price is on a straight line, outside them it stands still. */
  readonly points: readonly PricePoint[];
}

/** USD per unit, as a decimal string. */
export const priceSchema = z.string().transform((text, context) => {
  try {
    const price = parseUsd(text);
    if (price > 0n) return price;
    context.addIssue('a price is more than zero');
  } catch (error) {
    context.addIssue(error instanceof Error ? error.message : String(error));
  }
  return z.NEVER;
});

/** Points of a path, in seconds after its beginning. */
export const pathPointsSchema = z
  .array(z.strictObject({ afterSeconds: z.int().nonnegative(), price: priceSchema }))
  .min(1)
  .refine((points) => points.every(({ afterSeconds }, i) => afterSeconds > (points[i - 1]?.afterSeconds ?? -1)), {
    error: 'the points must be in the order of time',
  });

/** The content of `data/prices.json`: a path for each asset. */
export const pricesFileSchema = z.record(z.string(), pathPointsSchema);

/** The paths of `data/prices.json`, beginning when the twin does. */
export function initialPrices(file: z.output<typeof pricesFileSchema>, start: Date): PricePath[] {
  return Object.entries(file).map(([asset, points]) => pricePath(asset, points, start));
}

/** A path that comes into force at a time, which its points are counted from. */
export function pricePath(asset: string, points: z.output<typeof pathPointsSchema>, since: Date): PricePath {
  const start = since.getTime();
  return {
    id: asset,
    since: start,
    points: points.map(({ afterSeconds, price }) => ({ at: start + afterSeconds * 1000, price })),
  };
}

/** The price at a time, in integer arithmetic: between two points on the straight line, less what is below a micro-dollar. */
export function priceAt({ points }: PricePath, at: number): MicroUsd {
  const after = points.find((point) => point.at > at);
  const before = points.findLast((point) => point.at <= at);
  if (before === undefined || after === undefined) return (before ?? after ?? noPoint()).price;
  const gone = BigInt(at - before.at);
  const length = BigInt(after.at - before.at);
  return (before.price + ((after.price - before.price) * gone) / length) as MicroUsd;
}

/**
 * The first moment from `from` to `until` at which the price is on the wanted side of a limit.
 *
 * @param reached must be true for all prices on one side of some limit, and for no others.
 */
export function firstMoment(
  path: PricePath,
  { from, until }: { readonly from: number; readonly until: number },
  reached: (price: MicroUsd) => boolean,
): number | undefined {
  if (from > until) return undefined;
  if (reached(priceAt(path, from))) return from;
  const turns = path.points.map(({ at }) => at).filter((at) => at > from && at < until);
  let start = from;
  for (const end of [...turns, until]) {
    if (reached(priceAt(path, end))) return firstInSegment(start, end, (at) => reached(priceAt(path, at)));
    start = end;
  }
  return undefined;
}

/** By halves: within a segment the price only rises or only falls. */
function firstInSegment(notYet: number, already: number, reached: (at: number) => boolean): number {
  if (already - notYet <= 1) return already;
  const middle = Math.floor((notYet + already) / 2);
  return reached(middle) ? firstInSegment(notYet, middle, reached) : firstInSegment(middle, already, reached);
}

function noPoint(): never {
  throw new Error('a price path has no points');
}
