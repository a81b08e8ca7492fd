import { shareOf, subtractUsd, type MicroUsd } from '../src/money.ts';
import { openAccount, transfer, type Account } from './account.ts';
import { newId, type Agent, type World } from './world.ts';

/** All statuses of the escrow reference. The last three are final. */
export const ESCROW_STATUSES = ['locked', 'completed', 'disputed', 'released', 'auto_released', 'refunded'] as const;
export type EscrowStatus = (typeof ESCROW_STATUSES)[number];

/** What the creator of an escrow asks for. */
export interface EscrowTerms {
  readonly creator: Agent;
  readonly counterparty: Agent;
  readonly amount: MicroUsd;
  readonly description: string;
  readonly timeoutHours: number;
  readonly referralCode: string | null;
  readonly metadata: Readonly<Record<string, unknown>> | null;
}

/** One escrow, from its creation on. Times are null until they come. */
export interface Escrow extends EscrowTerms {
  readonly id: string;
  readonly fee: MicroUsd;
  /** What the counterparty gets: the amount less the fee. */
  readonly netPayout: MicroUsd;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  /** The money, for as long as it is in escrow. */
  readonly held: Account;
  status: EscrowStatus;
  completionNote: string | null;
  deliveryUrl: string | null;
  completedAt: Date | null;
  autoReleaseAt: Date | null;
  releaseNote: string | null;
  releasedAt: Date | null;
  refundedAt: Date | null;
}

const FEE_BASIS_POINTS = 100;
const HOUR_MS = 3_600_000;

/** Takes the amount from the creator and locks it. The creator must have it. */
export function lockEscrow(world: World, terms: EscrowTerms, now: Date): Escrow {
  const fee = shareOf(terms.amount, FEE_BASIS_POINTS);
  const escrow: Escrow = {
    ...terms,
    id: newId('esc'),
    fee,
    netPayout: subtractUsd(terms.amount, fee),
    createdAt: now,
    expiresAt: hoursAfter(now, terms.timeoutHours),
    held: openAccount(),
    status: 'locked',
    completionNote: null,
    deliveryUrl: null,
    completedAt: null,
    autoReleaseAt: null,
    releaseNote: null,
    releasedAt: null,
    refundedAt: null,
  };
  transfer(terms.amount, terms.creator, escrow.held);
  world.escrows.set(escrow.id, escrow);
  return escrow;
}

/** The counterparty says that the work is done, which starts a new window of `timeoutHours`. */
export function completeEscrow(
  escrow: Escrow,
  delivery: { readonly note: string | null; readonly url: string | null },
  now: Date,
): void {
  escrow.status = 'completed';
  escrow.completionNote = delivery.note;
  escrow.deliveryUrl = delivery.url;
  escrow.completedAt = now;
  escrow.autoReleaseAt = hoursAfter(now, escrow.timeoutHours);
}

/** Pays the counterparty and keeps the fee. */
export function releaseEscrow(world: World, escrow: Escrow, status: 'released' | 'auto_released', at: Date): void {
  transfer(escrow.fee, escrow.held, world.fees);
  transfer(escrow.netPayout, escrow.held, escrow.counterparty);
  escrow.status = status;
  escrow.releasedAt = at;
}

/**
 * Fires every timer that is due at `now`: a locked escrow goes back to its creator whole, a completed one is paid.
 * What happens is dated when it was due, not when the twin got round to it.
 */
export function settleDueEscrows(world: World, now: Date): void {
  for (const escrow of world.escrows.values()) {
    if (escrow.status === 'locked' && escrow.expiresAt <= now) {
      transfer(escrow.amount, escrow.held, escrow.creator);
      escrow.status = 'refunded';
      escrow.refundedAt = escrow.expiresAt;
    }
    if (escrow.status === 'completed' && escrow.autoReleaseAt !== null && escrow.autoReleaseAt <= now) {
      releaseEscrow(world, escrow, 'auto_released', escrow.autoReleaseAt);
    }
  }
}

function hoursAfter(time: Date, hours: number): Date {
  return new Date(time.getTime() + hours * HOUR_MS);
}
