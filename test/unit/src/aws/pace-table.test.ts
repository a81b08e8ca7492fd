import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createPaceTable } from '../../../../src/aws/pace-table.ts';
import { openDocuments } from '../../../../src/aws/documents.ts';
import { awsClientFor } from '../../../support/aws-clients.ts';
import { answer, startScriptedServer, type ScriptedServer } from '../../../support/scripted-server.ts';

let server: ScriptedServer;

beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(() => server.close());

const paces = () => createPaceTable(openDocuments(awsClientFor(server.url)), 'intents');
const sent = (index: number) => JSON.parse(server.requests[index]?.body ?? '{}') as unknown;
const REFUSED = answer(400, { __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException' });
const MOVE = { now: 1_000, byMs: 50, until: 9_000 };

test('a lane at rest begins anew, from now, in one write', async () => {
  server.script(answer(200, { Attributes: { turnAt: { N: '1050' } } }));

  expect(await paces().advance('escrow/ag_1', MOVE)).toEqual({ isMoved: true, turnAt: 1_000 });
  expect(server.requests).toHaveLength(1);
  expect(sent(0)).toEqual({
    TableName: 'intents',
    Key: { key: { S: 'pace/lane/escrow/ag_1' } },
    ConditionExpression: 'attribute_not_exists(turnAt) OR turnAt <= :now',
    UpdateExpression: 'SET turnAt = :next',
    ExpressionAttributeValues: { ':now': { N: '1000' }, ':next': { N: '1050' } },
    ReturnValues: 'UPDATED_NEW',
  });
});

test('a lane under load is moved on by adding to it, and in one write once that is known', async () => {
  const table = paces();
  server.script(REFUSED, answer(200, { Attributes: { turnAt: { N: '5050' } } }));
  expect(await table.advance('escrow/ag_1', MOVE)).toEqual({ isMoved: true, turnAt: 5_000 });
  server.script(answer(200, { Attributes: { turnAt: { N: '5100' } } }));

  expect(await table.advance('escrow/ag_1', MOVE)).toEqual({ isMoved: true, turnAt: 5_050 });
  expect(server.requests).toHaveLength(3);
  expect(sent(2)).toMatchObject({
    ConditionExpression: 'turnAt > :now AND turnAt <= :until',
    UpdateExpression: 'SET turnAt = turnAt + :by',
    ExpressionAttributeValues: { ':now': { N: '1000' }, ':until': { N: '9000' }, ':by': { N: '50' } },
  });
});

test('a lane that is at rest again is begun anew, whatever was known of it', async () => {
  const table = paces();
  server.script(answer(200, { Attributes: { turnAt: { N: '1050' } } }));
  await table.advance('escrow/ag_1', MOVE);
  server.script(answer(200, { Attributes: { turnAt: { N: '2050' } } }));

  expect(await table.advance('escrow/ag_1', { ...MOVE, now: 2_000 })).toEqual({ isMoved: true, turnAt: 2_000 });
  expect(server.requests).toHaveLength(2);
});

test('a lane that stands too far in the future stays where it is', async () => {
  server.script(REFUSED, REFUSED, answer(200, { Item: { turnAt: { N: '9001' } } }));

  expect(await paces().advance('escrow/ag_1', MOVE)).toEqual({ isMoved: false, turnAt: 9_001 });
});

test('a lane that others move between two writes is tried again, and not for ever', async () => {
  const moved = [REFUSED, REFUSED, answer(200, { Item: { turnAt: { N: '2000' } } })];
  server.script(...moved, answer(200, { Attributes: { turnAt: { N: '2050' } } }));
  expect(await paces().advance('lane', MOVE)).toEqual({ isMoved: true, turnAt: 2_000 });

  server.script(...Array.from({ length: 5 }, () => moved).flat());
  await expect(paces().advance('lane', MOVE)).rejects.toThrow('moved by others');
});

test('a lane is postponed, and never brought forward', async () => {
  server.script(answer(200, {}), REFUSED);

  await paces().postpone('lane', 7_000);
  await paces().postpone('lane', 6_000);

  expect(sent(0)).toMatchObject({
    ConditionExpression: 'attribute_not_exists(turnAt) OR turnAt < :until',
    ExpressionAttributeValues: { ':until': { N: '7000' } },
  });
});

test('a promised slot is kept under its effect key until it is used', async () => {
  server.script(answer(200, {}), answer(200, { Item: { slotAt: { N: '7000' } } }), answer(200, {}), answer(200, {}));

  await paces().keepTicket('effect', 7_000);
  expect(await paces().readTicket('effect')).toBe(7_000);
  await paces().dropTicket('effect');
  expect(await paces().readTicket('effect')).toBeUndefined();

  expect(sent(0)).toEqual({ TableName: 'intents', Item: { key: { S: 'pace/ticket/effect' }, slotAt: { N: '7000' } } });
  expect(sent(2)).toEqual({ TableName: 'intents', Key: { key: { S: 'pace/ticket/effect' } } });
});

test('a table that does not answer is a fault', async () => {
  server.script(answer(400, { __type: 'ValidationException', message: 'no' }));

  await expect(paces().advance('lane', MOVE)).rejects.toThrow('no');
});
