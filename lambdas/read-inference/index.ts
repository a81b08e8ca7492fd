import middy from '@middy/core';
import * as z from 'zod/mini';
import { createSendDeadLetter } from '../../src/aws/dead-letters.ts';
import { createPublisher } from '../../src/aws/publisher.ts';
import { createReadObject } from '../../src/aws/s3-object.ts';
import { INCOMING } from '../../src/events/catalogue.ts';
import { inferenceSourceSchema } from '../../src/inference/predictor.ts';
import { access, aws } from '../shared/aws.ts';
import { queueEnvironment, readEnvironment } from '../shared/environment.ts';
import { readPolicies } from '../shared/policies.ts';
import { count, log, telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const env = readEnvironment({ ...queueEnvironment, EVENT_BUS: z.string() });
const { inference } = readPolicies({ inference: inferenceSourceSchema });
const publish = createPublisher(aws.eventBridge, env.EVENT_BUS);

export const handler = middy(
  createHandler({
    source: inference,
    readObject: createReadObject(access),
    publishPrediction: (prediction) => publish(INCOMING.inferenceCompleted, prediction),
    sendDeadLetter: createSendDeadLetter(aws.sqs, env.DEAD_LETTER_QUEUE_URL),
    maxReceives: env.MAX_RECEIVES,
    log,
    count,
  }),
).use(telemetry);
