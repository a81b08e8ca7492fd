import { describeError } from '../../src/errors.ts';
import { completeDelivery, escrowRefOf } from '../../src/escrow/escrow-effects.ts';
import { findCreator } from '../../src/escrow/find-creator.ts';
import { deliveredStateSchema } from '../../src/escrow/lifecycle-state.ts';
import { laterFor } from '../../src/ledger/waiting.ts';
import { announce } from '../shared/announce.ts';
import type { EscrowTaskDeps, TaskContext } from '../shared/escrow-task.ts';

export interface Deps extends EscrowTaskDeps {
  /** @throws SecretUnusableError where that cannot be known. */
  readonly holdsKeyOf: (agentId: string) => Promise<boolean>;
}

/**
 * Records the delivery at Purple Flea where the counterparty's key is held; otherwise that is the counterparty's to do.
 * However it ends, the review that follows reads the escrow itself. What cannot be sent now the sweeper sends.
 */
export function createHandler(deps: Deps) {
  return async (input: unknown, context: TaskContext) => {
    const { request, escrow, delivery } = deliveredStateSchema.parse(input);
    const agentId = request.counterpartyAgentId;
    const held = await holdsKey(deps, agentId);
    if (held === false) return { outcome: 'left-to-counterparty' };

    const creator = await findCreator(deps.intents, request.cause, escrow.escrowId, deps.owner);
    const outcome = await completeDelivery(
      {
        ...deps,
        remainingMs: () => context.getRemainingTimeInMillis(),
        owner: { ...creator, agentId },
        ...(held === true ? {} : { openEscrow: () => Promise.reject(held) }),
      },
      request.cause,
      escrowRefOf({ request, escrow, delivery }),
      delivery,
    );
    if (outcome.outcome === 'applied' && !outcome.duplicate) {
      await announce(deps, 'escrow.completed', { escrowId: escrow.escrowId, reference: escrow.reference });
    }
    deps.log.info('completion', { escrowId: escrow.escrowId, outcome: outcome.outcome });
    return { outcome: outcome.outcome };
  };
}

/** Why not, where that cannot be known now. */
async function holdsKey(deps: Deps, agentId: string): Promise<boolean | Error> {
  try {
    return await deps.holdsKeyOf(agentId);
  } catch (error) {
    if (!(error instanceof Error) || laterFor(error) === undefined) throw error;
    deps.log.warn('completion not sent', { agentId, reason: describeError(error) });
    return error;
  }
}
