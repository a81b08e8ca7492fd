import type { OrderStore } from '../../src/ledger/intent.ts';
import type { InferenceCompletedDetail } from '../../src/events/inference-completed.ts';
import type { PriceAlertDetail } from '../../src/events/price-alert.ts';
import { recordedOwner, type Owner } from '../../src/ledger/owner.ts';
import { parseUsd } from '../../src/money.ts';
import { createTradingClient } from '../../src/purple-flea/trading-client.ts';
import type { TradingClient } from '../../src/purple-flea/trading.ts';
import type { EffectDeps } from '../../src/ledger/perform-effect.ts';
import { screen, type OrderTerms, type TradableSignal, type TradeFacts } from '../../src/trading/decide-trade.ts';
import type { TradeSnapshot } from '../../src/trading/look-for-order.ts';
import type { Market } from '../../src/trading/market.ts';
import { placeOrder } from '../../src/trading/place-order.ts';
import type { TradeOutcome } from '../../src/trading/trade-outcome.ts';
import type { TradePolicy } from '../../src/trading/trade-policy.ts';
import type { TradeSignal } from '../../src/trading/trade-signal.ts';
import { inert } from './inert.ts';
import { aServiceAnswering, CANARY_CREDENTIALS } from './purple-flea.ts';

/** A prediction that trades under `aTradePolicy` at its own time. */
export function aPrediction(overrides: Partial<InferenceCompletedDetail> = {}): InferenceCompletedDetail {
  return {
    predictionId: 'prediction-1',
    direction: 'long',
    confidence: 0.72,
    asset: 'BTC-USDC',
    at: '2026-03-06T09:00:00Z',
    ...overrides,
  };
}

/** An alert that trades under `aTradePolicy` at its own time. */
export function aPriceAlert(overrides: Partial<PriceAlertDetail> = {}): PriceAlertDetail {
  return {
    asset: 'BTC-USDC',
    direction: 'long',
    price: '61000.00',
    triggered_by: 'rsi_oversold',
    at: '2026-03-06T09:00:00Z',
    ...overrides,
  };
}

/** The signal of `aPrediction`. */
export function aSignal(overrides: Partial<TradeSignal> = {}): TradeSignal {
  return {
    source: 'prediction',
    id: 'prediction-1',
    direction: 'long',
    confidence: 0.72,
    asset: 'BTC-USDC',
    at: '2026-03-06T09:00:00Z',
    price: undefined,
    ...overrides,
  };
}

export function aTradePolicy(overrides: Partial<TradePolicy> = {}): TradePolicy {
  return {
    mode: 'live',
    markets: [
      { asset: 'BTC-USDC', maxExposureUsd: parseUsd('500.00') },
      { asset: 'ETH-USDC', maxExposureUsd: parseUsd('500.00') },
    ],
    confidenceThreshold: 0.6,
    size: { by: 'fixed', amountUsd: parseUsd('50.00') },
    maxOrderUsd: parseUsd('100.00'),
    leverage: 1,
    minBalanceUsd: parseUsd('10.00'),
    dailyNotionalUsd: parseUsd('500.00'),
    dailyLossUsd: parseUsd('100.00'),
    coolDownSeconds: 0,
    maxAgeSeconds: 60,
    ...overrides,
  };
}

/** Facts that speak against nothing. */
export function tradeFacts(overrides: Partial<TradeFacts> = {}): TradeFacts {
  return {
    available: parseUsd('1000.00'),
    exposure: parseUsd('0.00'),
    profitToday: parseUsd('0.00'),
    isDayShown: true,
    lastOrderAt: undefined,
    ...overrides,
  };
}

/** What is seen in a market with no positions, in a dialect without history. */
export function emptySnapshot(overrides: Partial<TradeSnapshot> = {}): TradeSnapshot {
  return { asset: 'BTC-USDC', direction: 'long', positionIds: [], ...overrides };
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

/** A live market with $1,000.00 free, of which only what a test gives of the trading client may be called. */
export function aMarket(trading: Partial<TradingClient> = {}, overrides: Partial<Market> = {}): Market {
  return {
    mode: 'live',
    agentId: 'agent_trader',
    trading: aTradingClient(trading),
    reserve: async () => undefined,
    readBalance: async () => parseUsd('1000.00'),
    notePrice: async () => {},
    ...overrides,
  };
}

/** Terms under which nothing speaks against an order, whenever its signal is of. */
export function policyOf({ asset, amount, leverage }: OrderTerms): TradePolicy {
  return aTradePolicy({
    markets: [{ asset, maxExposureUsd: parseUsd('1000000.00') }],
    size: { by: 'fixed', amountUsd: amount },
    maxOrderUsd: amount,
    leverage,
    minBalanceUsd: parseUsd('0.00'),
    dailyLossUsd: parseUsd('1000000.00'),
    maxAgeSeconds: 365 * 24 * 3600,
  });
}

/** A signal that is screened, and asks for an order. */
export function aTradable(signal: TradeSignal, order: OrderTerms): TradableSignal {
  const screened = screen({ ...signal, ...order }, policyOf(order), new Date(signal.at));
  if (screened.action === 'skip') throw new Error(screened.detail);
  return screened;
}

/** Places an order at a service as the handler does. */
export function placeOrderAt(
  sender: EffectDeps & {
    readonly intents: OrderStore;
    readonly trading: TradingClient;
    readonly owner: Owner;
    readonly requestMs: number;
  },
  signal: TradeSignal,
  order: OrderTerms,
): Promise<TradeOutcome> {
  const market = aMarket(sender.trading, recordedOwner(sender.owner));
  const deps = {
    ...sender,
    policy: policyOf(order),
    openMarket: async () => market,
    findUnready: async () => [],
    announcePlaced: async () => {},
  };
  return placeOrder(deps, aTradable(signal, order));
}
