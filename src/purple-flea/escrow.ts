import type { PaceWait } from '../pacing/pacer.ts';
import * as z from 'zod/mini';
import type { Answer, EffectRequest } from '../ledger/answer.ts';
import { parseUsd, type MicroUsd } from '../money.ts';
import type { Profile, Reading } from './service.ts';

/** The six statuses of the escrow reference. The last three are final. */
export const ESCROW_STATUSES = ['locked', 'completed', 'disputed', 'released', 'auto_released', 'refunded'] as const;
export type EscrowStatus = (typeof ESCROW_STATUSES)[number];

/** A status as a client shows it: a word that the dialect does not know is never taken for final, nor guessed at. */
export type ShownStatus = EscrowStatus | 'unrecognized';

/** Whether nothing of ours can change the escrow any more: it is settled, or only staff can settle it. */
export function isSettledOrFrozen(status: ShownStatus): boolean {
  return status !== 'locked' && status !== 'completed' && status !== 'unrecognized';
}

/** Limits that hold in every dialect; each dialect narrows or widens the amounts. */
export const ESCROW_LIMITS = {
  minAmount: parseUsd('1.00'),
  maxAmount: parseUsd('10000.00'),
  minTimeoutHours: 1,
  maxTimeoutHours: 720,
  /** The reference allows 500; 280 suits every dialect. */
  maxDescription: 280,
  maxCompletionNote: 1000,
  maxReleaseNote: 500,
  maxDisputeReason: 2000,
} as const;

