import * as z from 'zod/mini';
import type { InvokeEndpoint } from '../../src/aws/endpoint.ts';
import type { InferenceCompleted } from '../../src/events/inference-completed.ts';
import type { Log } from '../../src/observability.ts';

export interface Deps {
  readonly invokeEndpoint: InvokeEndpoint;
  readonly publishPrediction: (prediction: InferenceCompleted) => Promise<void>;
  readonly now: () => Date;
  readonly newId: () => string;
  readonly log: Log;
}

const featuresSchema = z.record(z.string(), z.number());

/** What the schedule, or whoever invokes the function, passes. `predictionId` is given where a repeat must be the same. */
const inputSchema = z.object({
  asset: z.string().check(z.minLength(1), z.maxLength(40)),
  features: featuresSchema.check(
    z.refine((features) => Object.keys(features).length > 0, { message: 'must name at least one feature' }),
  ),
  predictionId: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
});

/** The endpoint's answer. Anything else is a fault: a prediction is not guessed. */
const answerSchema = z.looseObject({
  direction: z.enum(['long', 'short', 'hold']),
  confidence: z.number().check(z.gte(0), z.lte(1)),
});

/** Asks the model for one prediction and puts it on the bus. */
export function createHandler(deps: Deps) {
  return async (input: unknown): Promise<InferenceCompleted> => {
    const { asset, features, predictionId = deps.newId() } = inputSchema.parse(input);
    const answer = answerSchema.parse(await deps.invokeEndpoint(features));
    const prediction: InferenceCompleted = {
      predictionId,
      direction: answer.direction,
      confidence: answer.confidence,
      asset,
      at: deps.now().toISOString(),
    };
    await deps.publishPrediction(prediction);
    deps.log.info('prediction', prediction);
    return prediction;
  };
}
