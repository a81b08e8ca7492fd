import type { InferenceCompleted } from '../events/inference-completed.ts';
import { clientReference, effectKey, type Cause } from '../ledger/effect-key.ts';
import { performEffect, type EffectDeps, type EffectOutcome } from '../ledger/perform-effect.ts';
import { formatUsd } from '../money.ts';
import type { TradingClient } from '../purple-flea/trading.ts';
import type { OrderTerms } from './decide-trade.ts';

export interface PlaceOrderDeps extends EffectDeps {
  readonly trading: TradingClient;
  /** The total deadline of one request, in milliseconds. */
  readonly requestMs: number;
}

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
  const key = orderKey(prediction);
  const reference = clientReference(key);
  const metadata = { source: 'sagemaker', confidence: String(prediction.confidence) };
  return performEffect(
    deps,
    {
      key,
      reference,
      kind: 'trade-order',
      cause: causeOf(prediction.predictionId),
      amountUsd: formatUsd(order.amount),
      requestBody: deps.trading.orderBody({ ...order, reference, agentId, metadata }),
      sendingMs: deps.requestMs,
    },
    (body) => deps.trading.placeOrder({ body, key, reference }),
  );
}

function causeOf(predictionId: string): Cause {
  return { rule: 'prediction-trade', subject: predictionId, status: 'completed' };
}
