import type { PacedCalls, PaceWait } from '../pacing/pacer.ts';
import * as z from 'zod/mini';
import type { Answer, EffectRequest } from '../ledger/answer.ts';
import type { MicroUsd } from '../money.ts';
import type { PacedEffect, Profile, Reading } from './service.ts';

export type OrderDirection = 'long' | 'short';

/** Limits of the trading service: notional in USD, leverage a whole number. */
export const ORDER_LIMITS = { maxAmountUsd: '50000.00', minLeverage: 1, maxLeverage: 20 } as const;

/** A market order. `amount` is the notional in USDC. */
export interface OrderRequest {
  readonly reference: string;
  readonly agentId: string;
  readonly asset: string;
  readonly direction: OrderDirection;
  readonly amount: MicroUsd;
  /** Always sent: a service that misses it may choose one of its own. */
  readonly leverage: number;
  readonly metadata: Readonly<Record<string, string>>;
}

/** An order that stands: what the ledger keeps of it. `amountUsd` is what was filled, in decimal USD. */
export const placedOrderSchema = z.object({
  orderId: z.string(),
  status: z.enum(['open', 'filled']),
  asset: z.string(),
  direction: z.enum(['long', 'short']),
  amountUsd: z.string(),
  /** As the service says it; an account's cap may have lowered what was asked. */
  leverage: z.optional(z.number()),
});
export type PlacedOrder = z.infer<typeof placedOrderSchema>;

/** An open position. `asset` is as orders name it. */
export interface Position {
  /** Undefined where the exchange shows a position that was not opened through the service. */
  readonly positionId: string | undefined;
  /** The order that opened it, where the service says so. */
  readonly orderId: string | undefined;
  readonly asset: string;
  readonly direction: OrderDirection;
  /** Notional. */
  readonly amount: MicroUsd;
  readonly leverage: number;
  /** Decimal USD per unit, as the service writes it. */
  readonly entryPrice: string;
  /** Undefined where the service shows what the exchange shows, which keeps no time. */
  readonly openedAt: string | undefined;
  /** Unrealised, if the service shows it. Computed there in floats: an estimate, read to the nearest micro-dollar. */
  readonly pnl: MicroUsd | undefined;
}

/** A fill of the past. */
export interface Trade {
  readonly tradeId: string;
  /** The order that was filled, where the service says so. */
  readonly orderId: string | undefined;
  readonly asset: string;
  /** `long` for what was bought, `short` for what was sold, be it to open or to close. */
  readonly direction: OrderDirection;
  readonly amount: MicroUsd;
  readonly at: string;
  /** Realised, where the fill closed a position; an estimate as above. */
  readonly pnl: MicroUsd | undefined;
}

/** As many fills of the past are shown at most. */
export const LONGEST_HISTORY = 200;

/** Whether a history goes back to a moment, or is not cut off. */
export function reachesBackTo(trades: readonly Trade[], moment: Date): boolean {
  return trades.length < LONGEST_HISTORY || trades.some(({ at }) => Date.parse(at) < moment.getTime());
}

/** The trading operations for one agent's key. */
export interface TradingClient {
  readonly profile: Profile;
  /** The JSON text of an order: it is recorded in the intent and sent as it is. */
  orderBody(order: OrderRequest): string;
  /** Reserves the calls of an effect before it is claimed. @param beside are its calls of other services. */
  reserve(
    calls: readonly ('order' | 'read')[],
    effect: Pick<PacedEffect, 'key' | 'patienceMs'>,
    beside?: readonly PacedCalls[],
  ): Promise<PaceWait | undefined>;
  /** Places one order. The service returns no reference of ours, so a lost answer stays unknown. */
  placeOrder(request: EffectRequest): Promise<Answer<PlacedOrder>>;
  /** @throws ServiceUnreadableError where there is no usable answer, as do all reads. */
  readPositions(): Promise<readonly Position[]>;
  /** The last fills, newest first; `LONGEST_HISTORY` at most. The documented service has no such route. */
  readHistory(limit?: number): Promise<Reading<readonly Trade[]>>;
}
