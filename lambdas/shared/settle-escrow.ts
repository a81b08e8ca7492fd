import type { EscrowEffectDeps } from '../../src/escrow/escrow-effects.ts';
import { ServiceUnreadableError } from '../../src/errors.ts';
import { findCreator } from '../../src/escrow/find-creator.ts';
import type { Cause } from '../../src/ledger/effect-key.ts';
import type { EffectOutcome } from '../../src/ledger/perform-effect.ts';
import { isSettledOrFrozen } from '../../src/purple-flea/escrow.ts';
import type { EscrowTaskDeps, TaskContext } from './escrow-task.ts';

/** As the workflow sees it; `overtaken` says that the escrow was, or may be, settled or frozen by somebody else meanwhile. */
export type SettlementOutcome = EffectOutcome | { readonly outcome: 'overtaken'; readonly reason: string };

/**
 * Releases or disputes an escrow as the agent that created it. Where that is refused, the escrow is read: what others made
 * of it is no failure.
 */
export async function settleEscrow(
  deps: EscrowTaskDeps,
  { cause, escrowId }: { readonly cause: Cause; readonly escrowId: string },
  context: TaskContext,
  settle: (deps: EscrowEffectDeps) => Promise<EffectOutcome>,
): Promise<SettlementOutcome> {
  const owner = await findCreator(deps.intents, cause, escrowId, deps.owner);
  try {
    const outcome = await settle({ ...deps, remainingMs: () => context.getRemainingTimeInMillis(), owner });
    if (outcome.outcome !== 'rejected') return outcome;
    const { status, statusShown } = await deps.viewEscrows(owner).readStatus(escrowId);
    return isSettledOrFrozen(status)
      ? { outcome: 'overtaken', reason: `${outcome.reason}; the escrow is ${statusShown}` }
      : outcome;
  } catch (error) {
    // The workflow's own look waits until it can be read.
    if (error instanceof ServiceUnreadableError) return { outcome: 'overtaken', reason: error.message };
    throw error;
  }
}
