import { describe, expect, test } from '@jest/globals';
import { bonusPolicySchema, fitsPattern, ruleFor } from '../../../../src/escrow/bonus-rules.ts';
import { aBonusPolicy, aBonusRule } from '../../../support/bonus-escrow.ts';

describe('the rule of a job', () => {
  const policy = aBonusPolicy(
    aBonusRule({ name: 'anything', jobs: { pattern: '*' } }),
    aBonusRule({ name: 'churn', jobs: { prefix: 'churn-' } }),
    aBonusRule({ name: 'churn-xgb', jobs: { prefix: 'churn-xgb-' } }),
    aBonusRule({ name: 'train-step', jobs: { pattern: 'pipelines-*-TrainChurn-*' } }),
    aBonusRule({ name: 'pipelines', jobs: { pattern: 'pipelines-*-Train*-*' } }),
    aBonusRule({ name: 'retention', jobs: { tag: { key: 'team', value: 'retention' } } }),
    aBonusRule({ name: 'risk', jobs: { tag: { key: 'team', value: 'risk' } } }),
  );

  test.each([
    ['churn-xgb-demo', {}, 'churn-xgb'],
    ['churn-xgb', {}, 'churn'],
    ['churn-baseline', { team: 'growth' }, 'churn'],
    ['churn-xgb-demo', { team: 'retention' }, 'retention'],
    ['pipelines-ab12cd34-TrainChurn-Xy9', { team: 'risk', stage: 'prod' }, 'risk'],
    ['pipelines-ab12cd34-TrainChurn-Xy9', {}, 'train-step'],
    ['pipelines-ab12cd34-TrainFraud-Xy9', {}, 'pipelines'],
    ['Churn-1', {}, 'anything'],
    ['churn-1', { Team: 'retention', TEAM: 'risk' }, 'churn'],
    ['x', { toString: 'retention' }, 'anything'],
  ])('%s with tags %j is the most exact: %s', (name, tags, rule) => {
    expect(ruleFor(name, tags, policy)?.name).toBe(rule);
  });

  test('does not depend on the order of the list', () => {
    const turned = aBonusPolicy(...policy.rules.toReversed());

    for (const name of ['churn-xgb-demo', 'churn-1', 'pipelines-1-TrainChurn-2', 'other']) {
      expect(ruleFor(name, {}, turned)?.name).toBe(ruleFor(name, {}, policy)?.name);
    }
  });

  test('may be none: then the job is none of ours', () => {
    expect(ruleFor('forecast-1', undefined, aBonusPolicy())).toBeUndefined();
    expect(ruleFor('churn-1', {}, { rules: [] })).toBeUndefined();
  });
});

test.each([
  ['pipelines-1-Train-2', 'pipelines-*-Train-*', true],
  ['pipelines-1-Train-', 'pipelines-*-Train-*', true],
  ['pipelines-Train-2', 'pipelines-*-Train-*', false],
  ['a', '*', true],
  ['ab', 'a*b', true],
  ['a', 'a*a', false],
  ['aXbXbc', '*b*bc', true],
  ['abc', '*b*bc', false],
  ['xabc', 'a*', false],
  ['abcx', '*c', false],
  ['a.c', 'a*c', true],
])('%s fits %s: %p', (name, pattern, fits) => {
  expect(fitsPattern(name, pattern)).toBe(fits);
});

test('the policy is read from configuration, and a rule without tiers is refused', () => {
  expect(bonusPolicySchema.parse(aBonusPolicy())).toEqual(aBonusPolicy());
  expect(bonusPolicySchema.safeParse(aBonusPolicy(aBonusRule({ tiers: [] }))).success).toBe(false);
});
