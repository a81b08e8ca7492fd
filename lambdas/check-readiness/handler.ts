import { checkReadiness, type ReadinessDeps, type ReadinessReport } from '../../src/trading/readiness.ts';
import type { TradingMode } from '../../src/trading/trade-policy.ts';

export interface Deps extends Omit<ReadinessDeps, 'openMarket'> {
  readonly openMarkets: Readonly<Record<TradingMode, ReadinessDeps['openMarket']>>;
}

/** For operators: whether orders may go out as the stage is set, and whether they might live. Changes nothing. */
export function createHandler(deps: Deps) {
  return async (): Promise<ReadinessReport> => {
    const { mode } = deps.policy;
    const check = (market: TradingMode) => checkReadiness({ ...deps, openMarket: deps.openMarkets[market] });
    const checks = await check(mode);
    return { mode, checks, toGoLive: mode === 'live' ? checks : await check('live') };
  };
}
