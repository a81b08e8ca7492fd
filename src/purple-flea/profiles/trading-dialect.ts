import type { CallLimit } from '../../pacing/pace.ts';
import type { ReadRoute, EffectRoute } from '../wire.ts';
import type { OrderRequest, PlacedOrder, Position, Trade } from '../trading.ts';
import type { Unsupported } from '../service.ts';

/** How one dialect writes each operation of the trading API. */
export interface TradingDialect {
  /** The asset that a symbol of the service stands for, if nothing else is said. */
  readonly assetOf: (symbol: string) => string;
  /** What the service takes of each kind of call; undefined for any number. */
  readonly limits: Readonly<Record<'order' | 'read', CallLimit | undefined>>;
  readonly orderBody: (order: OrderRequest) => string;
  /** @param body the recorded request, which the answer has to fit. */
  order(body: string): EffectRoute<PlacedOrder>;
  positions(agentId: string): ReadRoute<readonly Position[]>;
  history(limit: number): ReadRoute<readonly Trade[]> | Unsupported;
}

/**
 * The one refusal of an order that is certain: published servers answer other 4xx codes also after the exchange filled
 * the order.
 */
export const ORDER_REFUSALS = { UNAUTHORIZED: 401 };
