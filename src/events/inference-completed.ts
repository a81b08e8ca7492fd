import * as z from 'zod/mini';

/**
 * Detail of `inference.completed` on the app's bus: one prediction of a model.
 * `predictionId` names the cause: the same id is the same prediction, however often it is sent.
 */
export const inferenceCompletedSchema = z.looseObject({
  predictionId: z.string().check(z.minLength(1), z.maxLength(200)),
  direction: z.enum(['long', 'short', 'hold']),
  /** 0 to 1. */
  confidence: z.number().check(z.gte(0), z.lte(1)),
  asset: z.string().check(z.minLength(1), z.maxLength(40)),
  /** When the model answered (ISO 8601). */
  at: z.iso.datetime({ offset: true }),
});
export type InferenceCompleted = z.infer<typeof inferenceCompletedSchema>;
