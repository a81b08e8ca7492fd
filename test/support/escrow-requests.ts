import type { RequestPolicy } from '../../src/escrow/escrow-request.ts';
import { INCOMING } from '../../src/events/catalogue.ts';
import type { EscrowRequestedDetail } from '../../src/events/escrow-requested.ts';
import { parseUsd } from '../../src/money.ts';
import { OWNER } from './bonus-escrow.ts';
import { anEvent } from './lambda-events.ts';

export const REQUEST_ID = 'labels-7';
export const REQUESTED_AT = '2026-03-06T08:59:30.000Z';

export function aRequestPolicy(overrides: Partial<RequestPolicy> = {}): RequestPolicy {
  return {
    counterparties: [OWNER, 'ag_labeler'],
    maxAmountUsd: parseUsd('200.00'),
    gate: { mode: 'person' },
    guard: { alertHours: 2, default: 'dispute' },
    ...overrides,
  };
}

/** A request for one escrow. */
export function anEscrowRequest(overrides: Partial<EscrowRequestedDetail> = {}): EscrowRequestedDetail {
  return {
    requestId: REQUEST_ID,
    requestedAt: REQUESTED_AT,
    counterpartyAgentId: OWNER,
    description: 'Labels of batch 7',
    timeoutHours: 48,
    amountUsd: '20.00',
    ...overrides,
  };
}

export const DRAFT = { name: 'draft', amountUsd: '5.00' };
export const FINAL = { name: 'final', amountUsd: '15.00', description: 'All labels, checked', timeoutHours: 96 };

/** The same by two milestones. */
export function aMilestoneRequest(overrides: Partial<EscrowRequestedDetail> = {}): EscrowRequestedDetail {
  const { amountUsd: _, ...request } = anEscrowRequest();
  return { ...request, milestones: [DRAFT, FINAL], ...overrides };
}

/** The event that brings it, as text. */
export function aRequestEvent(detail: unknown, overrides: Readonly<Record<string, unknown>> = {}): string {
  return anEvent(INCOMING.escrowRequested, detail, overrides);
}
