import type { EffectKind } from '../ledger/effect-key.ts';
import type { ServicePlace } from '../ledger/owner.ts';
import type { MicroUsd } from '../money.ts';
import type { PaceWait } from '../pacing/pacer.ts';
import type { TradingClient } from '../purple-flea/trading.ts';
import type { TradingMode } from './trade-policy.ts';

/** The kind of an order's intent: an order on paper is none of the ledger's real ones. */
export const ORDER_KINDS = { live: 'trade-order', paper: 'paper-order' } as const satisfies Record<
  TradingMode,
  EffectKind
>;

/** Where orders go: to Purple Flea, or to the paper book. One agent's account there. */
export interface Market {
  readonly mode: TradingMode;
  readonly agentId: string;
  /** Where its orders go; undefined on paper. */
  readonly service?: ServicePlace;
  readonly trading: TradingClient;
  /** Takes the slots of all calls that an order needs before it is claimed, if the first comes soon enough for it. */
  reserve(order: { readonly key: string; readonly patienceMs: number }): Promise<PaceWait | undefined>;
  /** What is free for margins; undefined where it is not shown. @throws ServiceUnreadableError where there is no usable answer. */
  readBalance(): Promise<MicroUsd | undefined>;
  /** Tells the paper book what an asset costs, as of a time (ISO 8601): its fills are at the last known price. */
  notePrice(asset: string, price: MicroUsd, at: string): Promise<void>;
}
