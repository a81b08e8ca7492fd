import { describeError, TryLaterError } from '../errors.ts';
import type { Intent } from '../ledger/intent.ts';
import { STALE_CLAIM_MS } from '../ledger/resolve-intents.ts';
import { laterFor, secondsToWait } from '../ledger/waiting.ts';
import { repeatCompletion, type EscrowEffectDeps } from './escrow-effects.ts';
import { rejectIfSettled, type RejectSettledDeps } from './reject-settled.ts';

export interface RetryCompletionDeps extends Omit<EscrowEffectDeps, 'owner'>, Pick<RejectSettledDeps, 'viewEscrows'> {
  /** Whether a counterparty's key is held. @throws SecretUnusableError where that cannot be known. */
  readonly holdsKeyOf: (agentId: string) => Promise<boolean>;
}

/** What one run did. */
export interface CompletionRun {
  /** Completions that the service has recorded now. */
  readonly completed: readonly Intent[];
  /** Completions of which there is no need any more. */
  readonly rejected: readonly Intent[];
  /** Completions that could not be asked for; they keep no other from being sent. */
  readonly failed: readonly { readonly key: string; readonly reason: string }[];
}

/** Each costs two paced calls. */
const MOST = 10;

/**
 * Sends the completions that wait and are due. No execution comes back for them: the review goes on without, as a locked
 * escrow may be released too. But what silence makes of an escrow may depend on them, so they are sent until they are of no
 * use: the escrow is settled, or the counterparty's key is not held.
 *
 * @param prepared the prepared intents that this run looks at.
 */
export async function retryCompletions(deps: RetryCompletionDeps, prepared: readonly Intent[]): Promise<CompletionRun> {
  const due = prepared.filter((intent) => isDue(intent, deps.now()));
  const completed: Intent[] = [];
  const rejected: Intent[] = [];
  const failed: { key: string; reason: string }[] = [];
  for (const intent of due.slice(0, MOST)) {
    try {
      const after = await retry(deps, intent);
      if (after?.state === 'applied') completed.push(after);
      if (after?.state === 'rejected') rejected.push(after);
    } catch (error) {
      // No time is left in this run.
      if (error instanceof TryLaterError) break;
      failed.push({ key: intent.key, reason: describeError(error) });
    }
  }
  return { completed, rejected, failed };
}

/** One that does not say when was left by an invocation that is gone, or may be sent again after it was looked for. */
function isDue({ kind, notBefore, updatedAt }: Intent, now: Date): boolean {
  if (kind !== 'escrow-complete') return false;
  if (notBefore !== undefined) return secondsToWait({ notBefore }, now) === 0;
  return now.getTime() - Date.parse(updatedAt) >= STALE_CLAIM_MS;
}

async function retry(deps: RetryCompletionDeps, intent: Intent): Promise<Intent | undefined> {
  if (await isLeftToCounterparty(deps, intent)) {
    const note = `no key of ${intent.agentId} is held: it is left to the counterparty`;
    return deps.intents.move(intent, { state: 'rejected', note }, deps.now());
  }
  await repeatCompletion(deps, intent);
  const after = await deps.intents.read(intent.key);
  return after?.state === 'prepared' ? rejectIfSettled(deps, after) : after;
}

/** Not where that cannot be known now. */
async function isLeftToCounterparty({ holdsKeyOf }: RetryCompletionDeps, { agentId }: Intent): Promise<boolean> {
  try {
    return !(await holdsKeyOf(agentId));
  } catch (error) {
    if (laterFor(error) === undefined) throw error;
    return false;
  }
}
