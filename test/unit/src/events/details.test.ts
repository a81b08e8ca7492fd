import { formatUsd, parseUsd } from '../../../../src/money.ts';
import { describe, expect, test } from '@jest/globals';
import { INCOMING, PUBLISHED, TRAINING_JOB_STATE_CHANGE } from '../../../../src/events/catalogue.ts';
import { parseEvent } from '../../../../src/events/envelope.ts';
import { escrowDeliveredSchema } from '../../../../src/events/escrow-delivered.ts';
import { inferenceCompletedSchema } from '../../../../src/events/inference-completed.ts';
import { trainingJobEventSchema } from '../../../../src/events/training-job.ts';
import { anEvent } from '../../../support/lambda-events.ts';
import { aPrediction } from '../../../support/predictions.ts';

test('the types that others send and that the pipeline publishes are spelled alike', () => {
  for (const [type, meaning] of Object.entries(PUBLISHED)) {
    expect(type).toMatch(/^[a-z]+\.[a-z]+(-[a-z]+)*$/);
    expect(meaning).toMatch(/\.$/);
  }
  expect(Object.keys(PUBLISHED)).toContain(INCOMING.inferenceCompleted);
  expect(Object.keys(PUBLISHED)).not.toContain(INCOMING.escrowDelivered);
});

describe('a SageMaker training job event', () => {
  const parse = (detail: unknown) =>
    parseEvent(
      anEvent(TRAINING_JOB_STATE_CHANGE, detail, { source: 'aws.sagemaker' }),
      TRAINING_JOB_STATE_CHANGE,
      trainingJobEventSchema,
    );

  const UNTIDY = {
    TrainingJobName: 'churn-xgb-demo',
    TrainingJobArn: 'arn:aws:sagemaker:us-east-1:000000000000:training-job/churn-xgb-demo',
    TrainingJobStatus: 'Completed',
    SecondaryStatus: 'Completed',
    AlgorithmSpecification: { TrainingImage: 'xgboost:1.7-1', TrainingInputMode: 'File', MetricDefinitions: [] },
    HyperParameters: { num_round: '100' },
    FailureReason: null,
    InputDataConfig: [{ ChannelName: 'train', ShuffleConfig: { Seed: 0 } }],
    CreationTime: 1772784600000,
    TrainingStartTime: '1772784720000',
    TrainingEndTime: '2026-03-06T08:31:00.123Z',
    LastModifiedTime: 1772785860.5,
    SecondaryStatusTransitions: [{ Status: 'Starting', StartTime: 1772784600000, StatusMessage: 'Starting' }],
    Tags: { team: 'retention' },
  };

  test('is read however untidy it is', () => {
    expect(parse(UNTIDY).detail).toEqual(UNTIDY);
    const { TrainingJobArn } = UNTIDY;
    expect(parse({ TrainingJobName: 'a', TrainingJobArn, TrainingJobStatus: 'Stopped' }).detail.TrainingJobName).toBe(
      'a',
    );
  });

  test.each([
    [{ team: 'retention' }, { team: 'retention' }],
    [[{ Key: 'team', Value: 'retention' }, { Key: 'empty' }], { team: 'retention', empty: '' }],
    [[], {}],
    [{}, {}],
    [null, undefined],
    ['team', undefined],
    [[{ key: 'team' }], undefined],
  ])('has its tags read, if they can be: %j', (Tags, read) => {
    expect(parse({ ...UNTIDY, Tags }).detail.Tags).toEqual(read);
  });

  test.each([
    [{ TrainingJobName: undefined }, 'detail.TrainingJobName: '],
    [{ TrainingJobName: '' }, 'detail.TrainingJobName: '],
    [{ TrainingJobName: 'x'.repeat(64) }, 'detail.TrainingJobName: '],
    [{ TrainingJobName: ['churn'] }, 'detail.TrainingJobName: '],
    [{ TrainingJobArn: undefined }, 'detail.TrainingJobArn: '],
    [{ TrainingJobStatus: undefined }, 'detail.TrainingJobStatus: '],
    [{ TrainingJobStatus: '' }, 'detail.TrainingJobStatus: '],
    [{ TrainingJobStatus: 3 }, 'detail.TrainingJobStatus: '],
  ])('with %j is refused by the name of the field', (overrides, message) => {
    expect(() => parse({ ...UNTIDY, ...overrides })).toThrow(message);
  });
});

