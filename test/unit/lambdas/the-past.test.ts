import { describe, expect, test } from '@jest/globals';
import { createHandler as createFindMissedJobs } from '../../../lambdas/find-missed-jobs/handler.ts';
import { createHandler as createStartBonus } from '../../../lambdas/start-bonus/handler.ts';
import type { TrainingJob } from '../../../src/escrow/bonus.ts';
import type { BonusRule } from '../../../src/escrow/bonus-rules.ts';
import { bonusTerms } from '../../../src/escrow/rule-terms.ts';
import type { Intent } from '../../../src/ledger/intent.ts';
import { aBonusRule, aTrainingEvent, aTrainingJob } from '../../support/bonus-escrow.ts';
import { afterNoon, aNewIntent, MINUTE, NOON } from '../../support/effects.ts';
import { inert } from '../../support/inert.ts';
import { aBatch, timeLeft } from '../../support/lambda-events.ts';
import { createMemoryBeginnings, type MemoryBeginnings } from '../../support/memory-beginnings.ts';
import { createMemoryIntents, createMemoryLedger } from '../../support/memory-intents.ts';
import { createRecorder } from '../../support/recorder.ts';

const at = (minute: number): Date => afterNoon(minute * MINUTE);

/** SageMaker and Step Functions of one account; ledgers come and go in it. */
function anAccount() {
  const jobs: TrainingJob[] = [];
  /** How often each job was paid, over all ledgers. */
  const paid = new Map<string, number>();
  let now = NOON;

  /** A stage with a ledger whose table was created at a minute; of an earlier ledger where a backup is given. */
  function deploy(
    minute: number,
    { rules = [aBonusRule()], backup }: { readonly rules?: readonly BonusRule[]; readonly backup?: Stage } = {},
  ) {
    now = at(minute);
    const ledger = createMemoryLedger();
    for (const [key, intent] of backup?.saved ?? []) ledger.items.set(key, intent);
    const intents = createMemoryIntents(() => {}, ledger);
    const beginnings = backup?.beginnings ?? createMemoryBeginnings(now, bonusTerms(rules), () => now);
    if (backup !== undefined) beginnings.restore(now);
    const recorder = createRecorder();
    const names = new Set<string>();
    const deps = {
      intents,
      readBeginnings: beginnings.read,
      now: () => now,
      describeTrainingJob: async (name: string) => jobs.find((job) => job.name === name) ?? aTrainingJob({ name }),
      startExecution: async (name: string, input: unknown) => {
        if (names.has(name)) return 'already-started' as const;
        names.add(name);
        // What the ledger knows is not sent again.
        if (intents.items.has(name)) return 'started' as const;
        const { subject } = (input as { readonly request: { readonly cause: { readonly subject: string } } }).request
          .cause;
        paid.set(subject, (paid.get(subject) ?? 0) + 1);
        await intents.prepare({ ...aNewIntent(), key: name }, now);
        return 'started' as const;
      },
      publish: recorder.publish,
      log: recorder.log,
      count: recorder.count,
      sendDeadLetter: async () => {},
      hideMessage: async () => {},
      maxReceives: 5,
      readTags: inert('readTags'),
    };
    return {
      beginnings,
      recorder,
      saved: [] as [string, Intent][],
      intents,
      /** Other rules are deployed; what runs every minute sees the old ones before, and the new ones after. */
      async configure(next: readonly BonusRule[], minuteOfChange: number) {
        await beginnings.read();
        now = at(minuteOfChange);
        beginnings.configure(bonusTerms(next));
        await beginnings.read();
        rules = next;
      },
      backUp() {
        this.saved = [...intents.items];
      },
      /** Its event comes, for the first time or again. */
      async hear(name: string, minuteOfArrival: number, event: Readonly<Record<string, unknown>> = {}) {
        now = at(minuteOfArrival);
        const job = jobs.find((one) => one.name === name);
        const body = aTrainingEvent(name, {}, { time: job?.endedAt.toISOString(), ...event });
        await createStartBonus({ ...deps, policy: { rules: [...rules] } })(aBatch({ body }), timeLeft());
      },
      /** The hourly look. */
      async look(minuteOfLook: number) {
        now = at(minuteOfLook);
        const listCompletedJobs = async () => ({ jobs, isAll: true });
        await createFindMissedJobs({ ...deps, listCompletedJobs, policy: { rules: [...rules] } })();
      },
      skips: () =>
        [...intents.items.values()].flatMap(({ skip, amountUsd }) =>
          skip === undefined ? [] : [`${skip.reason} ${amountUsd}`],
        ),
    };
  }
  type Stage = { readonly saved: [string, Intent][]; readonly beginnings: MemoryBeginnings };

  return {
    deploy,
    paid: () => [...paid.values()],
    finish(name: string, minute: number, overrides: Partial<TrainingJob> = {}) {
      const arn = `arn:aws:sagemaker:us-east-1:000000000000:training-job/${name}`;
      jobs.push(aTrainingJob({ name, arn, createdAt: at(minute - 30), endedAt: at(minute), ...overrides }));
    },
  };
}

