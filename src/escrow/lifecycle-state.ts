import * as z from 'zod/mini';
import { lifecycleInputSchema } from './lifecycle-input.ts';

/** The escrow as an execution carries it, at `$.escrow`. */
const escrowSchema = z.object({
  escrowId: z.string().check(z.minLength(1)),
  /** Client reference: what the escrow's description begins with. */
  reference: z.string().check(z.minLength(1)),
  /** As it was read last. */
  status: z.string(),
  /** When to stop waiting and look (ISO 8601). */
  deadlineAt: z.iso.datetime(),
  /** Since when it could not be read, while that is so (ISO 8601). */
  unreadSince: z.optional(z.iso.datetime()),
  /** When silence settles it, as far as it was read, while it cannot be read (ISO 8601). */
  settlesAt: z.optional(z.iso.datetime()),
});

const deliveredSchema = z.object({
  signal: z.literal('delivered'),
  at: z.string(),
  deliveredBy: z.string(),
  note: z.optional(z.string()),
  deliveryUrl: z.optional(z.string()),
  metrics: z.optional(z.record(z.string(), z.number())),
});

const decidedSchema = { at: z.string(), by: z.string(), reason: z.string() };

/** How a wait ended, at `$.delivery` and `$.decision`. */
const waitEndSchema = z.discriminatedUnion('signal', [
  deliveredSchema,
  z.object({ signal: z.literal('approved'), ...decidedSchema }),
  z.object({ signal: z.literal('rejected'), ...decidedSchema }),
  z.object({ signal: z.literal('changed'), at: z.string(), source: z.string() }),
  z.object({ signal: z.literal('deadline'), deadlineAt: z.string() }),
]);

/** State of an `escrow-lifecycle` execution once its escrow exists. */
export const lockedStateSchema = z.object({ request: lifecycleInputSchema, escrow: escrowSchema });

/** The same once the delivery is there. */
export const deliveredStateSchema = z.object({ ...lockedStateSchema.shape, delivery: deliveredSchema });

/** Of a review that could not read the escrow: since when (ISO 8601). */
const unreadSince = z.optional(z.iso.datetime());

/** The same once there may be something to decide: what ended its waits so far, if anything did. */
export const undecidedStateSchema = z.object({
  ...lockedStateSchema.shape,
  delivery: z.optional(waitEndSchema),
  decision: z.optional(waitEndSchema),
  review: z.optional(z.object({ unreadSince })),
});

/** The same while somebody is to decide. */
export const askedStateSchema = z.object({
  ...undecidedStateSchema.shape,
  review: z.object({ until: z.iso.datetime(), status: z.string(), unreadSince }),
});

/** How a wait ended, and when if anything was heard. */
const heard = z.optional(z.object({ signal: z.optional(z.string()), at: z.optional(z.string()) }));

const reviewed = <Decision extends string>(decision: Decision) =>
  z.object({
    ...lockedStateSchema.shape,
    delivery: heard,
    decision: heard,
    review: z.object({
      decision: z.literal(decision),
      reason: z.string(),
      /** When silence settles it, as the review saw it (ISO 8601); reviews of 0.1.0 do not say. */
      settlesAt: z.optional(z.iso.datetime()),
    }),
  });

/** The same once it is decided to release, or to dispute. */
export const releaseStateSchema = reviewed('release');
export const disputeStateSchema = reviewed('dispute');
