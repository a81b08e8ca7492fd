import { describeError, TryLaterError } from '../errors.ts';
import type { Answer } from './answer.ts';
import type { Claim, Ending, Intent, IntentStore, NewIntent } from './intent.ts';

/** What `performEffect` needs of the world. */
export interface EffectDeps {
  readonly intents: IntentStore;
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
  | { readonly outcome: 'not-sent'; readonly reason: string; readonly retryAfterSeconds: number }
  | { readonly outcome: 'in-progress'; readonly retryAfterSeconds: number }
  | ParkedOutcome;

/** It cannot be known whether the effect took place. `parkedNow` says that this call parked it. */
export interface ParkedOutcome {
  readonly outcome: 'manual';
  readonly reason: string;
  readonly parkedNow: boolean;
  readonly intent: Pick<Intent, 'key' | 'reference' | 'kind' | 'amountUsd'>;
}

/** Attempts that certainly did not go out may be repeated this often in all. */
export const MAX_ATTEMPTS = 5;

/** When to ask again after an effect that another invocation is sending; it is recorded or parked within minutes. */
const LOOK_AGAIN_SECONDS = 30;

/** Time left to write the outcome after the last request's deadline. */
const RECORDING_MS = 5_000;

/**
 * Sends an effect at most once for its key, whoever calls, however often.
 *
 * The intent is written before the call and claimed with a fence; of all invocations that hold the same key one sends,
 * once. What the answer does not prove is parked as `manual`: it is never sent again from here.
 *
 * @param send makes the one request with the recorded body; `sendingMs` is the sum of its deadlines.
 * @throws TryLaterError if too little time is left to send and record. Nothing was sent then.
 */
export async function performEffect<Result extends Readonly<Record<string, unknown>>>(
  deps: EffectDeps,
  effect: NewIntent & { readonly sendingMs: number },
  send: (requestBody: string) => Promise<Answer<Result>>,
): Promise<EffectOutcome> {
  const { sendingMs, ...newIntent } = effect;
  const intent = await deps.intents.prepare(newIntent, deps.now());
  if (intent.state !== 'prepared') return standing(intent);

  if (deps.remainingMs() < sendingMs + RECORDING_MS) {
    throw new TryLaterError(`${deps.remainingMs()} ms left, ${sendingMs + RECORDING_MS} ms needed to send and record`);
  }

  const claim: Claim = { key: intent.key, owner: deps.newId(), fence: intent.fence + 1 };
  if (!(await deps.intents.claim(claim, deps.now()))) return standing(await readBack(deps.intents, claim));

  const answer = await sendOnce(() => send(intent.requestBody));
  const ending = endingFor(answer, claim);
  const ended = await deps.intents.end(claim, ending, deps.now());
  if (ended.owner !== claim.owner || ended.fence !== claim.fence || ended.state !== ending.state) {
    return standing(ended);
  }
  return outcomeFor(answer, ending, intent);
}

/** An exception says nothing about what left before it. */
async function sendOnce<Result>(send: () => Promise<Answer<Result>>): Promise<Answer<Result>> {
  try {
    return await send();
  } catch (error) {
    return { kind: 'unknown', reason: `the call threw ${describeError(error)}` };
  }
}

function endingFor(answer: Answer<Readonly<Record<string, unknown>>>, claim: Claim): Ending {
  switch (answer.kind) {
    case 'applied':
      return { state: 'applied', note: 'the service confirmed it', result: answer.result };
    case 'rejected':
      return { state: 'rejected', note: answer.reason };
    case 'not-sent':
      return claim.fence < MAX_ATTEMPTS
        ? { state: 'prepared', note: answer.reason }
        : { state: 'rejected', note: `not sent in ${claim.fence} attempts; the last: ${answer.reason}` };
    case 'unknown':
      return { state: 'manual', note: answer.reason };
  }
}

function outcomeFor(answer: Answer<Readonly<Record<string, unknown>>>, ending: Ending, intent: Intent): EffectOutcome {
  switch (answer.kind) {
    case 'applied':
      return { outcome: 'applied', result: answer.result, duplicate: false };
    case 'rejected':
      return { outcome: 'rejected', reason: ending.note };
    case 'not-sent':
      return ending.state === 'rejected'
        ? { outcome: 'rejected', reason: ending.note }
        : { outcome: 'not-sent', reason: answer.reason, retryAfterSeconds: answer.retryAfterSeconds };
    case 'unknown':
      return parked(intent, ending.note, true);
  }
}

/** What an invocation that does not send has to say of an intent. */
function standing(intent: Intent): EffectOutcome {
  switch (intent.state) {
    case 'applied':
      return { outcome: 'applied', result: intent.result ?? {}, duplicate: true };
    case 'rejected':
      return { outcome: 'rejected', reason: intent.reason ?? 'rejected' };
    case 'manual':
      return parked(intent, intent.reason ?? 'parked', false);
    case 'prepared':
    case 'sending':
      return { outcome: 'in-progress', retryAfterSeconds: LOOK_AGAIN_SECONDS };
  }
}

function parked(intent: Intent, reason: string, parkedNow: boolean): ParkedOutcome {
  const { key, reference, kind, amountUsd } = intent;
  return { outcome: 'manual', reason, parkedNow, intent: { key, reference, kind, amountUsd } };
}

async function readBack(intents: IntentStore, claim: Claim): Promise<Intent> {
  const intent = await intents.read(claim.key);
  if (intent === undefined) throw new Error(`intent ${claim.key} vanished from the ledger`);
  return intent;
}
