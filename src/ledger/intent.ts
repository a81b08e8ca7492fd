import type { Cause, EffectKind } from './effect-key.ts';
import type { MicroUsd } from '../money.ts';
import type { Reservation, Reserved } from './budgets.ts';
import type { TakeResult, TakeTerms } from './order-claim.ts';
import type { IntentOwner, NamedService, ServicePlace } from './owner.ts';
import type { Obstacle } from './waiting.ts';
import type { Canary, LastOrder } from './latest.ts';

/**
 * - `prepared`: written, nothing sent (again, after an attempt that certainly did not go out)
 * - `claimed`: an order that one invocation decides on, with its market's lock and its part of the budgets; certainly not sent
 * - `sending`: claimed by one invocation; a request may be on its way
 * - `unknown`: sent, and the answer proves nothing; the sweeper looks for the effect
 * - `applied`: the service showed that the effect took place
 * - `rejected`: the service showed that it did not and will not
 * - `manual`: it cannot be known; a person decides
 * - `skipped`: decided not to be sent; nothing was tried
 */
export const INTENT_STATES = [
  'prepared',
  'claimed',
  'sending',
  'unknown',
  'manual',
  'applied',
  'rejected',
  'skipped',
] as const;
export type IntentState = (typeof INTENT_STATES)[number];

/** What is known of an effect before it is sent. */
export interface NewIntent extends IntentOwner {
  /** Effect key; see `effectKey`. */
  readonly key: string;
  readonly kind: EffectKind;
  /** Client reference; see `clientReference`. */
  readonly reference: string;
  readonly cause: Cause;
  /** Key of the try before this one, which did not take place; absent for the first. */
  readonly retryOf?: string | undefined;
  /** The agent or the market that the money goes to. */
  readonly payee: string;
  /** The escrow that it settles; absent for what makes something new. */
  readonly escrowId?: string | undefined;
  /** Decimal USD. */
  readonly amountUsd: string;
  /** The exact body that is sent, so that a later delivery of the cause cannot send another. */
  readonly requestBody: string;
  /** Before this it cannot have been sent (ISO 8601); absent in intents of earlier releases. */
  readonly causedAt?: string | undefined;
  /** Nothing is sent after this moment (ISO 8601). */
  readonly expiresAt: string;
  /** When the ledger began in which it was written or claimed last (ISO 8601); absent where that could not be read. */
  readonly ledgerBegan?: string | undefined;
}

/** Why a cause moves no money. */
export interface Skip {
  /** Such as `older-than-ledger` or `below-tiers`. */
  readonly reason: string;
  /** The stage's rule that it was decided by. */
  readonly rule: string;
  /** When the cause came to be (ISO 8601). */
  readonly causedAt: string;
  /** Input of the execution that would pay it, as JSON; absent where it earned nothing. */
  readonly input?: string | undefined;
}

/** A decision that moves no money, before it is recorded. `amountUsd` is what it would have paid, or `0.00`. */
export interface NewSkip extends Pick<Intent, 'key' | 'kind' | 'reference' | 'cause' | 'payee' | 'amountUsd'> {
  readonly skip: Skip;
  /** The reason in words. */
  readonly note: string;
}

/** One line of an intent's story, for the person who reads the item. */
export interface IntentStep {
  readonly state: IntentState;
  /** ISO 8601. */
  readonly at: string;
  readonly note: string;
}

/** Why a `prepared` intent is not sent yet, and until when. */
export interface IntentWait {
  /** Nothing is sent before this moment (ISO 8601). */
  readonly notBefore: string;
  /** How many waits there were, this one included. */
  readonly waits: number;
  /** How many of them were for a limit or the pace, if any: these say nothing about how long others last. */
  readonly limitWaits?: number | undefined;
  readonly waitsFor: Obstacle;
  /** How often it was woken before its time, because what it waits for seemed to be back. */
  readonly wakes?: number;
}

/** How long one invocation alone may decide a claimed order. */
export interface Lease {
  /** The invocation has certainly ended by then (ISO 8601). */
  readonly until: string;
  /** The fence of its claim. */
  readonly fence: number;
}

