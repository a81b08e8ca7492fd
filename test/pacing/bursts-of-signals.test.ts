import { expect, test } from '@jest/globals';
import { createHandler as createPlaceTrade, type Deps } from '../../lambdas/place-trade/handler.ts';
import { INCOMING } from '../../src/events/catalogue.ts';
import { parseUsd } from '../../src/money.ts';
import type { Profile } from '../../src/purple-flea/service.ts';
import { createTradingClient } from '../../src/purple-flea/trading-client.ts';
import { createWalletClient } from '../../src/purple-flea/wallet-client.ts';
import { createLiveMarket } from '../../src/trading/live-market.ts';
import { aBatch, anEvent } from '../support/lambda-events.ts';
import { readFirstBeginning } from '../support/memory-beginnings.ts';
import { createMemoryIntents } from '../support/memory-intents.ts';
import { aTradePolicy } from '../support/predictions.ts';
import { createRecorder } from '../support/recorder.ts';
import { TREASURY } from '../simulation/service/parties.ts';
import { createLoadedService, MINUTE, START, TREASURY_CREDENTIALS } from './loaded-service.ts';

const MARKETS = ['BTC-USDC', 'ETH-USDC', 'SOL-USDC'];

/** How long the function runs at most, and what a poll of the queue takes. */
const TIMEOUT = MINUTE;
const POLL = 20;

const POLICY = aTradePolicy({
  markets: MARKETS.map((asset) => ({ asset, maxExposureUsd: parseUsd('100000.00') })),
  dailyNotionalUsd: parseUsd('100000.00'),
  coolDownSeconds: 0,
  maxAgeSeconds: 60,
});

/** Signals in a FIFO queue with a group for each market, and the function that takes them one at a time. */
function aTradingStage(profile: Profile) {
  const loaded = createLoadedService(profile, 11);
  const { scheduler } = loaded;
  const intents = createMemoryIntents();
  const deadLetters: string[] = [];
  const ends: { readonly market: string; readonly at: number; readonly type: string; readonly reason: string }[] = [];
  let invocations = 0;

  const newInvocation = (market: string, hide: (seconds: number) => void) => {
    invocations += 1;
    const service = loaded.newFunction();
    const recorder = createRecorder();
    const openMarket = async () =>
      createLiveMarket(
        { agentId: TREASURY, baseUrl: '', profile },
        createTradingClient(service, TREASURY_CREDENTIALS),
        async () => createWalletClient(service, TREASURY_CREDENTIALS),
      );
    const deps: Deps = {
      intents,
      readBeginning: readFirstBeginning,
      budgets: { perDay: { 'trade-order': '100000.00' }, perAgentAndDay: {} },
      readStop: async () => 'running',
      now: () => new Date(scheduler.now()),
      newId: () => `invocation-${invocations}`,
      openMarket,
      findUnready: async () => [],
      requestMs: 10_000,
      policy: POLICY,
      sendDeadLetter: async ({ reason }) => void deadLetters.push(reason),
      hideMessage: async (_receipt, seconds) => hide(seconds),
      maxReceives: 5,
      publish: async (type, detail) => {
        const { reason = '' } = detail as { readonly reason?: string };
        ends.push({ market, at: scheduler.now() - START, type, reason });
      },
      log: recorder.log,
      count: recorder.count,
    };
    return createPlaceTrade(deps);
  };

  /** A market's messages, in their order: one that comes back holds up those behind it, and no other market. */
  const drain = async (market: string, signals: readonly { readonly id: string; readonly at: number }[]) => {
    for (const { id, at } of signals) {
      for (let receives = 1; ; receives += 1) {
        await scheduler.pause(Math.max(POLL, START + at - scheduler.now()));
        let hidden = 90;
        const endsAt = scheduler.now() + TIMEOUT;
        const body = anEvent(INCOMING.inferenceCompleted, {
          predictionId: id,
          asset: market,
          direction: 'long',
          confidence: 0.9,
          at: new Date(START + at).toISOString(),
        });
        const { batchItemFailures } = await newInvocation(market, (seconds) => (hidden = seconds))(
          aBatch({ body, receives, messageId: id, groupId: `market-${market}` }),
          { getRemainingTimeInMillis: () => endsAt - scheduler.now() },
        );
        if (batchItemFailures.length === 0) break;
        await scheduler.pause(hidden * 1000);
      }
    }
  };
  return { ...loaded, deadLetters, ends, drain };
}

/** Which of a service's calls are limited, and how many of them a minute are allowed. */
test.each([
  ['reference', 60, (counted: string) => counted.startsWith('trading')],
  ['published', 30, (counted: string) => counted === '/v1/trade/open'],
] as const)(
  'in %s, 300 signals of three markets use over 90 %% of %d calls a minute while they are fresh, share them, and are skipped at once then',
  async (profile, perMinute, isLimited) => {
    const stage = aTradingStage(profile);
    for (const market of MARKETS) {
      const signals = Array.from({ length: 100 }, (_, index) => ({ id: `${market}-${index}`, at: 0 }));
      stage.scheduler.spawn(START, () => stage.drain(market, signals));
    }
    await stage.scheduler.run(START + 30 * MINUTE);

    const limited = stage.calls.filter(({ counted }) => counted !== undefined && isLimited(counted));
    expect(limited.filter(({ at }) => at < START + MINUTE).length).toBeGreaterThanOrEqual(0.9 * perMinute);
    expect(stage.busiestMinute()).toBeLessThanOrEqual(60);
    expect(stage.calls.filter(({ status }) => status === 429)).toEqual([]);
    expect(stage.ends).toHaveLength(300);
    const placed = MARKETS.map(
      (market) => stage.ends.filter((end) => end.market === market && end.type === 'trade.placed').length,
    );
    expect(Math.max(...placed) - Math.min(...placed)).toBeLessThanOrEqual(1);
    const skipped = stage.ends.filter(({ type }) => type === 'trade.skipped');
    expect(new Set(skipped.map(({ reason }) => reason))).toEqual(new Set(['stale']));
    expect(Math.max(...skipped.map(({ at }) => at))).toBeLessThan(75_000);
    expect(stage.deadLetters).toEqual([]);
  },
);

test('signals that come for ten minutes use over 90 % of the calls for all of them', async () => {
  const stage = aTradingStage('reference');
  for (const market of MARKETS) {
    const signals = Array.from({ length: 200 }, (_, index) => ({ id: `${market}-${index}`, at: index * 3_000 }));
    stage.scheduler.spawn(START, () => stage.drain(market, signals));
  }
  await stage.scheduler.run(START + 30 * MINUTE);

  const limited = stage.calls.filter(
    ({ counted, at }) => counted?.startsWith('trading') === true && at < START + 10 * MINUTE,
  );
  expect(limited.length).toBeGreaterThanOrEqual(0.9 * 600);
  expect(stage.busiestMinute()).toBeLessThanOrEqual(60);
  expect(stage.calls.filter(({ status }) => status === 429)).toEqual([]);
});
