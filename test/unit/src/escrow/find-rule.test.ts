import { expect, test } from '@jest/globals';
import { findRule } from '../../../../src/escrow/find-rule.ts';
import { aBonusPolicy, aBonusRule } from '../../../support/bonus-escrow.ts';

const NAMED = aBonusRule({ name: 'named', jobs: { prefix: 'churn-' } });
const TAGGED = aBonusRule({ name: 'tagged', jobs: { tag: { key: 'team', value: 'retention' } } });
const unread = async () => undefined;

test('tags that may not be read are a fault where the name of the job fits another rule', async () => {
  const finding = findRule({ name: 'churn-1' }, aBonusPolicy(TAGGED, NAMED), unread);

  await expect(finding).rejects.toThrow('the tags of churn-1 may not be read, and decide whether it earns by named');
});

test('a job whose name no rule is for is none of ours, though its tags may not be read', async () => {
  expect(await findRule({ name: 'of-others' }, aBonusPolicy(TAGGED, NAMED), unread)).toBeUndefined();
});

test('tags that are not asked for need not be readable', async () => {
  expect(await findRule({ name: 'churn-1' }, aBonusPolicy(NAMED), unread)).toBe(NAMED);
});
