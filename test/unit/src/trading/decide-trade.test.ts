import { describe, expect, test } from '@jest/globals';
import { parseUsd } from '../../../../src/money.ts';
import { decideTrade, screen, SKIP_REASONS, type TradeFacts } from '../../../../src/trading/decide-trade.ts';
import type { TradePolicy } from '../../../../src/trading/trade-policy.ts';
import type { TradeSignal } from '../../../../src/trading/trade-signal.ts';
import { aSignal, aTradePolicy, tradeFacts } from '../../../support/predictions.ts';

const AT = new Date('2026-03-06T09:00:00Z');

function secondsLater(seconds: number): Date {
  return new Date(AT.getTime() + seconds * 1000);
}

interface Case {
  readonly signal?: Partial<TradeSignal>;
  readonly policy?: Partial<TradePolicy>;
  readonly facts?: Partial<TradeFacts>;
  readonly now?: Date;
}

function decide({ signal = {}, policy = {}, facts = {}, now = AT }: Case) {
  const screened = screen(aSignal(signal), aTradePolicy(policy), now);
  return screened.action === 'skip' ? screened : decideTrade(screened, aTradePolicy(policy), tradeFacts(facts), now);
}

/** The reason, or `place`. */
function verdict(given: Case): string {
  const decision = decide(given);
  return decision.action === 'skip' ? decision.reason : decision.action;
}

const usd = parseUsd;
const loss = (text: string) => (0n - parseUsd(text)) as ReturnType<typeof parseUsd>;
const market = (overrides: Partial<TradePolicy['markets'][number]>) => ({
  markets: [{ asset: 'BTC-USDC', maxExposureUsd: usd('500.00'), ...overrides }],
});

describe('a signal against which nothing speaks', () => {
  test.each(['long', 'short'] as const)('that says %s is traded at the configured size', (direction) => {
    expect(decide({ signal: { direction }, policy: { leverage: 3 } })).toEqual({
      action: 'place',
      order: { asset: 'BTC-USDC', direction, amount: 50_000_000n, leverage: 3 },
    });
  });

  test('may be an alert, which is sure of itself', () => {
    const signal = { source: 'price-alert', confidence: undefined, price: usd('61000.00') } as const;

    expect(verdict({ signal, policy: { confidenceThreshold: 1 } })).toBe('place');
  });
});

