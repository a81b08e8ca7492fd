import { describe, expect, test } from '@jest/globals';
import { createHandler, type Deps } from '../../../lambdas/place-trade/handler.ts';
import { SecretUnusableError } from '../../../src/errors.ts';
import type { ReadinessCheck } from '../../../src/trading/readiness.ts';
import { inert } from '../../support/inert.ts';
import { aBatch, ALL_TAKEN, comingBack, timeLeft } from '../../support/lambda-events.ts';
import { anAlertEvent, aPaperPolicy, createPaperDesk } from '../../support/paper-trading.ts';
import { aMarket } from '../../support/predictions.ts';

const UNREADY: ReadinessCheck[] = [
  { check: 'secret', ok: false, detail: 'secret PurpleFleaApiKey: is not JSON' },
  { check: 'daily-loss', ok: false, detail: 'trading.dailyLossUsd has to be more than nothing' },
];

/** Takes one alert in live mode. */
async function take(overrides: Partial<Deps>, detail: Parameters<typeof anAlertEvent>[0] = {}) {
  const { deps, recorder, intents } = createPaperDesk();
  const handler = createHandler({ ...deps, policy: aPaperPolicy({ mode: 'live' }), ...overrides });
  const taken = await handler(aBatch({ body: anAlertEvent({ alertId: 'alert-1', ...detail }) }), timeLeft());
  return { taken, recorder, intents };
}

const placing = (asked: string[] = []) =>
  aMarket({
    placeOrder: async () => {
      asked.push('order');
      return {
        kind: 'applied',
        result: { orderId: 'ord_1', status: 'filled', asset: 'BTC-USDC', direction: 'long', amountUsd: '50.00' },
      };
    },
  });

describe('live trading that is not ready', () => {
  test('skips what would have traded, with the checks that fail, and counts it for the alarm', async () => {
    const { taken, recorder, intents } = await take({
      openMarket: async () => aMarket(),
      findUnready: async () => UNREADY,
    });

    expect(taken).toEqual(ALL_TAKEN);
    expect(recorder.published).toEqual([
      [
        'trade.skipped',
        {
          mode: 'live',
          source: 'price-alert',
          signalId: 'alert-1',
          asset: 'BTC-USDC',
          reason: 'not-ready',
          detail:
            'secret: secret PurpleFleaApiKey: is not JSON; daily-loss: trading.dailyLossUsd has to be more than nothing',
        },
      ],
    ]);
    expect(recorder.counted).toEqual({ TradingUnready: 1, TradesSkipped: 1 });
    expect(intents.items.size).toBe(0);
  });

  test('says so also where what it would have looked at cannot be read', async () => {
    const { taken, recorder } = await take({
      openMarket: () => Promise.reject(new SecretUnusableError('secret PurpleFleaApiKey: is not JSON')),
      findUnready: async () => UNREADY,
    });

    expect(taken).toEqual(ALL_TAKEN);
    expect(recorder.published).toMatchObject([['trade.skipped', { reason: 'not-ready' }]]);
  });

  test('does not come between a signal and a reason of its own', async () => {
    const { recorder } = await take(
      { openMarket: inert('openMarket'), findUnready: inert('findUnready') },
      { at: '2026-03-06T08:00:00Z' },
    );

    expect(recorder.published).toMatchObject([['trade.skipped', { reason: 'stale' }]]);
    expect(recorder.counted).toEqual({ TradesSkipped: 1, SignalsStale: 1 });
  });
});

describe('whether trading is ready', () => {
  test('is asked while the market is read, and known before the order goes out', async () => {
    const asked: string[] = [];
    await take({
      findUnready: async () => {
        asked.push('asked');
        await new Promise((resolve) => setImmediate(resolve));
        asked.push('answered');
        return [];
      },
      openMarket: async () => {
        asked.push('market');
        return placing(asked);
      },
    });

    expect(asked).toEqual(['market', 'asked', 'answered', 'order']);
  });

  test('is no permission where it cannot be found out: the message comes back', async () => {
    const asked: string[] = [];
    const { taken } = await take({
      openMarket: async () => placing(asked),
      findUnready: () => Promise.reject(new Error('a fault')),
    });

    expect(taken).toEqual(comingBack('message-1'));
    expect(asked).toEqual([]);
  });
});
