import { SecretUnusableError, ServiceUnreadableError, TryLaterError } from '../../src/errors.ts';
import { isOlderThanLedger, type ReadBeginnings } from '../../src/ledger/beginnings.ts';
import { readLatestTry, standing, type EffectDeps, type EffectOutcome } from '../../src/ledger/perform-effect.ts';
import { placedOrderSchema } from '../../src/purple-flea/trading.ts';
import { ageSecondsOf, decideTrade, screenSignal } from '../../src/trading/decide-trade.ts';
import { ORDER_KINDS, type Market } from '../../src/trading/market.ts';
import { placeOrder } from '../../src/trading/place-order.ts';
import { readFacts, type TradePicture } from '../../src/trading/read-facts.ts';
import { describeFailing, type FindUnready } from '../../src/trading/readiness.ts';
import type { TradePolicy } from '../../src/trading/trade-policy.ts';
import { causeOfSignal, readTradeSignal, type TradeSignal } from '../../src/trading/trade-signal.ts';
import type { AnnounceDeps } from '../shared/announce.ts';
import { consumeQueue, type QueueDeps } from '../shared/consume-queue.ts';

export interface Deps extends QueueDeps, AnnounceDeps, Omit<EffectDeps, 'remainingMs'> {
  /** The market of the policy's mode. @throws SecretUnusableError where it needs a key and there is none. */
  readonly openMarket: () => Promise<Market>;
  /** What speaks against trading at all; nothing on paper. */
  readonly findUnready: FindUnready;
  readonly readBeginnings: ReadBeginnings;
  /** Total deadline of one request, in milliseconds. */
  readonly requestMs: number;
  readonly policy: TradePolicy;
}

/** Turns one prediction or price alert into one order, or into a recorded "no". */
export function createHandler(deps: Deps) {
  return consumeQueue(deps, async ({ body, redelivered }, remainingMs) => {
    const signal = readTradeSignal(body);
    const outcome = (await readStanding(deps, signal)) ?? (await tradeIfReadable({ ...deps, remainingMs }, signal));
    if (outcome === 'skipped') return;
    deps.log.info('order', { mode: deps.policy.mode, signalId: signal.id, outcome: outcome.outcome });
    switch (outcome.outcome) {
      case 'applied':
        if (!outcome.duplicate || redelivered) await sayPlaced(deps, signal, outcome.result);
        return;
      case 'rejected':
        await sayNotTraded(deps, signal, 'refused', outcome.reason);
        return;
      case 'not-sent':
        return waitOrSkip(deps, signal, outcome);
      case 'pending':
      case 'manual':
        // Whoever settles the intent says what became of it.
        return;
    }
  });
}

/** How the order stands if it was sent, or refused for good, before: then nothing is decided anew. */
async function readStanding(deps: Deps, signal: TradeSignal): Promise<EffectOutcome | undefined> {
  const intent = await readLatestTry(deps.intents, {
    cause: causeOfSignal(signal),
    kind: ORDER_KINDS[deps.policy.mode],
  });
  return intent === undefined || intent.state === 'prepared' ? undefined : standing(intent);
}

type NotSent = Extract<EffectOutcome, { outcome: 'not-sent' }>;

/**
 * Signals are asked again after this, however long the wait may be: what is in the way may be gone, and asking costs no call.
 * A signal that has waited holds up those of its market behind it.
 */
const LONGEST_PAUSE_SECONDS = 5;

/** What cannot be read now may be in a moment. */
async function tradeIfReadable(...asked: Parameters<typeof trade>): Promise<EffectOutcome | 'skipped'> {
  try {
    return await trade(...asked);
  } catch (error) {
    if (!(error instanceof ServiceUnreadableError || error instanceof SecretUnusableError)) throw error;
    return { outcome: 'not-sent', reason: error.message, retryAfterSeconds: LONGEST_PAUSE_SECONDS };
  }
}

/** A signal that is still fresh after the pause comes back. One that is stale by then is skipped now. */
async function waitOrSkip(deps: Deps, signal: TradeSignal, outcome: NotSent): Promise<void> {
  const { maxAgeSeconds } = deps.policy;
  const { reason } = outcome;
  const retryAfterSeconds = Math.min(outcome.retryAfterSeconds, LONGEST_PAUSE_SECONDS);
  if (ageSecondsOf(signal, deps.now()) + retryAfterSeconds <= maxAgeSeconds) {
    throw new TryLaterError(`the order was not sent: ${reason}`, { retryAfterSeconds });
  }
  await sayNotTraded(deps, signal, 'stale', `not sent within ${maxAgeSeconds} s: ${reason}`);
}

/** Decides over a signal and places its order. */
async function trade(
  deps: Deps & Pick<EffectDeps, 'remainingMs'>,
  signal: TradeSignal,
): Promise<EffectOutcome | 'skipped'> {
  const { policy, now } = deps;
  const { direction } = signal;
  const screened = screenSignal(signal, policy, now());
  if (screened !== undefined || direction === 'hold') {
    return skip(deps, signal, screened?.reason ?? 'hold', screened?.detail ?? '');
  }
  const order = { asset: signal.asset, direction };
  const [unready, seen, began] = await Promise.allSettled([
    deps.findUnready(),
    look(deps, signal, order),
    deps.readBeginnings(),
  ]);
  if (began.status === 'rejected') throw began.reason;
  // An order is never placed later, so that this needs no record.
  if (isOlderThanLedger(began.value, signal.at)) {
    return skip(deps, signal, 'older-than-ledger', `of ${signal.at}; the ledger began at ${began.value.at}`);
  }
  if (unready.status === 'rejected') throw unready.reason;
  if (unready.value.length > 0) {
    deps.count('TradingUnready');
    return skip(deps, signal, 'not-ready', describeFailing(unready.value));
  }
  if (seen.status === 'rejected') throw seen.reason;
  const { market, facts } = seen.value;
  const decision = decideTrade(signal, policy, facts, now());
  if (decision.action === 'skip') return skip(deps, signal, decision.reason, decision.detail);
  return placeOrder({ ...deps, market }, signal, decision.order, seen.value);
}

/** What the decision over an order goes by, and where it would go. */
async function look(
  deps: Deps,
  { asset, price, at }: TradeSignal,
  order: Parameters<typeof readFacts>[1],
): Promise<TradePicture & { readonly market: Market }> {
  const market = await deps.openMarket();
  if (price !== undefined) await market.notePrice(asset, price, at);
  const picture = await readFacts({ ...deps, market, coolDownSeconds: deps.policy.coolDownSeconds }, order);
  return { ...picture, market };
}

async function skip(deps: Deps, signal: TradeSignal, reason: string, detail: string): Promise<'skipped'> {
  await sayNotTraded(deps, signal, reason, detail);
  return 'skipped';
}

async function sayNotTraded(deps: Deps, signal: TradeSignal, reason: string, detail: string): Promise<void> {
  deps.count('TradesSkipped');
  if (reason === 'hold') deps.count('SignalsHeld');
  if (reason === 'stale') deps.count('SignalsStale');
  const { source, id: signalId, asset } = signal;
  await deps.publish('trade.skipped', { mode: deps.policy.mode, source, signalId, asset, reason, detail });
}

async function sayPlaced(
  deps: Deps,
  { source, id: signalId, confidence }: TradeSignal,
  result: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { orderId, asset, direction, amountUsd, leverage } = placedOrderSchema.parse(result);
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
