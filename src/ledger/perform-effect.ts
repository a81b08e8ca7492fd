import { describeError, LedgerUnreachableError, TryLaterError } from '../errors.ts';
import type { Answer, EffectRequest } from './answer.ts';
import { reservationsFor, type BudgetPolicy } from './budgets.ts';
import { clientReference, effectKey } from './effect-key.ts';
import { isOrder, type ClaimTerms, type Ending, type Intent, type IntentStore, type NewIntent } from './intent.ts';
import { lockOf } from './lock.ts';
import type { PaceWait } from '../pacing/pacer.ts';
import type { IntentOwner } from './owner.ts';
import { mayBegin, type ReadStop } from './stop.ts';
import { doubt, mayBeSentUnknown, type ReadBeginning } from './the-past.ts';
import { laterAt, laterFor, nextWait, pauseBefore, secondsToWait, SHORT_WAIT_SECONDS, type Later } from './waiting.ts';

/** What `performEffect` needs of the world. */
export interface EffectDeps {
  readonly intents: IntentStore;
  readonly budgets: BudgetPolicy;
  readonly readStop: ReadStop;
  readonly readBeginning: ReadBeginning;
  readonly now: () => Date;
  /** A name no other invocation has, for the claim. */
  readonly newId: () => string;
  /** How long this invocation may still run, in milliseconds. */
  readonly remainingMs: () => number;
}

/** How an effect stands after a call. `duplicate` says that an earlier call, not this one, did it. */
export type EffectOutcome =
  | { readonly outcome: 'applied'; readonly result: Readonly<Record<string, unknown>>; readonly duplicate: boolean }
  | { readonly outcome: 'rejected'; readonly reason: string }
  /** To be asked for again in a moment. */
  | { readonly outcome: 'not-sent'; readonly reason: string; readonly retryAfterSeconds: number }
  /** Being sent by another invocation, unknown, or waiting for more than a moment: the sweepers end that. */
  | { readonly outcome: 'pending'; readonly reason: string; readonly key: string }
  | { readonly outcome: 'manual'; readonly reason: string; readonly key: string };

/** Requests that may have left, and did not take effect after all, are repeated this often in all. */
export const MAX_ATTEMPTS = 5;

/** The least before a market is asked for again that another order has. */
const LOCKED_RETRY_SECONDS = 60;

/** The same where the other one is in doubt: it waits for a person. */
const PARKED_RETRY_SECONDS = 3600;

/** A claimed order is decided on within seconds. */
const CLAIMED_RETRY_SECONDS = 5;

/** While the ledger cannot be reached it cannot say how often it was tried: so every wait is as long, and few enough for a history of weeks. */
const UNREACHABLE_RETRY_SECONDS = 300;

/** Time left to write the outcome after the last request's deadline. */
export const RECORDING_MS = 5_000;

/** One effect, as a flow asks for it. Key and reference follow from its cause and kind. */
export interface Effect<Client> extends Omit<NewIntent, 'key' | 'reference' | 'requestBody' | 'retryOf' | 'causedAt'> {
  /** Before this it cannot have been sent (ISO 8601): when what asks for it came to be, at the earliest. */
  readonly causedAt: string;
  /** Asked where that is older than the ledger: a later such time, if one is known. */
  readonly findLaterCause?: () => Promise<string | undefined>;
  /** Makes the exact body to send. It is asked once for each try: what is recorded then is sent. */
  readonly bodyFor: (reference: string) => string;
  /** Sum of the deadlines of all requests that `send` makes, in milliseconds. */
  readonly sendingMs: number;
  /**
   * Opens the way to the service as the owner of the stored intent, who may be another than the caller names.
   *
   * @throws SecretUnusableError or OwnerUnavailableError where that is not possible now: nothing is claimed.
   */
  readonly open: (owner: IntentOwner) => Promise<Client>;
  /** Waits for the moments at which the calls may be made, if they come soon; if not, nothing is claimed. */
  readonly reserve?: (client: Client, key: string) => Promise<PaceWait | undefined>;
  /** Looks at what the call is going to change, right before it. Where that fails, nothing is sent. */
  readonly lookBefore?: (client: Client) => Promise<Readonly<Record<string, unknown>>>;
  /** When silence would settle what it settles (ISO 8601): waits get shorter before. */
  readonly urgentBy?: string | undefined;
}

