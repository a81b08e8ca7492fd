import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  formatUsd,
  InvalidAmountError,
  parseUsd,
  shareOf,
  subtractUsd,
  sumUsd,
  toJsonNumber,
  type MicroUsd,
} from '../../../src/money.ts';

/** Up to a million million dollars less a micro-dollar. */
const amounts = fc.bigInt({ min: 0n, max: 999_999_999_999_999_999n }).map((micros) => micros as MicroUsd);

/** Amounts that a binary float still holds to the micro-dollar with digits to spare. */
const everydayAmounts = fc.integer({ min: 0, max: 100_000_000_000 }).map((micros) => BigInt(micros) as MicroUsd);

describe('an amount', () => {
  test('survives the way to text and back', () => {
    fc.assert(
      fc.property(amounts, (amount) => {
        expect(parseUsd(formatUsd(amount))).toBe(amount);
      }),
    );
  });

  test('survives the way to a JSON number and back, floats included', () => {
    fc.assert(
      fc.property(everydayAmounts, (amount) => {
        const parsed: unknown = JSON.parse(JSON.stringify(toJsonNumber(amount)));
        expect(parseUsd(parsed as number)).toBe(amount);
      }),
    );
  });

  test('survives the arithmetic of a service that computes in binary floats', () => {
    fc.assert(
      fc.property(everydayAmounts, everydayAmounts, (one, other) => {
        const floatSum = Number(formatUsd(one)) + Number(formatUsd(other));
        expect(parseUsd(floatSum)).toBe(sumUsd(one, other));
      }),
    );
  });

  test('cannot be written into JSON by accident', () => {
    expect(() => JSON.stringify({ amountUsd: parseUsd('50.00') })).toThrow(TypeError);
  });
});

describe('parseUsd', () => {
  test.each([
    ['0', 0n],
    ['1', 1_000_000n],
    ['50.00', 50_000_000n],
    ['0.000001', 1n],
    ['007.5', 7_500_000n],
    ['999999999999.999999', 999_999_999_999_999_999n],
    [50, 50_000_000n],
    [0.01, 10_000n],
    [-0, 0n],
  ])('reads %p', (value, micros) => {
    expect(parseUsd(value)).toBe(micros);
  });

  test.each([
    [89.80000000000001, '89.80'],
    [0.1 + 0.2, '0.30'],
    [0.7999999999999999, '0.80'],
    [49.4999999999999, '49.50'],
    [1.9999999999999998, '2.00'],
    [1.1 * 3, '3.30'],
    [64250.500000000007, '64250.50'],
  ])('takes the float noise off %p', (value, meant) => {
    expect(formatUsd(parseUsd(value))).toBe(meant);
  });

  test.each([
    [-1],
    ['-1'],
    [-0.000001],
    ['+1'],
    [NaN],
    ['NaN'],
    [Infinity],
    ['1e3'],
    [1e21],
    [1e-7],
    [''],
    [' '],
    [' 1'],
    ['1 '],
    ['1\n'],
    ['1,50'],
    ['1.'],
    ['.5'],
    ['$1'],
    ['0x10'],
    ['1.2.3'],
    ['١'],
    ['1000000000000'],
    [1_000_000_000_000],
  ])('refuses %p', (value) => {
    expect(() => parseUsd(value)).toThrow(InvalidAmountError);
  });

  test.each([['0.0000001'], ['1.0000000'], [1.0000001], [0.1234567], ['89.80000000000001']])(
    'refuses a seventh decimal: %p',
    (value) => {
      expect(() => parseUsd(value)).toThrow('expected a plain decimal with at most six decimals');
    },
  );

  test('quotes what it read and shows what it wants', () => {
    expect(() => parseUsd('fifty')).toThrow(
      '"fifty" is not an amount: expected a plain decimal with at most six decimals, such as "50.00"',
    );
  });
});

describe('formatUsd', () => {
  test.each([
    [0n, '0.00'],
    [1n, '0.000001'],
    [37_500n, '0.0375'],
    [500_000n, '0.50'],
    [50_000_000n, '50.00'],
    [10_000_000_000n, '10000.00'],
    [-500_000n, '-0.50'],
    [-1n, '-0.000001'],
  ])('writes %p micro-dollars with two decimals or as many as it needs', (micros, text) => {
    expect(formatUsd(micros as MicroUsd)).toBe(text);
  });
});

describe('shareOf', () => {
  test.each([
    ['100.00', 100, '1.00'],
    ['50.00', 100, '0.50'],
    ['12.50', 100, '0.125'],
    ['0.00005', 100, '0.000001'],
    ['0.000049', 100, '0.00'],
    ['100.00', 5, '0.05'],
    ['100.00', 0, '0.00'],
    ['100.00', 10_000, '100.00'],
  ])('of %s at %i basis points is %s, rounded half up', (amount, basisPoints, share) => {
    expect(formatUsd(shareOf(parseUsd(amount), basisPoints))).toBe(share);
  });

  test('and what is left of it add up to the amount', () => {
    fc.assert(
      fc.property(amounts, fc.integer({ min: 0, max: 10_000 }), (amount, basisPoints) => {
        const share = shareOf(amount, basisPoints);
        expect(share >= 0n && share <= amount).toBe(true);
        expect(sumUsd(share, subtractUsd(amount, share))).toBe(amount);
      }),
    );
  });
});

describe('sums and differences', () => {
  test('are exact, and the empty sum is zero', () => {
    expect(sumUsd()).toBe(0n);
    expect(formatUsd(sumUsd(parseUsd('0.10'), parseUsd('0.20'), parseUsd('0.70')))).toBe('1.00');
    expect(formatUsd(subtractUsd(parseUsd('0.10'), parseUsd('0.30')))).toBe('-0.20');
  });
});

describe('toJsonNumber', () => {
  test.each(['50.00', '0.30', '0.000001', '10000.00', '999999999999.999999'])('writes exactly %s', (text) => {
    expect(JSON.stringify({ amount: toJsonNumber(parseUsd(text)) })).toBe(`{"amount":${text}}`);
  });
});
