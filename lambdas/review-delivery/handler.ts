import { deliveredStateSchema } from '../../src/escrow/lifecycle-state.ts';
import { reviewDelivery } from '../../src/escrow/review.ts';
import { formatUsd } from '../../src/money.ts';
import { announce } from '../shared/announce.ts';
import type { EscrowReadDeps } from '../shared/escrow-task.ts';

/** Decides over a delivery from what the service shows of the escrow, and records the decision with its reason. */
export function createHandler(deps: EscrowReadDeps) {
  return async (input: unknown) => {
    const { request, escrow, delivery } = deliveredStateSchema.parse(input);
    const { own } = await deps.readApiKeys();
    const view = await deps.openEscrow(own).readStatus(escrow.escrowId);
    const review = reviewDelivery(delivery, view, {
      reference: escrow.reference,
      amountUsd: formatUsd(request.amountUsd),
      counterpartyAgentId: request.counterpartyAgentId,
    });
    await announce(deps, 'escrow.reviewed', { escrowId: escrow.escrowId, ...review });
    return review;
  };
}
