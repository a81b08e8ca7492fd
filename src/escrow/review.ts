import { formatUsd } from '../money.ts';
import type { EscrowView } from '../purple-flea/escrow.ts';
import { defaultOf, passGate, type Gate, type Guard } from './gate.ts';
import type { WaitEnd } from './mailbox.ts';
import { nextLook } from './next-look.ts';

/**
 * What follows from what was said of an escrow.
 *
 * - `release`, `dispute`: decided, by the gate, a person, or the guard
 * - `ask`: a person has to decide; it is looked at again at `until` (ISO 8601) if nobody does
 * - `let-lapse`: decided that the service settles it; it is looked at again at `until`
 * - `check-status`: there is nothing left to decide
 * - `stop`: it is not the escrow that was asked for
 */
export type Review =
  | { readonly decision: 'release' | 'dispute' | 'check-status' | 'stop'; readonly reason: string }
  | {
      readonly decision: 'ask' | 'let-lapse';
      readonly reason: string;
      readonly until: string;
      readonly isLate: boolean;
    };

/** What a review goes by. */
export interface ReviewTerms {
  readonly reference: string;
  readonly amountUsd: string;
  readonly counterpartyAgentId: string;
  readonly timeoutHours: number;
  readonly gate: Gate;
  readonly guard: Guard;
}

/** What the reason of every decision of the guard's default begins with. */
export const NOBODY_DECIDED = 'nobody decided until ';

/** What the service does at the deadline if nobody does anything. */
const SILENCE = { locked: 'refunds it', completed: 'pays it' } as const;

const HOUR_MS = 3_600_000;

/**
 * Decides over an escrow from what was said and what the service shows. What is released must be what was locked, so the
 * service's own view of the escrow has to agree with the request. A person's word counts for more than the gate.
 *
 * @param said what ended the execution's waits, in their order.
 */
export function reviewDelivery(said: readonly WaitEnd[], escrow: EscrowView, terms: ReviewTerms, now: Date): Review {
  const mismatch = findMismatch(escrow, terms);
  if (mismatch !== undefined) return { decision: 'stop', reason: `escrow ${escrow.escrowId}: ${mismatch}` };
  const { status } = escrow;
  if (status !== 'locked' && status !== 'completed') {
    return { decision: 'check-status', reason: `the escrow is ${escrow.statusShown}` };
  }
  return decidedBy(said, terms.gate) ?? guard({ ...escrow, status }, terms, now, whyAsked(said, terms.gate));
}

/** What a person or the gate decided, if they did. */
function decidedBy(said: readonly WaitEnd[], gate: Gate): Review | undefined {
  const word = said.findLast(({ signal }) => signal === 'approved' || signal === 'rejected');
  if (word?.signal === 'approved') return { decision: 'release', reason: `approved by ${word.by}: ${word.reason}` };
  if (word?.signal === 'rejected') return { decision: 'dispute', reason: `rejected by ${word.by}: ${word.reason}` };
  const delivery = said.findLast(({ signal }) => signal === 'delivered');
  if (delivery?.signal !== 'delivered') return undefined;
  const { kind, reason } = passGate(gate, delivery.metrics ?? {});
  const by = `delivered by ${delivery.deliveredBy} at ${delivery.at}: ${reason}`;
  if (kind === 'passed') return { decision: 'release', reason: by };
  return kind === 'failed' ? { decision: 'dispute', reason: by } : undefined;
}

function whyAsked(said: readonly WaitEnd[], gate: Gate): string {
  const delivery = said.findLast(({ signal }) => signal === 'delivered');
  return delivery?.signal === 'delivered'
    ? passGate(gate, delivery.metrics ?? {}).reason
    : 'the counterparty completed it, and nobody said that it is there';
}

/** Nobody decided yet: people are told before silence would move the money, and then the default decides. */
function guard(
  escrow: EscrowView & { readonly status: 'locked' | 'completed' },
  { timeoutHours, guard: policy }: ReviewTerms,
  now: Date,
  why: string,
): Review {
  const deadline = Date.parse(escrow.deadlineAt);
  const aheadMs = Math.min(policy.alertHours * HOUR_MS, (timeoutHours * HOUR_MS) / 4);
  // Whole milliseconds, as they are written: otherwise a look at that very moment would be too early by a fraction.
  const alertAt = Math.floor(deadline - aheadMs);
  const decideAt = Math.floor(deadline - aheadMs / 4);
  if (now.getTime() < alertAt) return { decision: 'ask', reason: why, until: iso(alertAt), isLate: false };
  if (now.getTime() < decideAt) return { decision: 'ask', reason: why, until: iso(decideAt), isLate: true };
  const decision = defaultOf(policy, escrow.status);
  const reason = `${NOBODY_DECIDED}${iso(decideAt)}; silence ${SILENCE[escrow.status]} at ${iso(deadline)}`;
  if (decision !== 'let-lapse') return { decision, reason };
  return { decision, reason, until: nextLook(escrow, now), isLate: true };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

function findMismatch(escrow: EscrowView, expected: ReviewTerms): string | undefined {
  if (!escrow.description.startsWith(expected.reference))
    return `description does not start with ${expected.reference}`;
  if (formatUsd(escrow.amount) !== expected.amountUsd) return `amount is ${formatUsd(escrow.amount)}`;
  if (escrow.counterpartyAgentId !== expected.counterpartyAgentId)
    return `counterparty is ${escrow.counterpartyAgentId}`;
  return undefined;
}
