import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createHandler } from '../../../lambdas/find-missed-jobs/handler.ts';
import { createDescribeTrainingJob, createListCompletedJobs, createReadTags } from '../../../src/aws/training-jobs.ts';
import { bonusCause } from '../../../src/escrow/bonus-request.ts';
import { bonusTerms } from '../../../src/escrow/rule-terms.ts';
import { effectKey } from '../../../src/ledger/effect-key.ts';
import { startTwin, type Twin } from '../../../twin/server.ts';
import { awsClientFor } from '../../support/aws-clients.ts';
import { aBonusPolicy, aBonusRule } from '../../support/bonus-escrow.ts';
import { createMemoryBeginnings } from '../../support/memory-beginnings.ts';
import { createMemoryIntents, type MemoryIntents } from '../../support/memory-intents.ts';
import { createRecorder } from '../../support/recorder.ts';

const NOW = new Date('2026-04-01T12:00:00Z');
const LEDGER_BEGAN = new Date('2026-03-01T00:00:00Z');

let twin: Twin;
let intents: MemoryIntents;
beforeEach(async () => {
  twin = await startTwin({ now: () => NOW });
  intents = createMemoryIntents();
});
afterEach(() => twin.close());

interface JobOptions {
  readonly minutesAgo?: number;
  readonly accuracy?: number;
  readonly metric?: string;
  readonly status?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly partOf?: Readonly<Record<string, string>>;
}

/** Registers a job that completed some minutes ago. */
async function aJob(
  name: string,
  { minutesAgo = 60, accuracy = 0.93, metric = 'validation:accuracy', ...said }: JobOptions = {},
): Promise<void> {
  await moveTwin(minutesAgo);
  await put(`/_twin/training-jobs/${name}`, 'PUT', { metrics: { [metric]: accuracy }, ...said });
  await moveTwin(0);
}

function moveTwin(minutesAgo: number): Promise<void> {
  return put('/_twin/clock', 'POST', { now: new Date(NOW.getTime() - minutesAgo * 60_000).toISOString() });
}

