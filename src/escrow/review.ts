import { formatUsd } from '../money.ts';
import type { EscrowView } from '../purple-flea/escrow.ts';

/** What an execution is told to end its wait. */
export interface Delivery {
  readonly deliveredBy: string;
  readonly at: string;
  readonly note?: string | undefined;
  readonly deliveryUrl?: string | undefined;
}

export type ReviewDecision =
  | { readonly decision: 'release'; readonly reason: string }
  | { readonly decision: 'check-status'; readonly reason: string }
  | { readonly decision: 'stop'; readonly reason: string };

/**
 * The gate of a bonus: whoever may put `escrow.delivered` on the bus approves by doing so. What is released must be
 * what was locked, so the service's own view of the escrow has to agree with the request.
 */
export function reviewDelivery(
  delivery: Delivery,
  escrow: EscrowView,
  expected: { readonly reference: string; readonly amountUsd: string; readonly counterpartyAgentId: string },
): ReviewDecision {
  const mismatch = findMismatch(escrow, expected);
  if (mismatch !== undefined) return { decision: 'stop', reason: `escrow ${escrow.escrowId}: ${mismatch}` };
  if (escrow.status !== 'locked' && escrow.status !== 'completed') {
    return { decision: 'check-status', reason: `the escrow is ${escrow.status} already` };
  }
  return { decision: 'release', reason: `delivered by ${delivery.deliveredBy} at ${delivery.at}` };
}

function findMismatch(
  escrow: EscrowView,
  expected: { readonly reference: string; readonly amountUsd: string; readonly counterpartyAgentId: string },
): string | undefined {
  if (!escrow.description.startsWith(expected.reference))
    return `description does not start with ${expected.reference}`;
  if (formatUsd(escrow.amount) !== expected.amountUsd) return `amount is ${formatUsd(escrow.amount)}`;
  if (escrow.counterpartyAgentId !== expected.counterpartyAgentId)
    return `counterparty is ${escrow.counterpartyAgentId}`;
  return undefined;
}
