import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isAbove, isBelow } from '../../../src/measure.ts';

const thresholds = fc.integer({ min: 0, max: 1000 }).map((thousandths) => thousandths / 1000);

describe('a metric in single precision', () => {
  test.each([
    [0.6, 0.6000000238418579],
    [0.7, 0.699999988079071],
    [0.8, 0.800000011920929],
    [0.9, 0.8999999761581421],
  ])('of exactly %p, reported as %p, is neither above nor below it', (threshold, reported) => {
    expect(Math.fround(threshold)).toBe(reported);
    expect(isAbove(reported, threshold)).toBe(false);
    expect(isBelow(reported, threshold)).toBe(false);
    expect(isAbove(threshold, threshold)).toBe(false);
    expect(isBelow(threshold, threshold)).toBe(false);
  });

  test.each([0.6, 0.8, 0.9])('is above or below %p from the next value on that single precision has', (threshold) => {
    const [value = 0] = new Float32Array([threshold]);
    const bits = new Uint32Array(new Float32Array([value]).buffer)[0] ?? 0;
    const [next = 0, previous = 0] = new Float32Array(new Uint32Array([bits + 1, bits - 1]).buffer);

    expect(isAbove(next, threshold)).toBe(true);
    expect(isBelow(previous, threshold)).toBe(true);
  });

  test('compares like its decimal, to three places', () => {
    fc.assert(
      fc.property(thresholds, thresholds, (measured, threshold) => {
        const reported = Math.fround(measured);
        expect(isAbove(reported, threshold)).toBe(measured > threshold);
        expect(isBelow(reported, threshold)).toBe(measured < threshold);
      }),
    );
  });
});

test('NaN is neither above nor below anything', () => {
  expect(isAbove(NaN, 0.5)).toBe(false);
  expect(isBelow(NaN, 0.5)).toBe(false);
});
