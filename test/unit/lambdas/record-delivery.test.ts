import { describe, expect, test } from '@jest/globals';
import { ESCROW_ID, JOB_NAME } from '../../support/bonus-escrow.ts';
import { ALL_TAKEN, comingBack } from '../../support/lambda-events.ts';
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