describe('no job is paid a second time', () => {
  test('by a ledger that was destroyed and made anew, whether its event comes again or the hourly look finds it', async () => {
    const account = anAccount();
    const old = account.deploy(0);
    account.finish('churn-1', 10);
    account.finish('churn-2', 20);
    await old.hear('churn-1', 10);
    await old.hear('churn-2', 20);

    const anew = account.deploy(30);
    await anew.hear('churn-1', 31);
    for (const minute of [60, 120, 180]) await anew.look(minute);
    await anew.hear('churn-2', 200);

    expect(account.paid()).toEqual([1, 1]);
    expect(anew.skips()).toEqual(['older-than-ledger 50.00', 'older-than-ledger 50.00']);
    expect(anew.recorder.published).toHaveLength(2);
    expect(anew.recorder.counted).toEqual({ PastSkipped: 2 });
  });

  test('by a second stage that is deployed beside the first', async () => {
    const account = anAccount();
    const first = account.deploy(0);
    account.finish('churn-1', 10);
    await first.hear('churn-1', 10);
    const second = account.deploy(20);
    await second.look(60);

    expect(account.paid()).toEqual([1]);
  });

  test('by the replay of an archive, with events as old as they were', async () => {
    const account = anAccount();
    const old = account.deploy(0);
    account.finish('churn-1', 10);
    await old.hear('churn-1', 10);
    const anew = account.deploy(60);
    await anew.hear('churn-1', 61, { 'replay-name': 'all of it' });

    expect([account.paid(), anew.skips()]).toEqual([[1], ['older-than-ledger 50.00']]);
  });

  test('by a restored table, which has lost what was done after the backup', async () => {
    const account = anAccount();
    const old = account.deploy(0);
    account.finish('churn-kept', 10);
    account.finish('churn-lost', 20);
    await old.hear('churn-kept', 10);
    old.backUp();
    await old.hear('churn-lost', 20);

    const restored = account.deploy(60, { backup: old });
    for (const name of ['churn-kept', 'churn-lost']) await restored.hear(name, 61, { 'replay-name': 'again' });
    await restored.look(120);
    account.finish('churn-after', 130);
    await restored.hear('churn-after', 130);

    expect(restored.skips()).toEqual(['older-than-ledger 50.00']);
    expect(account.paid()).toEqual([1, 1, 1]);
  });

  test('by the name of its rule', async () => {
    const account = anAccount();
    const stage = account.deploy(0);
    account.finish('churn-1', 10);
    await stage.hear('churn-1', 10);
    await stage.configure([aBonusRule({ name: 'renamed' })], 60);
    await stage.hear('churn-1', 61);
    await stage.look(120);

    expect(account.paid()).toEqual([1]);
  });
});

describe('the past is not paid by a change of the configuration', () => {
  test.each<[string, readonly BonusRule[]]>([
    ['a rule is added', [aBonusRule(), aBonusRule({ name: 'fraud', jobs: { prefix: 'fraud-' } })]],
    ['a rule takes more jobs', [aBonusRule({ jobs: { pattern: '*' } })]],
    ['a rule takes another name and more jobs', [aBonusRule({ name: 'all', jobs: { prefix: '' } })]],
  ])('where %s, and what comes later is paid', async (_case, rules) => {
    const account = anAccount();
    const stage = account.deploy(0);
    account.finish('fraud-1', 30);
    await stage.hear('fraud-1', 30);
    await stage.configure(rules, 60);
    await stage.look(90);
    await stage.hear('fraud-1', 91);
    account.finish('fraud-2', 100);
    await stage.hear('fraud-2', 100);

    expect(stage.skips()).toEqual(['older-than-rule 50.00']);
    expect(account.paid()).toEqual([1]);
  });

  test('where a rule pays for less than it did: what was decided stays decided', async () => {
    const account = anAccount();
    const stage = account.deploy(0);
    account.finish('churn-weak', 10, { finalMetrics: [{ name: 'validation:accuracy', value: 0.5 }] });
    await stage.hear('churn-weak', 10);
    await stage.configure([aBonusRule({ tiers: [{ beyond: 0.1, amountUsd: '5.00' }] })], 60);
    await stage.look(90);
    await stage.hear('churn-weak', 91);

    expect([account.paid(), stage.skips()]).toEqual([[], ['below-tiers 0.00']]);
  });

  test('where only its gate or its time is another, jobs are paid on', async () => {
    const account = anAccount();
    const stage = account.deploy(0);
    account.finish('churn-1', 10);
    await stage.configure([aBonusRule({ gate: { mode: 'person' }, timeoutHours: 24 })], 60);
    await stage.hear('churn-1', 61);

    expect(account.paid()).toEqual([1]);
  });
});

describe('in the first minutes of a ledger', () => {
  test.each([
    ['in the very second', 0, undefined, 1],
    ['a minute later', 1, undefined, 1],
    ['a minute before', -1, undefined, 0],
    ['later by the clock of SageMaker, before by that of the event', 3, at(-1).toISOString(), 0],
    ['before by the clock of SageMaker, later by that of the event', -3, at(1).toISOString(), 0],
  ])('a job that ended %s is paid only if it is surely not older', async (_case, minute, time, count) => {
    const account = anAccount();
    account.finish('churn-1', minute);
    const stage = account.deploy(0);
    await stage.hear('churn-1', 5, time === undefined ? {} : { time });

    expect(account.paid()).toEqual(count === 0 ? [] : [count]);
    expect(stage.skips()).toHaveLength(1 - count);
  });

  test('a ledger of an earlier release, full of intents, goes on as before', async () => {
    const account = anAccount();
    const stage = account.deploy(-60 * 24);
    await stage.intents.prepare(aNewIntent(), at(-60));
    account.finish('churn-1', -30);
    await stage.hear('churn-1', 0);

    expect(account.paid()).toEqual([1]);
    expect(await stage.beginnings.read()).toMatchObject({ at: at(-60 * 24).toISOString() });
  });
});
