import { describe, expect, test } from '@jest/globals';
import { createHandler } from '../../../lambdas/await-verdict/handler.ts';
import { deliverVerdict, intentAddress } from '../../../src/escrow/mailbox.ts';
import type { Ending } from '../../../src/ledger/intent.ts';
import { aNewIntent, afterNoon, leaveSending, leaveUnknown, MINUTE, NOON } from '../../support/effects.ts';
import { inEveryOrder } from '../../support/interleavings.ts';
import { createMemoryIntents, createMemoryLedger } from '../../support/memory-intents.ts';
import { createMemoryMailbox, createTasks, noMail } from '../../support/memory-mailbox.ts';
import { createRecorder } from '../../support/recorder.ts';

const { key } = aNewIntent();
const INPUT = { taskToken: 'token-1', key };

function aRoom() {
  const intents = createMemoryIntents();
  const mailbox = createMemoryMailbox();
  const tasks = createTasks(['token-1']);
  const { log } = createRecorder();
  const deps = { intents, mailbox, resume: tasks.resume, now: () => NOON, log };
  return { intents, mailbox, tasks, deps, wait: createHandler(deps) };
}

describe('an execution that waits for what became of an effect', () => {
  test.each([
    ['in doubt', leaveUnknown],
    ['being sent', leaveSending],
  ])('that is %s goes on waiting, for ten minutes at most', async (_case, leave) => {
    const { intents, mailbox, tasks, wait } = aRoom();
    await leave(intents);

    expect(await wait(INPUT)).toEqual({ wait: 'waiting' });

    expect(tasks.attempts).toEqual([]);
    expect(await mailbox.findWait(intentAddress(key))).toMatchObject({ taskToken: 'token-1' });
    expect(await mailbox.listDue(afterNoon(10 * MINUTE - 1), 10)).toEqual([]);
    expect(await mailbox.listDue(afterNoon(10 * MINUTE), 10)).toMatchObject([{ taskToken: 'token-1' }]);
  });

  test('that waits to be sent goes on waiting, until it may be', async () => {
    const { intents, mailbox, tasks, wait } = aRoom();
    const intent = await intents.prepare(aNewIntent(), NOON);
    const notBefore = afterNoon(15 * MINUTE).toISOString();
    await intents.postpone(intent, { notBefore, waits: 7, waitsFor: 'stop' }, 'the stop is on "halted"', NOON);

    expect(await wait(INPUT)).toEqual({ wait: 'waiting' });

    expect(tasks.attempts).toEqual([]);
    expect(await mailbox.listDue(afterNoon(15 * MINUTE - 1), 10)).toEqual([]);
    expect(await mailbox.listDue(afterNoon(15 * MINUTE), 10)).toMatchObject([{ taskToken: 'token-1' }]);
  });

  test('that has waited long enough goes on at once', async () => {
    const { intents, tasks, wait } = aRoom();
    const intent = await intents.prepare(aNewIntent(), NOON);
    const notBefore = NOON.toISOString();
    await intents.postpone(intent, { notBefore, waits: 7, waitsFor: 'stop' }, 'the stop is on "halted"', NOON);

    expect(await wait(INPUT)).toEqual({ wait: 'resumed' });
    expect(tasks.attempts).toEqual(['token-1']);
  });

  test.each([
    [1, 10],
    [60, 60],
    [600, 120],
  ])('that is in doubt for %i minutes is looked at again in %i', async (since, again) => {
    const { intents, mailbox, wait } = aRoom();
    await leaveUnknown(intents, aNewIntent(), afterNoon(-since * MINUTE));

    await wait(INPUT);

    expect(await mailbox.listDue(afterNoon(again * MINUTE - 1), 10)).toEqual([]);
    expect(await mailbox.listDue(afterNoon(again * MINUTE), 10)).toHaveLength(1);
  });

  test('is woken by the verdict, once', async () => {
    const { intents, mailbox, tasks, deps, wait } = aRoom();
    await leaveUnknown(intents);
    await wait(INPUT);

    expect(await deliverVerdict(deps, key)).toBe(true);
    expect(await deliverVerdict(deps, key)).toBe(false);

    expect(tasks.ended).toEqual(new Map([['token-1', { signal: 'settled' }]]));
    expect(mailbox.waiting()).toEqual([]);
  });

  test.each<Ending>([
    { state: 'applied', note: 'found', result: { escrowId: 'esc_1' } },
    { state: 'rejected', note: 'not there' },
    { state: 'manual', note: 'several' },
    { state: 'prepared', note: 'it may be sent again' },
  ])('goes on at once where it was settled before: $state', async (ending) => {
    const { intents, mailbox, tasks, wait } = aRoom();
    await intents.move(await leaveUnknown(intents), ending, NOON);

    expect(await wait(INPUT)).toEqual({ wait: 'resumed' });
    expect(tasks.ended).toEqual(new Map([['token-1', { signal: 'settled' }]]));
    expect(mailbox.waiting()).toEqual([]);
  });

  test('goes on at once where there is no such effect', async () => {
    const { tasks, wait } = aRoom();

    expect(await wait(INPUT)).toEqual({ wait: 'resumed' });
    expect(tasks.attempts).toEqual(['token-1']);
  });

  test('is woken exactly once in whatever order it waits and the verdict falls', async () => {
    const orders = await inEveryOrder(
      (turnOf) => {
        const ledger = createMemoryLedger();
        const mail = noMail();
        const { resume, ended } = createTasks(['token-1']);
        const depsOf = (actor: number) => ({
          intents: createMemoryIntents(({ when }) => (when === 'before' ? turnOf(actor)() : undefined), ledger),
          mailbox: createMemoryMailbox(turnOf(actor), mail),
          resume,
          now: () => NOON,
          log: createRecorder().log,
        });
        const unknown = leaveUnknown(createMemoryIntents(() => {}, ledger));
        const waits = async () => {
          await unknown;
          return createHandler(depsOf(0))(INPUT);
        };
        const settles = async () => {
          const deps = depsOf(1);
          await deps.intents.move(await unknown, { state: 'applied', note: 'found', result: {} }, NOON);
          await deliverVerdict(deps, key);
        };
        return { ended, actors: [waits(), settles()] };
      },
      ({ ended }) => {
        expect(ended).toEqual(new Map([['token-1', { signal: 'settled' }]]));
      },
    );

    expect(orders).toBeGreaterThan(10);
  });

  test.each([
    ['a token', { key }, 'taskToken'],
    ['a key', { taskToken: 'token-1' }, 'key'],
  ])('is a fault without %s', async (_case, input, field) => {
    await expect(aRoom().wait(input)).rejects.toThrow(field);
  });
});
