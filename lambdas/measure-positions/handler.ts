import type { Gauge, Gauges, Log } from '../../src/observability.ts';
import { readTrading } from '../../src/trading/look-for-order.ts';
import type { Market } from '../../src/trading/market.ts';
import { gaugesOf, measurePositions } from '../../src/trading/measure-positions.ts';
import type { TradePolicy } from '../../src/trading/trade-policy.ts';

export interface Deps {
  /** The market of the policy's mode. */
  readonly openMarket: () => Promise<Market>;
  readonly policy: TradePolicy;
  readonly now: () => Date;
  readonly gauge: Gauge;
  readonly log: Log;
}

/** Every five minutes: says how the account stands. Where its market cannot be read, nothing is said, and the run fails. */
export function createHandler({ openMarket, policy, now, gauge, log }: Deps) {
  return async (): Promise<readonly Gauges[]> => {
    const { trading } = await openMarket();
    const state = await readTrading(trading);
    const all = gaugesOf(measurePositions(state, policy, now()), policy.mode);
    for (const gauges of all) gauge(gauges);
    log.info('measured', { positions: state.positions.length, fills: state.trades?.length });
    return all;
  };
}
