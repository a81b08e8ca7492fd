import { expect, test } from '@jest/globals';
import { createHandler as createLockFunds } from '../../lambdas/lock-funds/handler.ts';
import type { EscrowTaskDeps } from '../../lambdas/shared/escrow-task.ts';
import { releaseFunds } from '../../src/escrow/escrow-effects.ts';
import { effectKey } from '../../src/ledger/effect-key.ts';
import { createEscrowClient, createEscrowViewer } from '../../src/purple-flea/escrow-client.ts';
import type { Profile } from '../../src/purple-flea/service.ts';
import { aRequest } from '../support/bonus-escrow.ts';
import { createMemoryIntents } from '../support/memory-intents.ts';
import { createRecorder } from '../support/recorder.ts';
import { TREASURY, WORKER } from '../simulation/service/parties.ts';
import { createLoadedService, MINUTE, START, TREASURY_CREDENTIALS } from './loaded-service.ts';

/** How long a function of the workflow runs at most. */
const TIMEOUT = 30_000;

/** A stage at which all functions share ledger and pacer, and each invocation has its own memory. */
function aStage(profile: Profile) {
  const loaded = createLoadedService(profile, 7);
  const { scheduler } = loaded;
  const intents = createMemoryIntents();
  const recorder = createRecorder();
  let invocations = 0;
  const newInvocation = () => {
    invocations += 1;
    const service = loaded.newFunction();
    const endsAt = scheduler.now() + TIMEOUT;
    const deps: EscrowTaskDeps = {
      intents,
      budgets: { perDay: { 'escrow-create': '100000.00' }, perAgentAndDay: {} },
      readStop: async () => 'running',
      feeBasisPoints: 100,
      now: () => new Date(scheduler.now()),
      newId: () => `invocation-${invocations}`,
      owner: { agentId: TREASURY, baseUrl: '', profile },
      requestMs: 10_000,
      viewEscrows: () => createEscrowViewer(service),
      openEscrow: async () => createEscrowClient(service, TREASURY_CREDENTIALS),
      publish: recorder.publish,
      log: recorder.log,
      count: recorder.count,
    };
    return { deps, context: { getRemainingTimeInMillis: () => endsAt - scheduler.now() } };
  };

  /** One execution up to its lock, as the workflow goes: short waits in a state of its own, long ones end in the sweep of a minute. */
  const lock = async (subject: string): Promise<{ readonly at: number; readonly said: Record<string, unknown> }> => {
    const cause = { ...aRequest().cause, subject };
    const request = aRequest({ cause, counterpartyAgentId: WORKER });
    for (;;) {
      const { deps, context } = newInvocation();
      const said: Record<string, unknown> = { ...(await createLockFunds(deps)(request, context)) };
      if (said['outcome'] === 'not-sent') await scheduler.pause(Number(said['retryAfterSeconds']) * 1000);
      else if (said['outcome'] === 'pending') await nextSweepAfter(effectKey(cause, 'escrow-create'));
      else return { at: scheduler.now() - START, said };
    }
  };

  async function nextSweepAfter(key: string): Promise<void> {
    do await scheduler.pause(MINUTE - ((scheduler.now() - START) % MINUTE));
    while (Date.parse(intents.items.get(key)?.notBefore ?? '') > scheduler.now());
  }

  return { ...loaded, intents, newInvocation, lock };
}

test.each([
  ['published', 400, 20],
  ['published', 200, 20],
  ['reference', 400, 60],
  ['reference', 200, 60],
] as const)(
  'in %s, %d jobs that finish at once are all locked without a person, as fast as %d creates a minute allow',
  async (profile, jobs, perMinute) => {
    const stage = aStage(profile);
    const ends: { at: number; said: Record<string, unknown> }[] = [];
    for (let job = 0; job < jobs; job += 1) {
      stage.scheduler.spawn(START, async () => void ends.push(await stage.lock(`job-${job}`)));
    }
    await stage.scheduler.run(START + 120 * MINUTE);

    expect(ends.filter(({ said }) => said['outcome'] !== 'applied')).toEqual([]);
    expect(ends).toHaveLength(jobs);
    expect(stage.calls.filter(({ status }) => status === 429)).toEqual([]);
    expect(stage.busiestMinute()).toBeLessThanOrEqual(perMinute);
    const minutes = Math.max(...ends.map(({ at }) => at)) / MINUTE;
    expect(minutes).toBeLessThanOrEqual(Math.min(30, (1.5 * jobs) / perMinute));
  },
);

test('a release with a deadline is made at once amid hundreds of creates that wait', async () => {
  const stage = aStage('reference');
  const { scheduler } = stage;
  const took: number[] = [];
  scheduler.spawn(START, async () => {
    const first = await stage.lock('the-first');
    for (let job = 0; job < 400; job += 1)
      scheduler.spawn(scheduler.now(), async () => void (await stage.lock(`job-${job}`)));
    await scheduler.pause(MINUTE);
    const began = scheduler.now();
    const { escrowId = '' } = first.said as { readonly escrowId?: string };
    const { deps, context } = stage.newInvocation();
    const outcome = await releaseFunds(
      { ...deps, remainingMs: () => context.getRemainingTimeInMillis() + 30_000 },
      aRequest().cause,
      { escrowId, amountUsd: '50.00', counterpartyAgentId: WORKER },
      'approved',
    );
    expect(outcome).toMatchObject({ outcome: 'applied' });
    took.push(scheduler.now() - began);
  });
  await scheduler.run(START + 20 * MINUTE);

  expect(took).toHaveLength(1);
  expect(took[0]).toBeLessThan(15_000);
});
