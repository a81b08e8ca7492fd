import { describe, expect, test } from '@jest/globals';
import { bonusPolicySchema, decideBonus, findPayee } from '../../../../src/escrow/bonus.ts';
import { aBonusPolicy, aJobMeasuring, aTrainingJob } from '../../../support/bonus-escrow.ts';

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

    expect(decideBonus(aJobMeasuring(accuracy), aBonusPolicy())).toEqual(expected);
    const exact = aTrainingJob({ finalMetrics: [{ name: METRIC, value: accuracy }] });
    expect(decideBonus(exact, aBonusPolicy())).toEqual(expected);
  });

  test.each([
    [0.7, '0.7 is not above 0.7'],
    [0.61, '0.61 is not above 0.7'],
    [0, '0 is not above 0.7'],
    [-1, '-1 is not above 0.7'],
  ])('is not earned by %p', (accuracy, detail) => {
    expect(decideBonus(aJobMeasuring(accuracy), aBonusPolicy())).toEqual({
      outcome: 'below-tiers',
      detail: `${METRIC} ${detail}`,
    });
  });

  test.each(['InProgress', 'Failed', 'Stopping', 'Stopped', 'completed', 'SomethingNew'])(
    'is not earned by a job that is %s, however good',
    (status) => {
      expect(decideBonus(aTrainingJob({ status }), aBonusPolicy())).toEqual({
        outcome: 'not-completed',
        detail: `the job is ${status}`,
      });
    },
  );

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
    ['NaN', [{ name: METRIC, value: NaN }], METRIC],
    ['infinity', [{ name: METRIC, value: Infinity }], METRIC],
  ])('needs its metric, not %s', (_case, finalMetrics, found) => {
    expect(decideBonus(aTrainingJob({ finalMetrics }), aBonusPolicy())).toEqual({
      outcome: 'metric-missing',
      detail: `no final metric ${METRIC}; the job has: ${found}`,
    });
  });
});

describe('the payee', () => {
  const policy = aBonusPolicy({
    payees: [
      { jobNamePrefix: '', agentId: 'agent_anyone' },
      { jobNamePrefix: 'churn-', agentId: 'agent_churn' },
      { jobNamePrefix: 'churn-xgb-', agentId: 'agent_churn_xgb' },
      { jobNamePrefix: 'fraud-', agentId: 'agent_fraud' },
    ],
  });

  test.each([
    ['churn-xgb-demo', 'agent_churn_xgb'],
    ['churn-xgb', 'agent_churn'],
    ['churn-baseline', 'agent_churn'],
    ['fraud-1', 'agent_fraud'],
    ['Churn-1', 'agent_anyone'],
    ['my-churn-1', 'agent_anyone'],
  ])('of %s is that of the longest prefix, %s', (jobName, agentId) => {
    expect(findPayee(jobName, policy)).toBe(agentId);
  });

  test('may be nobody', () => {
    expect(findPayee('forecast-1', aBonusPolicy())).toBeUndefined();
    expect(findPayee('churn-1', aBonusPolicy({ payees: [] }))).toBeUndefined();
  });
});

test('the policy is read from configuration, and one without tiers is refused', () => {
  expect(bonusPolicySchema.parse(aBonusPolicy())).toEqual(aBonusPolicy());
  expect(bonusPolicySchema.safeParse(aBonusPolicy({ tiers: [] })).success).toBe(false);
});
