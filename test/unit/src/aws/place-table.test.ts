import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openDocuments } from '../../../../src/aws/documents.ts';
import { createPlaceTable } from '../../../../src/aws/place-table.ts';
import type { Places } from '../../../../src/ledger/places.ts';
import { awsClientFor } from '../../../support/aws-clients.ts';
import { answer, startScriptedServer, type ScriptedServer } from '../../../support/scripted-server.ts';

const at = (name: string) => ({ baseUrl: `https://${name}.example.com`, profile: 'reference' as const });
const PLACES: Places = { escrow: at('escrow'), trading: at('trading'), wallet: at('wallet'), faucet: at('faucet') };
const OTHERS: Places = { ...PLACES, escrow: at('next') };
const asItem = (places: Places) => ({
  key: { S: 'began/services' },
  ...Object.fromEntries(
    Object.entries(places).map(([name, { baseUrl, profile }]) => [
      name,
      { M: { baseUrl: { S: baseUrl }, profile: { S: profile } } },
    ]),
  ),
});
const FAILED = answer(400, { __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException' });

let server: ScriptedServer;
beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(() => server.close());

const table = () => createPlaceTable(openDocuments(awsClientFor(server.url)), 'intents');
const operations = () => server.requests.map(({ headers }) => String(headers['x-amz-target']).split('.')[1]);

test('places are recorded once, and read once', async () => {
  server.script(answer(200, {}), answer(200, {}), answer(200, { Item: asItem(PLACES) }));
  const places = table();

  expect(await places.record(PLACES)).toEqual(PLACES);
  expect(await places.record(OTHERS)).toEqual(PLACES);
  expect(await places.read()).toEqual(PLACES);
  expect(operations()).toEqual(['GetItem', 'PutItem', 'GetItem']);
  expect(JSON.parse(server.requests[1]?.body ?? '')).toMatchObject({
    Item: asItem(PLACES),
    ConditionExpression: 'attribute_not_exists(#key)',
  });
});

test('where another was first, its places stand', async () => {
  server.script(answer(200, {}), FAILED, answer(200, { Item: asItem(OTHERS) }));

  expect(await table().record(PLACES)).toEqual(OTHERS);
});

test('many that ask at once are one read', async () => {
  server.script(answer(200, { Item: asItem(PLACES) }));
  const places = table();

  expect(await Promise.all([places.read(), places.read(), places.read()])).toEqual([PLACES, PLACES, PLACES]);
  expect(operations()).toEqual(['GetItem']);
});

test('what is not recorded yet is asked for again', async () => {
  server.script(answer(200, {}), answer(200, { Item: asItem(PLACES) }));
  const places = table();

  expect(await places.read()).toBeUndefined();
  expect(await places.read()).toEqual(PLACES);
});
