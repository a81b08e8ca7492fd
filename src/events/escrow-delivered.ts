import * as z from 'zod/mini';
import { addresseeShape, namesMilestoneOfRequest, namesOne } from './addressee.ts';

/** Detail of `escrow.delivered` on the app's bus: whoever may say so says that what an escrow waits for is there. */
export const escrowDeliveredSchema = z
  .looseObject({
    ...addresseeShape,
    /** Who says so: a person or a system, for the record. */
    deliveredBy: z.string().check(z.minLength(1), z.maxLength(200)),
    /** What was delivered, for the record and for the service (at most 1000 characters). */
    note: z.optional(z.string().check(z.maxLength(1000))),
    deliveryUrl: z.optional(z.url()),
    /** What the delivery measures, such as `{"quality": 0.93}`, for a gate that goes by it. */
    metrics: z.optional(z.record(z.string(), z.number())),
  })
  .check(namesOne, namesMilestoneOfRequest);
export type EscrowDelivered = z.infer<typeof escrowDeliveredSchema>;
