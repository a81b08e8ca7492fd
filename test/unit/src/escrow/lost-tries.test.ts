import { afterEach, describe, expect, test } from '@jest/globals';
import { createLookFor } from '../../../../lambdas/resolve-intents/look-for.ts';
import { lockFunds } from '../../../../src/escrow/escrow-effects.ts';
import { lifecycleInputSchema } from '../../../../src/escrow/lifecycle-input.ts';
import { effectKey, retryKey } from '../../../../src/ledger/effect-key.ts';
import type { Intent } from '../../../../src/ledger/intent.ts';
import { RESOLVE_DEFAULTS, resolveIntents } from '../../../../src/ledger/resolve-intents.ts';
import { PROFILES, type Profile } from '../../../../src/purple-flea/service.ts';
import { aRequest } from '../../../support/bonus-escrow.ts';
import { afterNoon, leaveUnknown, MINUTE, NO_BUDGETS, readStored } from '../../../support/effects.ts';
import { startLedgerWorld, type LedgerWorld } from '../../../support/ledger-world.ts';
import { createMemoryIntents, createMemoryLedger } from '../../../support/memory-intents.ts';
import { call } from '../../twin/calling.ts';

const at = (minute: number): Date => afterNoon(minute * MINUTE);

/** A bonus of before the loss, and one of after it by which the new ledger sees that a read is complete. */
const inputOf = (subject: string, minute: number) => {
  const request = aRequest();
  const cause = { ...request.cause, subject, createdAt: at(minute).toISOString() };
  return lifecycleInputSchema.parse({ ...request, cause, causedAt: at(minute).toISOString() });
};
const INPUT = inputOf('a job', 0);
const WITNESS = inputOf('another job', 61);
const FIRST = effectKey(INPUT.cause, 'escrow-create');
const SECOND = retryKey(FIRST);

let world: LedgerWorld;
afterEach(() => world.close());

/** A ledger that began at a minute, beside the twin's escrows. */
function aLedger(began: number, ...backup: Intent[]) {
  const stored = createMemoryLedger();
  for (const intent of backup) stored.items.set(intent.key, intent);
  const intents = createMemoryIntents(() => {}, stored);
  const readBeginning = async () => at(began).toISOString();
  return {
    intents,
    lock: (minute: number, input = INPUT, budgets = NO_BUDGETS) => {
      world.setMinute(minute);
      return lockFunds({ ...world.treasury, intents, readBeginning, budgets }, input);
    },
    reject: async (key: string, minute: number, retriedAs?: string) =>
      intents.move(
        await readStored(intents, key),
        { state: 'rejected', note: 'decided', ...(retriedAs === undefined ? {} : { retriedAs }) },
        at(minute),
      ),
    async sweep(...minutes: number[]) {
      for (const minute of minutes) {
        world.setMinute(minute);
        await resolveIntents({
          intents,
          lookFor: createLookFor({ ...world.lookDeps, intents }),
          policy: RESOLVE_DEFAULTS,
          readBeginning,
          now: () => at(minute),
          remainingMs: () => 15 * MINUTE,
        });
      }
    },
  };
}

/** The first try is over budget, and the second one locks the escrow. @returns the first as it was refused. */
async function lockByAnotherTry(): Promise<Intent> {
  const old = aLedger(-60);
  const refusal = await old.lock(1, INPUT, { perDay: { 'escrow-create': '0.00' }, perAgentAndDay: {} });
  expect(refusal.outcome).toBe('rejected');
  const refused = await old.reject(FIRST, 2, SECOND);
  expect(await old.lock(3)).toMatchObject({ outcome: 'applied' });
  return refused;
}

async function countEscrows(): Promise<number> {
  const { body } = await call(world.twin, 'GET /_twin/escrows');
  return (body['escrows'] as readonly unknown[]).length;
}

describe.each(PROFILES)('an escrow of another try, in the dialect %s', (profile: Profile) => {
  test('is not made again by a ledger that knows of neither try, and is found once a person asks for another', async () => {
    world = await startLedgerWorld(profile);
    await lockByAnotherTry();
    const ledger = aLedger(60);
    expect(await ledger.lock(61)).toMatchObject({ outcome: 'pending' });
    await ledger.lock(62, WITNESS);
    await ledger.sweep(63, 80, 86);
    await ledger.lock(90);

    expect(await countEscrows()).toBe(2);
    expect(await readStored(ledger.intents, FIRST)).toMatchObject({
      state: 'manual',
      reason: expect.stringContaining('the reference of a later try'),
    });

    await ledger.reject(FIRST, 91, SECOND);
    expect(await ledger.lock(92)).toMatchObject({ outcome: 'pending' });
    await ledger.sweep(93);
    expect(await ledger.lock(94)).toMatchObject({ outcome: 'applied' });
    expect(await countEscrows()).toBe(2);
  });

  test.each([3, 8])(
    'is not made again by a ledger that knows of no try, where it was made by the try %d',
    async (tries) => {
      world = await startLedgerWorld(profile);
      const old = aLedger(-60);
      let key = FIRST;
      for (let index = 0; index < tries; index += 1) {
        await old.lock(index, INPUT, { perDay: { 'escrow-create': '0.00' }, perAgentAndDay: {} });
        await old.reject(key, index, retryKey(key));
        key = retryKey(key);
      }
      expect(await old.lock(tries)).toMatchObject({ outcome: 'applied' });
      const ledger = aLedger(60);
      await ledger.lock(61);
      await ledger.lock(62, WITNESS);
      await ledger.sweep(63, 80, 86);
      await ledger.lock(90);

      expect(await countEscrows()).toBe(2);
      expect(await readStored(ledger.intents, FIRST)).toMatchObject({ state: 'manual' });
    },
  );

  test.each(['prepared', 'unknown'] as const)(
    'is not made again from a backup that holds the first as %s',
    async (state) => {
      world = await startLedgerWorld(profile);
      const { retriedAs: _, ...first } = await lockByAnotherTry();
      const backup =
        state === 'unknown'
          ? await leaveUnknown(createMemoryIntents(), first, at(1))
          : { ...first, state, history: first.history.slice(0, 1) };
      const ledger = aLedger(60, backup);
      expect(await ledger.lock(61)).toMatchObject({ outcome: 'pending' });
      await ledger.lock(62, WITNESS);
      await ledger.sweep(63, 80, 86);
      await ledger.lock(90);

      expect(await countEscrows()).toBe(2);
      expect((await readStored(ledger.intents, FIRST)).state).toBe('manual');
    },
  );
});
