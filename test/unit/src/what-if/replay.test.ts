import { describe, expect, test } from '@jest/globals';
import { formatUsd, parseUsd } from '../../../../src/money.ts';
import type { Candidate, Outcome } from '../../../../src/what-if/account.ts';
import type { PricePoint } from '../../../../src/what-if/prices.ts';
import type { RecordedSignal } from '../../../../src/what-if/recording.ts';
import { replay } from '../../../../src/what-if/replay.ts';
import { aCandidate, afterMorning, aMarketOf, aPrice, aRecordedSignal, isoAt } from '../../../support/what-if.ts';

const DAY = 86_400;

/** What a candidate makes of signals: each outcome in words, and the sums. */
function tryOut(candidate: Candidate, signals: readonly RecordedSignal[], prices: readonly PricePoint[] = []) {
  // Nobody decides like one that may trade nothing, so that every outcome is listed.
  const nobody = aCandidate({ markets: [] }, { name: 'nobody' });
  const { results, differences, ...rest } = replay({ signals, prices, candidates: [candidate, nobody] });
  const [result] = results;
  if (result === undefined) throw new Error('there is no result');
  return { ...rest, result, outcomes: differences.map(({ outcomes: [outcome] }) => inWords(outcome)) };
}

function inWords(outcome: Outcome | undefined): string {
  return outcome?.kind === 'traded' ? formatUsd(outcome.amount) : String(outcome?.reason);
}

/** So many signals, a minute apart. */
function aMinuteApart(count: number, overrides: Parameters<typeof aRecordedSignal>[1] = {}): RecordedSignal[] {
  return Array.from({ length: count }, (_, index) => aRecordedSignal(index * 60, { price: '100.00', ...overrides }));
}

