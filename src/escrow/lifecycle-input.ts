import * as z from 'zod/mini';
import { formatUsd } from '../money.ts';
import { ESCROW_LIMITS } from '../purple-flea/escrow.ts';
import { usdSchema } from '../schemas.ts';
import { gateSchema, guardSchema } from './gate.ts';

const { minAmount, maxAmount, minTimeoutHours, maxTimeoutHours } = ESCROW_LIMITS;

/** What an escrow may hold: decimal USD, 1.00 to 10,000.00. */
export const escrowAmountSchema = usdSchema.check(
  z.refine((amount) => amount >= minAmount && amount <= maxAmount, {
    message: `must be ${formatUsd(minAmount)} to ${formatUsd(maxAmount)}`,
  }),
);

/** How long a lock may wait for its delivery. */
export const timeoutHoursSchema = z.int().check(z.gte(minTimeoutHours), z.lte(maxTimeoutHours));

/**
 * Input of an `escrow-lifecycle` execution: everything about one escrow that is decided before it exists.
 * The limits are those of the service, so that what it would refuse is refused before any call.
 */
export const lifecycleInputSchema = z.object({
  cause: z.object({ rule: z.string(), subject: z.string(), createdAt: z.iso.datetime(), status: z.string() }),
  /** When the cause came to be, where that is not its `createdAt`: the end of a job. Absent in executions of 0.1.0. */
  causedAt: z.optional(z.iso.datetime()),
  /** Who is paid. */
  counterpartyAgentId: z.string().check(z.minLength(3)),
  amountUsd: escrowAmountSchema,
  timeoutHours: timeoutHoursSchema,
  /** Public text for the counterparty; the client reference is put before it. */
  description: z.string().check(z.minLength(1)),
  /** Where signals for this escrow may be addressed besides its id; see `src/escrow/mailbox.ts`. */
  address: z.string().check(z.minLength(1)),
  gate: gateSchema,
  guard: guardSchema,
});
export type LifecycleInput = z.infer<typeof lifecycleInputSchema>;

/** The same as it is written into an execution: amounts as decimal strings. */
export type LifecycleRequest = z.input<typeof lifecycleInputSchema> & { readonly amountUsd: string };
