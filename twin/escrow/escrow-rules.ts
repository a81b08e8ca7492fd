import type { EscrowProfile } from '../world/world.ts';
import type { EscrowStatus } from './escrow-book.ts';

/** What happens to the money when the timer of an escrow fires. */
export type TimeoutOutcome = 'refund-whole' | 'refund-less-fee' | 'pay-counterparty';

/** Where the dialects differ in what they do, not in how they say it. */
export interface EscrowRules {
  /** What the dialect calls a status. */
  readonly words: Readonly<Record<EscrowStatus, string>>;
  /** Whether completing begins a new window of `timeoutHours`, or leaves the deadline where it was. */
  readonly completingRestartsTimer: boolean;
  readonly onTimeout: Readonly<Record<'locked' | 'completed', TimeoutOutcome>>;
  /** Timers fire at whole multiples of this, in milliseconds: 1 is the moment they are due. */
  readonly sweepEveryMs: number;
  /** Whether a referral code that earns nobody anything leaves the share to whoever referred the creator. */
  readonly deadCodeFallsBack: boolean;
}

const FIVE_MINUTES_MS = 300_000;

export const ESCROW_RULES: Readonly<Record<EscrowProfile, EscrowRules>> = {
  reference: {
    words: {
      locked: 'locked',
      completed: 'completed',
      disputed: 'disputed',
      released: 'released',
      auto_released: 'auto_released',
      refunded: 'refunded',
    },
    completingRestartsTimer: true,
    onTimeout: { locked: 'refund-whole', completed: 'pay-counterparty' },
    sweepEveryMs: 1,
    deadCodeFallsBack: true,
  },
  published: {
    words: {
      locked: 'funded',
      completed: 'completed',
      disputed: 'disputed',
      released: 'released',
      // Never reached: a timeout refunds.
      auto_released: 'released',
      refunded: 'refunded',
    },
    completingRestartsTimer: false,
    onTimeout: { locked: 'refund-less-fee', completed: 'refund-less-fee' },
    sweepEveryMs: FIVE_MINUTES_MS,
    deadCodeFallsBack: false,
  },
};
