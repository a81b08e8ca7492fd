import { expect, test } from '@jest/globals';
import { aLockedState, ESCROW_ID } from '../../support/bonus-escrow.ts';
import { A_WAIT, createWaitingRoom } from '../../support/waiting-room.ts';

test('an execution is told of its deadline when it is due, once, and the lag is counted', async () => {
  const { awaitDelivery, deliverDeadlines, tasks, recorder, world } = createWaitingRoom();
  await awaitDelivery(A_WAIT);

  expect(await deliverDeadlines()).toEqual({ delivered: 0, lagSeconds: 0 });
  world.now = new Date('2026-03-13T09:00:45Z');
  expect(await deliverDeadlines()).toEqual({ delivered: 1, lagSeconds: 45 });
  expect(await deliverDeadlines()).toEqual({ delivered: 0, lagSeconds: 0 });

  expect(tasks.ended).toEqual(new Map([['token-1', { signal: 'deadline', deadlineAt: '2026-03-13T09:00:00Z' }]]));
  expect(recorder.counted).toEqual({ DeadlineLagSeconds: 45 });
});

test('a lag of nothing is counted too, so that a sweeper that stands still is missed', async () => {
  const { deliverDeadlines, recorder } = createWaitingRoom();

  await deliverDeadlines();

  expect(recorder.counted).toEqual({ DeadlineLagSeconds: 0 });
});

test('an execution whose delivery came in time is told of no deadline', async () => {
  const { awaitDelivery, recordDelivery, deliverDeadlines, tasks, world } = createWaitingRoom();
  await awaitDelivery(A_WAIT);
  await recordDelivery({ escrowId: ESCROW_ID, deliveredBy: 'registry' });
  world.now = new Date('2026-03-13T09:00:45Z');

  expect(await deliverDeadlines()).toEqual({ delivered: 0, lagSeconds: 0 });
  expect(tasks.attempts).toEqual(['token-1']);
});

test('a run that Step Functions throttles fails, and the next one does what is left', async () => {
  const { awaitDelivery, deliverDeadlines, tasks, world } = createWaitingRoom();
  await awaitDelivery(A_WAIT);
  world.now = new Date('2026-03-13T09:00:45Z');
  world.resume = () => Promise.reject(new Error('throttled'));
  await expect(deliverDeadlines()).rejects.toThrow('throttled');
  world.resume = tasks.resume;

  expect(await deliverDeadlines()).toEqual({ delivered: 1, lagSeconds: 45 });
});

test('one wait that cannot be ended keeps no other from its deadline, and the run says so', async () => {
  const { awaitDelivery, deliverDeadlines, tasks, world, recorder } = createWaitingRoom();
  await awaitDelivery(A_WAIT);
  const other = aLockedState();
  await awaitDelivery({
    ...A_WAIT,
    taskToken: 'token-2',
    state: {
      request: { ...other.request, address: 'training-job:other' },
      escrow: { ...other.escrow, escrowId: 'esc_other' },
    },
  });
  world.now = new Date('2026-03-13T09:00:45Z');
  world.resume = (token, output) =>
    token === 'token-1' ? Promise.reject(new Error('not a token')) : tasks.resume(token, output);

  await expect(deliverDeadlines()).rejects.toThrow('1 deadlines not delivered, the first: Error: not a token');
  await expect(deliverDeadlines()).rejects.toThrow('1 deadlines not delivered');

  expect([...tasks.ended.keys()]).toEqual(['token-2']);
  expect(recorder.counted).toEqual({ DeadlineLagSeconds: 90 });
});