/** What is asked of a creation. The client reference is put before the description. */
export interface EscrowRequest {
  readonly reference: string;
  readonly amount: MicroUsd;
  readonly description: string;
  readonly counterpartyAgentId: string;
  readonly timeoutHours: number;
  readonly referralCode?: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** An escrow that was created: what the ledger keeps of it and the workflow carries. Amounts in decimal USD. */
export const createdEscrowSchema = z.object({
  escrowId: z.string(),
  status: z.literal('locked'),
  amountUsd: z.string(),
  feeUsd: z.string(),
  netUsd: z.string(),
  /** When a lock that nobody completes is returned (ISO 8601). */
  deadlineAt: z.string(),
});
export type CreatedEscrow = z.infer<typeof createdEscrowSchema>;

/** The same as the ledger keeps it: with the client reference that its description begins with. */
export const lockedEscrowSchema = z.object({ ...createdEscrowSchema.shape, reference: z.string() });
export type LockedEscrow = z.infer<typeof lockedEscrowSchema>;

/** An escrow whose delivery the service has recorded. */
export type CompletedEscrow = {
  readonly escrowId: string;
  readonly status: 'completed';
};

/** An escrow that was paid out. Amounts in decimal USD. */
export const releasedEscrowSchema = z.object({
  escrowId: z.string(),
  status: z.literal('released'),
  amountUsd: z.string(),
  feeUsd: z.string(),
  paidOutUsd: z.string(),
});
export type ReleasedEscrow = z.infer<typeof releasedEscrowSchema>;

/** An escrow that is frozen until the service's staff decide. */
export type DisputedEscrow = {
  readonly escrowId: string;
  readonly status: 'disputed';
  /** Only in the reference. */
  readonly disputeId?: string;
};

/** One escrow as the service shows it to anyone. */
export interface EscrowView {
  readonly escrowId: string;
  readonly status: ShownStatus;
  /** The service's own word for the status. */
  readonly statusShown: string;
  readonly amount: MicroUsd;
  readonly fee: MicroUsd;
  readonly net: MicroUsd;
  readonly creatorAgentId: string;
  readonly counterpartyAgentId: string;
  readonly description: string;
  readonly createdAt: string;
  /** The moment from which silence settles it; who is paid then differs by dialect and status. */
  readonly deadlineAt: string;
  /** When it was disputed, if it ever was, whatever became of it. */
  readonly disputedAt: string | undefined;
  /** Names of fields that the dialect does not document. Nothing is read from them. */
  readonly unrecognizedFields: readonly string[];
}

/** One row of a list. The description may be shortened: only its beginning counts. */
export interface EscrowRow {
  readonly escrowId: string;
  readonly status: ShownStatus;
  readonly statusShown: string;
  readonly amount: MicroUsd;
  readonly description: string;
  readonly role: 'creator' | 'counterparty';
  readonly createdAt: string;
  readonly expiresAt: string;
}

export interface EscrowPage {
  /** How many there are in all. */
  readonly total: number;
  readonly offset: number;
  readonly escrows: readonly EscrowRow[];
}

/** What to list. All of it may be left out. */
export interface EscrowQuery {
  readonly status?: EscrowStatus;
  readonly role?: 'creator' | 'counterparty';
  /** 1 to 100; 20 if left out. */
  readonly limit?: number;
  readonly offset?: number;
}

/** Public figures of the service; undefined where a dialect does not publish them. */
export interface EscrowStats {
  readonly created: number;
  readonly released: number;
  readonly disputed: number;
  readonly active: number | undefined;
  readonly autoReleased: number | undefined;
  readonly volume: MicroUsd;
  readonly fees: MicroUsd;
}

/** That the service is up, in its own words. */
export interface ServiceHealth {
  readonly service: string;
  readonly version: string | undefined;
}

/** The kinds of calls that an effect is made of. */
export type EscrowCall = 'create' | 'complete' | 'release' | 'dispute' | 'read';

/** The escrow operations for one agent's key, in the reference's words whatever the dialect. */
export interface EscrowClient {
  readonly profile: Profile;
  /** The JSON texts that are recorded in intents and sent as they are. */
  readonly bodies: EscrowBodies;
  /** Reserves the calls of an effect before it is claimed. `urgentBy`: when silence would settle the escrow (ISO 8601). */
  reserve(
    calls: readonly EscrowCall[],
    effect: { readonly key: string; readonly urgentBy?: string | undefined },
  ): Promise<PaceWait | undefined>;
  /** Locks the amount. Applied only if id, description, amount, counterparty and timeout come back as asked. */
  create(request: EffectRequest): Promise<Answer<CreatedEscrow>>;
  /** Marks the work delivered. Only the counterparty's key may. */
  complete(escrowId: string, request: EffectRequest): Promise<Answer<CompletedEscrow>>;
  /** Pays the counterparty the amount less the fee. Only the creator's key may. */
  release(escrowId: string, request: EffectRequest): Promise<Answer<ReleasedEscrow>>;
  /** Freezes the escrow. Either party may. The answer is no proof: read the status afterwards. */
  dispute(escrowId: string, request: EffectRequest): Promise<Answer<DisputedEscrow>>;
  /** @throws ServiceUnreadableError where there is no usable answer, as do all reads. */
  readStatus(escrowId: string): Promise<EscrowView>;
  /** The caller's escrows. The published server has no list: its ledger rows name them (`WalletClient.readLedger`). */
  list(query?: EscrowQuery): Promise<Reading<EscrowPage>>;
  readStats(): Promise<EscrowStats>;
  readHealth(): Promise<ServiceHealth>;
}

/** What anyone may read, in every dialect. */
export type EscrowViewer = Pick<EscrowClient, 'profile' | 'readStatus'>;

/** How requests are written. */
export interface EscrowBodies {
  create(request: EscrowRequest): string;
  complete(delivery: { readonly note?: string | undefined; readonly deliveryUrl?: string | undefined }): string;
  release(note: string): string;
  dispute(dispute: { readonly reason: string; readonly evidenceUrl?: string | undefined }): string;
}

/** Whether nothing can change any more. An unrecognized status is not final. */
export function isFinal(status: ShownStatus): boolean {
  return status === 'released' || status === 'auto_released' || status === 'refunded';
}
