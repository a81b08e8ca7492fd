import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decimalOf, isAbove, isBelow, showMeasured } from '../../../src/measure.ts';

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

describe('a measured value is shown', () => {
  const singles = fc.float({ noNaN: true, noDefaultInfinity: true });
  const doubles = fc.double({ noNaN: true, noDefaultInfinity: true });

  test.each([
    [Math.fround(0.93), '0.93'],
    [0.7999999, '0.7999999'],
    [Math.fround(0.7999999), '0.7999999'],
    [Math.fround(0.79999995), '0.79999995'],
    [1_000_001, '1000001'],
    [1_234_567, '1234567'],
    [16_777_217, '16777217'],
    [1 / 3, '0.3333333333333333'],
    [Math.fround(1 / 3), '0.33333334'],
    [2 ** -149, '1e-45'],
    [0, '0'],
    [-0, '0'],
    [-1.5, '-1.5'],
    [NaN, 'NaN'],
    [Infinity, 'Infinity'],
  ])('%p as %s', (value, shown) => {
    expect(showMeasured(value)).toBe(shown);
    expect(String(decimalOf(value))).toBe(shown);
  });

  test('so that it reads back as the same single, or the same double', () => {
    fc.assert(
      fc.property(singles, (value) => {
        expect(Math.fround(Number(showMeasured(value)))).toBe(value || 0);
      }),
    );
    fc.assert(
      fc.property(
        doubles.filter((value) => Math.fround(value) !== value),
        (value) => {
          expect(Number(showMeasured(value))).toBe(value);
        },
      ),
    );
  });

  test('and no decimal with fewer digits would do', () => {
    fc.assert(
      fc.property(singles, fc.integer({ min: 1, max: 8 }), (value, digits) => {
        const shorter = Number(value.toPrecision(digits));
        const isEnough = Math.fround(shorter) === value;
        expect(digitsOf(showMeasured(value))).toBeLessThanOrEqual(isEnough ? digits : 9);
      }),
    );
  });

  test('never as a threshold that it is not at', () => {
    const near = fc.tuple(thresholds, fc.integer({ min: -3, max: 3 }));
    fc.assert(
      fc.property(near, fc.boolean(), ([threshold, ulps], isSingle) => {
        const step = isSingle ? 6e-8 : 1e-15;
        const value = isSingle ? Math.fround(threshold + ulps * step) : threshold + ulps * step;
        const differs = isAbove(value, threshold) || isBelow(value, threshold);
        expect(showMeasured(value) === String(threshold)).toBe(!differs);
      }),
    );
  });
});

function digitsOf(shown: string): number {
  return (shown.split('e')[0] ?? '').replaceAll(/[-.]/g, '').replace(/^0+/, '').replace(/0+$/, '').length;
}
