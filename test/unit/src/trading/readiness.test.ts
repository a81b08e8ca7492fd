import { describe, expect, test } from '@jest/globals';
import { readApiKeys } from '../../../../src/aws/api-key-secret.ts';
import { createStopSwitch } from '../../../../src/aws/stop-switch.ts';
import { ServiceUnreadableError } from '../../../../src/errors.ts';
import { parseUsd } from '../../../../src/money.ts';
import type { Market } from '../../../../src/trading/market.ts';
import {
  checkReadiness,
  createFindUnready,
  describeFailing,
  type ReadinessCheck,
  type ReadinessDeps,
} from '../../../../src/trading/readiness.ts';
import type { TradePolicy } from '../../../../src/trading/trade-policy.ts';
import { NO_BUDGETS } from '../../../support/effects.ts';
import { createPaperDesk } from '../../../support/paper-trading.ts';
import { aMarket, aTradePolicy } from '../../../support/predictions.ts';
import { allTextOf, CANARY } from '../../../support/secrecy.ts';

/** A live stage at which nothing is wrong. */
function aStage(overrides: Partial<ReadinessDeps> = {}): ReadinessDeps {
  return {
    openMarket: async () => aMarket(),
    policy: aTradePolicy(),
    budgets: { perDay: { 'trade-order': '500.00' }, perAgentAndDay: {} },
    readStop: async () => 'running',
    ...overrides,
  };
}

const ALL_READY: ReadinessCheck[] = [
  { check: 'secret', ok: true, detail: 'it has a key of agent_trader' },
  { check: 'balance', ok: true, detail: '$1000.00 are free' },
  { check: 'positions', ok: true, detail: '0 open' },
  { check: 'order', ok: true, detail: 'orders of $50.00 at most' },
  { check: 'exposure', ok: true, detail: 'BTC-USDC $500.00, ETH-USDC $500.00' },
  { check: 'daily-notional', ok: true, detail: '$500.00 a day' },
  { check: 'daily-loss', ok: true, detail: '$100.00 a day' },
  { check: 'stop', ok: true, detail: 'running' },
];

/** The checks that a stage fails. */
const failing = async (overrides: Partial<ReadinessDeps>) =>
  (await checkReadiness(aStage(overrides))).filter(({ ok }) => !ok);
const withPolicy = (overrides: Partial<TradePolicy>) => failing({ policy: aTradePolicy(overrides) });
const withMarket = (overrides: Partial<Market>) => failing({ openMarket: async () => aMarket({}, overrides) });

test('a stage at which nothing is wrong passes every check, each with what was found', async () => {
  expect(await checkReadiness(aStage())).toEqual(ALL_READY);
});

describe('the account', () => {
  const UNASKED = 'not asked: there is no usable key';

  test('fails as a whole where the secret has no usable key, and no text holds what is in it', async () => {
    const text = JSON.stringify({ apiKey: CANARY, agentId: 7 });
    const openMarket = async () =>
      aMarket(
        {},
        { agentId: (await readApiKeys({ secretName: 'TheSecret', agentId: 'agent_1' }, async () => text)).own.agentId },
      );

    const found = await failing({ openMarket });

    expect(found.map(({ check, detail }) => [check, detail])).toEqual([
      ['secret', expect.stringContaining('secret TheSecret: agentId is missing or of the wrong type')],
      ['balance', UNASKED],
      ['positions', UNASKED],
    ]);
    expect(allTextOf(found)).not.toContain(CANARY);
  });

  test('fails where the secret has the value that the deployment made', async () => {
    const text = JSON.stringify({ agentId: '', replaceThisValue: CANARY });
    const openMarket = async () =>
      aMarket(
        {},
        { agentId: (await readApiKeys({ secretName: 'TheSecret', agentId: 'agent_1' }, async () => text)).own.agentId },
      );

    expect((await failing({ openMarket }))[0]?.detail).toContain('apiKey, agentId is missing');
  });

  test.each([
    [
      'balance',
      { readBalance: () => Promise.reject(new ServiceUnreadableError('wallet.balance: HTTP 401 UNAUTHORIZED')) },
    ],
  ])('fails %s alone where only that cannot be read', async (check, market) => {
    expect(await withMarket(market)).toEqual([
      { check, ok: false, detail: 'ServiceUnreadableError: wallet.balance: HTTP 401 UNAUTHORIZED', isUnread: true },
    ]);
  });

  test('fails positions alone where only those cannot be read', async () => {
    const readPositions = () => Promise.reject(new ServiceUnreadableError('trading.positions: HTTP 500'));

    expect(await failing({ openMarket: async () => aMarket({ readPositions }) })).toEqual([
      { check: 'positions', ok: false, detail: 'ServiceUnreadableError: trading.positions: HTTP 500', isUnread: true },
    ]);
  });

  test('passes where the dialect shows no balance: positions prove that the key is good', async () => {
    const checks = await checkReadiness(
      aStage({ openMarket: async () => aMarket({}, { readBalance: async () => undefined }) }),
    );

    expect(checks[1]).toEqual({ check: 'balance', ok: true, detail: 'this dialect does not show it; see positions' });
  });

  test('says where there is less than orders need, which is no reason against trading at all', async () => {
    const readBalance = async () => parseUsd('9.99');
    const checks = await checkReadiness(aStage({ openMarket: async () => aMarket({}, { readBalance }) }));

    expect(checks[1]).toEqual({
      check: 'balance',
      ok: true,
      detail: '$9.99 are free, and no order goes out below $10.00',
    });
  });
});

