import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { SFNClient } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import middy from '@middy/core';
import * as z from 'zod/mini';
import { createStartExecution } from '../../src/aws/executions.ts';
import { createIntentTable } from '../../src/aws/intent-table.ts';
import { createPublisher } from '../../src/aws/publisher.ts';
import { createDescribeTrainingJob, createListCompletedJobs } from '../../src/aws/training-jobs.ts';
import { bonusPolicySchema } from '../../src/escrow/bonus.ts';
import { jsonText } from '../../src/schemas.ts';
import { readEnvironment } from '../shared/environment.ts';
import { count, log, telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const env = readEnvironment({
  EVENT_BUS: z.string(),
  STATE_MACHINE_ARN: z.string(),
  INTENT_TABLE: z.string(),
  BONUS_POLICY: jsonText(bonusPolicySchema),
});
const sageMaker = new SageMakerClient({});

export const handler = middy(
  createHandler({
    listCompletedJobs: createListCompletedJobs(sageMaker),
    describeTrainingJob: createDescribeTrainingJob(sageMaker),
    intents: createIntentTable(DynamoDBDocumentClient.from(new DynamoDBClient({})), env.INTENT_TABLE),
    startExecution: createStartExecution(new SFNClient({}), env.STATE_MACHINE_ARN),
    publish: createPublisher(new EventBridgeClient({}), env.EVENT_BUS),
    policy: env.BONUS_POLICY,
    now: () => new Date(),
    log,
    count,
  }),
).use(telemetry);
