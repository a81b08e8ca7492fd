import * as z from 'zod/mini';

const text = (max: number) => z.string().check(z.minLength(1), z.maxLength(max));

/**
 * Detail of `escrow.approved` and `escrow.rejected` on the app's bus: somebody decided over an escrow. It names the escrow,
 * or the training job whose bonus it is; with the job's name it may come before the lock. Nothing else is taken: a field
 * that is misspelt would be a reason that nobody reads.
 */
export const escrowDecidedSchema = z
  .strictObject(
    {
      escrowId: z.optional(text(100)),
      trainingJobName: z.optional(text(63)),
      /** Who decided: a person or a system, for the record and for the service's staff. */
      by: text(200),
      /** Why, for the same (at most 500 characters). */
      reason: text(500),
    },
    {
      error: (issue) =>
        issue.code === 'unrecognized_keys'
          ? `unknown: ${issue.keys.join(', ')}; allowed: escrowId or trainingJobName, by, reason`
          : undefined,
    },
  )
  .check(
    z.refine((detail) => (detail.escrowId === undefined) !== (detail.trainingJobName === undefined), {
      message: 'name either escrowId or trainingJobName',
      path: ['escrowId'],
    }),
  );
export type EscrowDecided = z.infer<typeof escrowDecidedSchema>;
