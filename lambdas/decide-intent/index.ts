import middy from '@middy/core';
import * as z from 'zod/mini';
import { createContinueExecution, createDescribeExecution } from '../../src/aws/executions.ts';
import { createIntentTable } from '../../src/aws/intent-table.ts';
import { createMailboxTable } from '../../src/aws/mailbox-table.ts';
import { aws } from '../shared/aws.ts';
import { createBeginnings } from '../shared/beginnings.ts';
import { readEnvironment } from '../shared/environment.ts';
import { createEscrowReadDeps } from '../shared/escrow-task.ts';
import { telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const env = readEnvironment({ INTENT_TABLE: z.string(), MAILBOX_TABLE: z.string(), STATE_MACHINE_ARN: z.string() });

export const handler = middy(
  createHandler({
    ...createEscrowReadDeps(),
    intents: createIntentTable(aws.dynamoDb, env.INTENT_TABLE),
    beginnings: createBeginnings(env.INTENT_TABLE),
    mailbox: createMailboxTable(aws.dynamoDb, env.MAILBOX_TABLE),
    continueExecution: createContinueExecution(aws.stepFunctions, env.STATE_MACHINE_ARN),
    describeExecution: createDescribeExecution(aws.stepFunctions, env.STATE_MACHINE_ARN),
    now: () => new Date(),
  }),
).use(telemetry);