describe('each limit of the policy', () => {
  test('exposure: up to it and not past it, and as much again as the market gives back', () => {
    const candidate = aCandidate({ markets: [aMarketOf('BTC-USDC', '150.00'), aMarketOf('ETH-USDC')] });
    const signals = [...aMinuteApart(4), aRecordedSignal(300, { asset: 'ETH-USDC', price: '10.00' })];

    expect(tryOut(candidate, signals).outcomes).toEqual(['50.00', '50.00', '50.00', 'exposure', '50.00']);
    expect(tryOut(candidate, signals, [aPrice(170, '50.00')]).outcomes[3]).toBe('exposure');
    expect(tryOut(candidate, signals.slice(0, 3), [aPrice(119, '100.01')]).outcomes).toEqual([
      '50.00',
      '50.00',
      '50.00',
    ]);
    expect(tryOut(candidate, [...aMinuteApart(2), aRecordedSignal(180)], [aPrice(170, '100.01')]).outcomes).toEqual([
      '50.00',
      '50.00',
      'exposure',
    ]);
    expect(tryOut(candidate, [...aMinuteApart(3), aRecordedSignal(180)], [aPrice(170, '66.66')]).outcomes).toEqual([
      '50.00',
      '50.00',
      '50.00',
      '50.00',
    ]);
  });

  test('notional of a UTC day: up to it and not past it, in all markets together, and anew at midnight', () => {
    const candidate = aCandidate({ dailyNotionalUsd: parseUsd('100.00') });
    const untilMidnight = 15 * 3600;
    const signals = [
      aRecordedSignal(0, { price: '100.00' }),
      aRecordedSignal(1, { price: '100.00', asset: 'ETH-USDC' }),
      aRecordedSignal(2),
      aRecordedSignal(untilMidnight - 1),
      aRecordedSignal(untilMidnight),
    ];

    expect(tryOut(candidate, signals).outcomes).toEqual([
      '50.00',
      '50.00',
      'daily-notional',
      'daily-notional',
      '50.00',
    ]);
  });

  test('loss of a UTC day: at it there is no further order, whether it was realised or is open, and anew at midnight', () => {
    const candidate = aCandidate({ dailyLossUsd: parseUsd('10.00') });
    const fallen = (price: string) => [aRecordedSignal(0, { price: '100.00' }), aRecordedSignal(60, { price })];

    expect(tryOut(candidate, fallen('80.01')).outcomes).toEqual(['50.00', '50.00']);
    expect(tryOut(candidate, fallen('80.00')).outcomes).toEqual(['50.00', 'daily-loss']);

    const closed = [
      aRecordedSignal(0, { price: '100.00' }),
      aRecordedSignal(60, { price: '81.00', direction: 'short' }),
      aRecordedSignal(120, { price: '99.00', direction: 'short' }),
      aRecordedSignal(180),
      aRecordedSignal(DAY),
    ];
    // Nearly all of the long was closed at a loss of $9.50, and what went short by $9.50 lost $2.11.
    expect(tryOut(candidate, closed).outcomes).toEqual(['50.00', '50.00', 'daily-loss', 'daily-loss', '50.00']);
  });

  test('cool-down: by market, until it is over', () => {
    const candidate = aCandidate({ coolDownSeconds: 120 });
    const signals = [...aMinuteApart(3), aRecordedSignal(121, { asset: 'ETH-USDC', price: '1.00' })];

    expect(tryOut(candidate, signals).outcomes).toEqual(['50.00', 'cool-down', '50.00', '50.00']);
  });

  test('balance: the margin has to be free, and so does the least balance', () => {
    const signals = aMinuteApart(3);

    expect(tryOut(aCandidate({}, { balanceUsd: '100.00' }), signals).outcomes).toEqual([
      '50.00',
      '50.00',
      'low-balance',
    ]);
    expect(tryOut(aCandidate({ leverage: 10 }, { balanceUsd: '12.00' }), signals).outcomes).toEqual([
      '50.00',
      '50.00',
      'low-balance',
    ]);
    expect(
      tryOut(aCandidate({ minBalanceUsd: parseUsd('60.00') }, { balanceUsd: '100.00' }), signals).outcomes,
    ).toEqual(['50.00', 'low-balance', 'low-balance']);
  });

  test('budget of one market and day, where there is one: an order above it is refused', () => {
    const candidate = aCandidate({}, { marketDayUsd: '100.00' });
    const signals = [
      ...aMinuteApart(3),
      aRecordedSignal(300, { asset: 'ETH-USDC', price: '1.00' }),
      aRecordedSignal(DAY),
    ];

    expect(tryOut(candidate, signals).outcomes).toEqual(['50.00', '50.00', 'market-budget', '50.00', '50.00']);
  });

  test('size: by confidence, and never above the largest order', () => {
    const size = { by: 'confidence', fromUsd: parseUsd('20.00'), toUsd: parseUsd('100.00') } as const;
    const candidate = aCandidate({ size, maxOrderUsd: parseUsd('80.00') });
    const signals = [0.6, 0.8, 0.9, 1].map((confidence, index) =>
      aRecordedSignal(index, { confidence, price: '1.00', id: `signal-${index}` }),
    );

    expect(tryOut(candidate, signals).outcomes).toEqual(['20.00', '60.00', '80.00', '80.00']);
  });

  test('age: as it was on the bus, however long ago that is', () => {
    const aged = (seconds: number) => aRecordedSignal(0, { at: isoAt(afterMorning(-seconds)), price: '1.00' });

    expect(tryOut(aCandidate(), [aged(60)]).outcomes).toEqual(['50.00']);
    expect(tryOut(aCandidate(), [aged(61)]).result.skipped.stale).toBe(1);
    expect(tryOut(aCandidate(), [aged(-61)]).result.skipped['future-dated']).toBe(1);
  });
});

