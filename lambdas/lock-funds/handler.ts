import * as z from 'zod/mini';
import { lockFunds } from '../../src/escrow/escrow-effects.ts';
import { lifecycleInputSchema, type LifecycleInput } from '../../src/escrow/lifecycle-input.ts';
import { effectKey } from '../../src/ledger/effect-key.ts';
import { lockedEscrowSchema, type LockedEscrow } from '../../src/purple-flea/escrow.ts';
import { describeProblems } from '../../src/schemas.ts';
import { announce } from '../shared/announce.ts';
import { reportFee } from '../shared/report-fee.ts';
import type { EscrowTaskDeps, TaskContext } from '../shared/escrow-task.ts';

/** Locks the funds of one request. What cannot be sent now, for want of a key or whatever else, waits. */
export function createHandler(deps: EscrowTaskDeps) {
  return async (input: unknown, context: TaskContext) => {
    const request = z.safeParse(lifecycleInputSchema, input);
    if (!request.success) return { outcome: 'rejected', reason: describeProblems(request.error) };

    const remainingMs = () => context.getRemainingTimeInMillis();
    const outcome = await lockFunds({ ...deps, remainingMs }, request.data);
    switch (outcome.outcome) {
      case 'applied': {
        const escrow = lockedEscrowSchema.parse(outcome.result);
        if (!outcome.duplicate) await announceLocked(deps, request.data, escrow);
        return { outcome: 'applied', ...escrow };
      }
      case 'rejected':
      case 'not-sent':
      case 'pending':
      case 'manual':
        deps.log.warn('funds not locked', { ...outcome, ...request.data.cause });
        return outcome;
    }
  };
}

async function announceLocked(deps: EscrowTaskDeps, request: LifecycleInput, escrow: LockedEscrow): Promise<void> {
  deps.count('EscrowsLocked');
  await reportFee(deps, deps.owner.agentId, escrow);
  await announce(deps, 'escrow.locked', {
    escrowId: escrow.escrowId,
    reference: escrow.reference,
    executionName: effectKey(request.cause, 'escrow-create'),
    amountUsd: escrow.amountUsd,
    feeUsd: escrow.feeUsd,
    netUsd: escrow.netUsd,
    counterpartyAgentId: request.counterpartyAgentId,
    deadlineAt: escrow.deadlineAt,
  });
}
