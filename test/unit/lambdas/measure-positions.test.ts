import { expect, test } from '@jest/globals';
import { createHandler, type Deps } from '../../../lambdas/measure-positions/handler.ts';
import { SecretUnusableError, ServiceUnreadableError } from '../../../src/errors.ts';
import { createPaperDesk, NINE } from '../../support/paper-trading.ts';
import { aMarket, aTradePolicy } from '../../support/predictions.ts';
import { createRecorder } from '../../support/recorder.ts';

function run(overrides: Partial<Deps>) {
  const recorder = createRecorder();
  const deps = {
    openMarket: async () => aMarket(),
    policy: aTradePolicy(),
    now: () => NINE,
    gauge: recorder.gauge,
    log: recorder.log,
    ...overrides,
  };
  return { recorder, done: createHandler(deps)() };
}

/** $50.00 of BTC gain ten per cent, and $50.00 of the $55.00 are sold. */
test('what was traded on paper is measured as paper', async () => {
  const desk = createPaperDesk({ feeBasisPoints: 0 });
  await desk.alert({ asset: 'BTC-USDC', direction: 'long', price: '50000.00' });
  desk.clock.now = new Date(NINE.getTime() + 60_000);
  await desk.alert({ asset: 'BTC-USDC', direction: 'short', price: '55000.00' });
  await desk.alert({ asset: 'ETH-USDC', direction: 'short', price: '2000.00' });
  const { openMarket, policy } = desk.deps;

  const { recorder, done } = run({ openMarket, policy });
  await done;

  const Mode = 'paper';
  expect(recorder.gauged).toEqual([
    {
      dimensions: { Mode },
      values: {
        ExposureUsd: 55,
        UnrealisedProfitUsd: 0.454545,
        RealisedProfitUsd: 4.545455,
        WinRatePercent: 100,
        DailyLossUsedPercent: 0,
      },
    },
    { dimensions: { Mode, Asset: 'BTC-USDC' }, values: { ExposureUsd: 5, UnrealisedProfitUsd: 0.454545 } },
    { dimensions: { Mode, Asset: 'ETH-USDC' }, values: { ExposureUsd: 50, UnrealisedProfitUsd: 0 } },
    { dimensions: { Mode, Asset: 'SOL-USDC' }, values: { ExposureUsd: 0, UnrealisedProfitUsd: 0 } },
  ]);
});

test('a market without history says nothing of what was realised', async () => {
  const { recorder, done } = run({});
  await done;

  expect(recorder.gauged[0]).toEqual({
    dimensions: { Mode: 'live' },
    values: { ExposureUsd: 0, UnrealisedProfitUsd: 0, DailyLossUsedPercent: 0 },
  });
});

const unreadable = async () => {
  throw new ServiceUnreadableError('trading.positions: HTTP 503');
};

test.each<[string, Deps['openMarket'], string]>([
  ['a key that cannot be used', () => Promise.reject(new SecretUnusableError('it has no value')), 'it has no value'],
  ['unreadable positions', async () => aMarket({ readPositions: unreadable }), 'HTTP 503'],
  ['an unreadable history', async () => aMarket({ readHistory: unreadable }), 'HTTP 503'],
])('%s fails the run, and nothing is published', async (_, openMarket, message) => {
  const { recorder, done } = run({ openMarket });

  await expect(done).rejects.toThrow(message);
  expect(recorder.gauged).toEqual([]);
});
