import { CLOCK_SKEW_MS } from '../clock-skew.ts';
import { OwnerUnavailableError } from '../errors.ts';
import { dayBudget, reservationsFor, type Reservation } from '../ledger/budgets.ts';
import { marketLock, type Intent, type NewIntent, type OrderStore } from '../ledger/intent.ts';
import { freeClaim, isLeaseOver } from '../ledger/order-claim.ts';
import { refuseOthers } from '../ledger/owner.ts';
import type { EffectDeps } from '../ledger/perform-effect.ts';
import { mayBeSentUnknown } from '../ledger/the-past.ts';
import { formatUsd, NO_USD, parseUsd, sumUsd, type MicroUsd } from '../money.ts';
import { doubtPast, readBegan, skipSignal, type Why } from './skip-order.ts';
import type { TradePolicy } from './trade-policy.ts';
import { later, standingOf, type TradeOutcome } from './trade-outcome.ts';
import type { TradeSignal } from './trade-signal.ts';

export type ClaimOrderDeps = Pick<EffectDeps, 'budgets' | 'readBeginning' | 'now' | 'newId' | 'remainingMs'> & {
  readonly intents: OrderStore;
  readonly policy: Pick<TradePolicy, 'mode' | 'markets'>;
};

/** How the claim of an order went. */
export type ClaimedOrder =
  { readonly kind: 'claimed'; readonly intent: Intent } | { readonly kind: 'ended'; readonly outcome: TradeOutcome };

/** What was sent is answered within this time, or is in doubt. */
const ON_ITS_WAY_MS = 30_000;

/** The claim is tried so often: what was in the way may be gone the next moment. */
const MAX_TAKES = 4;

/**
 * Claims an order: one write takes its intent, the lock of its market and its part of the budgets. A claim sends nothing. Its
 * lease ends with the function, plus what clocks may be apart.
 */
export async function claimOrder(deps: ClaimOrderDeps, order: NewIntent, signal: TradeSignal): Promise<ClaimedOrder> {
  let known: Intent | undefined;
  for (let takes = 1; takes <= MAX_TAKES; takes += 1) {
    const now = deps.now();
    const until = new Date(now.getTime() + deps.remainingMs() + CLOCK_SKEW_MS);
    const reservations = reservationsFor(deps.budgets, order, now);
    const terms = { owner: deps.newId(), until, reservations, lock: marketLock(order), known };
    const taken = await deps.intents.take(order, terms, now);
    if (taken.kind === 'claimed') return taken;
    const outcome = await yieldTo(deps, { order, signal, known, reservations }, taken);
    if (outcome !== undefined) return { kind: 'ended', outcome };
    known = taken.kind === 'known' ? taken.intent : known;
  }
  return { kind: 'ended', outcome: later('others claim the market all the time') };
}

interface Asked {
  readonly order: NewIntent;
  readonly signal: TradeSignal;
  readonly known: Intent | undefined;
  readonly reservations: readonly Reservation[];
}

type Refused = Exclude<Awaited<ReturnType<ClaimOrderDeps['intents']['take']>>, { readonly kind: 'claimed' }>;

/** What follows from a refused claim; undefined if it is to be tried again at once. */
async function yieldTo(deps: ClaimOrderDeps, asked: Asked, refused: Refused): Promise<TradeOutcome | undefined> {
  switch (refused.kind) {
    case 'known':
      return endKnown(deps, asked, refused.intent);
    case 'locked':
      return yieldToHolder(deps, asked, refused.holder);
    case 'over-budget':
      return yieldToBudget(deps, asked, refused.budget);
  }
}

/** A recorded order is claimed again only if it is the same order and certainly was not sent. */
async function endKnown(deps: ClaimOrderDeps, { order }: Asked, known: Intent): Promise<TradeOutcome | undefined> {
  if (known.state !== 'prepared' && known.state !== 'claimed') return standingOf(known);
  const doubted = await doubtPast(deps, known);
  if (doubted !== undefined) return doubted;
  const now = deps.now();
  const reject = async (note: string) => {
    const ended = await deps.intents.move(known, { state: 'rejected', note }, now);
    return standingOf(ended, { isNew: ended.state === 'rejected' && ended.updatedAt === now.toISOString() });
  };
  if (now >= new Date(known.expiresAt)) return reject(`not sent until ${known.expiresAt}, when it expired`);
  try {
    refuseOthers(known, order);
  } catch (error) {
    if (error instanceof OwnerUnavailableError) return later(error.message);
    throw error;
  }
  return known.requestBody === order.requestBody ? undefined : reject('what was recorded is not what is decided now');
}

