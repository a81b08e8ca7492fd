import { SecretUnusableError } from '../../src/errors.ts';
import { escrowRefOf, releaseFunds } from '../../src/escrow/escrow-effects.ts';
import { reviewedStateSchema } from '../../src/escrow/lifecycle-state.ts';
import type { EffectOutcome } from '../../src/ledger/perform-effect.ts';
import { releasedEscrowSchema } from '../../src/purple-flea/escrow.ts';
import type * as z from 'zod/mini';
import { announce } from '../shared/announce.ts';
import type { EscrowTaskDeps, TaskContext } from '../shared/escrow-task.ts';

type State = z.infer<typeof reviewedStateSchema>;

/** Pays the counterparty, once, with the review's reason as the note. */
export function createHandler(deps: EscrowTaskDeps) {
  return async (input: unknown, context: TaskContext) => {
    const state = reviewedStateSchema.parse(input);
    const outcome = await release(deps, state, context);
    switch (outcome.outcome) {
      case 'applied': {
        const released = releasedEscrowSchema.parse(outcome.result);
        if (!outcome.duplicate) {
          deps.count('EscrowsReleased');
          const { escrowId, amountUsd, feeUsd, paidOutUsd } = released;
          const { reference } = state.escrow;
          await announce(deps, 'escrow.released', { escrowId, reference, amountUsd, feeUsd, paidOutUsd });
        }
        return { outcome: 'applied', ...released };
      }
      case 'rejected':
      case 'not-sent':
      case 'pending':
      case 'manual':
        deps.log.warn('funds not released', { ...outcome, escrowId: state.escrow.escrowId });
        return outcome;
    }
  };
}

async function release(deps: EscrowTaskDeps, state: State, context: TaskContext): Promise<EffectOutcome> {
  try {
    const { own } = await deps.readApiKeys();
    return await releaseFunds(
      {
        ...deps,
        remainingMs: () => context.getRemainingTimeInMillis(),
        escrow: deps.openEscrow(own),
        agentId: own.agentId,
      },
      state.request.cause,
      escrowRefOf(state),
      state.review.reason,
    );
  } catch (error) {
    if (error instanceof SecretUnusableError) return { outcome: 'rejected', reason: error.message };
    throw error;
  }
}