/**
 * Sends an effect at most once for its cause, whoever calls, however often. Orders are sent by `placeOrder`, which claims first.
 *
 * The intent is written before any key is needed, and sent only as the owner that it names. It is claimed with a fence,
 * together with its budgets and, for a settlement, with the escrow's lock; of all invocations that hold the same key one
 * sends, once. What the answer does not prove is `unknown`: it is never sent again from here. Nor is what may have been
 * sent before the ledger began.
 *
 * @param send makes the one request, as it was recorded, with what `open` gave.
 * @throws TryLaterError if too little time is left to send and record. Nothing was sent then.
 */
export async function performEffect<Client, Result extends Readonly<Record<string, unknown>>>(
  deps: EffectDeps,
  effect: Effect<Client>,
  send: (request: EffectRequest, client: Client) => Promise<Answer<Result>>,
): Promise<EffectOutcome> {
  const { urgentBy } = effect;
  const ready = await getReady(deps, effect).catch((error: unknown) => laterUnreachable(error, urgentBy, deps.now()));
  if ('outcome' in ready) return ready;
  const { intent, client, lookBefore, before, ledgerBegan } = ready;

  const claim = { key: intent.key, owner: deps.newId(), fence: intent.fence + 1 };
  const claimed = await deps.intents.claim(claim, { ...termsOf(deps, intent, before), ledgerBegan }, deps.now());
  switch (claimed.kind) {
    case 'lost':
      return standing(await readBack(deps.intents, intent.key));
    case 'over-budget':
      return reject(deps, intent, `the budget ${claimed.budget} does not have $${intent.amountUsd} left`);
    case 'locked':
      return yieldToHolder(deps, intent, claimed.holder, urgentBy);
    case 'claimed': {
      const answer = await sendOnce(
        async () => (await rejectIfChanged(lookBefore, before)) ?? send(requestOf(intent), client),
      );
      const now = deps.now();
      const ending = endingFor(answer, intent, now, urgentBy);
      const ended = await deps.intents.move({ ...claim, state: 'sending' }, ending, now);
      const isOurs = ended.owner === claim.owner && ended.fence === claim.fence && ended.state === ending.state;
      return isOurs ? outcomeFor(answer, ended, now) : standing(ended);
    }
  }
}

/** All that comes before the claim. @returns what the claim needs, or how the effect stands without one. */
async function getReady<Client>(
  deps: EffectDeps,
  effect: Effect<Client>,
): Promise<
  | EffectOutcome
  | {
      readonly intent: Intent;
      readonly client: Client;
      readonly lookBefore: Look | undefined;
      readonly before: ClaimTerms['before'];
      readonly ledgerBegan: string;
    }
> {
  const { sendingMs, urgentBy } = effect;
  const began = await readSafely(deps.readBeginning);
  const { intent, parent } = await prepareLatestTry(deps, effect, began.at);
  if (intent.state !== 'prepared') return standing(intent);
  if (secondsToWait(intent, deps.now()) > 0) return waiting(intent, deps.now());
  if (began.at === undefined) return postpone(deps, intent, { reason: began.reason, waitsFor: 'stop' }, urgentBy);
  if (await isOfUnknownPast(effect, intent, parent, began.at)) return putInDoubt(deps, intent, began.at, urgentBy);
  if (deps.now() >= new Date(intent.expiresAt)) return expire(deps, intent);

  const opened = await openSafely(effect.open, intent);
  if (opened.kind === 'later') return postpone(deps, intent, opened.later, urgentBy);
  const { client } = opened;
  // What is held back takes no slot from others.
  const held = await findWhyStopped(deps, intent);
  if (held !== undefined) return postpone(deps, intent, { reason: held, waitsFor: 'stop' }, urgentBy);
  const paced = await effect.reserve?.(client, intent.key);
  if (paced !== undefined) return postpone(deps, intent, laterAt(paced), urgentBy);
  if (deps.remainingMs() < sendingMs + RECORDING_MS) {
    throw new TryLaterError(`${deps.remainingMs()} ms left, ${sendingMs + RECORDING_MS} ms needed to send and record`);
  }

  const lookBefore = effect.lookBefore?.bind(undefined, client);
  const looked = await lookSafely(lookBefore);
  if (looked.kind === 'later') return postpone(deps, intent, looked.later, urgentBy);
  // Again, last of all, so that little time passes between the switch and the claim.
  const reason = await findWhyStopped(deps, intent);
  if (reason !== undefined) return postpone(deps, intent, { reason, waitsFor: 'stop' }, urgentBy);
  return { intent, client, lookBefore, before: looked.before, ledgerBegan: began.at };
}

