import { describe, expect, test } from '@jest/globals';
import { deliverSignal, escrowAddress, type Signal } from '../../../src/escrow/mailbox.ts';
import {
  aDeliveredState,
  aLockedState,
  anAskedState,
  ESCROW_ID,
  JOB_NAME,
  REFERENCE,
} from '../../support/bonus-escrow.ts';
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

  test.each(['before', 'after'])(
    'gets of a delivery that comes %s it only the metric that its gate names',
    async (when) => {
      const { awaitDelivery, recordDelivery, tasks } = createWaitingRoom();
      const metrics = Object.fromEntries(Array.from({ length: 99 }, (_, index) => [`other ${index}`, index]));
      const deliver = () =>
        recordDelivery({ escrowId: ESCROW_ID, deliveredBy, metrics: { ...metrics, quality: 0.93 } });
      const locked = aLockedState();
      const gate = { mode: 'auto', rule: { metric: 'quality', atLeast: 0.8 } };
      const wait = { ...A_WAIT, state: { ...locked, request: { ...locked.request, gate } } };

      if (when === 'before') await deliver();
      await awaitDelivery(wait);
      if (when === 'after') await deliver();

      expect(tasks.ended.get('token-1')).toMatchObject({ signal: 'delivered', metrics: { quality: 0.93 } });
    },
  );

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
    const again = { awaits: 'delivery', taskToken: 'token-2', state: { ...aLockedState(), escrow } };
    expect(await awaitDelivery(again)).toEqual({ wait: 'waiting' });
    await recordDelivery({ escrowId: ESCROW_ID, deliveredBy });

    expect(tasks.ended.get('token-2')).toMatchObject({ signal: 'delivered', deliveredBy });
  });

  test('for an escrow that cannot be read takes nothing that was said, which is kept, and is woken by a change', async () => {
    const { awaitDelivery, recordDelivery, mailboxDeps, tasks } = createWaitingRoom();
    await recordDelivery({ escrowId: ESCROW_ID, deliveredBy });
    const unreadSince = '2026-03-06T09:00:00.000Z';
    const { escrow } = aLockedState();
    const unread = { ...aLockedState(), escrow: { ...escrow, unreadSince, settlesAt: escrow.deadlineAt } };
    const { review } = anAskedState();
    const asked = { ...anAskedState(), review: { ...review, unreadSince } };

    expect(await awaitDelivery({ ...A_WAIT, state: unread })).toEqual({ wait: 'waiting' });
    expect(await awaitDelivery({ awaits: 'decision', taskToken: 'token-2', state: asked })).toEqual({
      wait: 'waiting',
    });
    expect(tasks.attempts).toEqual([]);
    // The list may show a change each minute that a read does not.
    expect(await mailboxDeps.mailbox.findWait(escrowAddress(ESCROW_ID))).not.toHaveProperty('escrowId');
    await deliverSignal(mailboxDeps, escrowAddress(ESCROW_ID), { type: 'changed', at: AT, source: 'look' });
    expect([...tasks.ended.keys()]).toEqual(['token-2']);
  });

  test.each([
    ['a token', { awaits: 'delivery', state: aLockedState() }, 'taskToken'],
    ['an escrow', { ...A_WAIT, state: { request: aLockedState().request } }, 'escrow'],
    ['what it waits for', { taskToken: 'token-1', state: aLockedState() }, 'awaits'],
    ['a known kind of wait', { ...A_WAIT, awaits: 'verdict' }, 'awaits'],
    ['the end of a wait for a decision', { ...A_WAIT, awaits: 'decision' }, 'review'],
  ])('is a fault without %s', async (_case, input, field) => {
    await expect(createWaitingRoom().awaitDelivery(input)).rejects.toThrow(field);
  });
});

