import { describe, expect, test } from '@jest/globals';
import * as z from 'zod/mini';
import { jsonText, usdSchema } from '../../../src/schemas.ts';

describe('an amount from outside', () => {
  test.each(['50.00', 50, 49.99999999999999])('is read from %p', (value) => {
    expect(usdSchema.safeParse(value)).toEqual({ success: true, data: 50_000_000n });
  });

  test.each([null, true, [50], '50 USD', -1])('is refused as %p', (value) => {
    expect(usdSchema.safeParse(value).success).toBe(false);
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
