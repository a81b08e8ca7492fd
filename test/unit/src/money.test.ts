import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  formatUsd,
  InvalidAmountError,
  parseEstimate,
  parseUsd,
  shareOf,
  subtractUsd,
  sumUsd,
  toEstimate,
  toJsonNumber,
  type MicroUsd,
} from '../../../src/money.ts';

/** Up to a million million dollars less a micro-dollar. */
const amounts = fc.bigInt({ min: 0n, max: 999_999_999_999_999_999n }).map((micros) => micros as MicroUsd);

/** Amounts that a binary float still holds to the micro-dollar with digits to spare. */
const everydayAmounts = fc.integer({ min: 0, max: 100_000_000_000 }).map((micros) => BigInt(micros) as MicroUsd);

function parsedOrRefused(value: number): MicroUsd | 'refused' {
  try {
    return parseUsd(value);
  } catch (error) {
    if (error instanceof InvalidAmountError) return 'refused';
    throw error;
  }
}

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

  test('in cents survives being taken from another in binary floats, down to nothing', () => {
    const cents = fc.integer({ min: 0, max: 100_000_000 }).map((count) => BigInt(count) * 10_000n);
    fc.assert(
      fc.property(cents, cents, (one, other) => {
        const [more, less] = one > other ? [one, other] : [other, one];
        const floats = [more, less, more - less].map((amount) => Number(formatUsd(amount as MicroUsd)));
        const [a = 0, b = 0, rest = 0] = floats;
        expect(parseUsd(a - b)).toBe(more - less);
        // Taken in two steps, it leaves nothing but noise.
        expect(parseUsd(Math.max(0, a - b - rest))).toBe(0n);
      }),
      { numRuns: 20_000 },
    );
  });

  test('in cents survives being added to another in binary floats, whatever the order', () => {
    const cents = fc.integer({ min: 0, max: 100_000_000 }).map((count) => BigInt(count) * 10_000n);
    fc.assert(
      fc.property(fc.array(cents, { minLength: 2, maxLength: 8 }), (terms) => {
        const floatSum = terms.reduce((sum, term) => sum + Number(formatUsd(term as MicroUsd)), 0);
        expect(parseUsd(floatSum)).toBe(terms.reduce((sum, term) => sum + term));
      }),
      { numRuns: 2_000 },
    );
  });

  test('less a fee of one per cent, computed in binary floats, is still that', () => {
    const cents = fc.integer({ min: 10, max: 100_000_000 }).map((count) => (BigInt(count) * 10_000n) as MicroUsd);
    fc.assert(
      fc.property(cents, (amount) => {
        const float = Number(formatUsd(amount));
        const fee = Math.round(float * 0.01 * 1e6) / 1e6;
        expect(parseUsd(float - fee)).toBe(subtractUsd(amount, shareOf(amount, 100)));
      }),
      { numRuns: 2_000 },
    );
  });

  test('of up to a thousand million dollars that noise has made unclear is refused, and never misread', () => {
    const cents = fc.integer({ min: 0, max: 100_000_000_000 }).map((count) => BigInt(count) * 10_000n);
    fc.assert(
      fc.property(cents, cents, (one, other) => {
        const floatSum = Number(formatUsd(one as MicroUsd)) + Number(formatUsd(other as MicroUsd));
        expect([one + other, 'refused']).toContain(parsedOrRefused(floatSum));
      }),
      { numRuns: 2_000 },
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
    ['5e1'],
    ['1_000'],
    [-Infinity],
    ['Infinity'],
    ['-0'],
    ['\t1'],
    ['1\u00a0'],
    ['1,000.00'],
    ['50 USD'],
    ['null'],
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

describe('parseUsd of what is neither text nor number', () => {
  test.each([[{ amount: 50 }], [null], [undefined], [true], [[]], [[50, 60]]])('refuses %p', (value) => {
    expect(() => parseUsd(value as unknown as string)).toThrow(InvalidAmountError);
  });
});

describe('parseEstimate', () => {
  test.each([
    ['0', 0n],
    ['-0', 0n],
    ['1.5', 1_500_000n],
    ['-1.5', -1_500_000n],
    ['12.3456789', 12_345_679n],
    ['-12.3456789', -12_345_679n],
    ['0.0000004', 0n],
    ['0.0000005', 1n],
    ['-0.0000005', -1n],
    ['-0.0000004', 0n],
    ['0.9999995', 1_000_000n],
    ['0.99999949999', 999_999n],
    [-0.9370000000000001, -937_000n],
    [0.1 + 0.2, 300_000n],
    [-89.80000000000001, -89_800_000n],
    [1e-7, 0n],
    [-1e-7, 0n],
    [9e-7, 1n],
    [Number.MIN_VALUE, 0n],
    [999_999_999_999, 999_999_999_999_000_000n],
    ['61000.01000000', 61_000_010_000n],
    ['8.9e-06', 9n],
    ['-8.4e-06', -8n],
    ['6.1e4', 61_000_000_000n],
    ['1.23E+5', 123_000_000_000n],
    ['1e-7', 0n],
  ])('reads %p', (value, micros) => {
    expect(parseEstimate(value)).toBe(micros);
  });

  test.each([
    [NaN],
    [Infinity],
    [-Infinity],
    [1e21],
    [1_000_000_000_000],
    ['1e12'],
    ['1e'],
    ['1e5.0'],
    ['e5'],
    [''],
    [' '],
    ['+1'],
    ['--1'],
    ['-'],
    ['- 1'],
    ['1.'],
    ['.5'],
    ['0x10'],
    ['1_000'],
    ['1,5'],
    ['1 USD'],
  ])('refuses %p', (value) => {
    expect(() => parseEstimate(value)).toThrow(InvalidAmountError);
  });

  test('reads every amount as it is, and its negative as that', () => {
    fc.assert(
      fc.property(amounts, (amount) => {
        expect(parseEstimate(formatUsd(amount))).toBe(amount);
        expect(parseEstimate(formatUsd((0n - amount) as MicroUsd))).toBe(0n - amount);
      }),
    );
  });

  test('is at most half a micro-dollar off, and the same on both sides of zero', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), (value) => {
        const estimate = parseEstimate(value);
        expect(Math.abs(Number(estimate) / 1e6 - value)).toBeLessThanOrEqual(0.5000001e-6);
        expect(parseEstimate(-value)).toBe(0n - estimate);
      }),
      { numRuns: 500 },
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

describe('toEstimate', () => {
  test.each([
    ['0.00', 0],
    ['0.30', 0.3],
    ['0.000001', 0.000001],
    ['999999999.999999', 999_999_999.999999],
  ])('makes a number of %s', (text, expected) => {
    expect(toEstimate(parseUsd(text))).toBe(expected);
    expect(toEstimate(subtractUsd(parseUsd('0.00'), parseUsd(text)))).toBe(expected === 0 ? 0 : -expected);
  });

  test('keeps any two amounts below a billion dollars apart', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 15n - 1n }), (micro) => {
        const amount = parseUsd(formatUsd(micro as MicroUsd));
        expect(parseUsd(toEstimate(amount).toFixed(6))).toBe(amount);
      }),
    );
  });
});

describe('toJsonNumber', () => {
  test('writes the text of any amount, and nothing but digits and a point', () => {
    fc.assert(
      fc.property(amounts, (amount) => {
        const text = JSON.stringify(toJsonNumber(amount));
        expect(text).toBe(formatUsd(amount));
        expect(text).toMatch(/^\d+\.\d{2,6}$/);
        expect(parseUsd(text)).toBe(amount);
      }),
    );
  });

  test.each(['50.00', '0.30', '0.000001', '10000.00', '999999999999.999999'])('writes exactly %s', (text) => {
    expect(JSON.stringify({ amount: toJsonNumber(parseUsd(text)) })).toBe(`{"amount":${text}}`);
  });
});
