import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import middy from '@middy/core';
import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { createInvokeEndpoint } from '../../src/aws/endpoint.ts';
import { createPublisher } from '../../src/aws/publisher.ts';
import { INCOMING } from '../../src/events/catalogue.ts';
import { readEnvironment } from '../shared/environment.ts';
import { log, telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const env = readEnvironment({ EVENT_BUS: z.string(), ENDPOINT_NAME: z.string() });
const publish = createPublisher(new EventBridgeClient({}), env.EVENT_BUS);

export const handler = middy(
  createHandler({
    invokeEndpoint: createInvokeEndpoint(new SageMakerRuntimeClient({}), env.ENDPOINT_NAME),
    publishPrediction: (prediction) => publish(INCOMING.inferenceCompleted, prediction),
    now: () => new Date(),
    newId: randomUUID,
    log,
  }),
).use(telemetry);
