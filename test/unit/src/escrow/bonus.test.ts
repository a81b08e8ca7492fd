import { describe, expect, test } from '@jest/globals';
import { decideBonus } from '../../../../src/escrow/bonus.ts';
import { aBonusRule, aJobMeasuring, aTrainingJob } from '../../../support/bonus-escrow.ts';

const METRIC = 'validation:accuracy';

describe('a bonus', () => {
  test.each([
    [0.93, '50.00', 'validation:accuracy 0.93 > 0.9'],
    [0.901, '50.00', 'validation:accuracy 0.901 > 0.9'],
    [0.9, '20.00', 'validation:accuracy 0.9 > 0.8'],
    [0.81, '20.00', 'validation:accuracy 0.81 > 0.8'],
    [0.8, '5.00', 'validation:accuracy 0.8 > 0.7'],
    [0.71, '5.00', 'validation:accuracy 0.71 > 0.7'],
    [1, '50.00', 'validation:accuracy 1 > 0.9'],
  ])('for %p is that of the highest tier strictly below it: $%s', (accuracy, amountUsd, reason) => {
    const expected = { outcome: 'bonus', amountUsd, value: accuracy, reason };

    expect(decideBonus(aJobMeasuring(accuracy), aBonusRule())).toEqual(expected);
    const exact = aTrainingJob({ finalMetrics: [{ name: METRIC, value: accuracy }] });
    expect(decideBonus(exact, aBonusRule())).toEqual(expected);
  });

  test.each([
    [0.7, '0.7 is not above 0.7'],
    [0.61, '0.61 is not above 0.7'],
    [0, '0 is not above 0.7'],
  ])('is not earned by %p', (accuracy, detail) => {
    expect(decideBonus(aJobMeasuring(accuracy), aBonusRule())).toEqual({
      outcome: 'below-tiers',
      detail: `${METRIC} ${detail}`,
    });
  });

  test.each(['InProgress', 'Failed', 'Stopping', 'Stopped', 'completed', 'SomethingNew'])(
    'is not earned by a job that is %s, however good',
    (status) => {
      expect(decideBonus(aTrainingJob({ status }), aBonusRule())).toEqual({
        outcome: 'not-completed',
        detail: `the job is ${status}`,
      });
    },
  );

  test('is not earned by a child of another job, however good', () => {
    const parentArn = 'arn:aws:sagemaker:us-east-1:000000000000:hyper-parameter-tuning-job/churn-tuning';

    expect(decideBonus(aTrainingJob({ parentArn }), aBonusRule())).toEqual({
      outcome: 'child-job',
      detail: `the job is part of ${parentArn}`,
    });
  });

  test.each([
    ['no metrics', [], 'none'],
    [
      'other metrics',
      [
        { name: 'validation:auc', value: 0.97 },
        { name: 'train:accuracy', value: 0.99 },
      ],
      'validation:auc, train:accuracy',
    ],
  ])('needs its metric, not %s', (_case, finalMetrics, found) => {
    expect(decideBonus(aTrainingJob({ finalMetrics }), aBonusRule())).toEqual({
      outcome: 'metric-missing',
      detail: `no final metric ${METRIC}; the job has: ${found}`,
    });
  });
});

describe('a metric where lower is better', () => {
  const rmse = aBonusRule({
    metric: 'validation:rmse',
    direction: 'lower',
    plausible: { min: 0, max: 1000 },
    tiers: [
      { beyond: 12.5, amountUsd: '5.00' },
      { beyond: 5, amountUsd: '50.00' },
    ],
  });
  const measured = (value: number) => aTrainingJob({ finalMetrics: [{ name: 'validation:rmse', value }] });

  test.each([
    [4.9, '50.00', 'validation:rmse 4.9 < 5'],
    [5, '5.00', 'validation:rmse 5 < 12.5'],
    [0, '50.00', 'validation:rmse 0 < 5'],
  ])('earns the best tier that %p is strictly below: $%s', (value, amountUsd, reason) => {
    expect(decideBonus(measured(Math.fround(value)), rmse)).toEqual({ outcome: 'bonus', amountUsd, value, reason });
  });

  test.each([12.5, 97.2])('earns nothing by %p', (value) => {
    expect(decideBonus(measured(Math.fround(value)), rmse)).toEqual({
      outcome: 'below-tiers',
      detail: `validation:rmse ${value} is not below 12.5`,
    });
  });
});

describe('a metric out of its plausible range', () => {
  test.each([95, 1.0000001, -0.01, -1, NaN, Infinity, -Infinity])('earns nothing: %p', (value) => {
    const job = aTrainingJob({ finalMetrics: [{ name: METRIC, value }] });

    expect(decideBonus(job, aBonusRule())).toMatchObject({
      outcome: 'metric-implausible',
      detail: expect.stringMatching(/ is not from 0 to 1$/),
    });
  });

  test.each([0.95, 0.6])('is not one at its limit, as single precision has it: %p', (value) => {
    const rule = aBonusRule({ plausible: { min: 0.6, max: 0.95 } });

    expect(decideBonus(aJobMeasuring(value), rule).outcome).not.toBe('metric-implausible');
  });
});

describe('what a bonus says of its value', () => {
  test.each([
    [1_000_001, 1_000_000, 'examples 1000001 > 1000000', 1_000_001],
    [1_234_567, 1_000_000, 'examples 1234567 > 1000000', 1_234_567],
    [Math.fround(0.9000001), 0.9, 'examples 0.9000001 > 0.9', 0.9000001],
  ])('is what was measured: %p', (value, beyond, reason, published) => {
    const rule = aBonusRule({
      metric: 'examples',
      plausible: { min: 0, max: 1e9 },
      tiers: [{ beyond, amountUsd: '5.00' }],
    });

    expect(decideBonus(aTrainingJob({ finalMetrics: [{ name: 'examples', value }] }), rule)).toEqual({
      outcome: 'bonus',
      amountUsd: '5.00',
      value: published,
      reason,
    });
  });
});
