import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createBaselineTable } from '../../../../src/aws/baseline-table.ts';
import { openDocuments } from '../../../../src/aws/documents.ts';
import { awsClientFor } from '../../../support/aws-clients.ts';
import { TREASURY } from '../../../support/bonus-escrow.ts';
import { aBaseline } from '../../../support/pictures.ts';
import { answer, startScriptedServer, type ScriptedServer } from '../../../support/scripted-server.ts';

const KEY = { key: { S: `reconciliation/${TREASURY}` } };
const ITEM = {
  ...KEY,
  agentId: { S: TREASURY },
  at: { S: aBaseline().at },
  until: { S: aBaseline().until },
  availableUsd: { S: '1000.00' },
  hasPositions: { BOOL: false },
  open: { M: { esc_1: { S: '50.00' } } },
  recent: { L: [{ S: 'esc_2' }] },
  drifted: { L: [] },
};
const BASELINE = aBaseline({ open: { esc_1: '50.00' }, recent: ['esc_2'] });

let server: ScriptedServer;
beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(() => server.close());

function table() {
  return createBaselineTable(openDocuments(awsClientFor(server.url)), 'intents');
}

const sent = () => server.requests.map(({ body }) => JSON.parse(body) as Record<string, unknown>);

test('a baseline is kept under its agent, and replaces none but an older one', async () => {
  server.script(answer(200, {}));

  await table().keep(BASELINE);

  expect(sent()).toEqual([
    expect.objectContaining({
      TableName: 'intents',
      Item: ITEM,
      ConditionExpression: 'attribute_not_exists(#at) OR #at < :at',
      ExpressionAttributeValues: { ':at': { S: BASELINE.at } },
    }),
  ]);
});

test('a later one that is there already stays, and that is no fault; anything else is', async () => {
  server.script(
    answer(400, { __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException' }),
    answer(400, { __type: 'com.amazonaws.dynamodb.v20120810#ResourceNotFoundException', message: 'no table' }),
  );

  await expect(table().keep(BASELINE)).resolves.toBeUndefined();
  await expect(table().keep(BASELINE)).rejects.toThrow('no table');
});

test('what was kept is read again, consistently; nothing, or a shape of old, is none', async () => {
  const { drifted: _drifted, ...old } = ITEM;
  server.script(answer(200, { Item: ITEM }), answer(200, {}), answer(200, { Item: old }));

  expect(await table().read(TREASURY)).toEqual(BASELINE);
  expect(await table().read(TREASURY)).toBeUndefined();
  expect(await table().read(TREASURY)).toBeUndefined();
  expect(sent()[0]).toEqual({ TableName: 'intents', Key: KEY, ConsistentRead: true });
});
