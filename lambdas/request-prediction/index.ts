import middy from '@middy/core';
import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { createInvokeModel } from '../../src/aws/endpoint.ts';
import { createReadRecord } from '../../src/aws/feature-record.ts';
import { createPublisher } from '../../src/aws/publisher.ts';
import { createReadObject } from '../../src/aws/s3-object.ts';
import { INCOMING } from '../../src/events/catalogue.ts';
import { predictorSchema } from '../../src/inference/predictor.ts';
import { eventBridge } from '../shared/clients/event-bridge.ts';
import { featureStore } from '../shared/clients/feature-store.ts';
import { s3 } from '../shared/clients/s3.ts';
import { sageMakerRuntime } from '../shared/clients/sage-maker-runtime.ts';
import { readEnvironment } from '../shared/environment.ts';
import { readPolicies } from '../shared/policies.ts';
import { log, telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const env = readEnvironment({ EVENT_BUS: z.string() });
const { predictor } = readPolicies({ predictor: predictorSchema });
const publish = createPublisher(eventBridge, env.EVENT_BUS);

export const handler = middy(
  createHandler({
    predictor,
    readObject: createReadObject(s3),
    readRecord: createReadRecord(featureStore),
    invokeEndpoint: createInvokeModel(sageMakerRuntime),
    publishPrediction: (prediction) => publish(INCOMING.inferenceCompleted, prediction),
    now: () => new Date(),
    newId: randomUUID,
    log,
  }),
).use(telemetry);
