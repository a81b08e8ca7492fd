import type { InferenceCompleted } from '../../src/events/inference-completed.ts';
import type { TradePolicy } from '../../src/trading/decide-trade.ts';

/** A prediction that trades under `aTradePolicy` at its own time. */
export function aPrediction(overrides: Partial<InferenceCompleted> = {}): InferenceCompleted {
  return {
    predictionId: 'prediction-1',
    direction: 'long',
    confidence: 0.72,
    asset: 'BTC-USDC',
    at: '2026-03-06T09:00:00Z',
    ...overrides,
  };
}

export function aTradePolicy(overrides: Partial<TradePolicy> = {}): TradePolicy {
  return {
    confidenceThreshold: 0.6,
    orderSizeUsd: '50.00',
    leverage: 1,
    assets: ['BTC-USDC', 'ETH-USDC'],
    maxAgeSeconds: 60,
    ...overrides,
  };
}
