import { hash } from 'node:crypto';
import * as z from 'zod/mini';
import { UnusableEventError } from '../errors.ts';
import type { PublishedEvents } from '../events/catalogue.ts';
import type { EscrowRequested } from '../events/escrow-requested.ts';
import { effectKey, type Cause } from '../ledger/effect-key.ts';
import { formatUsd, sumUsd, type MicroUsd } from '../money.ts';
import { usdSchema } from '../schemas.ts';
import { referenceFor } from './escrow-effects.ts';
import { gateSchema, guardSchema } from './gate.ts';
import type { LifecycleRequest } from './lifecycle-input.ts';
import { requestAddress, requestSubject } from './mailbox.ts';

/** What may be asked for by an event. Stage configuration, `escrows`. */
export const requestPolicySchema = z.object({
  /** The agents that may be paid; nobody else is. */
  counterparties: z.array(z.string()),
  /** The most that one request may lock, all its milestones together. */
  maxAmountUsd: usdSchema,
  /** What holds where the request does not say. */
  gate: gateSchema,
  guard: guardSchema,
});
export type RequestPolicy = z.infer<typeof requestPolicySchema>;

/** One execution that a request starts, and what is said of it. */
export interface EscrowStart {
  /** The effect key: a second start under it is the same execution. */
  readonly executionName: string;
  readonly request: LifecycleRequest;
  readonly announcement: PublishedEvents['escrow.started'];
}

/** What a request asks for. */
export interface RequestPlan {
  /** 64 hex digits that are the same for the same content, in whatever order its milestones are. */
  readonly fingerprint: string;
  readonly starts: readonly EscrowStart[];
}

/** Clocks differ; by more than this a time is a mistake. */
const MAX_AHEAD_MS = 5 * 60_000;

/**
 * The executions that a request starts: one, or one a milestone.
 *
 * @param sentAt is when the bus took it (ISO 8601).
 * @throws UnusableEventError where it asks for what it may not have; the message names the field and the fix.
 */
export function planRequest(request: EscrowRequested, sentAt: string, policy: RequestPolicy): RequestPlan {
  const { requestId, counterpartyAgentId } = request;
  if (!policy.counterparties.includes(counterpartyAgentId)) {
    const allowed = policy.counterparties.join(', ') || 'none';
    throw new UnusableEventError(
      `detail.counterpartyAgentId: "${counterpartyAgentId}" may not be paid by an event; allowed: ${allowed}. Add it to escrows.counterparties, deploy, and ask again under a new requestId; this message, redriven, would be recorded as skipped`,
    );
  }
  if (Date.parse(request.requestedAt) > Date.parse(sentAt) + MAX_AHEAD_MS) {
    throw new UnusableEventError(
      `detail.requestedAt: ${request.requestedAt} is after the event itself (${sentAt}); say when it was asked for`,
    );
  }
  const parts = partsOf(request);
  const total = sumUsd(...parts.map(({ amount }) => amount));
  if (total > policy.maxAmountUsd) {
    const field = request.milestones === undefined ? 'amountUsd' : 'milestones';
    throw new UnusableEventError(
      `detail.${field}: ${formatUsd(total)} USD in all; at most ${formatUsd(policy.maxAmountUsd)} a request. Ask for less, or raise escrows.maxAmountUsd, deploy, and ask again under a new requestId; this message, redriven, would be recorded as skipped`,
    );
  }
  const requestedAt = wholeSeconds(request.requestedAt);
  const gate = request.gate ?? policy.gate;
  const guard = request.guard ?? policy.guard;
  const starts = parts.map(({ milestone, amount, description, timeoutHours }): EscrowStart => {
    const cause = requestCause(requestId, requestedAt, milestone);
    const executionName = effectKey(cause, 'escrow-create');
    const amountUsd = formatUsd(amount);
    const address = requestAddress(requestId, milestone);
    return {
      executionName,
      request: { cause, counterpartyAgentId, amountUsd, timeoutHours, description, address, gate, guard },
      announcement: {
        requestId,
        ...(milestone === undefined ? {} : { milestone }),
        amountUsd,
        counterpartyAgentId,
        reference: referenceFor(cause),
        executionName,
      },
    };
  });
  return { fingerprint: fingerprintOf(request, requestedAt, parts), starts };
}

/** @param requestedAt in whole seconds. */
function requestCause(requestId: string, requestedAt: string, milestone?: string): Cause & { createdAt: string } {
  return {
    rule: 'escrow-request',
    subject: requestSubject(requestId, milestone),
    createdAt: requestedAt,
    status: 'requested',
  };
}

/** What one escrow is for. */
interface Part {
  readonly milestone?: string;
  readonly amount: MicroUsd;
  readonly description: string;
  readonly timeoutHours: number;
}

function partsOf({ amountUsd, milestones = [], description, timeoutHours }: EscrowRequested): readonly Part[] {
  if (amountUsd !== undefined) return [{ amount: amountUsd, description, timeoutHours }];
  return milestones.map((milestone) => ({
    milestone: milestone.name,
    amount: milestone.amountUsd,
    description: milestone.description ?? `${description} (${milestone.name})`,
    timeoutHours: milestone.timeoutHours ?? timeoutHours,
  }));
}

/**
 * EventBridge dates events in whole seconds: a signal of the same second as the request would otherwise be older than it.
 * The same moment in another time zone becomes the same text.
 */
function wholeSeconds(instant: string): string {
  return new Date(instant).toISOString().replace(/\.\d+Z$/, '.000Z');
}

function fingerprintOf(
  { counterpartyAgentId, gate, guard }: EscrowRequested,
  requestedAt: string,
  parts: readonly Part[],
): string {
  const asked = parts.map(({ milestone = '', amount, description, timeoutHours }) =>
    JSON.stringify([milestone, formatUsd(amount), description, timeoutHours]),
  );
  return hash(
    'sha256',
    JSON.stringify([requestedAt, counterpartyAgentId, gate ?? null, guard ?? null, ...asked.toSorted()]),
  );
}