/**
 * What it means that the ledger cannot be reached before anything was claimed: to be asked for again, sooner near a deadline.
 *
 * @throws every other error.
 */
export function laterUnreachable(
  error: unknown,
  urgentBy: string | undefined,
  now: Date,
): Extract<EffectOutcome, { readonly outcome: 'not-sent' }> {
  if (!(error instanceof LedgerUnreachableError)) throw error;
  const retryAfterSeconds = pauseBefore(urgentBy, UNREACHABLE_RETRY_SECONDS, now);
  return { outcome: 'not-sent', reason: error.message, retryAfterSeconds };
}

/**
 * Writes the intent unless it is known. What did not take place stays so: where an operator has asked for another try, it
 * is an intent of its own.
 */
async function prepareLatestTry<Client>(
  deps: EffectDeps,
  effect: Effect<Client>,
  ledgerBegan: string | undefined,
): Promise<{ readonly intent: Intent; readonly parent: Intent | undefined }> {
  const {
    sendingMs: _,
    findLaterCause: _findLaterCause,
    open: _open,
    reserve: _reserve,
    lookBefore: _look,
    urgentBy: _urgentBy,
    bodyFor,
    ...common
  } = effect;
  const prepare = (key: string, retryOf?: string): Promise<Intent> => {
    const reference = clientReference(key);
    const tried = {
      ...common,
      key,
      reference,
      requestBody: bodyFor(reference),
      ...(retryOf === undefined ? {} : { retryOf }),
      ...(ledgerBegan === undefined ? {} : { ledgerBegan }),
    };
    return deps.intents.prepare(tried, deps.now());
  };
  let parent: Intent | undefined;
  let intent = await prepare(effectKey(effect.cause, effect.kind));
  while (intent.retriedAs !== undefined) {
    parent = intent;
    intent = await prepare(intent.retriedAs, intent.key);
  }
  return { intent, parent };
}

type Began = { readonly at: string } | { readonly at: undefined; readonly reason: string };

/** When the ledger began. While that cannot be read, nobody knows whether it knows all that was done. */
async function readSafely(readBeginning: ReadBeginning): Promise<Began> {
  try {
    return { at: await readBeginning() };
  } catch (error) {
    return { at: undefined, reason: `the beginning of the ledger cannot be read: ${describeError(error)}` };
  }
}

/** Whether an intent may have been sent before the ledger began. */
async function isOfUnknownPast<Client>(
  { causedAt, findLaterCause }: Effect<Client>,
  intent: Intent,
  parent: Intent | undefined,
  began: string,
): Promise<boolean> {
  const isUnknown = (since: string | undefined): boolean =>
    mayBeSentUnknown({ ...intent, causedAt: since }, parent, began);
  return isUnknown(causedAt) && isUnknown(await findLaterCause?.());
}

/** What may have been sent is looked for by the sweeper. */
async function putInDoubt(
  deps: EffectDeps,
  intent: Intent,
  began: string,
  urgentBy: string | undefined,
): Promise<EffectOutcome> {
  const doubted = await doubt(deps, intent, deps.newId(), began);
  switch (doubted.kind) {
    case 'lost':
      return standing(await readBack(deps.intents, intent.key));
    case 'locked':
      return yieldToHolder(deps, intent, doubted.holder, urgentBy);
    case 'doubted':
      return standing(doubted.intent);
  }
}

/** The latest try of an effect, if it was ever asked for. */
export async function readLatestTry(
  intents: Pick<IntentStore, 'read'>,
  { cause, kind }: Pick<NewIntent, 'cause' | 'kind'>,
): Promise<Intent | undefined> {
  const intent = await intents.read(effectKey(cause, kind));
  return intent === undefined ? undefined : latestOf(intents, intent);
}

