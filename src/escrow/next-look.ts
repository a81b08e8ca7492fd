import type { EscrowView } from '../purple-flea/escrow.ts';

/** The service settles what is due in its own time, usually within minutes. */
const SHORTEST_MS = 5 * 60_000;
const LONGEST_MS = 24 * 3_600_000;

/**
 * When an execution that goes on waiting for this escrow is to look at it next (ISO 8601): at its deadline, and past it
 * in intervals that double, so that an escrow the service never settles does not fill the execution's history.
 */
export function nextLook(escrow: Pick<EscrowView, 'deadlineAt'>, now: Date): string {
  const overdueMs = now.getTime() - Date.parse(escrow.deadlineAt);
  if (overdueMs < 0) return new Date(escrow.deadlineAt).toISOString();
  return new Date(now.getTime() + Math.min(Math.max(overdueMs, SHORTEST_MS), LONGEST_MS)).toISOString();
}
