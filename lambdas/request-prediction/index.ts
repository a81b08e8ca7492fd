import middy from '@middy/core';
import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { createReadRecord } from '../../src/aws/feature-record.ts';
import { createPublisher } from '../../src/aws/publisher.ts';
import { createReadObject } from '../../src/aws/s3-object.ts';
import { INCOMING } from '../../src/events/catalogue.ts';
import { predictorSchema } from '../../src/inference/predictor.ts';
import { access, aws } from '../shared/aws.ts';
import { readEnvironment } from '../shared/environment.ts';
import { readPolicies } from '../shared/policies.ts';
import { log, telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const env = readEnvironment({ EVENT_BUS: z.string() });
const { predictor } = readPolicies({ predictor: predictorSchema });
const publish = createPublisher(aws.eventBridge, env.EVENT_BUS);

export const handler = middy(
  createHandler({
    predictor,
    readObject: createReadObject(access),
    readRecord: createReadRecord(aws.readRecord),
    invokeEndpoint: aws.invokeModel,
    publishPrediction: (prediction) => publish(INCOMING.inferenceCompleted, prediction),
    now: () => new Date(),
    newId: randomUUID,
    log,
  }),
).use(telemetry);
