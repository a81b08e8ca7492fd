import * as z from 'zod/mini';
import { MAX_METRIC_NAME } from '../escrow/gate.ts';
import { addresseeShape, namesMilestoneOfRequest, namesOne } from './addressee.ts';

/** A delivery is one item of the mailbox: enough for any model, far below what an item and an execution's state take. */
const MAX_METRICS = 100;
const MAX_URL = 2000;

/** Detail of `escrow.delivered` on the app's bus: whoever may say so says that what an escrow waits for is there. */
export const escrowDeliveredSchema = z
  .looseObject({
    ...addresseeShape,
    /** Who says so: a person or a system, for the record. */
    deliveredBy: z.string().check(z.minLength(1), z.maxLength(200)),
    /** What was delivered, for the record and for the service (at most 1000 characters). */
    note: z.optional(z.string().check(z.maxLength(1000))),
    deliveryUrl: z.optional(z.url().check(z.maxLength(MAX_URL))),
    /** What the delivery measures, such as `{"quality": 0.93}`, for a gate that goes by it. */
    metrics: z.optional(
      z.record(z.string().check(z.minLength(1), z.maxLength(MAX_METRIC_NAME)), z.number()).check(
        z.refine((metrics) => Object.keys(metrics).length <= MAX_METRICS, {
          error: `at most ${MAX_METRICS} values: only the one that the gate names is used`,
        }),
      ),
    ),
  })
  .check(namesOne, namesMilestoneOfRequest);
export type EscrowDelivered = z.infer<typeof escrowDeliveredSchema>;