/** The ledger's record of one effect. Fields of a wait are absent where it never waited. */
export interface Intent extends NewIntent, Partial<IntentWait> {
  readonly state: IntentState;
  /** Grows with every claim; a write that holds an older one is refused. */
  readonly fence: number;
  /** The invocation that claimed it last. */
  readonly owner?: string | undefined;
  /** Present in the state `claimed`. */
  readonly lease?: Lease | undefined;
  /** When it was claimed last (ISO 8601). */
  readonly sentAt?: string | undefined;
  /** What was seen right before the call, to compare with afterwards. */
  readonly before?: Readonly<Record<string, unknown>> | undefined;
  /** What the claim took out of budgets; given back if the effect did not take place. */
  readonly reserved?: readonly Reserved[] | undefined;
  /** The lock that the claim took; given back likewise. */
  readonly lock?: string | undefined;
  /** Where it was recorded, if that service or its wallet has another name now; see `bindPlaces`. It is not stored. */
  readonly recordedAt?: ServicePlace | undefined;
  /** When a complete look after the quarantine first did not find the effect (ISO 8601). */
  readonly absentSince?: string | undefined;
  /** What the service answered, once applied. */
  readonly result?: Readonly<Record<string, unknown>> | undefined;
  /** Why it was rejected or skipped, is unknown, or was parked. */
  readonly reason?: string | undefined;
  /** Present in the state `skipped`. */
  readonly skip?: Skip | undefined;
  /** Who decided it by hand, and on what evidence. */
  readonly decision?: Decision | undefined;
  /** Key of the try after this one; see `retryKey`. */
  readonly retriedAs?: string | undefined;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly history: readonly IntentStep[];
}

/** How often a request of an intent may have left: only these attempts are counted against a limit. */
export function attemptsOf({ history }: Pick<Intent, 'history'>): number {
  return history.filter(({ state }) => state === 'unknown').length;
}

/** The longest story that is kept whole: an item of the table holds 400 KB. */
export const MAX_STEPS = 100;
const FIRST_STEPS = 20;

/**
 * A story with one more step. A long one loses what came to nothing in its middle: attempts that certainly were not sent.
 * What may have left is never dropped.
 */
export function withStep(history: readonly IntentStep[], step: IntentStep): readonly IntentStep[] {
  const all = [...history, step];
  const surplus = all.length - MAX_STEPS;
  if (surplus <= 0) return all;
  const last = FIRST_STEPS + 2 * surplus;
  return all.filter(({ state }, index) => index < FIRST_STEPS || index >= last || !NOTHING_LEFT.has(state));
}

/** Steps of attempts that came to nothing. */
const NOTHING_LEFT: ReadonlySet<IntentState> = new Set<IntentState>(['prepared', 'claimed', 'sending']);

/** What an operator decided of an intent that nothing else could settle. */
export interface Decision {
  readonly operator: string;
  readonly evidence: string;
  readonly reason: string;
}

/** The right to send one intent once, and what has to be had for it, all or nothing. */
export interface Claim {
  readonly key: string;
  readonly owner: string;
  readonly fence: number;
}

/** What a claim takes along. */
export interface ClaimTerms {
  readonly reservations: readonly Reservation[];
  /** Name of a lock that only one intent may hold: the settlement of one escrow. */
  readonly lock?: string | undefined;
  readonly before?: Readonly<Record<string, unknown>> | undefined;
  /** When the ledger began that knows of this claim (ISO 8601). */
  readonly ledgerBegan?: string | undefined;
}

/** How a claim went. */
export type ClaimResult =
  | { readonly kind: 'claimed' }
  /** Another invocation was faster, or the intent has ended. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'over-budget'; readonly budget: string }
  /** Another intent holds the lock. */
  | { readonly kind: 'locked'; readonly holder: string };

/** How a claim ends, or what the sweeper or an operator makes of an unknown. */
export interface Ending {
  readonly state: Exclude<IntentState, 'claimed' | 'sending'>;
  readonly note: string;
  /** Where it is `skipped`: why. */
  readonly skip?: Skip;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly decision?: Decision;
  readonly retriedAs?: string;
  /** The service of escrows as it is called now: what was created there says nothing of a former name. */
  readonly sentTo?: NamedService | undefined;
  /** Where it is `prepared` again: until when it waits. */
  readonly wait?: IntentWait;
}

/** Whether an ending says that no money went out: then budgets are given back. */
export function givesBack(state: IntentState): boolean {
  return state === 'prepared' || state === 'rejected' || state === 'skipped';
}

/** A skip as it is stored: nobody sends it, so that it has no sender, no body and no expiry. */
export function skippedIntent({ note, ...skip }: NewSkip, at: Date): Intent {
  const time = at.toISOString();
  return {
    ...skip,
    agentId: '',
    requestBody: '',
    expiresAt: time,
    state: 'skipped',
    fence: 0,
    reason: note,
    createdAt: time,
    updatedAt: time,
    history: [{ state: 'skipped', at: time, note }],
  };
}

/**
 * Whether an ending frees the lock. A settlement keeps its escrow's for good, unless it certainly had no effect; an order
 * keeps its market's until it is known what became of it, so that no other order's fill can be taken for its own.
 */
