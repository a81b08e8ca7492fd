/**
 * Comparisons of model metrics with decimal thresholds. SageMaker keeps final metrics in single precision, so a metric
 * of exactly 0.80 is reported as 0.800000011920929: it must not pass "above 0.80", nor fail "at least" its own value.
 */

/** Whether a measured value lies strictly above a threshold. */
export function isAbove(measured: number, threshold: number): boolean {
  return measured > threshold && measured !== Math.fround(threshold);
}

/** Whether a measured value lies strictly below a threshold. */
export function isBelow(measured: number, threshold: number): boolean {
  return measured < threshold && measured !== Math.fround(threshold);
}

/** So many digits tell any single from its neighbours. */
const DIGITS_OF_A_SINGLE = 9;

/**
 * A measured value as it is shown and published, without loss: the shortest decimal that reads back as the same single,
 * or as the same double if the value is no single. Never looks like a threshold that it differs from.
 */
export function showMeasured(value: number): string {
  return String(decimalOf(value));
}

/** The same as a number: `JSON.stringify` writes it in the same digits. */
export function decimalOf(value: number): number {
  if (!Number.isFinite(value) || Math.fround(value) !== value) return value;
  for (let digits = 1; digits <= DIGITS_OF_A_SINGLE; digits += 1) {
    const found = decimalsNear(value, digits).find((decimal) => Math.fround(decimal) === value);
    if (found !== undefined) return found;
  }
  return value;
}

/** The nearest decimal of so many digits and, for powers of two, whose neighbours lie unevenly, the next one outwards. */
function decimalsNear(value: number, digits: number): readonly number[] {
  const [mantissa = '', exponent = ''] = value.toExponential(digits - 1).split('e');
  const whole = Number(mantissa.replace('.', ''));
  return [whole, whole + Math.sign(value)].map((one) => Number(`${one}e${Number(exponent) - digits + 1}`));
}

/** Softmax in single precision, and sums of shares, may be so far beside 0 and 1. */
const SHARE_TOLERANCE = 1e-6;

/** A share that a model measured, such as a confidence: clipped to 0 and 1; undefined where it is no share. */
export function readShare(value: number): number | undefined {
  if (!(value >= -SHARE_TOLERANCE && value <= 1 + SHARE_TOLERANCE)) return undefined;
  return Math.min(1, Math.max(0, value));
}
