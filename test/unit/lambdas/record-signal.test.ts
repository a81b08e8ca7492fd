import { describe, expect, test } from '@jest/globals';
import { MODEL_PACKAGE_STATE_CHANGE } from '../../../src/events/catalogue.ts';
import { ESCROW_ID, JOB_NAME } from '../../support/bonus-escrow.ts';
import { ALL_TAKEN, anEvent, comingBack } from '../../support/lambda-events.ts';
import { A_WAIT, createWaitingRoom } from '../../support/waiting-room.ts';

const DELIVERY = { escrowId: ESCROW_ID, deliveredBy: 'registry' };

describe('a delivery', () => {
  test('is dated by its event', async () => {
    const { awaitDelivery, recordDelivery, tasks } = createWaitingRoom();
    await awaitDelivery(A_WAIT);

    expect(await recordDelivery(DELIVERY, { time: '2026-03-06T11:22:33Z' })).toEqual(ALL_TAKEN);
    expect(tasks.ended.get('token-1')).toMatchObject({ at: '2026-03-06T11:22:33Z', deliveredBy: 'registry' });
  });

  test('for another escrow or training job wakes nobody', async () => {
    const { awaitDelivery, recordDelivery, tasks } = createWaitingRoom();
    await awaitDelivery(A_WAIT);

    await recordDelivery({ escrowId: JOB_NAME, deliveredBy: 'registry' });
    await recordDelivery({ trainingJobName: ESCROW_ID, deliveredBy: 'registry' });

    expect(tasks.attempts).toEqual([]);
  });

  test('that is repeated wakes nobody a second time', async () => {
    const { awaitDelivery, recordDelivery, tasks } = createWaitingRoom();
    await awaitDelivery(A_WAIT);
    await recordDelivery(DELIVERY);

    expect(await recordDelivery(DELIVERY, { time: '2026-03-06T10:05:00Z' })).toEqual(ALL_TAKEN);
    expect(tasks.attempts).toEqual(['token-1']);
  });

  test.each([
    [{ deliveredBy: 'registry' }, 'detail.escrowId: name either escrowId or trainingJobName'],
    [{ ...DELIVERY, trainingJobName: JOB_NAME }, 'detail.escrowId: name either escrowId or trainingJobName'],
    [{ escrowId: ESCROW_ID }, 'detail.deliveredBy: '],
  ])('that is incomplete is put aside with the field: %j', async (detail, reason) => {
    const { recordDelivery, deadLetters, recorder } = createWaitingRoom();

    expect(await recordDelivery(detail)).toEqual(ALL_TAKEN);
    expect(deadLetters).toMatchObject([{ reason: expect.stringContaining(reason) }]);
    expect(recorder.counted).toEqual({ EventsRejected: 1 });
  });

  test('of an unreadable time is put aside: no wait could ever find it', async () => {
    const { recordDelivery, deadLetters } = createWaitingRoom();

    expect(await recordDelivery(DELIVERY, { time: 'yesterday' })).toEqual(ALL_TAKEN);
    expect(deadLetters).toMatchObject([{ reason: expect.stringContaining('event.time: ') }]);
  });

  test('comes back where Step Functions does not answer, and wakes then', async () => {
    const { awaitDelivery, recordDelivery, tasks, world } = createWaitingRoom();
    await awaitDelivery(A_WAIT);
    world.resume = () => Promise.reject(new Error('throttled'));
    expect(await recordDelivery(DELIVERY)).toEqual(comingBack('message-1'));
    world.resume = tasks.resume;

    expect(await recordDelivery(DELIVERY, { receives: 2 })).toEqual(ALL_TAKEN);
    expect(tasks.ended.get('token-1')).toMatchObject({ deliveredBy: 'registry' });
  });
});

describe('a decision', () => {
  const aDecision = (type: 'approved' | 'rejected', detail: object, time = '2026-03-06T10:00:00Z') =>
    anEvent(`escrow.${type}`, { by: 'ann', reason: 'reviewed it', ...detail }, { time });

  test.each(['approved', 'rejected'] as const)('that says %s wakes who waits, with who and why', async (type) => {
    const { awaitDelivery, recordEvent, tasks } = createWaitingRoom();
    await awaitDelivery(A_WAIT);

    expect(await recordEvent(aDecision(type, { trainingJobName: JOB_NAME }))).toEqual(ALL_TAKEN);
    expect(tasks.ended.get('token-1')).toEqual({
      signal: type,
      at: '2026-03-06T10:00:00Z',
      by: 'ann',
      reason: 'reviewed it',
    });
  });

  test('before the wait is kept for it, and of two that contradict each other the first counts', async () => {
    const { awaitDelivery, recordEvent, tasks } = createWaitingRoom();
    await recordEvent(aDecision('approved', { trainingJobName: JOB_NAME }, '2026-03-06T10:00:01Z'));
    await recordEvent(aDecision('rejected', { escrowId: ESCROW_ID }, '2026-03-06T10:00:00Z'));

    await awaitDelivery(A_WAIT);

    expect(tasks.ended.get('token-1')).toMatchObject({ signal: 'rejected' });
  });

  test('of SageMaker wakes as well', async () => {
    const { awaitDelivery, recordEvent, tasks } = createWaitingRoom();
    await awaitDelivery(A_WAIT);
    const detail = {
      ModelPackageArn: 'arn:aws:sagemaker:us-east-1:000000000000:model-package/churn/2',
      ModelApprovalStatus: 'Rejected',
      CustomerMetadataProperties: { 'purple-flea:training-job': JOB_NAME },
    };

    await recordEvent(anEvent(MODEL_PACKAGE_STATE_CHANGE, detail));

    expect(tasks.ended.get('token-1')).toMatchObject({ signal: 'rejected', at: '2026-03-06T09:00:00Z' });
  });

  test('that nobody may have meant for us is taken, and nothing is kept or put aside', async () => {
    const { awaitDelivery, recordEvent, tasks, deadLetters, recorder } = createWaitingRoom();
    const detail = { ModelPackageArn: 'arn:aws:sagemaker:us-east-1:000000000000:model-package/churn/2' };

    const taken = await recordEvent(
      anEvent(MODEL_PACKAGE_STATE_CHANGE, { ...detail, ModelApprovalStatus: 'Approved' }),
    );
    await awaitDelivery(A_WAIT);

    expect(taken).toEqual(ALL_TAKEN);
    expect(tasks.attempts).toEqual([]);
    expect(deadLetters).toEqual([]);
    expect(recorder.counted).toEqual({});
  });

  test('with a field that nobody reads is put aside with the reason', async () => {
    const { recordEvent, deadLetters, recorder } = createWaitingRoom();

    expect(await recordEvent(aDecision('approved', { escrowId: ESCROW_ID, resaon: 'x' }))).toEqual(ALL_TAKEN);
    expect(deadLetters).toMatchObject([{ reason: expect.stringContaining('detail: unknown: resaon; allowed: ') }]);
    expect(recorder.counted).toEqual({ EventsRejected: 1 });
  });
});
