import { describe, expect, test } from '@jest/globals';
import { ORDER_LIMITS, placedOrderSchema } from '../../../../src/purple-flea/trading.ts';

describe('an order that the ledger keeps', () => {
  const placed = { orderId: 'ord_1', status: 'open', asset: 'BTC-USDC', direction: 'long', amountUsd: '50.00' };

  test.each(['open', 'filled'])('may be %s', (status) => {
    expect(placedOrderSchema.parse({ ...placed, status })).toEqual({ ...placed, status });
  });

  test.each([{ status: 'cancelled' }, { direction: 'hold' }, { orderId: undefined }])(
    'is none with %j',
    (overrides) => {
      expect(placedOrderSchema.safeParse({ ...placed, ...overrides }).success).toBe(false);
    },
  );
});

test('leverage is from 1 to 20', () => {
  expect(ORDER_LIMITS).toMatchObject({ minLeverage: 1, maxLeverage: 20 });
});