async function put(path: string, method: string, body: unknown): Promise<void> {
  const response = await fetch(`${twin.url}${path}`, { method, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(await response.text());
}

/** The hourly function over the twin's SageMaker, which remembers what it started. */
function aSweep(policy = aBonusPolicy()) {
  const client = new SageMakerClient(awsClientFor(twin.url));
  const recorder = createRecorder();
  const executions = new Map<string, unknown>();
  const handler = createHandler({
    listCompletedJobs: createListCompletedJobs(client),
    describeTrainingJob: createDescribeTrainingJob(client),
    readTags: createReadTags(client),
    intents,
    readBeginnings: createMemoryBeginnings(LEDGER_BEGAN, bonusTerms(policy.rules), () => NOW).read,
    startExecution: async (name, input) => {
      if (executions.has(name)) return 'already-started';
      executions.set(name, input);
      return 'started';
    },
    policy,
    now: () => NOW,
    publish: recorder.publish,
    log: recorder.log,
    count: recorder.count,
  });
  return { handler, recorder, executions };
}

describe('the hourly look for missed jobs', () => {
  test('starts the bonus of a job whose event never came, as its event would have, and once', async () => {
    await aJob('churn-missed');
    const { handler, recorder, executions } = aSweep();

    expect(await handler()).toEqual({ looked: 1, started: 1, isAll: true });
    expect(await handler()).toEqual({ looked: 1, started: 0, isAll: true });

    const job = await createDescribeTrainingJob(new SageMakerClient(awsClientFor(twin.url)))('churn-missed');
    const key = effectKey(bonusCause(job), 'escrow-create');
    expect([...executions]).toEqual([
      [key, { request: expect.objectContaining({ amountUsd: '50.00', address: 'training-job:churn-missed' }) }],
    ]);
    expect(recorder.published).toEqual([
      ['bonus.started', expect.objectContaining({ trainingJobName: 'churn-missed', executionName: key })],
    ]);
    expect(recorder.counted).toEqual({ MissedJobs: 1, BonusesStarted: 1 });
  });

  test.each([
    ['that completed minutes ago: its event may be on its way', 'churn-new', { minutesAgo: 10 }],
    ['that completed more than a day ago', 'churn-old', { minutesAgo: 27 * 60 }],
    ['that failed', 'churn-failed', { status: 'Failed' }],
    ['that nobody is paid for', 'other-job', {}],
    ['that has a tag that no rule is for', 'other-job', { tags: { team: 'retention' } }],
  ])('leaves alone a job %s, without a word', async (_case, name, options) => {
    await aJob(name, options);
    const { handler, recorder, executions } = aSweep();

    expect(await handler()).toMatchObject({ started: 0 });
    expect([executions.size, recorder.published, recorder.counted]).toEqual([0, [], {}]);
  });

  test.each([
    ['earned nothing', 'churn-weak', { accuracy: 0.5 }, 'below-tiers', { BonusesSkipped: 1 }],
    ['has no such metric', 'churn-blind', { metric: 'other' }, 'metric-missing', { MetricMissing: 1 }],
  ])('records a job that %s, and says so once', async (_case, name, options, reason, counted) => {
    await aJob(name, options);
    const { handler, recorder } = aSweep();

    for (let hour = 0; hour < 3; hour += 1) await handler();

    expect([...intents.items.values()]).toMatchObject([{ state: 'skipped', amountUsd: '0.00', skip: { reason } }]);
    expect(recorder.published).toEqual([['bonus.skipped', expect.objectContaining({ reason })]]);
    expect(recorder.counted).toEqual(counted);
  });

  test('leaves alone a job that has an intent, without asking for its metrics', async () => {
    await aJob('churn-known');
    const { handler, executions } = aSweep();
    const client = new SageMakerClient(awsClientFor(twin.url));
    const cause = bonusCause(await createDescribeTrainingJob(client)('churn-known'));
    const key = effectKey(cause, 'escrow-create');
    const intent = { key, kind: 'escrow-create', cause, reference: 'pf1:x', agentId: 'a', payee: 'b' } as const;
    await intents.prepare({ ...intent, amountUsd: '50.00', requestBody: '{}', expiresAt: NOW.toISOString() }, NOW);

    expect(await handler()).toEqual({ looked: 1, started: 0, isAll: true });
    expect(executions.size).toBe(0);
  });

  test.each(['TuningJobArn', 'AutoMLJobArn', 'LabelingJobArn'])(
    'starts nothing for a child of another job, however good, and records that once: %s',
    async (field) => {
      await aJob('churn-trial', { partOf: { [field]: 'arn:parent' } });
      const { handler, recorder, executions } = aSweep();

      await handler();
      await handler();

      expect(executions.size).toBe(0);
      expect(recorder.published).toEqual([
        [
          'bonus.skipped',
          {
            trainingJobName: 'churn-trial',
            rule: 'churn',
            reason: 'child-job',
            detail: 'the job is part of arn:parent',
          },
        ],
      ]);
      expect(recorder.counted).toEqual({ BonusesSkipped: 1 });
    },
  );

  test('finds the jobs of a rule by their tags', async () => {
    const tag = { key: 'team', value: 'retention' };
    await aJob('any-name', { tags: { stage: 'prod', team: 'retention' } });
    await aJob('churn-of-others', { tags: { team: 'growth' } });
    await aJob('churn-ours', { tags: {} });
    const rules = [
      aBonusRule({ name: 'tagged', jobs: { tag } }),
      aBonusRule({ name: 'named', jobs: { prefix: 'churn-ours' } }),
    ];
    const { handler, recorder } = aSweep(aBonusPolicy(...rules));

    expect(await handler()).toEqual({ looked: 3, started: 2, isAll: true });
    expect(recorder.published).toMatchObject([
      ['bonus.started', { trainingJobName: 'any-name', rule: 'tagged' }],
      ['bonus.started', { trainingJobName: 'churn-ours', rule: 'named' }],
    ]);
  });

  test('settles each job by itself, and fails in the end for those that failed', async () => {
    await aJob('churn-bad', { minutesAgo: 90 });
    await aJob('churn-good');
    const known = intents;
    let reads = 0;
    const read = async (key: string) => {
      reads += 1;
      if (reads === 1) throw new Error('throttled');
      return known.read(key);
    };
    intents = { ...known, read };
    const { handler, executions } = aSweep();

    await expect(handler()).rejects.toThrow('1 jobs not settled, the first: churn-bad: Error: throttled');
    expect([...executions.values()]).toMatchObject([{ request: { address: 'training-job:churn-good' } }]);
  });

  test('looks through all pages', async () => {
    await moveTwin(30);
    for (let count = 0; count < 205; count += 1) await put(`/_twin/training-jobs/weak-${count}`, 'PUT', {});
    await aJob('churn-last', { minutesAgo: 20 });
    const { handler } = aSweep();

    expect(await handler()).toEqual({ looked: 206, started: 1, isAll: true });
  });
});
