import { describe, expect, test } from '@jest/globals';
import { createHandler, type Deps } from '../../../lambdas/start-bonus/handler.ts';
import type { DeadLetter } from '../../../src/aws/dead-letters.ts';
import { UnusableEventError } from '../../../src/errors.ts';
import { bonusTerms } from '../../../src/escrow/rule-terms.ts';
import { effectKey } from '../../../src/ledger/effect-key.ts';
import {
  aBonusPolicy,
  aBonusRule,
  aTrainingEvent,
  trainingJobArn,
  aJobMeasuring,
  aRequest,
  aTrainingJob,
  JOB_NAME,
  REFERENCE,
} from '../../support/bonus-escrow.ts';
import { inert } from '../../support/inert.ts';
import { aBatch, ALL_TAKEN, anEvent, comingBack, timeLeft } from '../../support/lambda-events.ts';
import { createMemoryBeginnings } from '../../support/memory-beginnings.ts';
import { createMemoryIntents } from '../../support/memory-intents.ts';
import { createRecorder } from '../../support/recorder.ts';

const BODY = aTrainingEvent();
const EXECUTION = effectKey(aRequest().cause, 'escrow-create');

const LEDGER_BEGAN = new Date('2026-03-01T00:00:00Z');

function aStarter(overrides: Partial<Deps> = {}, failsToPublish = false) {
  const recorder = createRecorder({ failsToPublish });
  const deadLetters: DeadLetter[] = [];
  const started: [string, unknown][] = [];
  const described: string[] = [];
  const intents = createMemoryIntents();
  const now = () => new Date('2026-03-06T09:00:05Z');
  const beginnings = createMemoryBeginnings(LEDGER_BEGAN, bonusTerms((overrides.policy ?? aBonusPolicy()).rules), now);
  const handler = createHandler({
    intents,
    readBeginnings: beginnings.read,
    now,
    describeTrainingJob: async (name) => {
      described.push(name);
      return aTrainingJob({ name });
    },
    readTags: inert('readTags'),
    startExecution: async (name, input) => {
      const isNew = !started.some(([known]) => known === name);
      started.push([name, input]);
      return isNew ? 'started' : 'already-started';
    },
    policy: aBonusPolicy(),
    sendDeadLetter: async (letter) => void deadLetters.push(letter),
    hideMessage: async () => {},
    maxReceives: 5,
    publish: recorder.publish,
    count: recorder.count,
    log: recorder.log,
    ...overrides,
  });
  const take = (body = BODY, receives = 1) => handler(aBatch({ body, receives }), timeLeft());
  return { take, recorder, intents, beginnings, deadLetters, started, described };
}

const STARTED = [
  'bonus.started',
  {
    trainingJobName: JOB_NAME,
    rule: 'churn',
    metric: 'validation:accuracy',
    value: 0.93,
    amountUsd: '50.00',
    reason: 'validation:accuracy 0.93 > 0.9',
    reference: REFERENCE,
    executionName: EXECUTION,
  },
];

describe('a training job that earned a bonus', () => {
  test('starts one execution with everything about its escrow', async () => {
    const { take, recorder, started, described } = aStarter();

    expect(await take()).toEqual(ALL_TAKEN);

    expect(described).toEqual([JOB_NAME]);
    expect(started).toEqual([[EXECUTION, { request: { ...aRequest(), causedAt: '2026-03-06T08:31:00.000Z' } }]]);
    expect(recorder.published).toEqual([STARTED]);
    expect(recorder.counted).toEqual({ BonusesStarted: 1 });
  });

  test('is judged by SageMaker and not by the event', async () => {
    const { take, started } = aStarter({ describeTrainingJob: async () => aTrainingJob({ status: 'Failed' }) });

    expect(await take()).toEqual(ALL_TAKEN);
    expect(started).toEqual([]);
  });

  test('is not said again by a second event about it', async () => {
    const { take, recorder, started } = aStarter();
    await take();
    const { id: _, ...rest } = JSON.parse(BODY) as Record<string, unknown>;

    expect(await take(JSON.stringify({ ...rest, id: 'another delivery' }))).toEqual(ALL_TAKEN);

    expect(started.map(([name]) => name)).toEqual([EXECUTION, EXECUTION]);
    expect(recorder.published).toEqual([STARTED]);
    expect(recorder.counted).toEqual({ BonusesStarted: 1 });
  });

  test('is said again where the queue delivers the event again: the first run may not have got so far', async () => {
    const { take, recorder } = aStarter({ startExecution: async () => 'already-started' });

    expect(await take(BODY, 2)).toEqual(ALL_TAKEN);
    expect(recorder.published).toEqual([STARTED]);
    expect(recorder.counted).toEqual({ BonusesStarted: 1 });
  });

  test('is started even where the bus is down', async () => {
    const { take, recorder, started } = aStarter({}, true);

    expect(await take()).toEqual(ALL_TAKEN);
    expect(started).toHaveLength(1);
    expect(recorder.counted).toEqual({ BonusesStarted: 1, PublishFailures: 1 });
  });

  test('of the same name but created anew starts another execution', async () => {
    const jobs = [aTrainingJob(), aTrainingJob({ createdAt: new Date('2026-04-01T00:00:00Z') })];
    const { take, started } = aStarter({ describeTrainingJob: async () => jobs.shift() ?? aTrainingJob() });
    await take();
    await take();

    expect(new Set(started.map(([name]) => name)).size).toBe(2);
  });
});

