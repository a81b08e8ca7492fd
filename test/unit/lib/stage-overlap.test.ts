import { describe, expect, test } from '@jest/globals';
import { findOverlaps, type JobSelector, type StageClaims } from '../../../lib/stage-overlap.ts';

const REAL = ['https://escrow.purpleflea.com'];

function aStage(file: string, overrides: Partial<StageClaims> = {}): StageClaims {
  return { file, baseUrls: REAL, secretNames: [`key of ${file}`], rules: [], inferences: [], ...overrides };
}

const paying = (jobs: JobSelector, name = 'churn') => ({ rules: [{ name, jobs }] });
const tag = (value: string, key = 'stage') => ({ tag: { key, value } });

const found = (one: Partial<StageClaims>, other: Partial<StageClaims>) =>
  findOverlaps([aStage('config/dev.json', one), aStage('config/prod.json', other)]);

describe('two stages that could both pay for one job', () => {
  test.each<[string, JobSelector, JobSelector]>([
    ['the same prefix', { prefix: 'churn-' }, { prefix: 'churn-' }],
    ['a prefix of the other’s prefix', { prefix: 'churn-' }, { prefix: 'churn-v2-' }],
    ['every job', { prefix: '' }, { prefix: 'churn-' }],
    ['a pattern that the other’s prefix may fit', { pattern: '*-Train-*' }, { prefix: 'pipelines-' }],
    ['patterns that one name fits', { pattern: 'a*-train-*' }, { pattern: '*-x-train-*z' }],
    ['a pattern and its own name', { pattern: 'churn*' }, { pattern: 'churn' }],
    ['the same tag', tag('dev'), tag('dev')],
    ['tags of two keys', tag('dev'), tag('churn', 'team')],
    ['a tag, which says nothing of a name', tag('dev'), { prefix: 'churn-' }],
  ])('are refused for %s, whichever is first', (_case, one, other) => {
    for (const [left, right] of [
      [one, other],
      [other, one],
    ] as const) {
      const lines = found(paying(left, 'of dev'), paying(right, 'of prod'));

      expect(lines).toHaveLength(1);
      for (const named of ['config/dev.json', 'config/prod.json', '"of dev"', '"of prod"', 'deployTo']) {
        expect(lines[0]).toContain(named);
      }
    }
  });

  test.each<[string, JobSelector, JobSelector]>([
    ['prefixes', { prefix: 'dev-' }, { prefix: 'prod-' }],
    ['patterns', { pattern: '*-dev' }, { pattern: '*-prod' }],
    ['a prefix and a pattern', { prefix: 'dev-' }, { pattern: 'prod-*' }],
    ['the values of one tag', tag('dev'), tag('prod')],
  ])('are told apart by %s', (_case, one, other) => {
    expect(found(paying(one), paying(other))).toEqual([]);
  });

  test.each<[string, Partial<StageClaims>, Partial<StageClaims>, number]>([
    ['in two accounts', { account: '111111111111' }, { account: '222222222222' }, 0],
    ['in two regions', { region: 'eu-west-1' }, { region: 'us-east-1' }, 0],
    ['in one account', { account: '111111111111' }, { account: '111111111111' }, 1],
    ['of which one does not say where it is', { account: '111111111111' }, {}, 1],
    ['of which one has the twin alone', { baseUrls: ['http://127.0.0.1:4010', 'http://localhost:1'] }, {}, 0],
    ['of which one has one real service', { baseUrls: ['http://127.0.0.1:4010', ...REAL] }, {}, 1],
  ])('meet where they may be deployed together: %s', (_case, one, other, count) => {
    const rule = paying({ prefix: 'churn-' });

    expect(found({ ...rule, ...one }, { ...rule, ...other })).toHaveLength(count);
  });
});

describe('two stages in one account', () => {
  test.each([
    ['answers/', 'answers/', 1],
    ['answers/', 'answers/eth/', 1],
    ['answers/dev/', 'answers/prod/', 0],
  ])('may not both trade on the objects of one bucket under %s and %s', (one, other, count) => {
    const reading = (prefix: string) => ({ inferences: [{ name: 'eth', bucket: 'answers', prefix }] });

    expect(found(reading(one), reading(other))).toHaveLength(count);
  });

  test('may not make one secret', () => {
    const lines = found({ secretNames: ['PurpleFleaApiKey'] }, { secretNames: ['PurpleFleaApiKey'] });

    expect(lines).toEqual([
      'config/dev.json and config/prod.json: both make the secret "PurpleFleaApiKey". Give each stage a secretName of its own',
    ]);
  });
});
