import type { Intent } from '../ledger/intent.ts';
import { standing, type EffectOutcome } from '../ledger/perform-effect.ts';

/** A signal that was decided not to be traded. */
export interface Skipped {
  readonly outcome: 'skipped';
  /** A `SkipReason`, or another word for it. */
  readonly reason: string;
  /** For the person who asks why, with the figures. */
  readonly detail: string;
  /** Whether it was decided now. */
  readonly isNew: boolean;
}

/** A signal whose order certainly did not take place. */
export interface Rejected {
  readonly outcome: 'rejected';
  readonly reason: string;
  /** Whether it was decided or answered now. */
  readonly isNew: boolean;
}

/** How a signal stands. An order is `duplicate` where another call placed it. */
export type TradeOutcome = Exclude<EffectOutcome, { readonly outcome: 'rejected' }> | Rejected | Skipped;

/** Signals are asked again after this, however long the wait may be: what is in the way may be gone, and asking costs no call. */
export const LONGEST_PAUSE_SECONDS = 5;

/** Certainly not sent; it is asked again in a moment. */
export function later(reason: string, seconds: number = LONGEST_PAUSE_SECONDS): TradeOutcome {
  return { outcome: 'not-sent', reason, retryAfterSeconds: Math.min(seconds, LONGEST_PAUSE_SECONDS) };
}

/**
 * How a signal stands by its order's intent alone. One that waits to be sent is sent by none but its own message.
 *
 * @param isNew whether this call ended it.
 */
export function standingOf(intent: Intent, { isNew } = { isNew: false }): TradeOutcome {
  const { state, skip, reason: detail = '' } = intent;
  if (state === 'prepared') return later('another invocation gave its claim back');
  if (state === 'skipped') return { outcome: 'skipped', reason: skip?.reason ?? 'refused', detail, isNew };
  const outcome = standing(intent);
  return outcome.outcome === 'rejected' ? { ...outcome, isNew } : outcome;
}