describe('a training job that no rule is for', () => {
  test('is none of ours: counted, and neither described nor put aside', async () => {
    const { take, recorder, deadLetters, started } = aStarter({ describeTrainingJob: inert('describeTrainingJob') });

    expect(await take(aTrainingEvent('forecast-1'))).toEqual(ALL_TAKEN);
    expect([deadLetters, started, recorder.published]).toEqual([[], [], []]);
    expect(recorder.counted).toEqual({ JobsNotOurs: 1 });
  });
});

describe('a rule by tag', () => {
  const tag = { key: 'team', value: 'retention' };
  const policy = aBonusPolicy(
    aBonusRule({ name: 'retention', jobs: { tag } }),
    aBonusRule({ name: 'fraud', jobs: { prefix: 'fraud-' } }),
  );

  test.each([
    ['a map', { team: 'retention' }],
    [
      'a list',
      [
        { Key: 'model', Value: 'churn' },
        { Key: 'team', Value: 'retention' },
      ],
    ],
  ])('is that of a job whose event has the tag in %s', async (_form, Tags) => {
    const { take, recorder } = aStarter({ policy });

    expect(await take(aTrainingEvent('any-name', { Tags }))).toEqual(ALL_TAKEN);
    expect(recorder.published).toMatchObject([['bonus.started', { rule: 'retention' }]]);
  });

  test.each([[{}], [[]], [{ team: 'growth' }], [[{ Key: 'team' }]], [{ team: 7 }]])(
    'is not that of a job whose event has the tags %j: it is described only if another rule is for it',
    async (Tags) => {
      const { take, recorder, described } = aStarter({ policy });

      expect(await take(aTrainingEvent('any-name', { Tags }))).toEqual(ALL_TAKEN);
      expect([described, recorder.counted]).toEqual([[], { JobsNotOurs: 1 }]);
      await take(aTrainingEvent('fraud-1', { Tags }));
      expect(recorder.published).toMatchObject([['bonus.started', { rule: 'fraud' }]]);
    },
  );

  test.each([undefined, null, 'team=retention'])(
    'is found by asking SageMaker where the event says %j',
    async (Tags) => {
      const asked: string[] = [];
      const readTags = async (arn: string) => {
        asked.push(arn);
        return { team: 'retention' };
      };
      const { take, recorder } = aStarter({ policy, readTags });

      expect(await take(aTrainingEvent('any-name', { Tags }))).toEqual(ALL_TAKEN);
      expect(asked).toEqual([trainingJobArn('any-name')]);
      expect(recorder.published).toMatchObject([['bonus.started', { rule: 'retention' }]]);
    },
  );

  test('leaves alone a job whose tags may not be read: it is that of others, and no dead letter', async () => {
    const { take, recorder, deadLetters, described } = aStarter({ policy, readTags: async () => undefined });

    expect(await take(aTrainingEvent('any-name'))).toEqual(ALL_TAKEN);
    expect([described, deadLetters, recorder.counted]).toEqual([[], [], { JobsNotOurs: 1 }]);
  });
});

