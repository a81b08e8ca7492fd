import { TryLaterError } from '../errors.ts';
import { isOlderThanLedger } from '../ledger/beginnings.ts';
import { clientReference, effectKey } from '../ledger/effect-key.ts';
import type { NewIntent } from '../ledger/intent.ts';
import { findWhyStopped, RECORDING_MS } from '../ledger/perform-effect.ts';
import { formatUsd } from '../money.ts';
import { claimOrder } from './claim-order.ts';
import { ageMsOf, type TradableSignal } from './decide-trade.ts';
import { ORDER_KINDS, type Market } from './market.ts';
import { describeFailing, type FindUnready } from './readiness.ts';
import { sendClaimed, tellPrice, type SendOrderDeps } from './send-order.ts';
import { readBegan, skipSignal, type Why } from './skip-order.ts';
import { later, type TradeOutcome } from './trade-outcome.ts';
import { causeOfSignal, type TradeSignal } from './trade-signal.ts';
import type { TradingMode } from './trade-policy.ts';

export interface PlaceOrderDeps extends SendOrderDeps {
  /** The market of the policy's mode. @throws SecretUnusableError where it needs a key and there is none. */
  readonly openMarket: () => Promise<Market>;
  /** What speaks against trading at all; nothing on paper. */
  readonly findUnready: FindUnready;
}

/** A signal is worth seconds: an order that could not go out within minutes does not. */
const LIFETIME_MS = 10 * 60_000;

/** The effect key of a signal's order. */
export function orderKey(signal: Pick<TradeSignal, 'source' | 'id'>, mode: TradingMode): string {
  return effectKey(causeOfSignal(signal), ORDER_KINDS[mode]);
}

/**
 * Decides over a signal and places its order, at most once. First the claim: intent, lock of the market, part of the budgets,
 * in one write. All that the decision goes by is read under it, at the same time. What was seen is recorded with the step to
 * `sending`, and only then the order goes out.
 *
 * @throws TryLaterError if too little time is left, LedgerUnreachableError if the ledger cannot be read. Nothing was claimed then.
 */
export async function placeOrder(deps: PlaceOrderDeps, signal: TradableSignal): Promise<TradeOutcome> {
  const ready = await getReady(deps, signal);
  if ('outcome' in ready) return ready;
  const { market } = ready;
  const claimed = await claimOrder(deps, newOrder(deps, ready, signal), signal);
  if (claimed.kind === 'claimed') return sendClaimed(deps, market, signal, claimed.intent);
  const { outcome } = claimed;
  // A known order told its price when it was decided.
  if (outcome.outcome === 'not-sent' || (outcome.outcome === 'skipped' && outcome.isNew))
    await tellPrice(market, signal);
  return outcome;
}

/** What an order is claimed with. */
export interface Ready {
  readonly market: Market;
  /** ISO 8601. */
  readonly ledgerBegan: string;
}

/** What comes before the claim reads no market. */
async function getReady(deps: PlaceOrderDeps, signal: TradableSignal): Promise<Ready | TradeOutcome> {
  const { policy, requestMs } = deps;
  const skip = (why: Why) => skipSignal(deps, signal, why, { hasWaited: false });
  const [opened, began, unready, stopped] = await Promise.allSettled([
    deps.openMarket(),
    readBegan(deps),
    deps.findUnready(),
    findWhyStopped(deps, { kind: ORDER_KINDS[policy.mode] }),
  ]);
  if (began.status === 'rejected') throw began.reason;
  if (isOlderThanLedger({ at: began.value }, signal.at)) {
    return skip({ reason: 'older-than-ledger', detail: `of ${signal.at}; the ledger began at ${began.value}` });
  }
  if (unready.status === 'rejected') throw unready.reason;
  if (unready.value.length > 0) return skip({ reason: 'not-ready', detail: describeFailing(unready.value) });
  if (opened.status === 'rejected') throw opened.reason;
  if (stopped.status === 'rejected') throw stopped.reason;
  if (stopped.value !== undefined) return later(stopped.value);
  const patienceMs = policy.maxAgeSeconds * 1000 - ageMsOf(signal, deps.now());
  const paced = await opened.value.reserve({ key: orderKey(signal, policy.mode), patienceMs });
  if (paced !== undefined) return later(paced.reason, paced.retryAfterSeconds);
  const neededMs = 2 * requestMs + RECORDING_MS;
  if (deps.remainingMs() >= neededMs) return { market: opened.value, ledgerBegan: began.value };
  throw new TryLaterError(`${deps.remainingMs()} ms left, ${neededMs} ms needed to look, send and record`);
}

/** The intent of a signal's order, before it is claimed. */
export function newOrder(
  { now }: Pick<PlaceOrderDeps, 'now'>,
  { market: { agentId, service, mode, trading }, ledgerBegan }: Ready,
  { order, ...signal }: TradableSignal,
): NewIntent {
  const key = orderKey(signal, mode);
  const reference = clientReference(key);
  return {
    key,
    reference,
    kind: ORDER_KINDS[mode],
    cause: causeOfSignal(signal),
    causedAt: signal.at,
    ledgerBegan,
    agentId,
    ...(service === undefined ? {} : { service }),
    payee: order.asset,
    amountUsd: formatUsd(order.amount),
    requestBody: trading.orderBody({ ...order, reference, agentId, metadata: metadataOf(signal) }),
    expiresAt: new Date(now().getTime() + LIFETIME_MS).toISOString(),
  };
}

function metadataOf({
  source,
  confidence,
}: Pick<TradeSignal, 'source' | 'confidence'>): Readonly<Record<string, string>> {
  return { source, ...(confidence === undefined ? {} : { confidence: String(confidence) }) };
}
