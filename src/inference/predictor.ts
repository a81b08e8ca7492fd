import * as z from 'zod/mini';
import { featureSourceSchema } from './features.ts';
import { answerSchema } from './read-prediction.ts';
import { requestFormatSchema } from './write-request.ts';

/** One model that is asked about one asset. Stage configuration, `trading.predictors[]`. */
export const predictorSchema = z.object({
  /** Begins the id of every prediction that a schedule asks for. */
  name: z.string(),
  asset: z.string(),
  endpointName: z.string(),
  features: featureSourceSchema,
  /** The feature that is the asset's price in USD, if one is: the prediction says it, and the paper book fills at it. */
  priceFeature: z.optional(z.string()),
  request: requestFormatSchema,
  answer: answerSchema,
});
export type Predictor = z.infer<typeof predictorSchema>;

/** The id of what a predictor says in one period: the same however often the period is told. */
export function periodId({ name }: Pick<Predictor, 'name'>, asset: string, scheduledTime: string): string {
  return `${name}/${asset}/${scheduledTime}`;
}

/** Where the answers of an asynchronous endpoint appear. Stage configuration, `trading.inferences[]`. */
export const inferenceSourceSchema = z.object({
  /** Begins the id of every prediction that is read there. */
  name: z.string(),
  asset: z.string(),
  bucket: z.string(),
  /** Answers are the objects whose keys begin so. */
  prefix: z.string(),
  /** What begins so is what the endpoint says of a failure. */
  failurePrefix: z.optional(z.string()),
  answer: answerSchema,
});
export type InferenceSource = z.infer<typeof inferenceSourceSchema>;

/** The id of what an object says: the same however often it is told. SageMaker writes every answer under a key of its own. */
export function inferenceId({ name }: Pick<InferenceSource, 'name'>, key: string): string {
  return `${name}/${key}`;
}
