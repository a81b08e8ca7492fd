import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import middy from '@middy/core';
import { createIntentTable } from '../../src/aws/intent-table.ts';
import { createPublisher } from '../../src/aws/publisher.ts';
import { ledgerEnvironment, readEnvironment } from '../shared/environment.ts';
import { count, log, telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const env = readEnvironment(ledgerEnvironment);

export const handler = middy(
  createHandler({
    intents: createIntentTable(DynamoDBDocumentClient.from(new DynamoDBClient({})), env.INTENT_TABLE),
    publish: createPublisher(new EventBridgeClient({}), env.EVENT_BUS),
    now: () => new Date(),
    log,
    count,
  }),
).use(telemetry);
