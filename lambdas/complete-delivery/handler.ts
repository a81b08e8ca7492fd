import { completeDelivery, escrowRefOf } from '../../src/escrow/escrow-effects.ts';
import { deliveredStateSchema } from '../../src/escrow/lifecycle-state.ts';
import { announce } from '../shared/announce.ts';
import type { EscrowTaskDeps, TaskContext } from '../shared/escrow-task.ts';

/**
 * Records the delivery at Purple Flea where the counterparty's key is held; otherwise that is the counterparty's to do.
 * However it ends, the review that follows reads the escrow itself.
 */
export function createHandler(deps: EscrowTaskDeps) {
  return async (input: unknown, context: TaskContext) => {
    const { request, escrow, delivery } = deliveredStateSchema.parse(input);
    const counterparty = (await deps.readApiKeys()).forCounterparty(request.counterpartyAgentId);
    if (counterparty === undefined) return { outcome: 'left-to-counterparty' };

    const outcome = await completeDelivery(
      {
        ...deps,
        remainingMs: () => context.getRemainingTimeInMillis(),
        escrow: deps.openEscrow(counterparty),
        agentId: counterparty.agentId,
      },
      request.cause,
      escrowRefOf({ request, escrow }),
      delivery,
    );
    if (outcome.outcome === 'applied' && !outcome.duplicate) {
      await announce(deps, 'escrow.completed', { escrowId: escrow.escrowId, reference: escrow.reference });
    }
    deps.log.info('completion', { escrowId: escrow.escrowId, outcome: outcome.outcome });
    return { outcome: outcome.outcome };
  };
}
