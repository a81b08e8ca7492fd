/**
 * An amount of USDC in integer micro-dollars: $1.00 is `1_000_000n`.
 * A bigint, so that arithmetic with a float does not compile and `JSON.stringify` refuses it:
 * outside this module an amount travels as a decimal string.
 */
export type MicroUsd = bigint & { readonly __unit: 'micro-usd' };

/** Nothing. */
export const NO_USD = 0n as MicroUsd;

declare global {
  interface JSON {
    /** In V8 since Node 21; TypeScript's library does not list it yet. */
    rawJSON(text: string): unknown;
  }
}

/** Thrown where text or a number is not an amount; the message says what was read and what is allowed. */
export class InvalidAmountError extends Error {
  override readonly name = 'InvalidAmountError';
}

const DECIMALS = 6;
const PLAIN_DECIMAL = /^(\d{1,12})(?:\.(\d+))?$/;

/** A binary float shows its noise with as many digits as it has; what people write has fewer. */
const NOISY_DIGITS = 15;

/** Noise of a sum or difference of amounts: under a thousandth of a micro-dollar, or some units in the last place. */
const NOISE_PER_USD = 10n ** 9n;
const NOISE_PER_VALUE = 125_000_000_000_000n;

/** A difference that should be zero, such as 5.684341886080802e-14. */
const NOISE_OF_ZERO = /^\d\.\d{13,}e-(?:[1-9]\d)$/;

/**
 * Reads an amount that came from outside. Strings must be plain decimals with at most six decimals.
 * Numbers are read by their shortest decimal text, less the noise that a service computing in binary floats adds
 * (89.80000000000001 means 89.80).
 *
 * @throws InvalidAmountError for negatives, NaN, exponents, signs, blanks, or a real seventh decimal.
 */
export function parseUsd(value: string | number): MicroUsd {
  const text = typeof value === 'number' ? String(value).replace(NOISE_OF_ZERO, '0') : value;
  const match = PLAIN_DECIMAL.exec(text);
  if (match === null) throw notAnAmount(value);
  const [, whole = '', fraction = ''] = match;
  const exact = BigInt(whole + fraction.slice(0, DECIMALS).padEnd(DECIMALS, '0'));
  if (fraction.length <= DECIMALS) return exact as MicroUsd;
  const nearest = fraction.charAt(DECIMALS) < '5' ? exact : exact + 1n;
  if (typeof value !== 'number' || !isNoise(whole + fraction, fraction.length, nearest)) throw notAnAmount(value);
  return nearest as MicroUsd;
}

/** Whether the decimal of these digits differs from a number of micro-dollars by no more than a float's noise. */
function isNoise(digits: string, decimals: number, nearest: bigint): boolean {
  if (digits.replace(/^0+/, '').length < NOISY_DIGITS) return false;
  const scale = 10n ** BigInt(decimals);
  const value = BigInt(digits);
  const signed = value - nearest * 10n ** BigInt(decimals - DECIMALS);
  const off = signed < 0n ? -signed : signed;
  return off * NOISE_PER_USD <= scale || off * NOISE_PER_VALUE <= value;
}

/** A number as programs print it, such as 61000.01 or 8.9e-06. */
const FIGURE = /^(-?)(\d{1,12})(?:\.(\d+))?(?:e([+-]?\d{1,3}))?$/i;

/** Twelve digits before the point. */
const LARGEST_ESTIMATE = 10n ** 18n;

/**
 * Reads a figure that a service computed in binary floats and that nobody is owed, such as an unrealised profit: it may
 * be negative, have any number of decimals or an exponent, and is read to the nearest micro-dollar, halves away from zero.
 *
 * @throws InvalidAmountError for NaN, blanks and what is too large.
 */
export function parseEstimate(value: string | number): MicroUsd {
  const match = FIGURE.exec(String(value));
  if (match === null) throw notAnAmount(value);
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = BigInt(whole + fraction);
  const beyond = fraction.length - Number(exponent) - DECIMALS;
  const rounded =
    beyond <= 0 ? digits * 10n ** BigInt(-beyond) : (digits + 5n * 10n ** BigInt(beyond - 1)) / 10n ** BigInt(beyond);
  if (rounded >= LARGEST_ESTIMATE) throw notAnAmount(value);
  return (sign === '-' ? 0n - rounded : rounded) as MicroUsd;
}

/** The decimal string of an amount, with at least two decimals and no more than it needs: `"50.00"`, `"0.0375"`. */
export function formatUsd(amount: MicroUsd): string {
  const sign = amount < 0n ? '-' : '';
  const magnitude: bigint = amount < 0n ? 0n - amount : amount;
  const digits = magnitude.toString().padStart(DECIMALS + 1, '0');
  const fraction = digits.slice(-DECIMALS).replace(/0{1,4}$/, '');
  return `${sign}${digits.slice(0, -DECIMALS)}.${fraction}`;
}

/** A share of an amount in basis points (100 is one per cent), rounded half up to the micro-dollar. */
export function shareOf(amount: MicroUsd, basisPoints: number): MicroUsd {
  return ((amount * BigInt(basisPoints) + 5_000n) / 10_000n) as MicroUsd;
}

/** Adds amounts; the empty sum is zero. */
export function sumUsd(...amounts: MicroUsd[]): MicroUsd {
  return amounts.reduce<bigint>((total, amount) => total + amount, 0n) as MicroUsd;
}

/** The first amount less the second; may be negative, as a difference of balances is. */
export function subtractUsd(amount: MicroUsd, less: MicroUsd): MicroUsd {
  return (amount - less) as MicroUsd;
}

/** A JSON number with exactly the amount's decimal text, for bodies that want numbers: no float is ever made. */
export function toJsonNumber(amount: MicroUsd): unknown {
  return JSON.rawJSON(formatUsd(amount));
}

/**
 * An amount as the double next to its decimal text, for metrics alone: nothing is reckoned with it, and what is owed is not
 * read from it. Below $1,000,000,000 two amounts are never the same number.
 */
export function toEstimate(amount: MicroUsd): number {
  return Number(formatUsd(amount));
}

function notAnAmount(value: string | number): InvalidAmountError {
  return new InvalidAmountError(
    `${JSON.stringify(value) ?? String(value)} is not an amount: expected a plain decimal with at most six decimals, such as "50.00"`,
  );
}
