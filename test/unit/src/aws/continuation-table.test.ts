import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createContinuationTable } from '../../../../src/aws/continuation-table.ts';
import { openDocuments } from '../../../../src/aws/documents.ts';
import { awsClientFor } from '../../../support/aws-clients.ts';
import { answer, startScriptedServer, type ScriptedServer } from '../../../support/scripted-server.ts';

const FAILED = answer(400, { __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException' });
const asItem = (...names: string[]) => ({ key: { S: 'executions/k' }, names: { L: names.map((S) => ({ S })) } });

let server: ScriptedServer;
beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(() => server.close());

const table = () => createContinuationTable(openDocuments(awsClientFor(server.url)), 'intents');

test('what was never continued has no names, and one is added to those known', async () => {
  server.script(answer(200, {}), answer(200, {}), answer(200, {}));

  expect(await table().read('k')).toEqual([]);
  expect(await table().add('k', [], 'k-1')).toEqual(['k-1']);
  expect(await table().add('k', ['k-1'], 'k-2')).toEqual(['k-1', 'k-2']);

  const [read, first, second] = server.requests.map(({ body }) => JSON.parse(body) as unknown);
  expect(read).toMatchObject({ Key: { key: { S: 'executions/k' } }, ConsistentRead: true });
  expect(first).toMatchObject({ Item: asItem('k-1'), ConditionExpression: 'attribute_not_exists(#names)' });
  expect(second).toMatchObject({ Item: asItem('k-1', 'k-2'), ConditionExpression: '#names = :known' });
});

test('where another was faster, its name counts', async () => {
  server.script(FAILED, answer(200, { Item: asItem('k-3') }));

  expect(await table().add('k', [], 'k-1')).toEqual(['k-3']);
});