describe('prices', () => {
  test('of the same second come before the signal', () => {
    const { result } = tryOut(aCandidate(), [aRecordedSignal(60)], [aPrice(60, '100.00'), aPrice(61, '110.00')]);

    expect(formatUsd(result.unrealised)).toBe('5.00');
  });

  test('of later on are not known yet: an order without any is refused', () => {
    const { outcomes } = tryOut(aCandidate(), [aRecordedSignal(60), aRecordedSignal(62)], [aPrice(61, '100.00')]);

    expect(outcomes).toEqual(['no-price', '50.00']);
  });

  test('that a signal says count although it is not traded, from when it was on the bus, and not over newer ones', () => {
    const unsure = { confidence: 0.1, id: 'unsure' };
    const unrealised = (...signals: RecordedSignal[]) =>
      formatUsd(
        tryOut(aCandidate(), [aRecordedSignal(0, { price: '100.00' }), ...signals], [aPrice(30, '120.00')]).result
          .unrealised,
      );

    expect(unrealised()).toBe('10.00');
    expect(unrealised(aRecordedSignal(60, { ...unsure, price: '140.00' }))).toBe('20.00');
    expect(unrealised(aRecordedSignal(60, { ...unsure, price: '140.00', at: isoAt(afterMorning(29)) }))).toBe('10.00');
    // One that is dated ahead does not hide what comes after it.
    expect(unrealised(aRecordedSignal(20, { ...unsure, price: '140.00', at: isoAt(afterMorning(DAY)) }))).toBe('10.00');
  });

  test('of assets that no policy trades change nothing', () => {
    const signals = [aRecordedSignal(0, { price: '100.00' })];
    const { result } = tryOut(aCandidate(), signals, [aPrice(1, '5.00', 'DOGE-USDC')]);

    expect(result.curve.steps).toHaveLength(1);
  });

  test('where there are none at all, orders are carried at cost and that is said', () => {
    const { outcomes, unpriced, hasPrices, result } = tryOut(aCandidate({}, { feeBasisPoints: 10 }), [
      aRecordedSignal(0),
      aRecordedSignal(60),
      aRecordedSignal(120, { direction: 'short' }),
    ]);

    expect(outcomes).toEqual(['50.00', '50.00', '50.00']);
    expect({ unpriced, hasPrices }).toEqual({ unpriced: ['BTC-USDC'], hasPrices: false });
    expect(result).toMatchObject({ realised: 0n, unrealised: 0n, fees: parseUsd('0.15'), equity: parseUsd('999.85') });
  });
});

describe('what it comes to', () => {
  test('is realised and open profit, fees, the share that was won, and the deepest fall', () => {
    const signals = [
      aRecordedSignal(0, { price: '100.00' }),
      aRecordedSignal(60, { direction: 'short', price: '110.00' }),
      aRecordedSignal(120, { asset: 'ETH-USDC', price: '10.00' }),
      aRecordedSignal(180, { asset: 'ETH-USDC', direction: 'short', price: '9.00' }),
    ];
    const { result } = tryOut(aCandidate({}, { feeBasisPoints: 100 }), signals, [
      aPrice(90, '120.00'),
      aPrice(150, '5.00', 'ETH-USDC'),
      aPrice(600, '130.00'),
    ]);

    // BTC: $50.00 of the $55.00 that the long had become are closed. ETH: all of the $45.00, and $5.00 go short.
    expect(result).toMatchObject({
      traded: 4,
      notional: parseUsd('200.00'),
      fees: parseUsd('2.00'),
      realised: BigInt(parseUsd('4.545455')) - BigInt(parseUsd('5.00')),
      closed: 2,
      won: 1,
      liquidated: 0,
    });
    expect(formatUsd(result.unrealised)).toBe('1.363636');
    expect(formatUsd(result.equity)).toBe('998.909091');
    expect(result.equity).toBe(parseUsd('1000.00') + result.realised + result.unrealised - result.fees);
    expect(result.drawdown).toMatchObject({ fromAt: afterMorning(60), at: afterMorning(150) });
  });

  test('has every liquidation in it, as a loss of the whole margin', () => {
    const { result, outcomes } = tryOut(
      aCandidate({ leverage: 10, coolDownSeconds: 300 }),
      [aRecordedSignal(0, { price: '100.00' }), aRecordedSignal(400)],
      [aPrice(200, '80.00')],
    );

    expect(result).toMatchObject({ liquidated: 1, closed: 1, won: 0, realised: -5_000_000n });
    expect(outcomes).toEqual(['50.00', 'cool-down']);
  });

  test('has no drawdown where the account never fell', () => {
    const { result } = tryOut(aCandidate(), [aRecordedSignal(0, { price: '100.00' })], [aPrice(9, '101.00')]);

    expect(result.drawdown).toBeUndefined();
  });
});

