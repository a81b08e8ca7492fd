import { describe, expect, test } from '@jest/globals';
import { createHandler } from '../../../lambdas/review-delivery/handler.ts';
import { ServiceUnreadableError } from '../../../src/errors.ts';
import { parseUsd } from '../../../src/money.ts';
import { aDeliveredState, aLockedState, aRequest, aView, ESCROW_ID } from '../../support/bonus-escrow.ts';
import { anEscrowTask } from '../../support/escrow-task.ts';

describe('a review', () => {
  test.each([
    ['release', {}, 'delivered by registry at 2026-03-06T10:00:00Z: whoever delivers approves'],
    ['check-status', { status: 'refunded' as const }, 'the escrow is refunded'],
    ['stop', { amount: parseUsd('51.00') }, `escrow ${ESCROW_ID}: amount is 51.00`],
  ])('decides to %s from what the service shows, and says why', async (decision, shown, reason) => {
    const read: string[] = [];
    const { deps, recorder } = anEscrowTask({
      readStatus: async (escrowId) => {
        read.push(escrowId);
        return aView(shown);
      },
    });

    const { status } = aView(shown);
    expect(await createHandler(deps)(aDeliveredState())).toEqual({ decision, reason, status });
    expect(read).toEqual([ESCROW_ID]);
    expect(recorder.published).toEqual([['escrow.reviewed', { escrowId: ESCROW_ID, decision, reason }]]);
  });

  test('fails where the escrow cannot be read, so that the workflow asks again', async () => {
    const unreadable = new ServiceUnreadableError(`status of ${ESCROW_ID}: HTTP 500`);
    const { deps, recorder } = anEscrowTask({ readStatus: () => Promise.reject(unreadable) });

    await expect(createHandler(deps)(aDeliveredState())).rejects.toThrow(unreadable);
    expect(recorder.published).toEqual([]);
  });

  test('without a decision says until when somebody is asked, and whether that is late', async () => {
    const state = { ...aDeliveredState(), request: aRequest({ gate: { mode: 'person' } }) };
    const { deps, recorder } = anEscrowTask({ readStatus: async () => aView() });
    const reviewAt = (time: string) => createHandler({ ...deps, now: () => new Date(time) })(state);
    const reason = 'a person decides about every delivery';
    const early = { decision: 'ask', reason, until: '2026-03-13T07:00:00.000Z', isLate: false };
    const late = { decision: 'ask', reason, until: '2026-03-13T08:30:00.000Z', isLate: true };

    expect(await reviewAt('2026-03-06T10:00:00Z')).toEqual({ ...early, status: 'locked' });
    expect(await reviewAt('2026-03-13T07:00:00Z')).toEqual({ ...late, status: 'locked' });
    expect(recorder.published).toEqual([
      ['escrow.reviewed', { escrowId: ESCROW_ID, ...early }],
      ['escrow.reviewed', { escrowId: ESCROW_ID, ...late }],
    ]);
  });

  test('goes by what ended both waits, the later one before the earlier', async () => {
    const decision = { signal: 'rejected', at: '2026-03-06T11:00:00Z', by: 'ada', reason: 'no such model' };
    const { deps } = anEscrowTask({ readStatus: async () => aView() });

    expect(await createHandler(deps)({ ...aDeliveredState(), decision })).toEqual({
      decision: 'dispute',
      reason: 'rejected by ada: no such model',
      status: 'locked',
    });
  });

  test('of an escrow that nobody spoke of is made too: its counterparty completed it', async () => {
    const { deps } = anEscrowTask({ readStatus: async () => aView({ status: 'completed' }) });

    expect(await createHandler(deps)(aLockedState())).toMatchObject({
      decision: 'ask',
      reason: 'the counterparty completed it, and nobody said that it is there',
    });
  });

  test.each([
    ['an escrow', { request: aRequest() }, 'escrow'],
    ['a known signal', { ...aLockedState(), delivery: { signal: 'settled' } }, 'signal'],
  ])('is a fault without %s', async (_case, state, field) => {
    const { deps, recorder } = anEscrowTask();

    await expect(createHandler(deps)(state)).rejects.toThrow(field);
    expect(recorder.published).toEqual([]);
  });
});
