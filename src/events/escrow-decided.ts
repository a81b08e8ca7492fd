import * as z from 'zod/mini';
import { addresseeShape, namesMilestoneOfRequest, namesOne } from './addressee.ts';

const text = (max: number) => z.string().check(z.minLength(1), z.maxLength(max));

/**
 * Detail of `escrow.approved` and `escrow.rejected` on the app's bus: somebody decided over an escrow. Nothing else
 * is taken: a field that is misspelt would be a reason that nobody reads.
 */
export const escrowDecidedSchema = z
  .strictObject(
    {
      ...addresseeShape,
      /** Who decided: a person or a system, for the record and for the service's staff. */
      by: text(200),
      /** Why, for the same (at most 500 characters). */
      reason: text(500),
    },
    {
      error: (issue) =>
        issue.code === 'unrecognized_keys'
          ? `unknown: ${issue.keys.join(', ')}; allowed: escrowId, trainingJobName or requestId (and milestone), by, reason`
          : undefined,
    },
  )
  .check(namesOne, namesMilestoneOfRequest);
export type EscrowDecided = z.infer<typeof escrowDecidedSchema>;
