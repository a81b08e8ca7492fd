import { describe, expect, test } from '@jest/globals';
import {
  createdEscrowSchema,
  ESCROW_LIMITS,
  ESCROW_STATUSES,
  isFinal,
  releasedEscrowSchema,
} from '../../../../src/purple-flea/escrow.ts';
import { formatUsd } from '../../../../src/money.ts';

describe('a status', () => {
  test('is one of the six of the escrow reference', () => {
    expect(ESCROW_STATUSES.toSorted()).toEqual([
      'auto_released',
      'completed',
      'disputed',
      'locked',
      'refunded',
      'released',
    ]);
  });

  test('is final where money has gone to somebody, and never where its word is unknown', () => {
    expect(ESCROW_STATUSES.filter(isFinal)).toEqual(['released', 'auto_released', 'refunded']);
    expect(isFinal('unrecognized')).toBe(false);
  });
});

test('the limits are those of the escrow reference, and for texts of every dialect', () => {
  const { minAmount, maxAmount, ...others } = ESCROW_LIMITS;

  expect([formatUsd(minAmount), formatUsd(maxAmount)]).toEqual(['1.00', '10000.00']);
  expect(others).toEqual({
    minTimeoutHours: 1,
    maxTimeoutHours: 720,
    maxDescription: 280,
    maxCompletionNote: 1000,
    maxReleaseNote: 500,
    maxDisputeReason: 2000,
  });
});

describe('what the ledger keeps', () => {
  const created = {
    escrowId: 'esc_1',
    status: 'locked',
    amountUsd: '50.00',
    feeUsd: '0.50',
    netUsd: '49.50',
    deadlineAt: '2026-03-08T09:00:00.000Z',
  };
  const released = { escrowId: 'esc_1', status: 'released', amountUsd: '50.00', feeUsd: '0.50', paidOutUsd: '49.50' };

  test('of a creation and of a release can be read again', () => {
    expect(createdEscrowSchema.parse(created)).toEqual(created);
    expect(releasedEscrowSchema.parse(released)).toEqual(released);
  });

  test.each(['completed', 'unrecognized'])('is never a %s escrow', (status) => {
    expect(createdEscrowSchema.safeParse({ ...created, status }).success).toBe(false);
    expect(releasedEscrowSchema.safeParse({ ...released, status }).success).toBe(false);
  });
});
