import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SFNClient } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import middy from '@middy/core';
import * as z from 'zod/mini';
import { createContinueExecution } from '../../src/aws/executions.ts';
import { createIntentTable } from '../../src/aws/intent-table.ts';
import { readEnvironment } from '../shared/environment.ts';
import { createEscrowReadDeps } from '../shared/escrow-task.ts';
import { telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const env = readEnvironment({ INTENT_TABLE: z.string(), STATE_MACHINE_ARN: z.string() });

export const handler = middy(
  createHandler({
    ...createEscrowReadDeps(),
    intents: createIntentTable(DynamoDBDocumentClient.from(new DynamoDBClient({})), env.INTENT_TABLE),
    continueExecution: createContinueExecution(new SFNClient({}), env.STATE_MACHINE_ARN),
    now: () => new Date(),
  }),
).use(telemetry);