export function freesLock(kind: EffectKind, state: IntentState): boolean {
  return givesBack(state) || (isOrder(kind) && state === 'applied');
}

/** An order in a market, real or on paper. */
export function isOrder(kind: EffectKind): boolean {
  return kind === 'trade-order' || kind === 'paper-order';
}

/** The lock of a market: orders of one agent in one market go one after the other. */
export function marketLock({ kind, agentId, payee }: Pick<Intent, 'kind' | 'agentId' | 'payee'>): string {
  return `${kind === 'paper-order' ? 'paper-market' : 'market'}/${agentId}/${payee}`;
}

/** Where intents are kept. Every write is conditional and linearizable, every read consistent. */
export interface IntentStore {
  /** Writes the intent in state `prepared` unless its key is known; returns what is stored then. */
  prepare(intent: NewIntent, at: Date): Promise<Intent>;
  /** Writes a decision in state `skipped` unless its key is known. `isNew` says whether this call wrote what is stored. */
  skip(skip: NewSkip, at: Date): Promise<{ readonly intent: Intent; readonly isNew: boolean }>;
  /** Takes `prepared` to `sending`, if the stored fence is one less, and takes budgets and lock with it, or nothing. */
  claim(claim: Claim, terms: ClaimTerms, at: Date): Promise<ClaimResult>;
  /**
   * Moves an intent on from a state, if it still is in it and the fence is the same, and gives back what it no longer
   * needs. Returns what is stored then.
   */
  move(from: Pick<Intent, 'key' | 'state' | 'fence' | 'owner'>, ending: Ending, at: Date): Promise<Intent>;
  /**
   * Records that a `prepared` intent waits, and why, without a step of its history: it may wait for months. Nothing is
   * noted where it has moved on, or where its latest wait is another than it was read with.
   */
  postpone(
    intent: Pick<Intent, 'key' | 'fence' | 'waits'>,
    wait: IntentWait,
    reason: string,
    at: Date,
  ): Promise<Intent>;
  /**
   * Records that an intent was looked at, so that others come before it next time, and, where `isFirst`, that this is the
   * first complete look that counts and did not find its effect. Nothing is noted where the intent has moved on.
   */
  noteLook(intent: Pick<Intent, 'key' | 'state' | 'fence'>, at: Date, isFirst: boolean): Promise<Intent>;
  read(key: string): Promise<Intent | undefined>;
  /** The key of the intent that holds a lock. */
  readHolder(lock: string): Promise<string | undefined>;
  /** What is reserved and spent of a budget. */
  readUsed(budget: string): Promise<MicroUsd>;
  /** Intents in a state that were last changed or looked at before a moment, oldest first: `limit`, or all that 20 pages show. */
  list(state: IntentState, changedBefore: Date, limit: number): Promise<Intent[]>;
  /** The escrow that an agent created last at an address, as it was written with its intent. */
  readCanary(owner: IntentOwner): Promise<Canary | undefined>;
  /** The order that was placed last in a market, as it was written with its intent. */
  readLastOrder(market: Pick<Intent, 'kind' | 'agentId' | 'payee'>): Promise<LastOrder | undefined>;
  /**
   * One page of the applied intents, newest first; a page may have fewer than `limit` and still not be the last.
   *
   * @param after what the page before said is `next`.
   */
  listApplied(limit: number, after?: IntentCursor): Promise<IntentPage>;
  /**
   * One page of the intents in a state that were last changed or looked at since a moment, oldest first. What changes
   * between two pages may be in both.
   *
   * @param after what the page before said is `next`.
   */
  listSince(state: IntentState, since: Date, limit: number, after?: IntentCursor): Promise<IntentPage>;
}

/** Where intents are kept, with the steps of an order, which is claimed before it is decided. */
export interface OrderStore extends IntentStore {
  /**
   * Takes an order to `claimed`, with its budgets and its market's lock, or nothing. One that is taken over has what it took
   * before given back in the same write.
   */
  take(order: NewIntent, terms: TakeTerms, at: Date): Promise<TakeResult>;
  /** Takes an order from `claimed` to `sending`, with what was seen before. Returns what is stored then. */
  send(claimed: Intent, before: Readonly<Record<string, unknown>>, at: Date): Promise<Intent>;
  /** Ends what `send` returned, as `move` does, and reads nothing before. Returns what is stored then. */
  end(sent: Intent, ending: Ending, at: Date): Promise<Intent>;
}

/** Where a page of intents ended. */
export type IntentCursor = Pick<Intent, 'key' | 'state' | 'updatedAt'>;

export interface IntentPage {
  readonly intents: readonly Intent[];
  /** Undefined on the last page. */
  readonly next: IntentCursor | undefined;
}
