import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createKeepRequest } from '../../../../src/aws/request-table.ts';
import { openDocuments } from '../../../../src/aws/documents.ts';
import { awsClientFor } from '../../../support/aws-clients.ts';
import { answer, startScriptedServer, type ScriptedServer } from '../../../support/scripted-server.ts';

const KEY = { key: { S: 'request/labels-7' } };
const TAKEN = answer(400, { __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException' });
const kept = (fingerprint: string) => answer(200, { Item: { ...KEY, fingerprint: { S: fingerprint } } });

let server: ScriptedServer;
beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(() => server.close());

function keep(fingerprint: string) {
  const documents = openDocuments(awsClientFor(server.url));
  return createKeepRequest(documents, 'intents', () => new Date('2026-03-06T09:00:00Z'))('labels-7', fingerprint);
}

const sent = () => server.requests.map(({ body }) => JSON.parse(body) as Record<string, unknown>);

test('what a request asks for is kept under its id, for ever, and replaces nothing', async () => {
  server.script(answer(200, {}));

  expect(await keep('abc')).toBe('new');

  expect(sent()).toEqual([
    expect.objectContaining({
      TableName: 'intents',
      Item: { ...KEY, fingerprint: { S: 'abc' }, keptAt: { S: '2026-03-06T09:00:00.000Z' } },
      ConditionExpression: 'attribute_not_exists(#key)',
    }),
  ]);
});

test.each([
  ['abc', 'same'],
  ['abd', 'other'],
])('what came before is compared with it: %s is the %s', async (fingerprint, outcome) => {
  server.script(TAKEN, kept('abc'));

  expect(await keep(fingerprint)).toBe(outcome);
  expect(sent()[1]).toMatchObject({ Key: KEY, ConsistentRead: true });
});

test('an item that holds none is another one, and any other fault is thrown', async () => {
  server.script(TAKEN, answer(200, {}));
  expect(await keep('abc')).toBe('other');

  server.script(answer(400, { __type: 'com.amazonaws.dynamodb.v20120810#ResourceNotFoundException', message: 'no' }));
  await expect(keep('abc')).rejects.toThrow('no');
});
