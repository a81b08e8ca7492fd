import * as z from 'zod/mini';
import type { InferenceCompleted } from '../events/inference-completed.ts';
import { isBelow } from '../measure.ts';
import { parseUsd } from '../money.ts';
import type { OrderDirection, OrderRequest } from '../purple-flea/trading.ts';

/** What may be traded, and how much. Stage configuration, `trading.policy`. */
export const tradePolicySchema = z.object({
  /** Predictions below it are skipped; at it they trade. */
  confidenceThreshold: z.number(),
  /** Notional of every order, decimal USD. */
  orderSizeUsd: z.string(),
  leverage: z.int(),
  /** Assets that may be traded, in the service's spelling. */
  assets: z.array(z.string()),
  /** Older predictions are stale: EventBridge may deliver for a day. */
  maxAgeSeconds: z.int(),
});
export type TradePolicy = z.infer<typeof tradePolicySchema>;

export const SKIP_REASONS = ['hold', 'low-confidence', 'asset-not-allowed', 'stale'] as const;
export type SkipReason = (typeof SKIP_REASONS)[number];

/** What is decided of an order; who places it for which cause is added when it is placed. */
export type OrderTerms = Pick<OrderRequest, 'asset' | 'direction' | 'amount' | 'leverage'>;

export type TradeDecision =
  | { readonly action: 'place'; readonly order: OrderTerms }
  | { readonly action: 'skip'; readonly reason: SkipReason; readonly detail: string };

/** Decides over one prediction. Pure: the same arguments give the same decision. */
export function decideTrade(prediction: InferenceCompleted, policy: TradePolicy, now: Date): TradeDecision {
  if (prediction.direction === 'hold') return skip('hold', 'the model says hold');
  if (isBelow(prediction.confidence, policy.confidenceThreshold)) {
    return skip('low-confidence', `confidence ${prediction.confidence} is below ${policy.confidenceThreshold}`);
  }
  if (!policy.assets.includes(prediction.asset)) {
    return skip('asset-not-allowed', `${prediction.asset} is not one of ${policy.assets.join(', ')}`);
  }
  const ageSeconds = Math.floor((now.getTime() - Date.parse(prediction.at)) / 1000);
  if (ageSeconds > policy.maxAgeSeconds) {
    return skip('stale', `the prediction is ${ageSeconds} s old; ${policy.maxAgeSeconds} s is the most`);
  }
  const direction: OrderDirection = prediction.direction;
  return {
    action: 'place',
    order: {
      asset: prediction.asset,
      direction,
      amount: parseUsd(policy.orderSizeUsd),
      leverage: policy.leverage,
    },
  };
}

function skip(reason: SkipReason, detail: string): TradeDecision {
  return { action: 'skip', reason, detail };
}