const AT = '2026-03-06T11:00:00Z';
const SAID: Record<Signal['type'], Signal> = {
  delivered: { type: 'delivered', at: AT, deliveredBy: 'registry' },
  approved: { type: 'approved', at: AT, by: 'ada', reason: 'as agreed' },
  rejected: { type: 'rejected', at: AT, by: 'ada', reason: 'no such model' },
  changed: { type: 'changed', at: AT, source: 'sweeper' },
};
const DEADLINE = { signal: 'deadline', deadlineAt: '2026-03-13T09:00:00Z' };
const CHANGED = { signal: 'changed', at: AT, source: 'sweeper' };
const asking = (ended: object) => ({
  awaits: 'decision',
  state: { ...aLockedState(), review: anAskedState().review, ...ended },
});

describe.each([
  ['for a delivery', { awaits: 'delivery', state: aLockedState() }, ['delivered', 'approved', 'rejected', 'changed']],
  [
    'for a delivery again, of an escrow that was delivered once',
    { awaits: 'delivery', state: aDeliveredState() },
    ['delivered', 'approved', 'rejected', 'changed'],
  ],
  ['for a decision about a delivery', asking({ delivery: DELIVERY }), ['approved', 'rejected', 'changed']],
  [
    'for a decision about a delivery that it learnt of while it was asking',
    asking({ delivery: DEADLINE, decision: DELIVERY }),
    ['approved', 'rejected', 'changed'],
  ],
  [
    'for a decision about what nobody delivered yet',
    asking({ delivery: DEADLINE }),
    ['delivered', 'approved', 'rejected', 'changed'],
  ],
  ['for a decision after a change', asking({ delivery: CHANGED }), ['delivered', 'approved', 'rejected', 'changed']],
  ['for a decision, of which nothing is known', asking({}), ['delivered', 'approved', 'rejected', 'changed']],
  ['for the end of a dispute', { awaits: 'resolution', state: aDeliveredState() }, ['changed']],
])('a wait %s', (_case, wait, takes) => {
  test.each(Object.values(SAID))('does with "$type" what it should, before and after', async (signal) => {
    const isTaken = takes.includes(signal.type);
    const late = createWaitingRoom();
    await late.awaitDelivery({ ...wait, taskToken: 'token-1' });
    await deliverSignal(late.mailboxDeps, escrowAddress(ESCROW_ID), signal);
    const early = createWaitingRoom();
    await deliverSignal(early.mailboxDeps, escrowAddress(ESCROW_ID), signal);
    await early.awaitDelivery({ ...wait, taskToken: 'token-1' });

    expect(late.tasks.ended.get('token-1')?.signal).toBe(isTaken ? signal.type : undefined);
    expect(early.tasks.ended.get('token-1')?.signal).toBe(
      isTaken && signal.type !== 'changed' ? signal.type : undefined,
    );
  });
});

describe('the end of a wait nobody ends', () => {
  test.each([
    ['delivery', '2026-03-13T09:00:00Z'],
    ['decision', '2026-03-13T07:00:00.000Z'],
    ['resolution', '2026-03-13T09:00:00Z'],
  ])('is the deadline of what it waits for: %s', async (awaits, deadlineAt) => {
    const { awaitDelivery, deliverDeadlines, tasks, world } = createWaitingRoom();
    await awaitDelivery({ awaits, taskToken: 'token-1', state: anAskedState() });

    world.now = new Date(Date.parse(deadlineAt) - 1);
    await deliverDeadlines();
    expect(tasks.attempts).toEqual([]);
    world.now = new Date(Date.parse(deadlineAt) + 1000);
    await deliverDeadlines();

    expect(tasks.ended.get('token-1')).toEqual({ signal: 'deadline', deadlineAt });
  });
});

test.each([
  ['delivery', 'locked'],
  ['decision', 'completed'],
  ['resolution', 'locked'],
])('a wait for a %s says what it knows of its escrow, so that a change wakes it', async (awaits, status) => {
  const { awaitDelivery, mailboxDeps } = createWaitingRoom();

  await awaitDelivery({ awaits, taskToken: 'token-1', state: anAskedState() });

  expect(await mailboxDeps.mailbox.findWait(escrowAddress(ESCROW_ID))).toMatchObject({ escrowId: ESCROW_ID, status });
});