describe('an event from elsewhere', () => {
  const elsewhere = (account: string, region: string) =>
    `arn:aws:sagemaker:${region}:${account}:training-job/${JOB_NAME}`;

  test.each([
    ['another account', {}, { account: '999999999999' }, 'event.account: is "999999999999"'],
    ['another region', {}, { region: 'eu-west-1' }, 'event.region: is "eu-west-1"'],
    ['no account', {}, { account: undefined }, 'event.account: is missing'],
    [
      "another account's job",
      { TrainingJobArn: elsewhere('999999999999', 'us-east-1') },
      {},
      'detail.TrainingJobArn: is "arn:aws:sagemaker:us-east-1:999999999999:training-job/churn-xgb-demo"',
    ],
    [
      "another region's job",
      { TrainingJobArn: elsewhere('000000000000', 'eu-west-1') },
      {},
      'detail.TrainingJobArn: is "arn:aws:sagemaker:eu-west-1:000000000000:training-job/churn-xgb-demo"',
    ],
  ])(
    'is put aside with the reason, and the job of that name here is not described: %s',
    async (_case, detail, event, reason) => {
      const { take, deadLetters, described, started } = aStarter();

      expect(await take(aTrainingEvent(JOB_NAME, detail, event))).toEqual(ALL_TAKEN);
      expect([described, started]).toEqual([[], []]);
      expect(deadLetters).toMatchObject([{ reason: expect.stringContaining(reason) }]);
    },
  );

  test('is one that names another job by its ARN than by its name', async () => {
    const { take, deadLetters, started } = aStarter();

    expect(await take(aTrainingEvent(JOB_NAME, { TrainingJobArn: trainingJobArn('churn-other') }))).toEqual(ALL_TAKEN);
    expect(started).toEqual([]);
    expect(deadLetters).toMatchObject([
      { reason: expect.stringContaining(`training job "${JOB_NAME}" is ${trainingJobArn(JOB_NAME)}`) },
    ]);
  });
});

describe('a training job that earned none', () => {
  test.each([
    ['not-completed', aTrainingJob({ status: 'Stopped' }), 'the job is Stopped', 'BonusesSkipped'],
    ['below-tiers', aJobMeasuring(0.7), 'validation:accuracy 0.7 is not above 0.7', 'BonusesSkipped'],
    [
      'metric-missing',
      aTrainingJob({ finalMetrics: [] }),
      'no final metric validation:accuracy; the job has: none',
      'MetricMissing',
    ],
    ['metric-implausible', aJobMeasuring(95), 'validation:accuracy 95 is not from 0 to 1', 'MetricImplausible'],
    ['child-job', aTrainingJob({ parentArn: 'arn:tuning' }), 'the job is part of arn:tuning', 'BonusesSkipped'],
  ])('because of %s has that recorded', async (reason, job, detail, metric) => {
    const { take, recorder, deadLetters } = aStarter({
      describeTrainingJob: async () => job,
      startExecution: inert('startExecution'),
    });

    expect(await take()).toEqual(ALL_TAKEN);
    expect(recorder.published).toEqual([
      ['bonus.skipped', { trainingJobName: JOB_NAME, rule: 'churn', reason, detail }],
    ]);
    expect(recorder.counted).toEqual({ [metric]: 1 });
    expect(deadLetters).toEqual([]);
  });
});

describe('an event', () => {
  test('about a job that SageMaker does not know is put aside', async () => {
    const message = `detail.TrainingJobName: SageMaker has no training job "${JOB_NAME}"`;
    const { take, deadLetters } = aStarter({
      describeTrainingJob: () => Promise.reject(new UnusableEventError(message)),
    });

    expect(await take()).toEqual(ALL_TAKEN);
    expect(deadLetters).toMatchObject([{ reason: `UnusableEventError: ${message}` }]);
  });

  test.each([
    ['without a job name', aTrainingEvent(JOB_NAME, { TrainingJobName: undefined }), 'detail.TrainingJobName: '],
    [
      'of another type',
      anEvent('SageMaker Endpoint State Change', {}),
      'detail-type is "SageMaker Endpoint State Change"',
    ],
    ['that is none', 'hello', 'the message is not JSON'],
  ])('%s is put aside before any call', async (_case, body, reason) => {
    const { take, deadLetters, described } = aStarter();

    expect(await take(body)).toEqual(ALL_TAKEN);
    expect(deadLetters).toMatchObject([{ body, reason: expect.stringContaining(reason) }]);
    expect(described).toEqual([]);
  });

  test.each<[string, Partial<Deps>]>([
    ['SageMaker', { describeTrainingJob: () => Promise.reject(new Error('throttled')) }],
    ['Step Functions', { startExecution: () => Promise.reject(new Error('throttled')) }],
  ])('comes back where %s does not answer', async (_case, overrides) => {
    const { take, recorder, deadLetters } = aStarter(overrides);

    expect(await take()).toEqual(comingBack('message-1'));
    expect(recorder.published).toEqual([]);
    expect(deadLetters).toEqual([]);
  });
});
