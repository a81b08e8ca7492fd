import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseUsd, subtractUsd, type MicroUsd } from '../../../../src/money.ts';
import { METRICS } from '../../../../src/observability.ts';
import { LONGEST_HISTORY, type Position, type Trade } from '../../../../src/purple-flea/trading.ts';
import { decideTrade, screen } from '../../../../src/trading/decide-trade.ts';
import { gaugesOf, measurePositions, type Measurement } from '../../../../src/trading/measure-positions.ts';
import { profitOf } from '../../../../src/trading/read-facts.ts';
import { aSignal, aTradePolicy, tradeFacts } from '../../../support/predictions.ts';

const NOON = new Date('2026-03-06T12:00:00Z');
const POLICY = aTradePolicy({ dailyLossUsd: parseUsd('100.00') });

const usd = parseUsd;
const lost = (text: string) => subtractUsd(usd('0.00'), usd(text));

function aPosition(overrides: Partial<Position> = {}): Position {
  return {
    positionId: 'pos_1',
    orderId: 'ord_1',
    asset: 'BTC-USDC',
    direction: 'long',
    amount: usd('50.00'),
    leverage: 1,
    entryPrice: '61000',
    openedAt: undefined,
    pnl: usd('0.00'),
    ...overrides,
  };
}

function aFill(pnl: MicroUsd | undefined, at = '2026-03-06T11:00:00.000Z'): Trade {
  return {
    tradeId: `trd_${at}`,
    orderId: undefined,
    asset: 'BTC-USDC',
    direction: 'short',
    amount: usd('50.00'),
    at,
    pnl,
  };
}

const measured = (positions: readonly Position[], trades: readonly Trade[] | undefined) =>
  measurePositions({ positions, trades }, POLICY, NOON);

describe('a measurement', () => {
  test('of an empty account is all zeros, without a win rate', () => {
    const zero = { exposure: 0n, unrealised: 0n };

    expect(measured([], [])).toEqual({
      ...zero,
      realised: 0n,
      winRatePercent: undefined,
      dailyLossUsedPercent: 0,
      markets: [
        { asset: 'BTC-USDC', ...zero },
        { asset: 'ETH-USDC', ...zero },
      ],
    });
  });

  test('adds up both sides of a market, and in total also what is not configured', () => {
    const { exposure, unrealised, markets } = measured(
      [
        aPosition({ pnl: usd('1.25') }),
        aPosition({ direction: 'short', amount: usd('20.00'), pnl: lost('3.00') }),
        aPosition({ asset: 'DOGE-USDC', amount: usd('5.00'), pnl: usd('0.50') }),
      ],
      [],
    );

    expect([exposure, unrealised]).toEqual([usd('75.00'), lost('1.25')]);
    expect(markets).toEqual([
      { asset: 'BTC-USDC', exposure: usd('70.00'), unrealised: lost('1.75') },
      { asset: 'ETH-USDC', exposure: 0n, unrealised: 0n },
    ]);
  });

  test('knows what is open in a market only where the service shows it of each position', () => {
    const { exposure, unrealised, markets } = measured(
      [aPosition({ pnl: undefined }), aPosition(), aPosition({ asset: 'ETH-USDC', pnl: usd('2.00') })],
      [],
    );

    expect([exposure, unrealised]).toEqual([usd('150.00'), undefined]);
    expect(markets.map((market) => market.unrealised)).toEqual([undefined, usd('2.00')]);
  });

  test('realises what the fills of the UTC day closed, and no other', () => {
    const { realised } = measured(
      [],
      [
        aFill(usd('2.00')),
        aFill(lost('5.50'), '2026-03-06T00:00:00.000Z'),
        aFill(undefined),
        aFill(usd('90.00'), '2026-03-05T23:59:59.999Z'),
        aFill(usd('1.00'), '2026-03-06T01:00:00+02:00'),
      ],
    );

    expect(realised).toBe(lost('3.50'));
  });

  test.each([
    ['all', [usd('1.00'), usd('0.000001')], 100],
    ['two of three', [usd('1.00'), usd('1.00'), lost('9.00')], 66],
    ['none, where nothing was gained either', [usd('0.00'), lost('1.00')], 0],
  ])('counts who won: %s', (_, profits, expected) => {
    expect(measured([], [...profits.map((profit) => aFill(profit)), aFill(undefined)]).winRatePercent).toBe(expected);
  });

  test('has no win rate where nothing was closed', () => {
    expect(measured([], [aFill(undefined)])).toMatchObject({ realised: 0n, winRatePercent: undefined });
  });

  test('knows nothing of what was realised in a dialect without history', () => {
    const { realised, winRatePercent, dailyLossUsedPercent } = measured([aPosition({ pnl: lost('25.00') })], undefined);

    expect([realised, winRatePercent, dailyLossUsedPercent]).toEqual([undefined, undefined, 25]);
  });

  test('knows nothing of what was realised where the history may not show the whole day', () => {
    const full = Array.from({ length: LONGEST_HISTORY }, () => aFill(lost('0.25')));
    const back = [...full.slice(1), aFill(undefined, '2026-03-05T22:00:00Z')];

    expect(measured([], full)).toMatchObject({ realised: undefined, winRatePercent: undefined });
    expect(measured([], full).dailyLossUsedPercent).toBe(50);
    expect(measured([], back)).toMatchObject({ realised: lost('49.75'), winRatePercent: 0 });
  });

  test.each([
    [[usd('10.00')], 0],
    [[lost('99.999999')], 99],
    [[lost('100.00')], 100],
    [[lost('250.00'), usd('20.00')], 230],
  ])('reckons how much of the daily loss is used up: %s', (profits, expected) => {
    expect(
      measured(
        profits.map((pnl) => aPosition({ pnl })),
        [],
      ).dailyLossUsedPercent,
    ).toBe(expected);
  });

  test('says that the limit is reached exactly where no further order is placed', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 9n), max: 10n ** 9n }),
        fc.bigInt({ min: 1n, max: 10n ** 9n }),
        (profit, limit) => {
          const policy = aTradePolicy({ dailyLossUsd: limit as MicroUsd });
          const positions = [aPosition({ pnl: profit as MicroUsd })];
          const facts = tradeFacts({ profitToday: profitOf(positions, [], NOON) });
          const screened = screen(aSignal({ at: NOON.toISOString() }), policy, NOON);
          const decision = screened.action === 'skip' ? screened : decideTrade(screened, policy, facts, NOON);

          const { dailyLossUsedPercent } = measurePositions({ positions, trades: [] }, policy, NOON);

          expect(dailyLossUsedPercent >= 100).toBe(decision.action === 'skip' && decision.reason === 'daily-loss');
        },
      ),
    );
  });
});

