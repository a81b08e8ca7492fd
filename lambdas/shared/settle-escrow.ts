import type { EscrowEffectDeps } from '../../src/escrow/escrow-effects.ts';
import { ServiceUnreadableError } from '../../src/errors.ts';
import { findCreator } from '../../src/escrow/find-creator.ts';
import type { Cause } from '../../src/ledger/effect-key.ts';
import { laterUnreachable, readLatestTry, type EffectOutcome } from '../../src/ledger/perform-effect.ts';
import { isFinal, isSettledOrFrozen } from '../../src/purple-flea/escrow.ts';
import type { EscrowTaskDeps, TaskContext } from './escrow-task.ts';

/** As the workflow sees it; `overtaken` says that the escrow was, or may be, settled or frozen by somebody else meanwhile. */
export type SettlementOutcome = EffectOutcome | { readonly outcome: 'overtaken'; readonly reason: string };

/** What is to be settled. */
interface Settlement {
  readonly kind: 'escrow-release' | 'escrow-dispute';
  readonly cause: Cause;
  readonly escrowId: string;
  /** When silence settles it, as far as is known (ISO 8601). */
  readonly deadlineAt: string;
  /** What silence would make of it that was not decided. */
  readonly unlike: 'refunded' | 'auto_released';
}

/**
 * Releases or disputes an escrow as the agent that created it. Where that is refused, the escrow is read: what others made
 * of it is no failure. So it is where it has to wait and its deadline is over: silence may have settled it.
 */
export async function settleEscrow(
  deps: EscrowTaskDeps,
  { kind, cause, escrowId, deadlineAt, unlike }: Settlement,
  context: TaskContext,
  settle: (deps: EscrowEffectDeps) => Promise<EffectOutcome>,
): Promise<SettlementOutcome> {
  const owner = await findCreator(deps.intents, cause, escrowId, deps.owner).catch((error: unknown) =>
    laterUnreachable(error, deadlineAt, deps.now()),
  );
  if ('outcome' in owner) return owner;
  try {
    const outcome = await settle({ ...deps, remainingMs: () => context.getRemainingTimeInMillis(), owner });
    const isOver = deps.now() >= new Date(deadlineAt);
    if (outcome.outcome === 'applied' || outcome.outcome === 'manual') return outcome;
    if (outcome.outcome !== 'rejected' && !(isOver && (await isHeldBack(deps, outcome)))) return outcome;
    const { status, statusShown } = await deps.viewEscrows(owner).readStatus(escrowId);
    if (!isSettledOrFrozen(status)) return outcome;
    if (status === unlike) deps.count('DecisionsMissed');
    if (isFinal(status)) await rejectWaiting(deps, { kind, cause }, `the escrow is ${statusShown}`);
    return { outcome: 'overtaken', reason: `${outcome.reason}; the escrow is ${statusShown}` };
  } catch (error) {
    // The workflow's own look waits until it can be read.
    if (error instanceof ServiceUnreadableError) return { outcome: 'overtaken', reason: error.message };
    throw error;
  }
}

/** Rejects an intent that waits and must not be sent any more. In any other state it stays as it is. */
async function rejectWaiting(
  { intents, now }: Pick<EscrowTaskDeps, 'intents' | 'now'>,
  effect: Pick<Settlement, 'kind' | 'cause'>,
  note: string,
): Promise<void> {
  const intent = await readLatestTry(intents, effect);
  if (intent?.state === 'prepared') await intents.move(intent, { state: 'rejected', note }, now());
}

/** Whether it certainly was not sent, and waits. What is in doubt has to be settled first. */
async function isHeldBack({ intents }: Pick<EscrowTaskDeps, 'intents'>, outcome: EffectOutcome): Promise<boolean> {
  if (outcome.outcome === 'not-sent') return true;
  return outcome.outcome === 'pending' && (await intents.read(outcome.key))?.state === 'prepared';
}
