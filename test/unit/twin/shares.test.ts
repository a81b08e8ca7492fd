import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseUsd, sumUsd, type MicroUsd } from '../../../src/money.ts';
import { sharesOf } from '../../../twin/escrow/escrow-book.ts';

test('$100 is 99.00, 0.15 and 0.85', () => {
  expect(sharesOf(parseUsd('100.00'), true)).toEqual({
    netPayout: parseUsd('99.00'),
    referralCommission: parseUsd('0.15'),
    kept: parseUsd('0.85'),
  });
});

test('of every amount in cents from 1.00 to 10,000.00 the shares are exact and sum to it', () => {
  const cent = 10_000n;
  let wrong = 0;
  for (let cents = 100n; cents <= 1_000_000n; cents += 1n) {
    const amount = (cents * cent) as MicroUsd;
    const { netPayout, referralCommission, kept } = sharesOf(amount, true);
    // A cent is 10,000 micro-dollars: 1 % of it and 15 % of that are whole numbers.
    const isExact = netPayout === cents * 9_900n && referralCommission === cents * 15n && kept === cents * 85n;
    if (!isExact || sumUsd(netPayout, referralCommission, kept) !== amount) wrong += 1;
  }
  expect(wrong).toBe(0);
});

test('of any amount no share is below zero, none is lost, and each is rounded by less than a micro-dollar', () => {
  const micros = fc.bigInt({ min: 1n, max: 10n ** 18n });
  fc.assert(
    fc.property(micros, fc.boolean(), (micro, isReferred) => {
      const amount = micro as MicroUsd;
      const { netPayout, referralCommission, kept } = sharesOf(amount, isReferred);
      const fee = sumUsd(referralCommission, kept);

      expect(sumUsd(netPayout, fee)).toBe(amount);
      expect([netPayout, referralCommission, kept].filter((share) => share < 0n)).toEqual([]);
      expect(distance(fee * 100n, amount)).toBeLessThanOrEqual(50n);
      expect(distance(referralCommission * 100n, isReferred ? fee * 15n : 0n)).toBeLessThanOrEqual(50n);
    }),
  );
});

function distance(one: bigint, other: bigint): bigint {
  return one > other ? one - other : other - one;
}
