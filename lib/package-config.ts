import * as z from 'zod';

/** SageMaker's alphabet for the names of stages and their statuses. */
const entity = z.string().regex(/^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$/);
const stages = z
  .array(
    z.strictObject({
      stage: entity.meta({ description: 'ModelLifeCycle.Stage, such as Production.' }),
      status: entity.meta({ description: 'ModelLifeCycle.StageStatus, such as Approved.' }),
    }),
  )
  .max(6);

/** What of a model package approves or rejects. A stage's `modelPackages`. */
export const modelPackages = z
  .discriminatedUnion('by', [
    z.strictObject({ by: z.literal('approval-status') }),
    z
      .strictObject({
        by: z.literal('life-cycle'),
        approved: stages.min(1).meta({ description: 'Going into one of these stages approves; one at least.' }),
        rejected: stages.default([]).meta({ description: 'Going into one of these stages rejects.' }),
      })
      .refine(
        ({ approved, rejected }) => {
          const named = [...approved, ...rejected].map(({ stage, status }) => `${stage}/${status}`);
          return new Set(named).size === named.length;
        },
        { error: 'each stage with its status is there once', path: ['rejected'] },
      ),
  ])
  .default({ by: 'approval-status' })
  .meta({
    description:
      'What of a labelled model package decides over its bonus or escrow: that its approval status changes, or that its life cycle goes into a stage.',
  });