describe('the gauges of a measurement', () => {
  const MEASURED: Measurement = {
    exposure: usd('70.00'),
    unrealised: lost('1.75'),
    realised: usd('0.30'),
    winRatePercent: 66,
    dailyLossUsedPercent: 2,
    markets: [{ asset: 'BTC-USDC', exposure: usd('70.00'), unrealised: lost('1.75') }],
  };

  test('are of the mode, in total and by market', () => {
    expect(gaugesOf(MEASURED, 'paper')).toEqual([
      {
        dimensions: { Mode: 'paper' },
        values: {
          ExposureUsd: 70,
          UnrealisedProfitUsd: -1.75,
          RealisedProfitUsd: 0.3,
          WinRatePercent: 66,
          DailyLossUsedPercent: 2,
        },
      },
      { dimensions: { Mode: 'paper', Asset: 'BTC-USDC' }, values: { ExposureUsd: 70, UnrealisedProfitUsd: -1.75 } },
    ]);
  });

  test('leave out what is not known', () => {
    const unknown = { unrealised: undefined, realised: undefined, winRatePercent: undefined };
    const markets = MEASURED.markets.map((market) => ({ ...market, unrealised: undefined }));

    const gauges = gaugesOf({ ...MEASURED, ...unknown, markets }, 'live');

    expect(gauges.map(({ values }) => values)).toEqual([
      { ExposureUsd: 70, DailyLossUsedPercent: 2 },
      { ExposureUsd: 70 },
    ]);
  });

  test('are two for each market and five in total, all of them metrics', () => {
    const { markets } = aTradePolicy();
    const all = gaugesOf(measurePositions({ positions: [], trades: [aFill(usd('1.00'))] }, POLICY, NOON), 'live');
    const names = all.flatMap(({ values }) => Object.keys(values));

    expect(names).toHaveLength(5 + 2 * markets.length);
    expect(names.filter((name) => !Object.hasOwn(METRICS, name))).toEqual([]);
  });
});
