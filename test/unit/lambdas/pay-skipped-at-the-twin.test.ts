import { afterEach, describe, expect, test } from '@jest/globals';
import { paySkipped } from '../../../lambdas/decide-intent/pay-skipped.ts';
import { createLookForCreated } from '../../../lambdas/shared/look-for-created.ts';
import { lockFunds } from '../../../src/escrow/escrow-effects.ts';
import { lifecycleInputSchema } from '../../../src/escrow/lifecycle-input.ts';
import { skipOf } from '../../../src/escrow/skip-escrow.ts';
import { PROFILES, type Profile } from '../../../src/purple-flea/service.ts';
import { aRequest, TREASURY } from '../../support/bonus-escrow.ts';
import { afterNoon, MINUTE } from '../../support/effects.ts';
import { inert } from '../../support/inert.ts';
import { startLedgerWorld, type LedgerWorld } from '../../support/ledger-world.ts';
import { createMemoryBeginnings } from '../../support/memory-beginnings.ts';
import { createMemoryIntents } from '../../support/memory-intents.ts';
import { createRecorder } from '../../support/recorder.ts';
import { call } from '../twin/calling.ts';

const DECISION = { operator: 'ada', evidence: 'list of escrows', reason: 'the old ledger is lost' };
const REQUEST = aRequest();
const INPUT = lifecycleInputSchema.parse(REQUEST);

const inputOf = (subject: string) => lifecycleInputSchema.parse(aRequest({ cause: { ...REQUEST.cause, subject } }));
/** By an escrow of its own a ledger sees that a read is complete. */
const WITNESS = inputOf('another job');
const THIRD = inputOf('a third job');

let world: LedgerWorld;
afterEach(() => world.close());

/** A new ledger beside the twin's escrows, in which the bonus is skipped; its execution locks what it is started for. */
async function aNewLedger() {
  const intents = createMemoryIntents();
  const causedAt = afterNoon(0).toISOString();
  const skip = skipOf(REQUEST, { reason: 'older-than-ledger', detail: 'old', rule: 'bonus/churn', causedAt });
  await intents.skip(skip, afterNoon(0));
  const recorder = createRecorder();
  const lock = (input = INPUT) => lockFunds({ ...world.treasury, intents }, input);
  const payAt = (minute: number) =>
    paySkipped(
      {
        intents,
        beginnings: createMemoryBeginnings(afterNoon(0), [], () => afterNoon(0)),
        openLook: () => createLookForCreated({ ...world.lookDeps, intents }),
        payers: [TREASURY],
        describeExecutions: async () => [],
        continueExecution: inert('continueExecution'),
        startExecution: async () => {
          await lock();
          return 'started';
        },
        now: () => afterNoon(minute * MINUTE),
        publish: recorder.publish,
        log: recorder.log,
        count: recorder.count,
      },
      { key: skip.key, ...DECISION },
    );
  const pay = async () => {
    await payAt(20);
    return payAt(25);
  };
  return { pay, payAt, lock };
}

/** How many escrows the twin holds. */
async function countEscrows(): Promise<number> {
  const response = await fetch(`${world.twin.url}/_twin/escrows`);
  return ((await response.json()) as { readonly escrows: readonly unknown[] }).escrows.length;
}

describe.each(PROFILES)('a skipped bonus in the dialect %s', (profile: Profile) => {
  test('is not paid where the ledger that is gone has locked it', async () => {
    world = await startLedgerWorld(profile);
    await lockFunds(world.treasury, INPUT);
    const { pay, lock } = await aNewLedger();
    await lock(WITNESS);

    expect(await pay()).toEqual({ error: expect.stringContaining('at Purple Flea bears its reference') });
    await lock();
    expect(await countEscrows()).toBe(2);
  });

  test.each(['lags', 'is whole'])(
    'is not paid while no escrow that the ledger knows witnesses a read that %s',
    async (read) => {
      world = await startLedgerWorld(profile);
      world.setMinute(-120);
      await lockFunds(world.treasury, inputOf('a job of before'));
      world.setMinute(0);
      if (read === 'lags') await lockFunds(world.treasury, INPUT);
      const { payAt, lock } = await aNewLedger();
      const before = await countEscrows();
      const route = profile === 'reference' ? 'GET /escrow/list' : 'GET /api/v1/auth/ledger';

      for (const minute of [20, 25]) {
        if (read === 'lags') {
          await call(world.twin, 'POST /_twin/faults', { body: { route, fault: 'stale-list', secondsAgo: 3600 } });
        }
        expect(await payAt(minute)).toEqual({ error: expect.stringContaining('request an escrow instead') });
      }
      await lock();
      expect(await countEscrows()).toBe(before);
    },
  );

  test('is paid once where nobody has, and a third ledger finds it by the reference of that try', async () => {
    world = await startLedgerWorld(profile);
    const { pay, lock } = await aNewLedger();
    expect(await pay()).toEqual({ error: expect.stringContaining('the next that this ledger creates') });
    await lock(WITNESS);

    expect(await pay()).toMatchObject({ execution: expect.stringContaining('started') });
    await pay();
    await lock();
    expect(await countEscrows()).toBe(2);

    const third = await aNewLedger();
    await third.lock(THIRD);
    expect(await third.pay()).toEqual({ error: expect.stringContaining('the reference of a later try') });
    expect(await countEscrows()).toBe(3);
  });
});
