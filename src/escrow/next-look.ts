import type { EscrowView } from '../purple-flea/escrow.ts';

/** The service settles what is due in its own time, usually within minutes. */
const SHORTEST_MS = 5 * 60_000;
const LONGEST_MS = 24 * 3_600_000;

/** Staff take a day to three to decide about a dispute. */
const SHORTEST_DISPUTE_MS = 4 * 3_600_000;
const LONGEST_DISPUTE_MS = 6 * 24 * 3_600_000;

/**
 * When an execution that goes on waiting for this escrow is to look at it next (ISO 8601): at its deadline, and past it
 * in intervals that double, so that an escrow the service never settles does not fill the execution's history. Of a
 * dispute there is no deadline: the intervals double from the beginning.
 */
export function nextLook(escrow: Pick<EscrowView, 'status' | 'deadlineAt' | 'disputedAt'>, now: Date): string {
  const later = (sinceMs: number, shortest: number, longest: number): string =>
    new Date(now.getTime() + Math.min(Math.max(sinceMs, shortest), longest)).toISOString();
  if (escrow.status === 'disputed') {
    const disputedMs = now.getTime() - Date.parse(escrow.disputedAt ?? now.toISOString());
    return later(disputedMs, SHORTEST_DISPUTE_MS, LONGEST_DISPUTE_MS);
  }
  const overdueMs = now.getTime() - Date.parse(escrow.deadlineAt);
  if (overdueMs < 0) return new Date(escrow.deadlineAt).toISOString();
  return later(overdueMs, SHORTEST_MS, LONGEST_MS);
}
