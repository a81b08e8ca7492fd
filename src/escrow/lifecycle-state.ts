import * as z from 'zod/mini';
import { lifecycleInputSchema } from './lifecycle-input.ts';

/** The escrow as an execution carries it, at `$.escrow`. */
const escrowSchema = z.object({
  escrowId: z.string().check(z.minLength(1)),
  /** Client reference: what the escrow's description begins with. */
  reference: z.string().check(z.minLength(1)),
  /** When to stop waiting and look (ISO 8601). */
  deadlineAt: z.iso.datetime(),
});

/** How the wait ended, at `$.delivery`, once it ended with a delivery. */
const deliverySchema = z.object({
  signal: z.literal('delivered'),
  at: z.string(),
  deliveredBy: z.string(),
  note: z.optional(z.string()),
  deliveryUrl: z.optional(z.string()),
});

/** State of an `escrow-lifecycle` execution once its escrow exists. */
export const lockedStateSchema = z.object({ request: lifecycleInputSchema, escrow: escrowSchema });

/** The same once the delivery is there. */
export const deliveredStateSchema = z.object({ ...lockedStateSchema.shape, delivery: deliverySchema });

/** The same once the review decided to release. */
export const reviewedStateSchema = z.object({
  ...deliveredStateSchema.shape,
  review: z.object({ decision: z.literal('release'), reason: z.string() }),
});