/** Frees the market from a claim whose lease is over, and waits for one that holds. An order in doubt pauses the market. */
async function yieldToHolder(deps: ClaimOrderDeps, asked: Asked, holder: string): Promise<TradeOutcome | undefined> {
  const { intents, now } = deps;
  const { order, signal } = asked;
  const other = await intents.read(holder);
  switch (other?.state) {
    case 'sending':
    case 'unknown':
    case 'manual': {
      const isOnItsWay = other.state === 'sending' && now().getTime() - Date.parse(other.sentAt ?? '') < ON_ITS_WAY_MS;
      if (isOnItsWay) return wait(deps, asked, `an order in ${order.payee} is on its way (${other.reference})`);
      const detail = `${order.payee} pauses: ${other.reference} (${other.state}) may or may not stand`;
      return skipSignal(deps, signal, { reason: 'in-doubt', detail }, { hasWaited: true });
    }
    case 'claimed': {
      const mayBeFreed = isLeaseOver(other, now()) && !mayBeSentUnknown(other, undefined, await readBegan(deps));
      if (!mayBeFreed) return wait(deps, asked, `another order decides in ${order.payee} (${other.reference})`);
      await freeClaim(intents, other, now());
      return undefined;
    }
    default:
      // It gave the lock back since.
      return undefined;
  }
}

/** Skips the signal if the day's limit is used up. What other orders have only claimed of it they may give back: then it waits. */
async function yieldToBudget(deps: ClaimOrderDeps, asked: Asked, budget: string): Promise<TradeOutcome | undefined> {
  const { order, signal, reservations } = asked;
  // That day is over: the next one has its own limit.
  if (!reservationsFor(deps.budgets, order, deps.now()).some((one) => one.budget === budget)) return undefined;
  const holder = await deps.intents.readHolder(marketLock(order));
  if (holder !== undefined && holder !== order.key) return yieldToHolder(deps, asked, holder);
  const { limit, amount } = reservations.find((one) => one.budget === budget) ?? { limit: NO_USD, amount: NO_USD };
  const skip = (why: Why) => skipSignal(deps, signal, why, { hasWaited: true });
  if (budget !== dayBudget(order.kind, deps.now())) {
    return skip({ reason: 'refused', detail: `the budget ${budget} does not have $${order.amountUsd} left` });
  }
  const { used, mayComeBack } = await readRoom(deps, order, budget);
  const firm = mayComeBack === 'all' ? NO_USD : ((used - mayComeBack) as MicroUsd);
  if (sumUsd(firm, amount) <= limit) {
    return wait(deps, asked, `what is left of ${budget} is claimed by orders that are not sent yet`);
  }
  const [today, more, most] = [used, amount, limit].map((usd) => `$${formatUsd(usd)}`);
  return skip({ reason: 'daily-notional', detail: `${today} today and ${more} more exceed ${most}` });
}

/** What is used of a day's limit, and how much of that is only claimed in other markets: `all` if it changed while it was read. */
async function readRoom(
  { intents, policy }: ClaimOrderDeps,
  { kind, agentId, payee }: NewIntent,
  budget: string,
): Promise<{ readonly used: MicroUsd; readonly mayComeBack: bigint | 'all' }> {
  const used = await intents.readUsed(budget);
  const others = policy.markets.filter(({ asset }) => asset !== payee);
  const claimed = await Promise.all(
    others.map(async ({ asset }) => {
      const holder = await intents.readHolder(marketLock({ kind, agentId, payee: asset }));
      const other = holder === undefined ? undefined : await intents.read(holder);
      const part = other?.state === 'claimed' ? other.reserved?.find((one) => one.budget === budget) : undefined;
      return part === undefined ? 0n : BigInt(parseUsd(part.amountUsd));
    }),
  );
  const mayComeBack = claimed.reduce((sum, part) => sum + part, 0n);
  return { used, mayComeBack: (await intents.readUsed(budget)) === used ? mayComeBack : 'all' };
}

/** Records the intent of an order that waits. */
async function wait({ intents, now }: ClaimOrderDeps, { order, known }: Asked, reason: string): Promise<TradeOutcome> {
  if (known === undefined) await intents.prepare(order, now());
  return later(reason);
}
