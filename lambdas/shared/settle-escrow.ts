import type { EscrowEffectDeps } from '../../src/escrow/escrow-effects.ts';
import { SecretUnusableError, ServiceUnreadableError } from '../../src/errors.ts';
import type { EffectOutcome } from '../../src/ledger/perform-effect.ts';
import { isSettledOrFrozen } from '../../src/purple-flea/escrow.ts';
import type { EscrowTaskDeps, TaskContext } from './escrow-task.ts';

/** As the workflow sees it; `overtaken` says that the escrow was, or may be, settled or frozen by somebody else meanwhile. */
export type SettlementOutcome = EffectOutcome | { readonly outcome: 'overtaken'; readonly reason: string };

/**
 * Releases or disputes an escrow with the own key. Where that is refused, the escrow is read: what others made of it is no
 * failure.
 */
export async function settleEscrow(
  deps: EscrowTaskDeps,
  escrowId: string,
  context: TaskContext,
  settle: (deps: EscrowEffectDeps) => Promise<EffectOutcome>,
): Promise<SettlementOutcome> {
  try {
    const { own } = await deps.readApiKeys();
    const escrow = deps.openEscrow(own);
    const remainingMs = () => context.getRemainingTimeInMillis();
    const outcome = await settle({ ...deps, remainingMs, escrow, agentId: own.agentId });
    if (outcome.outcome !== 'rejected') return outcome;
    const { status, statusShown } = await escrow.readStatus(escrowId);
    return isSettledOrFrozen(status)
      ? { outcome: 'overtaken', reason: `${outcome.reason}; the escrow is ${statusShown}` }
      : outcome;
  } catch (error) {
    if (error instanceof SecretUnusableError) return { outcome: 'rejected', reason: error.message };
    // The workflow's own look waits until it can be read.
    if (error instanceof ServiceUnreadableError) return { outcome: 'overtaken', reason: error.message };
    throw error;
  }
}
