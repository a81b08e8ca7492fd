/** What a service takes of one kind of call. Data of a dialect, beside its routes. */
export interface CallLimit {
  /** What is counted together: a service, or one path. */
  readonly name: string;
  /**
   * Whose calls are counted together: those of one account, all that come from our address, or those about one escrow. The
   * last need no slots: the pauses of an effect stay far below such limits.
   */
  readonly per: 'account' | 'address' | 'escrow';
  readonly perMinute: number;
  /** Where calls that can wait stand in line; all others go before them. */
  readonly queue?: QueueName;
}

/** Settlements of escrows, and money that goes out anew, which comes in masses and can wait for longer. */
export type QueueName = 'settlement' | 'bulk';

/** When calls may follow each other. */
export interface Pace {
  /** Between two calls under load, in milliseconds. */
  readonly intervalMs: number;
  /** Calls that may go out at once after a rest. */
  readonly burst: number;
}

/** The services count in windows of this length. */
const WINDOW_MS = 60_000;

/** How much later than its slot a call may reach the service: some are faster than others, and no window may hold more. */
export const SLOT_MS = 2_000;

/** One call in so many may be part of a burst: a trade's calls, at 60 a minute. */
const BURST_SHARE = 15;

/**
 * The pace that keeps within a limit in any 60 s, in fixed and in sliding windows: a burst and what follows it in a window
 * are no more than the limit. Under steady load it uses over 90 % of it.
 *
 * @param percent the part of the limit that is ours, where others share the account or the address.
 */
export function paceOf({ perMinute }: Pick<CallLimit, 'perMinute'>, percent = 100): Pace {
  const limit = Math.max(1, Math.floor((perMinute * percent) / 100));
  const burst = Math.max(1, Math.floor(limit / BURST_SHARE));
  return { burst, intervalMs: Math.ceil((WINDOW_MS + SLOT_MS) / (limit - burst + 1)) };
}

/** How far before its turn a call may go, because there was a rest. */
export function allowanceMs({ intervalMs, burst }: Pace): number {
  return (burst - 1) * intervalMs;
}

/** The slots of calls that moved a lane on, as times; `turnAt` is where the lane stood. Both in milliseconds since 1970. */
export function slotsFrom(turnAt: number, count: number, pace: Pace, now: number): number[] {
  const first = Math.max(turnAt, now);
  return Array.from({ length: count }, (_, index) =>
    Math.max(now, first + index * pace.intervalMs - allowanceMs(pace)),
  );
}
