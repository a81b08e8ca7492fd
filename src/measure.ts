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
