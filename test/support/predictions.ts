import type { InferenceCompleted } from '../../src/events/inference-completed.ts';
import { createTradingClient } from '../../src/purple-flea/trading-client.ts';
import type { TradingClient } from '../../src/purple-flea/trading.ts';
import type { TradePolicy } from '../../src/trading/decide-trade.ts';
import { inert } from './inert.ts';
import { aServiceAnswering, CANARY_CREDENTIALS } from './purple-flea.ts';

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

/**
 * A client that writes bodies as the reference has them, sees no positions, and of which only what a test gives may be
 * called besides.
 */
export function aTradingClient(overrides: Partial<TradingClient> = {}): TradingClient {
  const client = createTradingClient(aServiceAnswering('reference').deps, CANARY_CREDENTIALS);
  return {
    ...client,
    placeOrder: inert('placeOrder'),
    readPositions: async () => [],
    readHistory: async () => ({ kind: 'unsupported', reason: 'there is no history' }),
    ...overrides,
  };
}
