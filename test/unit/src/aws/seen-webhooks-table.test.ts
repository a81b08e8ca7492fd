import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createSeenWebhooks } from '../../../../src/aws/seen-webhooks-table.ts';
import { openDocuments } from '../../../../src/aws/documents.ts';
import { awsClientFor } from '../../../support/aws-clients.ts';
import { answer, startScriptedServer, type ScriptedServer } from '../../../support/scripted-server.ts';

const AT = new Date('2026-03-06T09:00:00.900Z');

let server: ScriptedServer;

beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(() => server.close());

const seen = () => createSeenWebhooks(openDocuments(awsClientFor(server.url)), 'mailbox');
const sent = () => JSON.parse(server.requests[0]?.body ?? '{}') as unknown;

test('a webhook is taken under its id, once, and forgotten after a week', async () => {
  server.script(answer(200, {}));

  expect(await seen().take('evt_1', AT)).toBe(true);
  expect(sent()).toEqual({
    TableName: 'mailbox',
    Item: {
      address: { S: 'webhook:evt_1' },
      item: { S: 'taken' },
      at: { S: AT.toISOString() },
      removeAt: { N: String(Math.floor(AT.getTime() / 1000) + 7 * 24 * 3600) },
    },
    ConditionExpression: 'attribute_not_exists(address)',
  });
});

test('one that is there already is not taken', async () => {
  server.script(answer(400, { __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException' }));

  expect(await seen().take('evt_1', AT)).toBe(false);
});

test('a table that does not answer is a fault, not a repeat', async () => {
  server.script(answer(400, { __type: 'com.amazonaws.dynamodb.v20120810#ValidationException', message: 'no' }));

  await expect(seen().take('evt_1', AT)).rejects.toThrow('no');
});

test('one that is given back is removed', async () => {
  server.script(answer(200, {}));

  await seen().giveBack('evt_1');

  expect(sent()).toEqual({ TableName: 'mailbox', Key: { address: { S: 'webhook:evt_1' }, item: { S: 'taken' } } });
});
