import { createHandler, type Deps } from '../../lambdas/place-trade/handler.ts';
import { INCOMING } from '../../src/events/catalogue.ts';
import type { InferenceCompletedDetail } from '../../src/events/inference-completed.ts';
import type { PriceAlertDetail } from '../../src/events/price-alert.ts';
import { formatUsd, parseUsd, sumUsd } from '../../src/money.ts';
import { openBook, type PaperBook } from '../../src/trading/paper-book.ts';
import { createPaperMarket, PAPER_AGENT } from '../../src/trading/paper-market.ts';
import type { TradePolicy } from '../../src/trading/trade-policy.ts';
import type { DeadLetter } from '../../src/aws/dead-letters.ts';
import { anInvocation } from './effects.ts';
import { aBatch, anEvent, timeLeft } from './lambda-events.ts';
import { createMemoryIntents, type MemoryIntents } from './memory-intents.ts';
import { createMemoryPaperBooks, type MemoryPaperBooks } from './memory-paper-books.ts';
import { createRecorder, type Recorder } from './recorder.ts';

/** When every test on paper begins. */
export const NINE = new Date('2026-03-06T09:00:00Z');

/** Orders of $50.00 in three markets, within limits that no single one meets. */
export function aPaperPolicy(overrides: Partial<TradePolicy> = {}): TradePolicy {
  return {
    mode: 'paper',
    markets: ['BTC-USDC', 'ETH-USDC', 'SOL-USDC'].map((asset) => ({ asset, maxExposureUsd: parseUsd('500.00') })),
    confidenceThreshold: 0.6,
    size: { by: 'fixed', amountUsd: parseUsd('50.00') },
    maxOrderUsd: parseUsd('100.00'),
    leverage: 1,
    minBalanceUsd: parseUsd('10.00'),
    dailyNotionalUsd: parseUsd('1000.00'),
    dailyLossUsd: parseUsd('100.00'),
    coolDownSeconds: 0,
    maxAgeSeconds: 60,
    ...overrides,
  };
}

/** The real trader with a ledger and a paper book in memory. */
export interface PaperDesk {
  readonly intents: MemoryIntents;
  readonly books: MemoryPaperBooks;
  readonly recorder: Recorder;
  readonly deadLetters: DeadLetter[];
  readonly clock: { now: Date };
  readonly deps: Deps;
  /** Takes events as JSON text, one message each, all at once; what comes back is delivered again until none does. */
  deliver(...bodies: string[]): Promise<void>;
  alert(detail: Partial<PriceAlertDetail>): Promise<void>;
  predict(detail: Partial<InferenceCompletedDetail>): Promise<void>;
  book(): PaperBook;
  /** What became of each signal that was said: its id, and the reason if it was skipped. */
  said(): [string, string][];
}

const MAX_ROUNDS = 200;

/** @param isInterleaved lets every step of ledger and book wait, so that what is delivered at once gets mixed up. */
export function createPaperDesk({
  policy = {},
  balanceUsd = '1000.00',
  feeBasisPoints = 5,
  isInterleaved = false,
}: {
  readonly policy?: Partial<TradePolicy>;
  readonly balanceUsd?: string;
  readonly feeBasisPoints?: number;
  readonly isInterleaved?: boolean;
} = {}): PaperDesk {
  const wait = () => (isInterleaved ? new Promise<void>((resolve) => setImmediate(resolve)) : undefined);
  const tradePolicy = aPaperPolicy(policy);
  const intents = createMemoryIntents(wait);
  const books = createMemoryPaperBooks(wait);
  const recorder = createRecorder();
  const deadLetters: DeadLetter[] = [];
  const clock = { now: NINE };
  const terms = { balanceUsd: parseUsd(balanceUsd), feeBasisPoints };
  const deps: Deps = {
    ...anInvocation(),
    intents,
    // As the stack sets it: the policy's daily limit is the budget of real orders.
    budgets: { perDay: { 'trade-order': formatUsd(tradePolicy.dailyNotionalUsd) }, perAgentAndDay: {} },
    openMarket: async () => createPaperMarket({ books, terms, now: () => clock.now, pause: async () => {} }),
    findUnready: async () => [],
    requestMs: 10_000,
    policy: tradePolicy,
    now: () => clock.now,
    sendDeadLetter: async (letter) => void deadLetters.push(letter),
    hideMessage: async () => {},
    maxReceives: MAX_ROUNDS + 1,
    publish: recorder.publish,
    count: recorder.count,
    log: recorder.log,
  };
  const handler = createHandler(deps);

  const deliver = async (...bodies: string[]): Promise<void> => {
    let open = bodies.map((body, index) => ({ body, messageId: `message-${index}` }));
    for (let receives = 1; open.length > 0; receives += 1) {
      if (receives > MAX_ROUNDS) throw new Error(`${open.length} messages come back for ever`);
      const answers = await Promise.all(
        open.map((message) => handler(aBatch({ ...message, receives, groupId: 'a-market' }), timeLeft())),
      );
      open = open.filter((_, index) => (answers[index]?.batchItemFailures.length ?? 0) > 0);
    }
  };
  return {
    intents,
    books,
    recorder,
    deadLetters,
    clock,
    deps,
    deliver,
    alert: (detail) => deliver(anAlertEvent({ at: clock.now.toISOString(), ...detail })),
    predict: (detail) => {
      const prediction = { predictionId: 'prediction-1', direction: 'long', confidence: 0.9, asset: 'BTC-USDC' };
      return deliver(anEvent(INCOMING.inferenceCompleted, { ...prediction, at: clock.now.toISOString(), ...detail }));
    },
    book: () => books.items.get(PAPER_AGENT)?.book ?? openBook(terms.balanceUsd),
    said: () =>
      recorder.published.map(([type, detail]) => {
        const { signalId = '', reason = '' } = detail as { readonly signalId?: string; readonly reason?: string };
        return [signalId, type === 'trade.placed' ? 'placed' : reason];
      }),
  };
}

/** A price alert as it comes from the queue. */
export function anAlertEvent(detail: Partial<PriceAlertDetail>): string {
  return anEvent(INCOMING.priceAlert, {
    asset: 'BTC-USDC',
    direction: 'long',
    price: '50000.00',
    triggered_by: 'rsi_oversold',
    at: NINE.toISOString(),
    ...detail,
  });
}

/** Balance and margins together. */
export function heldIn({ balance, positions }: PaperBook): bigint {
  return sumUsd(balance, ...positions.map(({ margin }) => margin));
}
