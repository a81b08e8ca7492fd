import { formatUsd, type MicroUsd } from '../../src/money.ts';

const CENT = 10_000n;

/** An amount with exactly two decimals, rounded half up. */
export function toCents(amount: MicroUsd): string {
  return formatUsd((((amount + CENT / 2n) / CENT) * CENT) as MicroUsd);
}

/** The mean of amounts that sum to `total`, rounded half up to the cent; zero of none. */
export function meanInCents(total: MicroUsd, count: number): string {
  const parts = BigInt(Math.max(count, 1));
  return toCents(((total * 2n + parts) / (2n * parts)) as MicroUsd);
}
