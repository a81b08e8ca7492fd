import * as z from 'zod/mini';
import { formatUsd, type MicroUsd } from '../../money.ts';
import { usdSchema } from '../../schemas.ts';
import {
  ESCROW_LIMITS,
  ESCROW_STATUSES,
  type CompletedEscrow,
  type CreatedEscrow,
  type DisputedEscrow,
  type EscrowBodies,
  type EscrowPage,
  type EscrowQuery,
  type EscrowStats,
  type EscrowView,
  type ReleasedEscrow,
  type ServiceHealth,
  type ShownStatus,
} from '../escrow.ts';
import type { Unsupported } from '../service.ts';
import { optionalText, type EffectRoute, type ReadRoute } from '../wire.ts';

/** How one dialect writes each operation of the escrow API. */
export interface EscrowDialect {
  readonly bodies: EscrowBodies;
  /** @param body the recorded request, which the answer has to fit. */
  create(body: string): EffectRoute<CreatedEscrow>;
  complete(escrowId: string): EffectRoute<CompletedEscrow>;
  release(escrowId: string): EffectRoute<ReleasedEscrow>;
  dispute(escrowId: string): EffectRoute<DisputedEscrow>;
  status(escrowId: string): ReadRoute<EscrowView>;
  list(query: EscrowQuery): ReadRoute<EscrowPage> | Unsupported;
  stats(): ReadRoute<EscrowStats>;
  health(): ReadRoute<ServiceHealth>;
}

/** The amounts of an escrow must add up: what a dialect shows of them, in the reference's words. */
export interface ShownAmounts {
  readonly amount: MicroUsd;
  readonly fee: MicroUsd;
  readonly net: MicroUsd;
}

/** What is wrong with shown amounts, if anything. */
export function amountsProblem({ amount, fee, net }: ShownAmounts): string | undefined {
  return fee + net === amount ? undefined : 'the fee and what is paid out do not add up to the amount';
}

/** Amounts as the ledger keeps them. */
export function amountsInUsd({ amount, fee, net }: ShownAmounts) {
  return { amountUsd: formatUsd(amount), feeUsd: formatUsd(fee), netUsd: formatUsd(net) };
}

/**
 * The create request as both dialects write it.
 *
 * @param amount the bounds of the dialect; `max` undefined for none.
 */
export function createRequestSchema(bounds: { readonly min: MicroUsd; readonly max: MicroUsd | undefined }) {
  const amount = usdSchema.check(
    z.refine((value) => value >= bounds.min, { error: `below the minimum of ${formatUsd(bounds.min)}` }),
    z.refine((value) => bounds.max === undefined || value <= bounds.max, {
      error: `above the maximum of ${formatUsd(bounds.max ?? bounds.min)}`,
    }),
  );
  return z.object({
    amount_usd: amount,
    description: z.string().check(z.minLength(3), z.maxLength(ESCROW_LIMITS.maxDescription)),
    counterparty_agent_id: z.string().check(z.minLength(3)),
    timeout_hours: z.int().check(z.minimum(ESCROW_LIMITS.minTimeoutHours), z.maximum(ESCROW_LIMITS.maxTimeoutHours)),
    referral_code: z.optional(z.string()),
    metadata: z.record(z.string(), z.string()),
  });
}

export const completeRequestSchema = z.object({
  completion_note: optionalText(ESCROW_LIMITS.maxCompletionNote),
  delivery_url: z.optional(z.string()),
});

export const releaseRequestSchema = z.object({ release_note: optionalText(ESCROW_LIMITS.maxReleaseNote) });

export const disputeRequestSchema = z.object({
  reason: z.string().check(z.minLength(1), z.maxLength(ESCROW_LIMITS.maxDisputeReason)),
  evidence_url: z.optional(z.string()),
});

/** A status word of the dialect in the reference's words. */
export function readStatusWord(shown: string, aliases: Readonly<Record<string, ShownStatus>> = {}): ShownStatus {
  if (Object.hasOwn(aliases, shown)) return aliases[shown] ?? 'unrecognized';
  return ESCROW_STATUSES.find((status) => status === shown) ?? 'unrecognized';
}

/** The names in a body that a dialect does not document. */
export function unrecognizedFields(body: unknown, known: readonly string[]): string[] {
  return typeof body === 'object' && body !== null ? Object.keys(body).filter((field) => !known.includes(field)) : [];
}

/** The moment a number of hours later (ISO 8601). */
export function hoursAfter(time: string, hours: number): string {
  return new Date(Date.parse(time) + hours * 3_600_000).toISOString();
}
