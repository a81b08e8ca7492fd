import type { InferenceCompleted } from '../events/inference-completed.ts';
import { effectKey, type Cause } from '../ledger/effect-key.ts';
import { performEffect, type EffectDeps, type EffectOutcome } from '../ledger/perform-effect.ts';
import { formatUsd } from '../money.ts';
import type { TradingClient } from '../purple-flea/trading.ts';
import type { OrderTerms } from './decide-trade.ts';
import { takeTradeSnapshot } from './look-for-order.ts';

export interface PlaceOrderDeps extends EffectDeps {
  readonly trading: TradingClient;
  /** The total deadline of one request, in milliseconds. */
  readonly requestMs: number;
}

/** A prediction is worth seconds: an order that could not go out within minutes does not. */
const LIFETIME_MS = 10 * 60_000;

/** The effect key of a prediction's order. `at` is left out: a sender that repeats itself may stamp the same anew. */
export function orderKey({ predictionId }: Pick<InferenceCompleted, 'predictionId'>): string {
  return effectKey(causeOf(predictionId), 'trade-order');
}

/** Places the order of a prediction, at most once. An applied result is a `PlacedOrder`. */
export function placeOrder(
  deps: PlaceOrderDeps,
  prediction: InferenceCompleted,
  order: OrderTerms,
  agentId: string,
): Promise<EffectOutcome> {
  const metadata = { source: 'sagemaker', confidence: String(prediction.confidence) };
  return performEffect(
    deps,
    {
      kind: 'trade-order',
      cause: causeOf(prediction.predictionId),
      agentId,
      payee: order.asset,
      expiresAt: new Date(deps.now().getTime() + LIFETIME_MS).toISOString(),
      amountUsd: formatUsd(order.amount),
      bodyFor: (reference) => deps.trading.orderBody({ ...order, reference, agentId, metadata }),
      // The snapshot is two reads, and is taken again under the market's lock.
      sendingMs: 5 * deps.requestMs,
      lookBefore: () => takeTradeSnapshot(deps.trading, order),
    },
    (request) => deps.trading.placeOrder(request),
  );
}

function causeOf(predictionId: string): Cause {
  return { rule: 'prediction-trade', subject: predictionId, status: 'completed' };
}
