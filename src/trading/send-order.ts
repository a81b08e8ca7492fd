import type { Answer } from '../ledger/answer.ts';
import { reservationsFor } from '../ledger/budgets.ts';
import type { Ending, Intent, OrderStore } from '../ledger/intent.ts';
import { isLeaseOver } from '../ledger/order-claim.ts';
import { findWhyStopped, RECORDING_MS, requestOf, sendOnce, type EffectDeps } from '../ledger/perform-effect.ts';
import { laterFor } from '../ledger/waiting.ts';
import type { PlacedOrder } from '../purple-flea/trading.ts';
import { decideTrade, screen, type TradableSignal } from './decide-trade.ts';
import type { TradeSnapshot } from './look-for-order.ts';
import type { Market } from './market.ts';
import { readFacts, type TradePicture } from './read-facts.ts';
import { expectedWith } from './reckon.ts';
import { skipClaimed } from './skip-order.ts';
import { later, standingOf, type TradeOutcome } from './trade-outcome.ts';
import type { TradePolicy } from './trade-policy.ts';

export interface SendOrderDeps extends EffectDeps {
  readonly intents: OrderStore;
  readonly policy: TradePolicy;
  /** The total deadline of one request, in milliseconds. */
  readonly requestMs: number;
  /** Tells of an order that stands, while the ledger records it. */
  readonly announcePlaced: (result: PlacedOrder) => Promise<void>;
}

/** A look at the market that is older than this decides nothing. */
const OLDEST_LOOK_MS = 20_000;

/** Decides over a claimed order by what is seen under its lock, and sends it once or gives the claim back. */
export async function sendClaimed(
  deps: SendOrderDeps,
  market: Market,
  signal: TradableSignal,
  claimed: Intent,
): Promise<TradeOutcome> {
  const sent = await decideAndRecord(deps, market, signal, claimed);
  return 'outcome' in sent ? sent : sendAndRecord(deps, market, sent);
}

/** Looks at the market under its lock, decides, and takes the order to `sending`; or gives the claim back. */
async function decideAndRecord(
  deps: SendOrderDeps,
  market: Market,
  signal: TradableSignal,
  claimed: Intent,
): Promise<Intent | TradeOutcome> {
  const { policy, now, intents } = deps;
  const seen = await lookOrGiveBack(deps, market, signal, claimed);
  if ('outcome' in seen) return seen;
  const decision = decideTrade(signal, policy, seen.facts, now());
  if (decision.action === 'skip') return skipClaimed(deps, claimed, decision);
  const ended = await endIfChanged(deps, signal, claimed, seen);
  if (ended !== undefined) return ended;
  const before: TradeSnapshot = { ...seen.snapshot, expected: expectedWith(decision.order, seen.reckoning) };
  const sent = await intents.send(claimed, before, now());
  const isOurs = sent.state === 'sending' && sent.owner === claimed.owner && sent.fence === claimed.fence;
  return isOurs ? sent : standingOf(sent);
}

/** Gives the claim back if the market cannot be read. */
async function lookOrGiveBack(
  deps: SendOrderDeps,
  market: Market,
  signal: TradableSignal,
  claimed: Intent,
): Promise<TradePicture | TradeOutcome> {
  try {
    await tellPrice(market, signal);
    return await readFacts({ ...deps, market, coolDownSeconds: deps.policy.coolDownSeconds }, signal.order);
  } catch (error) {
    const obstacle = laterFor(error);
    const given = await giveBack(deps, claimed, obstacle?.reason ?? 'the look at the market failed');
    if (obstacle === undefined) throw error;
    return given;
  }
}

/** Tells a market what the signal says of its price. */
export async function tellPrice(market: Market, { asset, price, at }: TradableSignal): Promise<void> {
  if (price !== undefined) await market.notePrice(asset, price, at);
}

/** What may have changed since the claim: stop, age of signal and look, expiry, lease, time left, day. */
async function endIfChanged(
  deps: SendOrderDeps,
  signal: TradableSignal,
  claimed: Intent,
  seen: TradePicture,
): Promise<TradeOutcome | undefined> {
  const stopped = await findWhyStopped(deps, claimed);
  const now = deps.now();
  const screened = screen(signal, deps.policy, now);
  if (screened.action === 'skip') return skipClaimed(deps, claimed, screened);
  if (now >= new Date(claimed.expiresAt)) {
    const note = `not sent until ${claimed.expiresAt}, when it expired`;
    const ended = await deps.intents.end(claimed, { state: 'rejected', note }, now);
    return standingOf(ended, { isNew: isEndOf(claimed, ended) });
  }
  const why = stopped ?? whyLate(deps, claimed, seen, now);
  return why === undefined ? undefined : giveBack(deps, claimed, why);
}

/** Why a claim is too old to be sent now. */
function whyLate(
  deps: SendOrderDeps,
  claimed: Intent,
  { at }: Pick<TradePicture, 'at'>,
  now: Date,
): string | undefined {
  const neededMs = deps.requestMs + RECORDING_MS;
  const budgets = new Set(claimed.reserved?.map(({ budget }) => budget));
  if (isLeaseOver(claimed, now)) return 'the lease of its claim is over';
  if (now.getTime() - at.getTime() > OLDEST_LOOK_MS) return `the market was looked at ${at.toISOString()}`;
  if (deps.remainingMs() < neededMs) return `${deps.remainingMs()} ms left, ${neededMs} ms needed to send and record`;
  const isOfToday = reservationsFor(deps.budgets, claimed, now).every(({ budget }) => budgets.has(budget));
  return isOfToday ? undefined : 'the day ended since it was claimed';
}

async function giveBack({ intents, now }: SendOrderDeps, claimed: Intent, reason: string): Promise<TradeOutcome> {
  await intents.end(claimed, { state: 'prepared', note: reason }, now());
  return later(reason);
}

/** Sends the order once. Records the outcome and announces it at the same time. */
async function sendAndRecord(deps: SendOrderDeps, { trading }: Market, sent: Intent): Promise<TradeOutcome> {
  const answer = await sendOnce(() => trading.placeOrder(requestOf(sent)));
  const ending = endingOf(answer);
  const [recorded, told] = await Promise.allSettled([
    deps.intents.end(sent, ending, deps.now()),
    answer.kind === 'applied' ? deps.announcePlaced(answer.result) : undefined,
  ]);
  if (recorded.status === 'rejected') throw recorded.reason;
  if (told.status === 'rejected') throw told.reason;
  const ended = recorded.value;
  const isOurs = isEndOf(sent, ended) && ended.state === ending.state;
  if (!isOurs) return standingOf(ended);
  if (answer.kind === 'applied') return { outcome: 'applied', result: answer.result, duplicate: false };
  return answer.kind === 'not-sent'
    ? later(answer.reason, answer.retryAfterSeconds)
    : standingOf(ended, { isNew: true });
}

/** Whether an ending was written by the same claim. */
function isEndOf({ owner, fence }: Intent, ended: Intent): boolean {
  return ended.owner === owner && ended.fence === fence;
}

function endingOf(answer: Answer<PlacedOrder>): Ending {
  switch (answer.kind) {
    case 'applied':
      return { state: 'applied', note: 'the service confirmed it', result: answer.result };
    case 'rejected':
      return { state: 'rejected', note: answer.reason };
    case 'not-sent':
      return { state: 'prepared', note: answer.reason };
    case 'unknown':
      return { state: 'unknown', note: answer.reason };
  }
}