/** A try that was asked for and not yet begun is left out. */
async function latestOf(intents: Pick<IntentStore, 'read'>, intent: Intent): Promise<Intent> {
  const next = intent.retriedAs === undefined ? undefined : await intents.read(intent.retriedAs);
  return next === undefined ? intent : latestOf(intents, next);
}

/** The one request of an intent, as it was recorded. */
export function requestOf({ requestBody: body, key, reference }: Intent): EffectRequest {
  return { body, key, reference };
}

/** Why an effect may not begin, by the stop. A switch that nobody can read is no permission. */
export async function findWhyStopped(
  { readStop }: Pick<EffectDeps, 'readStop'>,
  { kind }: Pick<Intent, 'kind'>,
): Promise<string | undefined> {
  try {
    const mode = await readStop();
    return mayBegin(kind, mode) ? undefined : `the stop is on "${mode}"`;
  } catch (error) {
    return `the stop cannot be read: ${describeError(error)}`;
  }
}

/** Another effect has the lock of the escrow, which is kept for good once that took place. */
async function yieldToHolder(
  deps: EffectDeps,
  intent: Intent,
  holder: string,
  urgentBy: string | undefined,
): Promise<EffectOutcome> {
  const other = (await deps.intents.read(holder))?.state;
  if (other === 'applied') {
    return reject(deps, intent, `the escrow was settled by another effect (${holder})`);
  }
  const later: Later = {
    reason: `another effect is settling the escrow (${holder})`,
    waitsFor: 'lock',
    atLeastSeconds: other === 'manual' ? PARKED_RETRY_SECONDS : LOCKED_RETRY_SECONDS,
  };
  return postpone(deps, intent, later, urgentBy);
}

/** Leaves the intent `prepared`, and says until when. */
async function postpone(
  deps: EffectDeps,
  intent: Intent,
  later: Later,
  urgentBy: string | undefined,
): Promise<EffectOutcome> {
  const now = deps.now();
  const wait = nextWait(intent, later, now, urgentBy);
  const stored = await deps.intents.postpone(intent, wait, later.reason, now);
  return secondsToWait(stored, now) > 0 && stored.state === 'prepared' ? waiting(stored, now) : standing(stored);
}

/** A moment is waited for by whoever asks; what takes longer the sweepers end. */
function waiting(intent: Intent, now: Date): EffectOutcome {
  const { key, reason = 'it waits' } = intent;
  const seconds = secondsToWait(intent, now);
  return seconds <= SHORT_WAIT_SECONDS
    ? { outcome: 'not-sent', reason, retryAfterSeconds: Math.max(1, seconds) }
    : { outcome: 'pending', reason, key };
}

/** What cannot be opened as the owner of an intent now, for want of a key or of its service, may be later. */
async function openSafely<Client>(
  open: Effect<Client>['open'],
  intent: Intent,
): Promise<{ readonly kind: 'opened'; readonly client: Client } | { readonly kind: 'later'; readonly later: Later }> {
  try {
    return { kind: 'opened', client: await open(intent) };
  } catch (error) {
    const later = laterFor(error);
    if (later === undefined) throw error;
    return { kind: 'later', later };
  }
}

type Look = () => Promise<Readonly<Record<string, unknown>>>;

/** What is not seen beforehand cannot be compared with afterwards: without it nothing is sent. */
async function lookSafely(
  look: Look | undefined,
): Promise<
  { readonly kind: 'looked'; readonly before: ClaimTerms['before'] } | { readonly kind: 'later'; readonly later: Later }
> {
  try {
    return { kind: 'looked', before: await look?.() };
  } catch (error) {
    const later = laterFor(error);
    if (later === undefined) throw error;
    return { kind: 'later', later };
  }
}

/**
 * Between the look and the claim, which takes the lock, another effect may have ended: what it did would look like this
 * one's. So it is looked again under the lock, and nothing is sent where something has changed.
 */
