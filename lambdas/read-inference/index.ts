import middy from '@middy/core';
import * as z from 'zod/mini';
import { createPublisher } from '../../src/aws/publisher.ts';
import { createReadObject } from '../../src/aws/s3-object.ts';
import { INCOMING } from '../../src/events/catalogue.ts';
import { inferenceSourceSchema } from '../../src/inference/predictor.ts';
import { eventBridge } from '../shared/clients/event-bridge.ts';
import { s3 } from '../shared/clients/s3.ts';
import { readEnvironment } from '../shared/environment.ts';
import { readPolicies } from '../shared/policies.ts';
import { createQueueDeps } from '../shared/queue.ts';
import { telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const env = readEnvironment({ EVENT_BUS: z.string() });
const { inference } = readPolicies({ inference: inferenceSourceSchema });
const publish = createPublisher(eventBridge, env.EVENT_BUS);

export const handler = middy(
  createHandler({
    source: inference,
    readObject: createReadObject(s3),
    publishPrediction: (prediction) => publish(INCOMING.inferenceCompleted, prediction),
    ...createQueueDeps(),
  }),
).use(telemetry);