describe('the limits', () => {
  const NOTHING = parseUsd('0.00');

  test.each<[string, Partial<TradePolicy>, string, string]>([
    ['an order of nothing', { maxOrderUsd: NOTHING }, 'order', 'trading.size and trading.maxOrderUsd have to be set'],
    ['no market', { markets: [] }, 'exposure', 'trading.markets is empty: nothing may be traded'],
    [
      'a market that no order fits into',
      { markets: [{ asset: 'BTC-USDC', maxExposureUsd: parseUsd('49.99') }] },
      'exposure',
      'maxExposureUsd of BTC-USDC is less than one order of $50.00',
    ],
    [
      'a market that may not be traded at all',
      {
        markets: [
          { asset: 'BTC-USDC', maxExposureUsd: parseUsd('500.00') },
          { asset: 'ETH-USDC', maxExposureUsd: NOTHING },
        ],
      },
      'exposure',
      'maxExposureUsd of ETH-USDC is less than one order of $50.00',
    ],
    [
      'a daily loss of nothing',
      { dailyLossUsd: NOTHING },
      'daily-loss',
      'trading.dailyLossUsd has to be more than nothing',
    ],
  ])('refuse %s', async (_, policy, check, detail) => {
    expect(await withPolicy(policy)).toEqual([{ check, ok: false, detail }]);
  });

  test.each([
    [undefined, 'not set'],
    ['0.00', '$0.00'],
    ['49.99', '$49.99'],
  ])('refuse a budget of the day of %s', async (daily, shown) => {
    const perDay = daily === undefined ? {} : { 'trade-order': daily };

    expect(await failing({ budgets: { perDay, perAgentAndDay: {} } })).toEqual([
      {
        check: 'daily-notional',
        ok: false,
        detail: `budgets.perDay.trade-order is ${shown}; it has to be set, and at least one order of $50.00`,
      },
    ]);
  });

  test('go by the largest order that a confidence can ask for, as far as the order limit lets it', async () => {
    const size = { by: 'confidence', fromUsd: parseUsd('20.00'), toUsd: parseUsd('400.00') } as const;
    const markets = [{ asset: 'BTC-USDC', maxExposureUsd: parseUsd('99.99') }];

    expect(await withPolicy({ size, markets })).toMatchObject([
      { check: 'exposure', detail: 'maxExposureUsd of BTC-USDC is less than one order of $100.00' },
    ]);
  });
});

describe('the stop', () => {
  test('is told, wherever it is on', async () => {
    const checks = await checkReadiness(aStage({ readStop: async () => 'halted' }));

    expect(checks.at(-1)).toEqual({
      check: 'stop',
      ok: true,
      detail: 'halted: no order goes out until it is on running',
    });
  });

  test('fails where it cannot be read', async () => {
    expect(await failing({ readStop: createStopSwitch('/pipeline/stop', async () => 'paused') })).toEqual([
      {
        check: 'stop',
        ok: false,
        isUnread: true,
        detail: 'Error: parameter /pipeline/stop is "paused": set it to running, reducing, halted',
      },
    ]);
  });
});

test('paper is checked without a key: its book, the limits and the stop', async () => {
  const { deps } = createPaperDesk();

  const checks = await checkReadiness({ ...deps, budgets: aStage().budgets });

  expect(checks.map(({ check, ok }) => [check, ok])).toEqual(
    ['balance', 'positions', 'order', 'exposure', 'daily-notional', 'daily-loss', 'stop'].map((check) => [check, true]),
  );
});

test('what fails is one line for whoever asks why nothing trades', () => {
  expect(
    describeFailing([
      { check: 'secret', ok: false, detail: 'none' },
      { check: 'stop', ok: true, detail: 'running' },
      { check: 'positions', ok: false, detail: 'HTTP 500' },
    ]),
  ).toBe('secret: none; positions: HTTP 500');
});

describe('what stands against trading', () => {
  const { budgets } = aStage();

  test('is a limit that is not set, or that no order fits', async () => {
    const find = createFindUnready({ policy: aTradePolicy({ dailyLossUsd: parseUsd('0.00') }), budgets: NO_BUDGETS });

    expect((await find()).map(({ check }) => check)).toEqual(['daily-notional', 'daily-loss']);
    expect(await createFindUnready({ policy: aTradePolicy(), budgets })()).toEqual([]);
  });

  test('is nothing on paper', async () => {
    expect(await createFindUnready({ policy: aTradePolicy({ mode: 'paper' }), budgets: NO_BUDGETS })()).toEqual([]);
  });
});
