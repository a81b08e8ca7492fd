import { escrowRefOf, releaseFunds } from '../../src/escrow/escrow-effects.ts';
import { releaseStateSchema } from '../../src/escrow/lifecycle-state.ts';
import { releasedEscrowSchema } from '../../src/purple-flea/escrow.ts';
import { announce } from '../shared/announce.ts';
import type { EscrowTaskDeps, TaskContext } from '../shared/escrow-task.ts';
import { reportFee } from '../shared/report-fee.ts';
import { settleEscrow } from '../shared/settle-escrow.ts';

/** Pays the counterparty, once, with the review's reason as the note. */
export function createHandler(deps: EscrowTaskDeps) {
  return async (input: unknown, context: TaskContext) => {
    const state = releaseStateSchema.parse(input);
    const { escrowId, reference } = state.escrow;
    const { cause } = state.request;
    const escrow = escrowRefOf(state);
    const outcome = await settleEscrow(
      deps,
      { kind: 'escrow-release', cause, ...escrow, unlike: 'refunded' },
      context,
      (effects) => releaseFunds(effects, cause, escrow, state.review.reason),
    );
    if (outcome.outcome !== 'applied') {
      deps.log.warn('funds not released', { ...outcome, escrowId });
      return outcome;
    }
    const released = releasedEscrowSchema.parse(outcome.result);
    if (!outcome.duplicate) {
      deps.count('EscrowsReleased');
      const { amountUsd, feeUsd, paidOutUsd } = released;
      await reportFee(deps, deps.owner.agentId, { ...released, reference });
      await announce(deps, 'escrow.released', { escrowId, reference, amountUsd, feeUsd, paidOutUsd });
    }
    return { outcome: 'applied', ...released };
  };
}
