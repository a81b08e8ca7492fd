/**
 * An amount of USDC in integer micro-dollars: $1.00 is `1_000_000n`.
 * A bigint, so that arithmetic with a float does not compile and `JSON.stringify` refuses it:
 * outside this module an amount travels as a decimal string.
 */
export type MicroUsd = bigint & { readonly __unit: 'micro-usd' };

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
const ONE_USD = 10n ** BigInt(DECIMALS);
const PLAIN_DECIMAL = /^(\d{1,12})(?:\.(\d+))?$/;

/** Digits behind the sixth decimal that a binary float adds to an exact amount: long runs of 0 or of 9. */
const FLOAT_NOISE = /^(?:0{4,}\d{1,7}|9{4,}\d{1,7})$/;

/**
 * Reads an amount that came from outside. Strings must be plain decimals with at most six decimals.
 * Numbers are read by their shortest decimal text, less the noise that a service computing in binary floats adds
 * (89.80000000000001 means 89.80).
 *
 * @throws InvalidAmountError for negatives, NaN, exponents, signs, blanks, or a real seventh decimal.
 */
export function parseUsd(value: string | number): MicroUsd {
  const match = PLAIN_DECIMAL.exec(String(value));
  if (match === null) throw notAnAmount(value);
  const [, whole = '', fraction = ''] = match;
  const exact = BigInt(whole) * ONE_USD + BigInt(fraction.slice(0, DECIMALS).padEnd(DECIMALS, '0'));
  const beyond = fraction.slice(DECIMALS);
  if (beyond === '') return exact as MicroUsd;
  if (typeof value !== 'number' || !FLOAT_NOISE.test(beyond)) throw notAnAmount(value);
  return (beyond.startsWith('9') ? exact + 1n : exact) as MicroUsd;
}

/** The decimal string of an amount, with at least two decimals and no more than it needs: `"50.00"`, `"0.0375"`. */
export function formatUsd(amount: MicroUsd): string {
  const sign = amount < 0n ? '-' : '';
  const magnitude: bigint = amount < 0n ? 0n - amount : amount;
  const fraction = (magnitude % ONE_USD)
    .toString()
    .padStart(DECIMALS, '0')
    .replace(/0{1,4}$/, '');
  return `${sign}${magnitude / ONE_USD}.${fraction}`;
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

function notAnAmount(value: string | number): InvalidAmountError {
  return new InvalidAmountError(
    `${JSON.stringify(value) ?? String(value)} is not an amount: expected a plain decimal with at most six decimals, such as "50.00"`,
  );
}
