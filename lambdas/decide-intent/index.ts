import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SFNClient } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import middy from '@middy/core';
import * as z from 'zod/mini';
import { createContinueExecution, createDescribeExecution } from '../../src/aws/executions.ts';
import { createIntentTable } from '../../src/aws/intent-table.ts';
import { createMailboxTable } from '../../src/aws/mailbox-table.ts';
import { readEnvironment } from '../shared/environment.ts';
import { createEscrowReadDeps } from '../shared/escrow-task.ts';
import { telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const env = readEnvironment({ INTENT_TABLE: z.string(), MAILBOX_TABLE: z.string(), STATE_MACHINE_ARN: z.string() });
const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const executions = new SFNClient({});

export const handler = middy(
  createHandler({
    ...createEscrowReadDeps(),
    intents: createIntentTable(documents, env.INTENT_TABLE),
    mailbox: createMailboxTable(documents, env.MAILBOX_TABLE),
    continueExecution: createContinueExecution(executions, env.STATE_MACHINE_ARN),
    describeExecution: createDescribeExecution(executions, env.STATE_MACHINE_ARN),
    now: () => new Date(),
  }),
).use(telemetry);
