import { describe, expect, test } from '@jest/globals';
import { decideTrade, SKIP_REASONS, tradePolicySchema } from '../../../../src/trading/decide-trade.ts';
import { aPrediction, aTradePolicy } from '../../../support/predictions.ts';

const AT = new Date('2026-03-06T09:00:00Z');

function secondsLater(seconds: number): Date {
  return new Date(AT.getTime() + seconds * 1000);
}

describe('a prediction', () => {
  test.each(['long', 'short'] as const)('that says %s is traded at the configured size', (direction) => {
    expect(decideTrade(aPrediction({ direction }), aTradePolicy({ leverage: 3 }), AT)).toEqual({
      action: 'place',
      order: { asset: 'BTC-USDC', direction, amount: 50_000_000n, leverage: 3 },
    });
  });

  test.each([0.6, 0.6000000238418579, 0.61, 1])('of confidence %p is enough for a threshold of 0.60', (confidence) => {
    expect(decideTrade(aPrediction({ confidence }), aTradePolicy(), AT).action).toBe('place');
  });

  test('of the threshold in single precision is enough, from below too', () => {
    const confidence = Math.fround(0.9);

    expect(confidence).toBeLessThan(0.9);
    expect(decideTrade(aPrediction({ confidence }), aTradePolicy({ confidenceThreshold: 0.9 }), AT).action).toBe(
      'place',
    );
  });

  test.each([0.5999, 0.5999999, 0])('of confidence %p is skipped', (confidence) => {
    expect(decideTrade(aPrediction({ confidence }), aTradePolicy(), AT)).toEqual({
      action: 'skip',
      reason: 'low-confidence',
      detail: `confidence ${confidence} is below 0.6`,
    });
  });

  test('that says hold is skipped, however sure', () => {
    expect(decideTrade(aPrediction({ direction: 'hold', confidence: 1 }), aTradePolicy(), AT)).toEqual({
      action: 'skip',
      reason: 'hold',
      detail: 'the model says hold',
    });
  });

  test.each(['SOL-USDC', 'btc-usdc', 'BTC'])('about %s is skipped, since only listed assets are traded', (asset) => {
    expect(decideTrade(aPrediction({ asset }), aTradePolicy(), AT)).toEqual({
      action: 'skip',
      reason: 'asset-not-allowed',
      detail: `${asset} is not one of BTC-USDC, ETH-USDC`,
    });
  });

  test.each([-3600, 0, 60, 60.999])('is fresh %p seconds after it was made', (seconds) => {
    expect(decideTrade(aPrediction(), aTradePolicy(), secondsLater(seconds)).action).toBe('place');
  });

  test.each([
    [61, 61],
    [180.5, 180],
    [86_400, 86_400],
  ])('is stale %p seconds after it was made', (seconds, shown) => {
    expect(decideTrade(aPrediction(), aTradePolicy(), secondsLater(seconds))).toEqual({
      action: 'skip',
      reason: 'stale',
      detail: `the prediction is ${shown} s old; 60 s is the most`,
    });
  });

  test('is aged by its moment, whatever the time zone it is written in', () => {
    const at = '2026-03-06T10:00:00+01:00';

    expect(decideTrade(aPrediction({ at }), aTradePolicy(), secondsLater(60)).action).toBe('place');
    expect(decideTrade(aPrediction({ at }), aTradePolicy(), secondsLater(61)).action).toBe('skip');
  });

  test('with several reasons against it names the first', () => {
    const bad = { direction: 'hold' as const, confidence: 0, asset: 'X' };
    const reasons = [bad, { ...bad, direction: 'long' as const }, { asset: 'X' }, {}].map((overrides) => {
      const decision = decideTrade(aPrediction(overrides), aTradePolicy(), secondsLater(3600));
      return decision.action === 'skip' ? decision.reason : 'placed';
    });

    expect(reasons).toEqual(SKIP_REASONS);
  });
});

test('the policy is read from configuration', () => {
  expect(tradePolicySchema.parse(aTradePolicy())).toEqual(aTradePolicy());
  expect(tradePolicySchema.safeParse(aTradePolicy({ leverage: 1.5 })).success).toBe(false);
});
