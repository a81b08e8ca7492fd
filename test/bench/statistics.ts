/** A quantity over many runs. */
export interface Spread {
  readonly p10: number;
  readonly median: number;
  readonly p90: number;
}

/** The value that a share of all values does not exceed (nearest rank). */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new Error('nothing was measured');
  return value;
}

export const medianOf = (values: readonly number[]): number => percentile(values, 0.5);

export function spreadOf(values: readonly number[]): Spread {
  return { p10: percentile(values, 0.1), median: medianOf(values), p90: percentile(values, 0.9) };
}

/** `median (p10 to p90)`. */
export function describeSpread(values: readonly number[], show: (value: number) => string, unit = ''): string {
  const { p10, median, p90 } = spreadOf(values);
  return `${show(median)}${unit} (${show(p10)} to ${show(p90)})`;
}