async function rejectIfChanged(
  look: Look | undefined,
  before: ClaimTerms['before'],
): Promise<Extract<Answer<never>, { kind: 'not-sent' }> | undefined> {
  if (look === undefined) return undefined;
  const again = await lookSafely(look);
  if (again.kind === 'later') return notSent(again.later);
  if (JSON.stringify(again.before) === JSON.stringify(before)) return undefined;
  const reason = 'something else changed there just before';
  return notSent({ reason, waitsFor: 'lock', atLeastSeconds: LOCKED_RETRY_SECONDS });
}

/** The answer of a call that was not made. */
export function notSent({ reason, waitsFor, atLeastSeconds }: Later): Extract<Answer<never>, { kind: 'not-sent' }> {
  return { kind: 'not-sent', reason, waitsFor, retryAfterSeconds: atLeastSeconds ?? 0 };
}

/** What a claim of this intent has to take. */
function termsOf(deps: EffectDeps, intent: Intent, before: ClaimTerms['before']): ClaimTerms {
  return { reservations: reservationsFor(deps.budgets, intent, deps.now()), lock: lockOf(intent), before };
}

/** Sends. An exception says nothing about what left before it. */
export async function sendOnce<Result>(send: () => Promise<Answer<Result>>): Promise<Answer<Result>> {
  try {
    return await send();
  } catch (error) {
    return { kind: 'unknown', reason: `the call threw ${describeError(error)}` };
  }
}

function endingFor(
  answer: Answer<Readonly<Record<string, unknown>>>,
  intent: Intent,
  now: Date,
  urgentBy: string | undefined,
): Ending {
  switch (answer.kind) {
    case 'applied':
      return { state: 'applied', note: 'the service confirmed it', result: answer.result };
    case 'rejected':
      return { state: 'rejected', note: answer.reason };
    case 'not-sent': {
      const { reason, waitsFor = 'service', retryAfterSeconds: atLeastSeconds } = answer;
      const wait = nextWait(intent, { reason, waitsFor, atLeastSeconds }, now, urgentBy);
      return { state: 'prepared', note: reason, wait };
    }
    case 'unknown':
      return { state: 'unknown', note: answer.reason };
  }
}

function outcomeFor(answer: Answer<Readonly<Record<string, unknown>>>, intent: Intent, now: Date): EffectOutcome {
  if (answer.kind === 'applied') return { outcome: 'applied', result: intent.result ?? {}, duplicate: false };
  if (answer.kind !== 'not-sent') return standing(intent);
  return waiting(intent, now);
}

async function expire(deps: EffectDeps, intent: Intent): Promise<EffectOutcome> {
  return reject(deps, intent, `not sent until ${intent.expiresAt}, when it expired`);
}

async function reject(deps: EffectDeps, intent: Intent, note: string): Promise<EffectOutcome> {
  return standing(await deps.intents.move(intent, { state: 'rejected', note }, deps.now()));
}

/** How an effect stands by its intent alone. */
export function standing(intent: Intent): EffectOutcome {
  switch (intent.state) {
    case 'applied':
      return { outcome: 'applied', result: intent.result ?? {}, duplicate: !wasInDoubt(intent) };
    case 'rejected':
    case 'skipped':
      return { outcome: 'rejected', reason: intent.reason ?? intent.state };
    case 'manual':
      return { outcome: 'manual', reason: intent.reason ?? 'parked', key: intent.key };
    case 'claimed':
      return {
        outcome: 'not-sent',
        reason: 'another invocation decides on it',
        retryAfterSeconds: CLAIMED_RETRY_SECONDS,
      };
    case 'prepared':
    case 'sending':
      return { outcome: 'pending', reason: 'another invocation has it', key: intent.key };
    case 'unknown':
      return { outcome: 'pending', reason: intent.reason ?? 'unknown', key: intent.key };
  }
}

/** What the sweeper found is news to the execution that comes back for it; of an order the sweeper tells itself. */
function wasInDoubt({ kind, history }: Intent): boolean {
  return !isOrder(kind) && history.some(({ state }) => state === 'unknown');
}

async function readBack(intents: IntentStore, key: string): Promise<Intent> {
  const intent = await intents.read(key);
  if (intent === undefined) throw new Error(`intent ${key} vanished from the ledger`);
  return intent;
}
