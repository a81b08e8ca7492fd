import type * as z from 'zod/mini';
import { escrowRefOf, raiseDispute, type EscrowEffectDeps } from '../../src/escrow/escrow-effects.ts';
import { disputeStateSchema } from '../../src/escrow/lifecycle-state.ts';
import { effectKey } from '../../src/ledger/effect-key.ts';
import type { EffectOutcome } from '../../src/ledger/perform-effect.ts';
import { isSettledOrFrozen } from '../../src/purple-flea/escrow.ts';
import { announce } from '../shared/announce.ts';
import type { EscrowTaskDeps, TaskContext } from '../shared/escrow-task.ts';
import { settleEscrow } from '../shared/settle-escrow.ts';

type DisputeState = z.infer<typeof disputeStateSchema>;

/** Freezes the escrow, once, with the review's reason: then the service's staff decide. */
export function createHandler(deps: EscrowTaskDeps) {
  return async (input: unknown, context: TaskContext) => {
    const state = disputeStateSchema.parse(input);
    const { escrowId, reference } = state.escrow;
    const { reason } = state.review;
    const outcome = await settleEscrow(
      deps,
      { kind: 'escrow-dispute', cause: state.request.cause, ...escrowRefOf(state), unlike: 'auto_released' },
      context,
      (effects) => raiseOnce({ ...deps, ...effects }, state, reason),
    );
    if (outcome.outcome !== 'applied') {
      deps.log.warn('escrow not disputed', { ...outcome, escrowId });
      return outcome;
    }
    if (!outcome.duplicate) {
      deps.count('EscrowsDisputed');
      await announce(deps, 'escrow.disputed', { escrowId, reference, reason });
    }
    return { outcome: 'applied', escrowId, status: 'disputed' };
  };
}

/** A dispute that was raised before and lifted since is not raised again: a person has to look at what the staff meant. */
async function raiseOnce(
  deps: EscrowEffectDeps & Pick<EscrowTaskDeps, 'viewEscrows'>,
  state: DisputeState,
  reason: string,
): Promise<EffectOutcome> {
  const { cause } = state.request;
  const raised = await raiseDispute(deps, cause, escrowRefOf(state), { reason });
  if (raised.outcome !== 'applied' || !raised.duplicate) return raised;
  const { status, statusShown } = await deps.viewEscrows(deps.owner).readStatus(state.escrow.escrowId);
  return isSettledOrFrozen(status)
    ? raised
    : {
        outcome: 'manual',
        key: effectKey(cause, 'escrow-dispute'),
        reason: `it was disputed before, and is ${statusShown} again`,
      };
}
