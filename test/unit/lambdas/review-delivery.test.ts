import { describe, expect, test } from '@jest/globals';
import { createHandler } from '../../../lambdas/review-delivery/handler.ts';
import { ServiceUnreadableError } from '../../../src/errors.ts';
import { parseUsd } from '../../../src/money.ts';
import { aDeliveredState, aLockedState, aView, ESCROW_ID } from '../../support/bonus-escrow.ts';
import { anEscrowTask } from '../../support/escrow-task.ts';

describe('a review', () => {
  test.each([
    ['release', {}, 'delivered by registry at 2026-03-06T10:00:00Z'],
    ['check-status', { status: 'refunded' as const }, 'the escrow is refunded already'],
    ['stop', { amount: parseUsd('51.00') }, `escrow ${ESCROW_ID}: amount is 51.00`],
  ])('decides to %s from what the service shows, and says why', async (decision, shown, reason) => {
    const read: string[] = [];
    const { deps, recorder } = anEscrowTask({
      readStatus: async (escrowId) => {
        read.push(escrowId);
        return aView(shown);
      },
    });

    expect(await createHandler(deps)(aDeliveredState())).toEqual({ decision, reason });
    expect(read).toEqual([ESCROW_ID]);
    expect(recorder.published).toEqual([['escrow.reviewed', { escrowId: ESCROW_ID, decision, reason }]]);
  });

  test('fails where the escrow cannot be read, so that the workflow asks again', async () => {
    const unreadable = new ServiceUnreadableError(`status of ${ESCROW_ID}: HTTP 500`);
    const { deps, recorder } = anEscrowTask({ readStatus: () => Promise.reject(unreadable) });

    await expect(createHandler(deps)(aDeliveredState())).rejects.toThrow(unreadable);
    expect(recorder.published).toEqual([]);
  });

  test('is a fault without a delivery', async () => {
    const { deps } = anEscrowTask();

    await expect(createHandler(deps)(aLockedState())).rejects.toThrow('delivery');
  });
});
