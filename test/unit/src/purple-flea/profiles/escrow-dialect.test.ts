import { describe, expect, test } from '@jest/globals';
import * as z from 'zod/mini';
import { parseUsd } from '../../../../../src/money.ts';
import { ESCROW_STATUSES } from '../../../../../src/purple-flea/escrow.ts';
import {
  createRequestSchema,
  hoursAfter,
  proveReleased,
  readStatusWord,
  unrecognizedFields,
} from '../../../../../src/purple-flea/profiles/escrow-dialect.ts';

/** A payout that shows these amounts. */
function released(amount: string, fee: string, net: string) {
  return proveReleased('esc_1', { amount: parseUsd(amount), fee: parseUsd(fee), net: parseUsd(net) });
}

describe('a payout', () => {
  test.each([
    ['50.00', '0.50', '49.50'],
    ['0.10', '0.001', '0.099'],
    ['50.00', '0.00', '50.00'],
  ])('of %s with a fee of %s and %s paid out is proved, in decimal USD', (amountUsd, feeUsd, paidOutUsd) => {
    expect(released(amountUsd, feeUsd, paidOutUsd)).toEqual({
      escrowId: 'esc_1',
      status: 'released',
      amountUsd,
      feeUsd,
      paidOutUsd,
    });
  });

  test.each([
    ['50.00', '0.50', '49.500001'],
    ['50.00', '0.50', '50.00'],
  ])('of %s is not proved by a fee of %s and %s paid out, which do not add up', (...shown) => {
    expect(released(...shown)).toContain('do not add up');
  });
});

describe('the bounds of a creation', () => {
  const request = {
    amount_usd: 1,
    description: 'pf1:a text',
    counterparty_agent_id: 'agent_1',
    timeout_hours: 24,
    metadata: {},
  };
  const bounded = createRequestSchema({ min: parseUsd('1.00'), max: parseUsd('2.00') });
  const open = createRequestSchema({ min: parseUsd('1.00'), max: undefined });
  const problemOf = (schema: typeof bounded, amount: unknown) =>
    z.safeParse(schema, { ...request, amount_usd: amount }).error?.issues[0]?.message;

  test.each([1, '1.00', 2])('take in %p', (amount) => {
    expect(problemOf(bounded, amount)).toBeUndefined();
  });

  test('name what is allowed', () => {
    expect(problemOf(bounded, 0.99)).toBe('below the minimum of 1.00');
    expect(problemOf(bounded, 2.01)).toBe('above the maximum of 2.00');
    expect(problemOf(open, 0.99)).toBe('below the minimum of 1.00');
    expect(problemOf(open, 1_000_000)).toBeUndefined();
  });
});

describe('a status word', () => {
  test.each(ESCROW_STATUSES)('%s of the reference is itself', (status) => {
    expect(readStatusWord(status)).toBe(status);
  });

  test.each(['', 'funded', 'pending', 'cancelled', 'LOCKED', ' locked', 'toString', '__proto__', 'unrecognized'])(
    '%p of no dialect is unrecognized',
    (shown) => {
      expect(readStatusWord(shown)).toBe('unrecognized');
    },
  );

  test('of a dialect is what that has for it', () => {
    const words = { funded: 'locked', locked: 'unrecognized' } as const;

    expect(readStatusWord('funded', words)).toBe('locked');
    expect(readStatusWord('locked', words)).toBe('unrecognized');
    expect(readStatusWord('released', words)).toBe('released');
    expect(readStatusWord('constructor', words)).toBe('unrecognized');
  });
});

test('fields that a dialect does not document are named, and those of no object are none', () => {
  expect(unrecognizedFields({ status: 'locked', risk: 1, __x: null }, ['status'])).toEqual(['risk', '__x']);
  expect(unrecognizedFields({}, ['status'])).toEqual([]);
  expect(unrecognizedFields(null, [])).toEqual([]);
  expect(unrecognizedFields('text', [])).toEqual([]);
});

test.each([
  [0, '2026-03-06T09:00:00.000Z'],
  [48, '2026-03-08T09:00:00.000Z'],
  [720, '2026-04-05T09:00:00.000Z'],
])('%i hours after a moment is a moment', (hours, moment) => {
  expect(hoursAfter('2026-03-06T09:00:00Z', hours)).toBe(moment);
});
