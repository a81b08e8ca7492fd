import { undecidedStateSchema } from '../../src/escrow/lifecycle-state.ts';
import { reviewDelivery, type Review } from '../../src/escrow/review.ts';
import { formatUsd } from '../../src/money.ts';
import { announce } from '../shared/announce.ts';
import type { EscrowReadDeps } from '../shared/escrow-task.ts';

export interface Deps extends EscrowReadDeps {
  readonly now: () => Date;
}

/** Decides over an escrow from what was said and what the service shows, and records the decision with its reason. */
export function createHandler(deps: Deps) {
  return async (input: unknown): Promise<Review & { readonly status: string }> => {
    const { request, escrow, delivery, decision } = undecidedStateSchema.parse(input);
    const { own } = await deps.readApiKeys();
    const view = await deps.openEscrow(own).readStatus(escrow.escrowId);
    const said = [delivery, decision].flatMap((one) => one ?? []);
    const terms = { ...request, reference: escrow.reference, amountUsd: formatUsd(request.amountUsd) };
    const review = reviewDelivery(said, view, terms, deps.now());
    await announce(deps, 'escrow.reviewed', { escrowId: escrow.escrowId, ...review });
    return { ...review, status: view.status };
  };
}