describe('a signal that comes again', () => {
  const again = { id: 'the same', price: '100.00' };

  test('is one signal, and is not traded twice', () => {
    const { signals, repeated, result } = tryOut(
      aCandidate(),
      [0, 1, 50].map((seconds) => aRecordedSignal(seconds, again)),
    );

    expect({ signals, repeated, traded: result.traded }).toEqual({ signals: 1, repeated: 2, traded: 1 });
  });

  test('is another one from another source', () => {
    const { signals, result } = tryOut(aCandidate(), [
      aRecordedSignal(0, again),
      aRecordedSignal(1, { ...again, source: 'price-alert', confidence: undefined }),
    ]);

    expect({ signals, traded: result.traded }).toEqual({ signals: 2, traded: 2 });
  });

  test('is decided over again if it was skipped for what it said, and counts as what became of it last', () => {
    const { result } = tryOut(aCandidate(), [
      aRecordedSignal(0, { ...again, confidence: 0.1 }),
      aRecordedSignal(1, { ...again, confidence: 0.9 }),
    ]);

    expect(result).toMatchObject({ traded: 1, skipped: { 'low-confidence': 0 } });
  });

  test('is not decided over again if it was skipped for what there was in the account', () => {
    const { result } = tryOut(aCandidate({ coolDownSeconds: 10 }), [
      aRecordedSignal(0, { price: '100.00' }),
      aRecordedSignal(5, again),
      aRecordedSignal(11, again),
    ]);

    expect(result).toMatchObject({ traded: 1, skipped: { 'cool-down': 1 } });
  });

  test('is not decided over again if its order was refused', () => {
    const { outcomes } = tryOut(aCandidate(), [aRecordedSignal(0, { id: 'the same' }), aRecordedSignal(1, again)]);

    expect(outcomes).toEqual(['no-price']);
  });
});

describe('two policies', () => {
  const signals = [
    aRecordedSignal(0, { price: '100.00', confidence: 0.7 }),
    aRecordedSignal(1, { confidence: 0.9 }),
    aRecordedSignal(2, { confidence: 0.5 }),
    aRecordedSignal(3, { confidence: 0.9, asset: 'ETH-USDC', price: '10.00' }),
    aRecordedSignal(4, { confidence: 0.7, direction: 'hold' }),
    aRecordedSignal(5, { confidence: 0.7, asset: 'SOL-USDC' }),
  ];
  const wide = aCandidate();
  const narrow = aCandidate(
    { confidenceThreshold: 0.8, markets: [aMarketOf('BTC-USDC')], maxOrderUsd: parseUsd('40.00') },
    { name: 'b' },
  );
  const compare = (maxDifferences?: number) =>
    replay({ signals, prices: [], candidates: [wide, narrow], maxDifferences });

  test('are compared signal by signal', () => {
    const { differing, differences } = compare();

    expect(differing).toEqual({ tradedOnlyBy: [2, 0], otherSize: 1, otherReason: 0 });
    expect(differences.map(({ signal, outcomes }) => [signal.id, ...outcomes.map(inWords)])).toEqual([
      ['prediction-0', '50.00', 'low-confidence'],
      ['prediction-1', '50.00', '40.00'],
      ['prediction-3', '50.00', 'asset-not-allowed'],
    ]);
  });

  test('have as many differences listed as are asked for, and of those of which a trade came', () => {
    const stale = aRecordedSignal(6, { asset: 'SOL-USDC', at: isoAt(afterMorning(-120)) });
    const patient = aCandidate({ maxAgeSeconds: 600 }, { name: 'b' });
    const { differing, differences } = replay({
      signals: [stale],
      prices: [],
      candidates: [wide, patient],
      maxDifferences: 5,
    });

    expect(compare(2).differences).toHaveLength(2);
    expect(compare(2).differing).toEqual(compare().differing);
    expect(differing.otherReason).toBe(1);
    expect(differences).toEqual([]);
  });

  test('have nothing to do with each other', () => {
    const [alone] = replay({ signals, prices: [], candidates: [narrow] }).results;

    expect(compare().results[1]).toEqual(alone);
  });
});
