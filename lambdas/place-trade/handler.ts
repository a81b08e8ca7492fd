import {
  LedgerUnreachableError,
  SecretUnusableError,
  ServiceUnreadableError,
  TryLaterError,
} from '../../src/errors.ts';
import { placedOrderSchema, type PlacedOrder } from '../../src/purple-flea/trading.ts';
import { ageSecondsOf, screen } from '../../src/trading/decide-trade.ts';
import { placeOrder, type PlaceOrderDeps } from '../../src/trading/place-order.ts';
import { skipSignal, type Why } from '../../src/trading/skip-order.ts';
import { later, type TradeOutcome } from '../../src/trading/trade-outcome.ts';
import { readTradeSignal, type TradeSignal } from '../../src/trading/trade-signal.ts';
import type { AnnounceDeps } from '../shared/announce.ts';
import { consumeQueue, type QueueDeps } from '../shared/consume-queue.ts';

export interface Deps extends QueueDeps, AnnounceDeps, Omit<PlaceOrderDeps, 'remainingMs' | 'announcePlaced'> {}

/** Turns one prediction or price alert into one order, or into a recorded "no". */
export function createHandler(deps: Deps) {
  return consumeQueue(deps, async ({ body, redelivered }, remainingMs) => {
    const signal = readTradeSignal(body);
    const traded = await trade(deps, signal, remainingMs);
    const outcome = traded.outcome === 'not-sent' ? await waitOrSkip(deps, signal, traded) : traded;
    deps.log.info('order', { mode: deps.policy.mode, signalId: signal.id, outcome: outcome.outcome });
    switch (outcome.outcome) {
      case 'applied':
        if (outcome.duplicate && redelivered) await sayPlaced(deps, signal, placedOrderSchema.parse(outcome.result));
        return;
      case 'skipped':
        if (outcome.isNew || redelivered) await sayNotTraded(deps, signal, outcome);
        return;
      case 'rejected':
        if (outcome.isNew || redelivered)
          await sayNotTraded(deps, signal, { reason: 'refused', detail: outcome.reason });
        return;
      case 'pending':
      case 'manual':
        // Whoever settles the intent says what became of it.
        return;
    }
  });
}

async function trade(deps: Deps, signal: TradeSignal, remainingMs: () => number): Promise<TradeOutcome> {
  const screened = screen(signal, deps.policy, deps.now());
  if (screened.action === 'skip') return orLater(() => skipSignal(deps, signal, screened, { hasWaited: false }));
  const announcePlaced = (result: PlacedOrder) => sayPlaced(deps, signal, result);
  return orLater(() => placeOrder({ ...deps, remainingMs, announcePlaced }, screened));
}

/** What cannot be read now may be in a moment. */
async function orLater(act: () => Promise<TradeOutcome>): Promise<TradeOutcome> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof ServiceUnreadableError || error instanceof SecretUnusableError) return later(error.message);
    if (error instanceof LedgerUnreachableError) return later(error.message);
    throw error;
  }
}

type NotSent = Extract<TradeOutcome, { outcome: 'not-sent' }>;
type Ended = Exclude<TradeOutcome, NotSent>;

/** A signal that is still fresh after the pause comes back. One that is stale by then is skipped now. */
async function waitOrSkip(deps: Deps, signal: TradeSignal, { reason, retryAfterSeconds }: NotSent): Promise<Ended> {
  const { maxAgeSeconds } = deps.policy;
  const isFresh = ageSecondsOf(signal, deps.now()) + retryAfterSeconds <= maxAgeSeconds;
  const stale = { reason: 'stale', detail: `not sent within ${maxAgeSeconds} s: ${reason}` };
  const skip = () => skipSignal(deps, signal, stale, { hasWaited: true });
  const outcome = isFresh ? undefined : await orLater(skip);
  if (outcome !== undefined && outcome.outcome !== 'not-sent') return outcome;
  throw new TryLaterError(`the order was not sent: ${reason}`, { retryAfterSeconds });
}

async function sayNotTraded(deps: Deps, signal: TradeSignal, { reason, detail }: Why): Promise<void> {
  deps.count('TradesSkipped');
  if (reason === 'hold') deps.count('SignalsHeld');
  if (reason === 'stale') deps.count('SignalsStale');
  if (reason === 'not-ready') deps.count('TradingUnready');
  const { source, id: signalId, asset } = signal;
  await deps.publish('trade.skipped', { mode: deps.policy.mode, source, signalId, asset, reason, detail });
}

async function sayPlaced(
  deps: Deps,
  { source, id: signalId, confidence }: TradeSignal,
  { orderId, asset, direction, amountUsd, leverage }: PlacedOrder,
): Promise<void> {
  deps.count('TradesPlaced');
  if (leverage !== undefined && leverage !== deps.policy.leverage) {
    deps.log.warn('another leverage than was asked for', { orderId, leverage, asked: deps.policy.leverage });
  }
  await deps.publish('trade.placed', {
    mode: deps.policy.mode,
    source,
    signalId,
    orderId,
    asset,
    direction,
    amountUsd,
    ...(leverage === undefined ? {} : { leverage }),
    ...(confidence === undefined ? {} : { confidence }),
  });
}