describe('a prediction', () => {
  const parse = (detail: unknown) =>
    parseEvent(anEvent(INCOMING.inferenceCompleted, detail), INCOMING.inferenceCompleted, inferenceCompletedSchema);

  test.each([
    {},
    { direction: 'hold' },
    { confidence: 0 },
    { confidence: 1 },
    { at: '2026-03-06T09:00:00.123456Z' },
    { at: '2026-03-06T10:00:00+01:00' },
    { predictionId: 'x'.repeat(200) },
    { model: 'direction-model', features: { rsi_14: 62 } },
  ])('may have %j', (overrides) => {
    expect(parse({ ...aPrediction(), ...overrides }).detail).toEqual({ ...aPrediction(), ...overrides });
  });

  test.each([
    [1.0000001192092896, 1],
    [1.000001, 1],
    [-1e-9, 0],
  ])('of confidence %d, as single precision has it, is of confidence %d', (confidence, clipped) => {
    expect(parse({ ...aPrediction(), confidence }).detail.confidence).toBe(clipped);
  });

  test.each([
    ['61000.01000000', '61000.01'],
    [0.1 + 0.2, '0.30'],
    ['8.9e-06', '0.000009'],
  ])('may say its price as %p, which is read to the millionth', (price, read) => {
    expect(formatUsd(parse({ ...aPrediction(), price }).detail.price ?? parseUsd('0.00'))).toBe(read);
  });

  test.each([
    [{ predictionId: undefined }, 'detail.predictionId: '],
    [{ predictionId: '' }, 'detail.predictionId: '],
    [{ predictionId: 'x'.repeat(201) }, 'detail.predictionId: '],
    [{ predictionId: 7 }, 'detail.predictionId: '],
    [{ direction: 'LONG' }, 'detail.direction: Invalid option: expected one of "long"|"short"|"hold"'],
    [{ direction: undefined }, 'detail.direction: '],
    [{ confidence: '0.72' }, 'detail.confidence: '],
    [{ confidence: 72 }, 'detail.confidence: must be from 0 to 1'],
    [{ confidence: 1.000002 }, 'detail.confidence: must be from 0 to 1'],
    [{ confidence: -0.000002 }, 'detail.confidence: must be from 0 to 1'],
    [{ confidence: -0.1 }, 'detail.confidence: '],
    [{ confidence: null }, 'detail.confidence: '],
    [{ asset: '' }, 'detail.asset: '],
    [{ asset: 'x'.repeat(41) }, 'detail.asset: '],
    [{ at: 'now' }, 'detail.at: '],
    [{ at: '2026-03-06' }, 'detail.at: '],
    [{ at: 1772787600000 }, 'detail.at: '],
    [{ at: undefined }, 'detail.at: '],
  ])('with %j is refused by the name of the field', (overrides, message) => {
    expect(() => parse({ ...aPrediction(), ...overrides })).toThrow(message);
  });
});

describe('a delivery', () => {
  const parse = (detail: unknown) =>
    parseEvent(anEvent(INCOMING.escrowDelivered, detail), INCOMING.escrowDelivered, escrowDeliveredSchema);

  test.each([
    { escrowId: 'esc_1', deliveredBy: 'registry' },
    { trainingJobName: 'churn-xgb-demo', deliveredBy: 'registry' },
    { requestId: 'labels-7', deliveredBy: 'registry' },
    { requestId: 'labels-7', milestone: 'draft', deliveredBy: 'registry' },
    { escrowId: 'esc_1', deliveredBy: 'ann', note: 'x'.repeat(1000), deliveryUrl: 'https://example.com/7', ticket: 5 },
  ])('may be %j', (detail) => {
    expect(parse(detail).detail).toEqual(detail);
  });

  test.each([
    [{ deliveredBy: 'registry' }, 'detail.escrowId: name either escrowId or trainingJobName or requestId'],
    [
      { escrowId: 'esc_1', trainingJobName: 'churn', deliveredBy: 'registry' },
      'detail.escrowId: name either escrowId or trainingJobName or requestId',
    ],
    [
      { trainingJobName: 'churn-1', milestone: 'draft', deliveredBy: 'registry' },
      'detail.milestone: goes with requestId',
    ],
    [{ requestId: '', deliveredBy: 'registry' }, 'detail.requestId: '],
    [{ escrowId: '', deliveredBy: 'registry' }, 'detail.escrowId: '],
    [{ escrowId: 'x'.repeat(101), deliveredBy: 'registry' }, 'detail.escrowId: '],
    [{ trainingJobName: 'x'.repeat(64), deliveredBy: 'registry' }, 'detail.trainingJobName: '],
    [{ escrowId: 'esc_1' }, 'detail.deliveredBy: '],
    [{ escrowId: 'esc_1', deliveredBy: '' }, 'detail.deliveredBy: '],
    [{ escrowId: 'esc_1', deliveredBy: 'x'.repeat(201) }, 'detail.deliveredBy: '],
    [{ escrowId: 'esc_1', deliveredBy: 'registry', note: 'x'.repeat(1001) }, 'detail.note: '],
    [{ escrowId: 'esc_1', deliveredBy: 'registry', deliveryUrl: 'churn/7' }, 'detail.deliveryUrl: '],
  ])('as %j is refused by the name of the field', (detail, message) => {
    expect(() => parse(detail)).toThrow(message);
  });
});
