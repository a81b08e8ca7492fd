import * as z from 'zod/mini';
import { priceSchema, shareSchema } from '../schemas.ts';

/** The most characters that a `predictionId` has. */
export const MAX_PREDICTION_ID = 200;

/**
 * Detail of `inference.completed` on the app's bus: one prediction of a model.
 * `predictionId` names the cause: the same id is the same prediction, however often it is sent.
 */
export const inferenceCompletedSchema = z.looseObject({
  predictionId: z.string().check(z.minLength(1), z.maxLength(MAX_PREDICTION_ID)),
  direction: z.enum(['long', 'short', 'hold']),
  /** 0 to 1. */
  confidence: shareSchema,
  asset: z.string().check(z.minLength(1), z.maxLength(40)),
  /** When the model answered (ISO 8601). */
  at: z.iso.datetime({ offset: true }),
  /** Decimal USD for one unit of the asset then, if known. The paper book fills at the last price that it was told. */
  price: z.optional(priceSchema),
});
export type InferenceCompleted = z.infer<typeof inferenceCompletedSchema>;

/** The same as it is sent. */
export type InferenceCompletedDetail = z.input<typeof inferenceCompletedSchema>;