describe('each reason, at its boundary', () => {
  const days = [5];
  const hours = { days, from: '09:00', until: '17:00', timeZone: 'UTC' };

  test.each<[string, Case, string]>([
    ['hold, however sure', { signal: { direction: 'hold', confidence: 1 } }, 'hold'],

    ['confidence at the threshold', { signal: { confidence: 0.6 } }, 'place'],
    ['confidence at it in single precision', { signal: { confidence: 0.6000000238418579 } }, 'place'],
    [
      'confidence at it in single precision, from below',
      { signal: { confidence: Math.fround(0.9) }, policy: { confidenceThreshold: 0.9 } },
      'place',
    ],
    ['confidence of 1', { signal: { confidence: 1 } }, 'place'],
    ['confidence a hair below', { signal: { confidence: 0.5999999 } }, 'low-confidence'],
    ['confidence of 0', { signal: { confidence: 0 } }, 'low-confidence'],

    ['60 s old', { now: secondsLater(60.999) }, 'place'],
    ['61 s old', { now: secondsLater(61) }, 'stale'],
    ['a day old', { now: secondsLater(86_400) }, 'stale'],
    ['60 s ahead', { now: secondsLater(-60) }, 'place'],
    ['61 s ahead', { now: secondsLater(-61) }, 'future-dated'],
    ['60 s old, of another time zone', { signal: { at: '2026-03-06T10:00:00+01:00' }, now: secondsLater(60) }, 'place'],
    ['61 s old, of another time zone', { signal: { at: '2026-03-06T10:00:00+01:00' }, now: secondsLater(61) }, 'stale'],

    ['an asset that is not listed', { signal: { asset: 'SOL-USDC' } }, 'asset-not-allowed'],
    ['an asset in another spelling', { signal: { asset: 'btc-usdc' } }, 'asset-not-allowed'],
    ['no markets', { policy: { markets: [] } }, 'asset-not-allowed'],

    ['the minute of opening', { policy: market({ hours }) }, 'place'],
    ['the minute before', { policy: market({ hours: { ...hours, from: '09:01' } }) }, 'market-closed'],
    ['the last minute', { policy: market({ hours: { ...hours, from: '08:00', until: '09:01' } }) }, 'place'],
    [
      'the minute of closing',
      { policy: market({ hours: { ...hours, from: '08:00', until: '09:00' } }) },
      'market-closed',
    ],
    ['another weekday', { policy: market({ hours: { ...hours, days: [1, 2, 3, 4, 6, 7] } }) }, 'market-closed'],
    [
      'its own wall clock: 04:00 in New York',
      { policy: market({ hours: { ...hours, from: '04:00', until: '04:01', timeZone: 'America/New_York' } }) },
      'place',
    ],

    [
      '59 s after an order',
      { policy: { coolDownSeconds: 60 }, facts: { lastOrderAt: '2026-03-06T08:59:01Z' } },
      'cool-down',
    ],
    [
      '60 s after an order',
      { policy: { coolDownSeconds: 60 }, facts: { lastOrderAt: '2026-03-06T08:59:00Z' } },
      'place',
    ],
    ['right after an order, without a cool-down', { facts: { lastOrderAt: '2026-03-06T09:00:00Z' } }, 'place'],
    ['after an order that is dated ahead, without', { facts: { lastOrderAt: '2026-03-06T09:04:59Z' } }, 'place'],
    [
      'after an order that is dated ahead, with one',
      { policy: { coolDownSeconds: 60 }, facts: { lastOrderAt: '2026-03-06T09:04:59Z' } },
      'cool-down',
    ],

    ['a loss below the limit', { facts: { profitToday: loss('99.999999') } }, 'place'],
    ['a loss at the limit', { facts: { profitToday: loss('100.00') } }, 'daily-loss'],
    ['a day whose fills are not all shown', { facts: { isDayShown: false } }, 'daily-loss'],
    ['a profit of as much', { facts: { profitToday: usd('100.00') } }, 'place'],

    ['a balance of the minimum', { policy: { leverage: 20 }, facts: { available: usd('10.00') } }, 'place'],
    ['a balance below it', { policy: { leverage: 20 }, facts: { available: usd('9.999999') } }, 'low-balance'],
    ['a balance of the margin', { facts: { available: usd('50.00') } }, 'place'],
    ['a balance below the margin', { facts: { available: usd('49.999999') } }, 'low-balance'],
    [
      'a balance below a margin that is no whole number',
      { policy: { leverage: 3 }, facts: { available: usd('16.666666') } },
      'low-balance',
    ],
    ['a balance that is not shown', { facts: { available: undefined } }, 'place'],

    ['an exposure that fits', { facts: { exposure: usd('450.00') } }, 'place'],
    ['an exposure that does not', { facts: { exposure: usd('450.000001') } }, 'exposure'],
    ['a short exposure that fits', { signal: { direction: 'short' }, facts: { exposure: loss('450.00') } }, 'place'],
    [
      'a short exposure that does not',
      { signal: { direction: 'short' }, facts: { exposure: loss('450.000001') } },
      'exposure',
    ],
    ['an order that makes a full position smaller', { facts: { exposure: loss('500.00') } }, 'place'],
    ['an order that makes a position above the limit smaller', { facts: { exposure: loss('600.00') } }, 'place'],
    [
      'an order that turns a position into one as large as is allowed',
      {
        policy: { size: { by: 'fixed', amountUsd: usd('100.00') }, ...market({ maxExposureUsd: usd('60.00') }) },
        facts: { exposure: loss('40.00') },
      },
      'place',
    ],
    [
      'an order that turns a position into one that is larger',
      {
        policy: { size: { by: 'fixed', amountUsd: usd('100.00') }, ...market({ maxExposureUsd: usd('60.00') }) },
        facts: { exposure: loss('39.99') },
      },
      'exposure',
    ],
  ])('%s', (_case, given, expected) => {
    expect(verdict(given)).toBe(expected);
  });

  test('each can be reached, and is named by the first that applies', () => {
    const everything = {
      signal: { direction: 'hold', asset: 'X', confidence: 0, at: '2026-03-06T08:00:00Z' },
      policy: { coolDownSeconds: 60, ...market({ hours: { ...hours, days: [1] } }) },
      facts: {
        lastOrderAt: AT.toISOString(),
        profitToday: loss('100.00'),
        available: usd('0.00'),
        exposure: usd('500.00'),
      },
    } as const;
    // Each mends the one before.
    const mended: readonly Partial<Case>[] = [
      {},
      { signal: { direction: 'long' } },
      { signal: { at: '2026-03-06T09:02:00Z' } },
      { signal: { at: '2026-03-06T09:00:00Z' } },
      { signal: { asset: 'BTC-USDC' } },
      { signal: { confidence: 1 } },
      { policy: market({}) },
      { facts: { lastOrderAt: undefined } },
      { facts: { profitToday: usd('0.00') } },
      { facts: { available: usd('1000.00') } },
      { facts: { exposure: usd('0.00') } },
    ];
    let given: Case = everything;
    const reasons = mended.map(({ signal, policy, facts }) => {
      given = {
        signal: { ...given.signal, ...signal },
        policy: { ...given.policy, ...policy },
        facts: { ...given.facts, ...facts },
      };
      return verdict(given);
    });

    // These are found by the order's claim.
    const decided = SKIP_REASONS.filter((reason) => reason !== 'daily-notional' && reason !== 'in-doubt');
    expect(reasons).toEqual([...decided, 'place']);
  });

  test('says the figures', () => {
    expect(decide({ facts: { exposure: usd('480.00') } })).toEqual({
      action: 'skip',
      reason: 'exposure',
      detail: '$480.00 open would become $530.00; $500.00 on either side is the most',
    });
    expect(decide({ signal: { confidence: 0.59 } })).toMatchObject({ detail: 'confidence 0.59 is below 0.6' });
    expect(decide({ signal: { asset: 'X' } })).toMatchObject({ detail: 'X is not one of BTC-USDC, ETH-USDC' });
    expect(decide({ now: secondsLater(180.5) })).toMatchObject({ detail: 'it is 180 s old; 60 s is the most' });
  });

  test('of the signal alone is known before anything is read', () => {
    expect(screen(aSignal({ direction: 'hold' }), aTradePolicy(), AT)).toMatchObject({ reason: 'hold' });
  });

  test('leave none: then its market and its order are known', () => {
    expect(screen(aSignal(), aTradePolicy({ leverage: 2 }), AT)).toEqual({
      ...aSignal(),
      action: 'trade',
      market: { asset: 'BTC-USDC', maxExposureUsd: usd('500.00') },
      order: { asset: 'BTC-USDC', direction: 'long', amount: usd('50.00'), leverage: 2 },
    });
  });
});

