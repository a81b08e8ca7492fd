import { sumUsd, toEstimate, type MicroUsd } from '../money.ts';
import type { Gauges } from '../observability.ts';
import { reachesBackTo, type Position } from '../purple-flea/trading.ts';
import type { TradingState } from './look-for-order.ts';
import { profitOf, realisedOn, startOfDay } from './read-facts.ts';
import type { TradePolicy, TradingMode } from './trade-policy.ts';

/** How open positions stand, of all markets or of one. */
interface Standing {
  /** Notional, both sides together. */
  readonly exposure: MicroUsd;
  /** Negative where it is a loss; undefined where the service does not show what each of the positions stands at. */
  readonly unrealised: MicroUsd | undefined;
}

/** How an account stands at a moment. */
export interface Measurement extends Standing {
  /** Of the UTC day so far. Undefined in a dialect without history, and where the history does not show the whole day. */
  readonly realised: MicroUsd | undefined;
  /** Of the day's fills that closed something, those with a profit: whole per cent, rounded down. Undefined where none did. */
  readonly winRatePercent: number | undefined;
  /** As decisions reckon it: whole per cent, rounded down, so that 100 and more say that the limit is reached. */
  readonly dailyLossUsedPercent: number;
  /** Each configured market, also one without a position. */
  readonly markets: readonly (Standing & { readonly asset: string })[];
}

/** Measures an account, by what its market shows. Pure. */
export function measurePositions(
  { positions, trades }: TradingState,
  { markets, dailyLossUsd }: Pick<TradePolicy, 'markets' | 'dailyLossUsd'>,
  at: Date,
): Measurement {
  const closed = trades !== undefined && reachesBackTo(trades, startOfDay(at)) ? realisedOn(trades, at) : undefined;
  const loss = 0n - profitOf(positions, trades ?? [], at);
  return {
    ...standingOf(positions),
    realised: closed === undefined ? undefined : sumUsd(...closed),
    winRatePercent:
      closed === undefined || closed.length === 0
        ? undefined
        : percentOf(BigInt(closed.filter((profit) => profit > 0n).length), BigInt(closed.length)),
    dailyLossUsedPercent: loss <= 0n ? 0 : percentOf(loss, dailyLossUsd),
    markets: markets.map(({ asset }) => ({ asset, ...standingOf(positions.filter((row) => row.asset === asset)) })),
  };
}

/** What of a measurement is published, in total and by market. What is not known is left out, and is no zero. */
export function gaugesOf(measured: Measurement, mode: TradingMode): readonly Gauges[] {
  const { realised, winRatePercent, dailyLossUsedPercent, markets } = measured;
  const dimensions = { Mode: mode };
  return [
    {
      dimensions,
      values: {
        ...valuesOf(measured),
        DailyLossUsedPercent: dailyLossUsedPercent,
        ...(realised === undefined ? {} : { RealisedProfitUsd: toEstimate(realised) }),
        ...(winRatePercent === undefined ? {} : { WinRatePercent: winRatePercent }),
      },
    },
    ...markets.map((market) => ({ dimensions: { ...dimensions, Asset: market.asset }, values: valuesOf(market) })),
  ];
}

function valuesOf({ exposure, unrealised }: Standing): Gauges['values'] {
  return {
    ExposureUsd: toEstimate(exposure),
    ...(unrealised === undefined ? {} : { UnrealisedProfitUsd: toEstimate(unrealised) }),
  };
}

function standingOf(positions: readonly Position[]): Standing {
  const profits = positions.flatMap(({ pnl }) => (pnl === undefined ? [] : [pnl]));
  return {
    exposure: sumUsd(...positions.map(({ amount }) => amount)),
    unrealised: profits.length === positions.length ? sumUsd(...profits) : undefined,
  };
}

function percentOf(part: bigint, whole: bigint): number {
  return Number((part * 100n) / whole);
}
