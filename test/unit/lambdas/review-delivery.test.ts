import { describe, expect, test } from '@jest/globals';
import { createHandler, type Deps } from '../../../lambdas/review-delivery/handler.ts';
import { SecretUnusableError, ServiceUnreadableError } from '../../../src/errors.ts';
import { deliverSignal, escrowAddress, type Signal } from '../../../src/escrow/mailbox.ts';
import { parseUsd } from '../../../src/money.ts';
import { aDeliveredState, aLockedState, aRequest, aView, ESCROW_ID } from '../../support/bonus-escrow.ts';
import type { EscrowClient } from '../../../src/purple-flea/escrow.ts';
import { anEscrowTask } from '../../support/escrow-task.ts';
import { createMemoryMailbox } from '../../support/memory-mailbox.ts';
import type { Recorder } from '../../support/recorder.ts';

/** When silence settles the escrow that the service shows. */
const SETTLES_AT = aView().deadlineAt;

/** A review over an empty mailbox. */
function aReview(client: Partial<EscrowClient> = {}): { readonly deps: Deps; readonly recorder: Recorder } {
  const { deps, recorder } = anEscrowTask(client);
  return { deps: { ...deps, mailbox: createMemoryMailbox() }, recorder };
}

describe('a review', () => {
  test.each([
    ['release', {}, 'delivered by registry at 2026-03-06T10:00:00Z: whoever delivers approves'],
    ['check-status', { status: 'refunded' as const }, 'the escrow is refunded'],
    ['stop', { amount: parseUsd('51.00') }, `escrow ${ESCROW_ID}: amount is 51.00`],
  ])('decides to %s from what the service shows, and says why', async (decision, shown, reason) => {
    const read: string[] = [];
    const { deps, recorder } = aReview({
      readStatus: async (escrowId) => {
        read.push(escrowId);
        return aView(shown);
      },
    });

    const { status } = aView(shown);
    expect(await createHandler(deps)(aDeliveredState())).toEqual({ decision, reason, status, settlesAt: SETTLES_AT });
    expect(read).toEqual([ESCROW_ID]);
    expect(recorder.published).toEqual([['escrow.reviewed', { escrowId: ESCROW_ID, decision, reason }]]);
  });

  const unreadable = new ServiceUnreadableError(`status of ${ESCROW_ID}: HTTP 500`);

  test.each([unreadable, new SecretUnusableError('secret keys: is not JSON')])(
    'decides nothing where the escrow cannot be read (%s), and looks again in pauses that grow',
    async (fault) => {
      const { deps, recorder } = aReview({ readStatus: () => Promise.reject(fault) });
      const since = '2026-03-06T12:00:00.000Z';
      const reviewAt = (time: string, review?: object) =>
        createHandler({ ...deps, now: () => new Date(time) })({ ...aDeliveredState(), review });

      const first = await reviewAt(since);
      const last = await reviewAt('2026-03-06T18:00:00.000Z', first);
      const asked = { decision: 'ask', reason: String(fault), isLate: false, status: 'locked', unreadSince: since };
      expect(first).toEqual({ ...asked, until: '2026-03-06T12:00:15.000Z' });
      expect(last).toEqual({ ...asked, until: '2026-03-06T18:15:00.000Z' });
      expect(recorder.published).toEqual([]);
      expect(recorder.counted).toEqual({ EscrowsUnread: 2 });
    },
  );

  test('looks sooner where silence would soon settle what it cannot read', async () => {
    const { deps } = aReview({ readStatus: () => Promise.reject(unreadable) });
    const review = { unreadSince: '2026-03-12T12:00:00.000Z' };
    const lookAfter = (time: string) =>
      createHandler({ ...deps, now: () => new Date(time) })({ ...aDeliveredState(), review });

    expect(await lookAfter('2026-03-13T08:20:00.000Z')).toMatchObject({ until: '2026-03-13T08:25:00.000Z' });
    expect(await lookAfter('2026-03-13T08:59:00.000Z')).toMatchObject({ until: '2026-03-13T09:00:00.000Z' });
  });

  const word = { by: 'ada', reason: 'no such model' };
  test.each<[string, Signal[], string]>([
    ['a person rejected', [{ type: 'rejected', at: '2026-03-06T11:00:00Z', ...word }], 'dispute'],
    [
      'a person approved first, and rejected then',
      [
        { type: 'rejected', at: '2026-03-06T11:00:01Z', ...word },
        { type: 'approved', at: '2026-03-06T11:00:00Z', ...word },
      ],
      'release',
    ],
    ['somebody delivered', [{ type: 'delivered', at: '2026-03-06T11:00:00Z', deliveredBy: 'registry' }], 'release'],
    ['an older job was rejected', [{ type: 'rejected', at: '2026-03-05T11:00:00Z', ...word }], 'ask'],
  ])('hears what was said while it could not read: %s', async (_case, signals, decision) => {
    const { deps } = anEscrowTask({ readStatus: async () => aView({ status: 'completed' }) });
    const mailbox = createMemoryMailbox();
    for (const signal of signals) {
      await deliverSignal({ mailbox, resume: async () => true }, escrowAddress(ESCROW_ID), signal);
    }
    const state = { ...aLockedState(), delivery: { signal: 'deadline', deadlineAt: '2026-03-06T12:00:00Z' } };

    expect(await createHandler({ ...deps, mailbox })(state)).toMatchObject({ decision });
  });

  test('without a decision says until when somebody is asked, and whether that is late', async () => {
    const state = { ...aDeliveredState(), request: aRequest({ gate: { mode: 'person' } }) };
    const { deps, recorder } = aReview({ readStatus: async () => aView() });
    const reviewAt = (time: string) => createHandler({ ...deps, now: () => new Date(time) })(state);
    const reason = 'a person decides about every delivery';
    const early = { decision: 'ask', reason, until: '2026-03-13T07:00:00.000Z', isLate: false };
    const late = { decision: 'ask', reason, until: '2026-03-13T08:30:00.000Z', isLate: true };

    expect(await reviewAt('2026-03-06T10:00:00Z')).toEqual({ ...early, status: 'locked', settlesAt: SETTLES_AT });
    expect(await reviewAt('2026-03-13T07:00:00Z')).toEqual({ ...late, status: 'locked', settlesAt: SETTLES_AT });
    expect(recorder.published).toEqual([
      ['escrow.reviewed', { escrowId: ESCROW_ID, ...early }],
      ['escrow.reviewed', { escrowId: ESCROW_ID, ...late }],
    ]);
  });

  test('goes by what ended both waits, the later one before the earlier', async () => {
    const decision = { signal: 'rejected', at: '2026-03-06T11:00:00Z', by: 'ada', reason: 'no such model' };
    const { deps } = aReview({ readStatus: async () => aView() });

    expect(await createHandler(deps)({ ...aDeliveredState(), decision })).toEqual({
      decision: 'dispute',
      reason: 'rejected by ada: no such model',
      status: 'locked',
      settlesAt: SETTLES_AT,
    });
  });

  test('of an escrow that nobody spoke of is made too: its counterparty completed it', async () => {
    const { deps } = aReview({ readStatus: async () => aView({ status: 'completed' }) });

    expect(await createHandler(deps)(aLockedState())).toMatchObject({
      decision: 'ask',
      reason: 'the counterparty completed it, and nobody said that it is there',
    });
  });

  test.each([
    ['an escrow', { request: aRequest() }, 'escrow'],
    ['a known signal', { ...aLockedState(), delivery: { signal: 'settled' } }, 'signal'],
  ])('is a fault without %s', async (_case, state, field) => {
    const { deps, recorder } = aReview();

    await expect(createHandler(deps)(state)).rejects.toThrow(field);
    expect(recorder.published).toEqual([]);
  });
});
