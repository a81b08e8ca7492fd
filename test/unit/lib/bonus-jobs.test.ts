import { describe, expect, test } from '@jest/globals';
import { jobsOf, namesOfJobs } from '../../../lib/bonus-jobs.ts';
import type { JobSelector } from '../../../src/escrow/bonus-rules.ts';
import { aBonusPolicy, aBonusRule } from '../../support/bonus-escrow.ts';

const policyOf = (...selectors: JobSelector[]) =>
  aBonusPolicy(...selectors.map((jobs, index) => aBonusRule({ name: `rule-${index}`, jobs })));
const many = (length: number, size: number) =>
  Array.from({ length }, (_, index) => `${'x'.repeat(size - 2)}${String(index).padStart(2, '0')}`);

describe('the event pattern of training jobs', () => {
  test('has the prefixes, without those that begin with another', () => {
    expect(namesOfJobs(policyOf({ prefix: 'churn-xgb-' }, { prefix: 'churn-' }, { prefix: 'Churn-' }))).toEqual({
      TrainingJobName: [{ prefix: 'churn-' }, { prefix: 'Churn-' }],
    });
  });

  test.each<[string, JobSelector[]]>([
    ['a rule by tag', [{ prefix: 'churn-' }, { tag: { key: 'team', value: 'a' } }]],
    ['a rule by pattern', [{ prefix: 'churn-' }, { pattern: '*-fraud-*' }]],
    ['more prefixes than a pattern has room for', many(50, 63).map((prefix) => ({ prefix }))],
  ])('has none with %s: the function tells which jobs are ours', (_case, selectors) => {
    expect(namesOfJobs(policyOf(...selectors))).toEqual({});
  });

  test('has none without rules', () => {
    expect(namesOfJobs({ rules: [] })).toEqual({});
  });
});

describe('the grant to describe jobs', () => {
  test('is as narrow as the rules', () => {
    const team = (value: string) => ({ tag: { key: 'team', value } });

    expect(jobsOf(policyOf({ prefix: 'Churn-' }, { pattern: 'pipelines-*-Train-*' }, team('a'), team('b')))).toEqual({
      names: ['churn-*', 'pipelines-*-train-*'],
      tag: { key: 'team', values: ['a', 'b'] },
    });
    expect(jobsOf({ rules: [] })).toEqual({ names: [], tag: undefined });
  });

  test('fits into a policy with the most and longest rules', () => {
    expect(jobsOf(policyOf(...many(50, 63).map((prefix) => ({ prefix }))))).toEqual({ names: ['*'], tag: undefined });
    const tags = many(50, 256).map((value) => ({ tag: { key: 'team', value } }));
    expect(jobsOf(policyOf(...tags))).toEqual({ names: [], tag: { key: 'team', values: undefined } });
  });
});
