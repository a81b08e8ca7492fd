import { MAX_OBJECT_BYTES, type ReadObject } from '../../src/aws/s3-object.ts';
import { AnswerUnusableError, UnusableEventError } from '../../src/errors.ts';
import { OBJECT_CREATED } from '../../src/events/catalogue.ts';
import { parseEvent } from '../../src/events/envelope.ts';
import { MAX_PREDICTION_ID, type InferenceCompletedDetail } from '../../src/events/inference-completed.ts';
import { objectCreatedSchema } from '../../src/events/object-created.ts';
import { refuseForeign } from '../../src/events/origin.ts';
import { inferenceId, type InferenceSource } from '../../src/inference/predictor.ts';
import { quoteAnswer, readPrediction } from '../../src/inference/read-prediction.ts';
import { consumeQueue, type QueueDeps } from '../shared/consume-queue.ts';

export interface Deps extends QueueDeps {
  readonly source: InferenceSource;
  readonly readObject: ReadObject;
  readonly publishPrediction: (prediction: InferenceCompletedDetail) => Promise<void>;
}

/** Turns what an asynchronous endpoint has written to S3 into one prediction on the bus. */
export function createHandler(deps: Deps) {
  const { name, asset, bucket, prefix, failurePrefix, answer } = deps.source;
  return consumeQueue(deps, async ({ body, home }) => {
    const event = parseEvent(body, OBJECT_CREATED, objectCreatedSchema);
    refuseForeign(event, home);
    const { detail, time } = event;
    const { key, size } = detail.object;
    const isFailure = failurePrefix !== undefined && key.startsWith(failurePrefix);
    if (detail.bucket.name !== bucket || !(isFailure || key.startsWith(prefix))) {
      throw new UnusableEventError(`detail: s3://${detail.bucket.name}/${key} is no answer for ${name}`);
    }
    if (size > MAX_OBJECT_BYTES) {
      throw new UnusableEventError(`detail.object.size: ${size} bytes; ${MAX_OBJECT_BYTES} is the most that is read`);
    }
    const predictionId = inferenceId(deps.source, key);
    if (predictionId.length > MAX_PREDICTION_ID) {
      throw new UnusableEventError(
        `detail.object.key: "${predictionId}" is too long for an id: over ${MAX_PREDICTION_ID}`,
      );
    }
    const { text } = await deps.readObject(bucket, key);
    if (isFailure) throw new UnusableEventError(`the model failed: s3://${bucket}/${key} is ${quoteAnswer(text)}`);
    const prediction: InferenceCompletedDetail = { predictionId, ...understand(text), asset, at: time };
    await deps.publishPrediction(prediction);
    deps.log.info('prediction', prediction);
  });

  /** What is no prediction does not become one by being read again. */
  function understand(text: string) {
    try {
      return readPrediction(text, answer);
    } catch (error) {
      if (!(error instanceof AnswerUnusableError)) throw error;
      throw new UnusableEventError(error.message, { cause: error });
    }
  }
}
