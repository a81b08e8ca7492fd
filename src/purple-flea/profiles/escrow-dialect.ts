import * as z from 'zod/mini';
import { formatUsd, type MicroUsd } from '../../money.ts';
import type { CallLimit } from '../../pacing/pace.ts';
import { usdSchema } from '../../schemas.ts';
import {
  ESCROW_LIMITS,
  ESCROW_STATUSES,
  type CompletedEscrow,
  type CreatedEscrow,
  type DisputedEscrow,
  type EscrowBodies,
  type EscrowCall,
  type EscrowPage,
  type EscrowQuery,
  type EscrowStats,
  type EscrowView,
  type ReleasedEscrow,
  type ServiceHealth,
  type ShownStatus,
} from '../escrow.ts';
import type { Unsupported } from '../service.ts';
import { optionalText, readBody, type EffectRoute, type ReadRoute } from '../wire.ts';

/** How one dialect writes each operation of the escrow API. */
export interface EscrowDialect {
  readonly bodies: EscrowBodies;
  /** What the service takes of each kind of call; undefined for any number. */
  readonly limits: Readonly<Record<EscrowCall, CallLimit | undefined>>;
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

/** Amounts of an escrow: what was locked, what the service keeps of it, what the counterparty gets. */
export interface ShownAmounts {
  readonly amount: MicroUsd;
  readonly fee: MicroUsd;
  readonly net: MicroUsd;
}

/** A created escrow as a dialect shows it, in the reference's words. */
export interface ShownCreation extends ShownAmounts {
  readonly escrowId: string;
  readonly counterpartyAgentId: string;
  readonly description: string;
  readonly timeoutHours: number;
  readonly deadlineAt: string;
}

/** The escrow that an answer proves to be the one that was asked for, or why it proves none. */
export function proveCreated(
  asked: z.output<ReturnType<typeof createRequestSchema>>,
  shown: ShownCreation,
): CreatedEscrow | string {
  if (shown.amount !== asked.amount_usd) return 'the amount is another';
  if (shown.counterpartyAgentId !== asked.counterparty_agent_id) return 'the counterparty is another';
  if (shown.description !== asked.description) return 'the description is another';
  if (shown.timeoutHours !== asked.timeout_hours) return 'the timeout is another';
  return (
    amountsProblem(shown) ?? {
      escrowId: shown.escrowId,
      status: 'locked',
      amountUsd: formatUsd(shown.amount),
      feeUsd: formatUsd(shown.fee),
      netUsd: formatUsd(shown.net),
      deadlineAt: shown.deadlineAt,
    }
  );
}

/** The payout that an answer proves, or why it proves none. */
export function proveReleased(escrowId: string, shown: ShownAmounts): ReleasedEscrow | string {
  return (
    amountsProblem(shown) ?? {
      escrowId,
      status: 'released',
      amountUsd: formatUsd(shown.amount),
      feeUsd: formatUsd(shown.fee),
      paidOutUsd: formatUsd(shown.net),
    }
  );
}

function amountsProblem({ amount, fee, net }: ShownAmounts): string | undefined {
  return fee + net === amount ? undefined : 'the fee and what is paid out do not add up to the amount';
}

/** A route that acts on one escrow: its answer must fit `answer` and be about that escrow. */
export function actionRoute<Answer extends { readonly escrow_id: string }, Result>(
  action: { readonly path: string; readonly escrowId: string; readonly request: z.core.$ZodType },
  dialect: Pick<EffectRoute<Result>, 'limit' | 'refusals' | 'readCode'>,
  answer: z.core.$ZodType<Answer>,
  prove: (shown: Answer) => Result | string,
): EffectRoute<Result> {
  const { path, escrowId, request } = action;
  return {
    path: `${path}/${encodeURIComponent(escrowId)}`,
    request,
    ...dialect,
    readApplied(body) {
      const shown = readBody(answer, body);
      if (typeof shown === 'string') return shown;
      return shown.escrow_id === escrowId ? prove(shown) : 'escrow_id is another';
    },
  };
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
