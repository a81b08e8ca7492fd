import { describe, expect, test } from '@jest/globals';
import { aDeliveredState, aLockedState, ESCROW_ID, JOB_NAME, REFERENCE } from '../../support/bonus-escrow.ts';
import { A_WAIT, createWaitingRoom } from '../../support/waiting-room.ts';

const { delivery: DELIVERY } = aDeliveredState();
const { deliveredBy, note, deliveryUrl } = DELIVERY;

describe('an execution that waits', () => {
  test.each([
    ['its escrow', { escrowId: ESCROW_ID }],
    ['its training job', { trainingJobName: JOB_NAME }],
  ])('is woken by a delivery for %s, with what was delivered', async (_case, address) => {
    const { awaitDelivery, recordDelivery, tasks } = createWaitingRoom();

    expect(await awaitDelivery(A_WAIT)).toEqual({ wait: 'waiting' });
    await recordDelivery({ ...address, deliveredBy, note, deliveryUrl });

    expect(tasks.ended).toEqual(new Map([['token-1', DELIVERY]]));
  });

  test('takes a delivery for its training job that came before it', async () => {
    const { awaitDelivery, recordDelivery, tasks } = createWaitingRoom();
    await recordDelivery({ trainingJobName: JOB_NAME, deliveredBy, note, deliveryUrl });

    expect(await awaitDelivery(A_WAIT)).toEqual({ wait: 'resumed' });
    expect(tasks.ended).toEqual(new Map([['token-1', DELIVERY]]));
  });

  test('does not take one that was said before its training job was created', async () => {
    const { awaitDelivery, recordDelivery, tasks } = createWaitingRoom();
    await recordDelivery({ trainingJobName: JOB_NAME, deliveredBy }, { time: '2026-03-06T08:09:59Z' });

    expect(await awaitDelivery(A_WAIT)).toEqual({ wait: 'waiting' });
    expect(tasks.attempts).toEqual([]);
  });

  test('again, after a look at its escrow, is woken again', async () => {
    const { awaitDelivery, recordDelivery, deliverDeadlines, tasks, world } = createWaitingRoom();
    await awaitDelivery(A_WAIT);
    world.now = new Date('2026-03-13T09:00:45Z');
    await deliverDeadlines();

    const escrow = {
      escrowId: ESCROW_ID,
      reference: REFERENCE,
      status: 'locked',
      deadlineAt: '2026-03-13T09:05:45.000Z',
    };
    const again = { taskToken: 'token-2', state: { ...aLockedState(), escrow } };
    expect(await awaitDelivery(again)).toEqual({ wait: 'waiting' });
    await recordDelivery({ escrowId: ESCROW_ID, deliveredBy });

    expect(tasks.ended.get('token-2')).toMatchObject({ signal: 'delivered', deliveredBy });
  });

  test.each([
    ['a token', { state: aLockedState() }, 'taskToken'],
    ['an escrow', { taskToken: 'token-1', state: { request: aLockedState().request } }, 'escrow'],
  ])('is a fault without %s', async (_case, input, field) => {
    await expect(createWaitingRoom().awaitDelivery(input)).rejects.toThrow(field);
  });
});
