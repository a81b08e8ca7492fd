import * as z from 'zod/mini';
import { milestoneNameSchema, requestIdSchema } from './escrow-requested.ts';

/**
 * Whose signal it is: an escrow's, that of a training job's bonus, or that of a request's escrow or milestone. By job or
 * request it may come before the lock.
 */
export const addresseeShape = {
  escrowId: z.optional(z.string().check(z.minLength(1), z.maxLength(100))),
  trainingJobName: z.optional(z.string().check(z.minLength(1), z.maxLength(63))),
  requestId: z.optional(requestIdSchema),
  /** Of a request with milestones the one that is meant. */
  milestone: z.optional(milestoneNameSchema),
};

/** As it was said. */
export interface Addressee {
  readonly escrowId?: string | undefined;
  readonly trainingJobName?: string | undefined;
  readonly requestId?: string | undefined;
  readonly milestone?: string | undefined;
}

/** Exactly one of them is named. */
export const namesOne = z.refine<Addressee>(
  ({ escrowId, trainingJobName, requestId }) =>
    [escrowId, trainingJobName, requestId].filter((name) => name !== undefined).length === 1,
  { message: 'name either escrowId or trainingJobName or requestId', path: ['escrowId'] },
);

/** A milestone is one of a request. */
export const namesMilestoneOfRequest = z.refine<Addressee>(
  ({ requestId, milestone }) => milestone === undefined || requestId !== undefined,
  { message: 'goes with requestId', path: ['milestone'] },
);

/** The same in words, such as `the bonus of churn-1`. */
export function describeAddressee({ escrowId, trainingJobName, requestId, milestone }: Addressee): string {
  if (escrowId !== undefined) return escrowId;
  if (trainingJobName !== undefined) return `the bonus of ${trainingJobName}`;
  return milestone === undefined ? `request ${requestId}` : `milestone ${milestone} of request ${requestId}`;
}