describe('the size of an order', () => {
  const scaled: TradePolicy['size'] = { by: 'confidence', fromUsd: usd('10.00'), toUsd: usd('90.00') };
  const amountOf = (given: Case) => {
    const decision = decide(given);
    return decision.action === 'place' ? decision.order.amount : decision.reason;
  };

  test.each<[number | undefined, string]>([
    [0.6, '10.00'],
    [0.6000000238418579, '10.00'],
    [0.7, '30.00'],
    [0.8, '50.00'],
    [0.81234, '52.46'],
    [1, '90.00'],
    [undefined, '90.00'],
  ])('goes from the threshold to full confidence in whole cents: %p', (confidence, expected) => {
    expect(amountOf({ signal: { confidence }, policy: { size: scaled } })).toBe(usd(expected));
  });

  test('is the larger one where only full confidence trades', () => {
    expect(amountOf({ signal: { confidence: 1 }, policy: { size: scaled, confidenceThreshold: 1 } })).toBe(
      usd('90.00'),
    );
  });

  test('is never above the most of one order', () => {
    const maxOrderUsd = usd('40.00');

    expect(amountOf({ policy: { maxOrderUsd } })).toBe(maxOrderUsd);
    expect(amountOf({ signal: { confidence: 1 }, policy: { maxOrderUsd, size: scaled } })).toBe(maxOrderUsd);
  });
});
