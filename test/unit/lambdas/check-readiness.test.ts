import { expect, test } from '@jest/globals';
import { createHandler, type Deps } from '../../../lambdas/check-readiness/handler.ts';
import { SecretUnusableError } from '../../../src/errors.ts';
import { inert } from '../../support/inert.ts';
import { createPaperDesk } from '../../support/paper-trading.ts';
import { aMarket, aTradePolicy } from '../../support/predictions.ts';

const noKey = () => Promise.reject(new SecretUnusableError('secret PurpleFleaApiKey: has no value'));

function deps(overrides: Partial<Deps> = {}): Deps {
  return {
    openMarkets: { live: async () => aMarket(), paper: createPaperDesk().deps.openMarket },
    policy: aTradePolicy(),
    budgets: { perDay: { 'trade-order': '500.00' }, perAgentAndDay: {} },
    readStop: async () => 'running',
    ...overrides,
  };
}

test('a live stage is checked once, as what it is', async () => {
  const report = await createHandler(deps({ openMarkets: { live: async () => aMarket(), paper: inert('paper') } }))();

  expect(report.mode).toBe('live');
  expect(report.checks.map(({ check }) => check)).toContain('secret');
  expect(report.toGoLive).toEqual(report.checks);
});

test('a stage on paper is ready without a key, and is told what it lacks to go live', async () => {
  const openMarkets = { ...deps().openMarkets, live: noKey };
  const report = await createHandler(deps({ policy: aTradePolicy({ mode: 'paper' }), openMarkets }))();

  expect(report.mode).toBe('paper');
  expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
  expect(report.toGoLive.filter(({ ok }) => !ok).map(({ check }) => check)).toEqual(['secret', 'balance', 'positions']);
});
