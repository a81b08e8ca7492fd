import { describeError, ServiceUnreadableError } from '../errors.ts';
import { laterFor, pauseBefore } from '../ledger/waiting.ts';

/** What an execution remembers while its escrow cannot be read. */
export interface Unread {
  /** Since when (ISO 8601). */
  readonly unreadSince: string;
  /** When to look again (ISO 8601). */
  readonly lookAt: string;
  readonly reason: string;
}

const SHORTEST_MS = 15_000;
const LONGEST_MS = 15 * 60_000;

/** After a week nobody counts on minutes any more, and no history of an execution is endless. */
const WEEK_MS = 7 * 24 * 3_600_000;
const LONGEST_LATER_MS = 6 * 3_600_000;

/**
 * Reads, and says when to read again where the service or a secret cannot be read: in pauses that double up to 15 min (6 h
 * after a week) and get shorter before a deadline, so that it is not missed once reading is possible again.
 *
 * @param known what the execution knows: since when it could not read, and when silence settles the escrow.
 * @throws whatever is no failed read; that there is no such escrow is an answer, and no wait changes it.
 */
export async function readOrLater<Value>(
  read: () => Promise<Value>,
  known: { readonly unreadSince?: string | undefined; readonly settlesAt: string },
  now: Date,
): Promise<{ readonly kind: 'read'; readonly value: Value } | ({ readonly kind: 'unread' } & Unread)> {
  try {
    return { kind: 'read', value: await read() };
  } catch (error) {
    if (laterFor(error) === undefined || isNoEscrow(error)) throw error;
    const unreadSince = known.unreadSince ?? now.toISOString();
    const sinceMs = now.getTime() - Date.parse(unreadSince);
    const pauseMs = sinceMs < WEEK_MS ? Math.min(Math.max(sinceMs, SHORTEST_MS), LONGEST_MS) : LONGEST_LATER_MS;
    const seconds = pauseBefore(known.settlesAt, pauseMs / 1000, now);
    const lookAt = new Date(now.getTime() + seconds * 1000).toISOString();
    return { kind: 'unread', unreadSince, lookAt, reason: describeError(error) };
  }
}

function isNoEscrow(error: unknown): boolean {
  return error instanceof ServiceUnreadableError && error.code === 'ESCROW_NOT_FOUND';
}
