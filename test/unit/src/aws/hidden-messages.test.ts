import { SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createHideMessage } from '../../../../src/aws/hidden-messages.ts';
import { awsClientFor } from '../../../support/aws-clients.ts';
import { answer, startScriptedServer, type ScriptedServer } from '../../../support/scripted-server.ts';

let server: ScriptedServer;

beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(() => server.close());

test.each([
  [7, 7],
  [0.2, 1],
  [-1, 0],
  [90_000, 43_200],
])('a message is hidden for whole seconds, 12 hours at most: %d is %d', async (seconds, sent) => {
  server.script(answer(200, {}));

  await createHideMessage(new SQSClient(awsClientFor(server.url)), 'https://queue')('receipt', seconds);

  expect(server.requests[0]?.headers['x-amz-target']).toBe('AmazonSQS.ChangeMessageVisibility');
  expect(JSON.parse(server.requests[0]?.body ?? '')).toEqual({
    QueueUrl: 'https://queue',
    ReceiptHandle: 'receipt',
    VisibilityTimeout: sent,
  });
});
