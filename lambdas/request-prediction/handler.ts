import * as z from 'zod/mini';
import type { InvokeModel } from '../../src/aws/endpoint.ts';
import { MAX_PREDICTION_ID, type InferenceCompletedDetail } from '../../src/events/inference-completed.ts';
import { readFeatures, readPrice, type FeatureReaders } from '../../src/inference/features.ts';
import { periodId, type Predictor } from '../../src/inference/predictor.ts';
import { readPrediction } from '../../src/inference/read-prediction.ts';
import { CONTENT_TYPES, writeRequest } from '../../src/inference/write-request.ts';
import type { Log } from '../../src/observability.ts';

export interface Deps extends FeatureReaders {
  readonly predictor: Predictor;
  readonly invokeEndpoint: InvokeModel;
  readonly publishPrediction: (prediction: InferenceCompletedDetail) => Promise<void>;
  readonly newId: () => string;
  readonly log: Log;
}

/** What the schedule passes, or whoever invokes the function by hand. Nothing of it has to be there. */
const inputSchema = z.strictObject({
  /** The period's time, by the schedule: it names the prediction, so that a period that is told twice is one prediction. */
  scheduledTime: z.optional(z.iso.datetime()),
  /** By hand: the prediction's id, where a repeat must be the same. */
  predictionId: z.optional(z.string().check(z.minLength(1), z.maxLength(MAX_PREDICTION_ID))),
  /** By hand: instead of the configured one. */
  asset: z.optional(z.string().check(z.minLength(1), z.maxLength(40))),
  /** By hand: instead of those of the configured source. */
  features: z.optional(z.record(z.string(), z.number())),
});

/** Asks the model for one prediction and puts it on the bus. */
export function createHandler(deps: Deps) {
  const { predictor } = deps;
  return async (input: unknown): Promise<InferenceCompletedDetail> => {
    const given = inputSchema.parse(input);
    const asset = given.asset ?? predictor.asset;
    const source =
      given.features === undefined ? predictor.features : { source: 'fixed' as const, values: given.features };
    const features = await readFeatures(source, deps);
    const price = predictor.priceFeature === undefined ? undefined : readPrice(features, predictor.priceFeature);
    const body = writeRequest(features, predictor.request);
    const text = await deps.invokeEndpoint({
      endpointName: predictor.endpointName,
      contentType: CONTENT_TYPES[predictor.request.format],
      accept: CONTENT_TYPES[predictor.answer.format],
      body,
    });
    const { direction, confidence } = readPrediction(text, predictor.answer);
    const prediction: InferenceCompletedDetail = {
      predictionId: given.predictionId ?? idOf(given.scheduledTime, asset),
      direction,
      confidence,
      asset,
      at: deps.now().toISOString(),
      ...(price === undefined ? {} : { price }),
    };
    await deps.publishPrediction(prediction);
    deps.log.info('prediction', prediction);
    return prediction;
  };

  function idOf(scheduledTime: string | undefined, asset: string): string {
    return scheduledTime === undefined ? deps.newId() : periodId(predictor, asset, scheduledTime);
  }
}
