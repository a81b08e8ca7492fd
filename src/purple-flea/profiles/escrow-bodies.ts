import { toJsonNumber } from '../../money.ts';
import { cut, leadWithReference } from '../client-text.ts';
import { ESCROW_LIMITS, type EscrowBodies } from '../escrow.ts';

/** Escrow requests, which both dialects write alike; the published server leaves `metadata` and the notes unread. */
export const ESCROW_BODIES: EscrowBodies = {
  create: (request) =>
    JSON.stringify({
      amount_usd: toJsonNumber(request.amount),
      description: leadWithReference(request.reference, request.description, ESCROW_LIMITS.maxDescription),
      counterparty_agent_id: request.counterpartyAgentId,
      timeout_hours: request.timeoutHours,
      ...(request.referralCode === undefined ? {} : { referral_code: request.referralCode }),
      metadata: { reference: request.reference, ...request.metadata },
    }),
  complete: ({ note, deliveryUrl }) =>
    JSON.stringify({
      completion_note: note === undefined ? undefined : cut(note, ESCROW_LIMITS.maxCompletionNote),
      delivery_url: deliveryUrl,
    }),
  release: (note) => JSON.stringify({ release_note: cut(note, ESCROW_LIMITS.maxReleaseNote) }),
  dispute: ({ reason, evidenceUrl }) =>
    JSON.stringify({ reason: cut(reason, ESCROW_LIMITS.maxDisputeReason), evidence_url: evidenceUrl }),
};
