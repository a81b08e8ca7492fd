import { describe, expect, test } from '@jest/globals';
import * as z from 'zod/mini';
import { estimateSchema, jsonText, usdSchema } from '../../../src/schemas.ts';

describe('an amount from outside', () => {
  test.each(['50.00', 50, 49.99999999999999])('is read from %p', (value) => {
    expect(usdSchema.safeParse(value)).toEqual({ success: true, data: 50_000_000n });
  });

  test.each([null, undefined, true, [50], ['50.00'], {}, '50 USD', -1, '5e1', 1e-7, 1e21])(
    'is refused as %p',
    (value) => {
      expect(usdSchema.safeParse(value).success).toBe(false);
    },
  );
});

describe('an estimate from outside', () => {
  test.each([
    ['-1.5', -1_500_000n],
    [-0.49999999999999994, -500_000n],
    [0, 0n],
  ])('is read from %p', (value, data) => {
    expect(estimateSchema.safeParse(value)).toEqual({ success: true, data });
  });

  test.each([null, undefined, true, [1], {}, 'much', '5e', 1e21])('is refused as %p', (value) => {
    expect(estimateSchema.safeParse(value).success).toBe(false);
  });

  test('names what is allowed where it is refused', () => {
    expect(estimateSchema.safeParse('much').error?.issues[0]?.message).toBe(
      '"much" is not an amount: expected a plain decimal with at most six decimals, such as "50.00"',
    );
  });
});

describe('JSON text', () => {
  const schema = jsonText(z.object({ limit: z.int() }));

  test('is read by the schema inside', () => {
    expect(z.parse(schema, '{"limit": 3}')).toEqual({ limit: 3 });
  });

  test.each([['{"limit": '], [''], [undefined]])('is refused as %p without quoting it', (text) => {
    const { error } = z.safeParse(schema, text);

    expect(error?.issues.map(({ message }) => message)).toEqual(['not JSON']);
  });

  test('is refused where the schema inside refuses it, with the path', () => {
    const { error } = z.safeParse(schema, '{"limit": "three"}');

    expect(error?.issues.map(({ path }) => path)).toEqual([['limit']]);
  });
});
