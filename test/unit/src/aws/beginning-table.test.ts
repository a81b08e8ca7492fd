import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createBeginningTable, createReadBeginning } from '../../../../src/aws/beginning-table.ts';
import { openDocuments } from '../../../../src/aws/documents.ts';
import { awsClientFor } from '../../../support/aws-clients.ts';
import { afterNoon, MINUTE, NOON } from '../../../support/effects.ts';
import { answer, startScriptedServer, type ScriptedServer } from '../../../support/scripted-server.ts';

const RULE = { name: 'bonus/a', terms: 'terms of a' };
const DESCRIBED = { Table: { CreationDateTime: NOON.getTime() / 1000 } };
const CREATED = answer(200, DESCRIBED);
const FAILED_CONDITION = answer(400, { __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException' });
const ITEM = {
  key: { S: 'began/ledger' },
  at: { S: NOON.toISOString() },
  tableCreatedAt: { S: NOON.toISOString() },
  rules: { M: { 'bonus/a': { M: { terms: { S: RULE.terms } } } } },
  moves: { L: [] },
  version: { N: '1' },
};

/** The table and what is stored in it, asked for in either order. */
const RECORDED = answer(200, { ...DESCRIBED, Item: ITEM });

let server: ScriptedServer;
let now: Date;
beforeEach(async () => {
  server = await startScriptedServer();
  now = NOON;
});
afterEach(() => server.close());

const table = (rules = [RULE]) =>
  createBeginningTable(openDocuments(awsClientFor(server.url)), 'intents', rules, () => now);
const operations = () => server.requests.map(({ headers }) => String(headers['x-amz-target']).split('.')[1]);
const written = () =>
  server.requests
    .filter(({ headers }) => String(headers['x-amz-target']).endsWith('PutItem'))
    .map(({ body }) => JSON.parse(body) as Record<string, unknown>);

describe('the beginning of the ledger, for whoever sends', () => {
  const reader = () => createReadBeginning(openDocuments(awsClientFor(server.url)), 'intents', () => now.getTime());

  test('is read once in 15 seconds, and never written', async () => {
    server.script(...Array.from({ length: 4 }, () => RECORDED));
    const read = reader();
    await Promise.all([read(), read()]);
    now = afterNoon(15_000);
    expect(await read()).toBe(NOON.toISOString());
    now = afterNoon(15_001);
    await read();

    expect(operations()).toHaveLength(4);
    expect(operations().filter((operation) => operation === 'DescribeTable')).toHaveLength(2);
  });

  test('is the creation of a table that nothing is recorded of yet, and of one that was restored since', async () => {
    server.script(CREATED, CREATED);
    expect(await reader()()).toBe(NOON.toISOString());

    const restored = answer(200, { Table: { CreationDateTime: afterNoon(MINUTE).getTime() / 1000 }, Item: ITEM });
    server.script(restored, restored);
    expect(await reader()()).toBe(afterNoon(MINUTE).toISOString());
  });

  test('is asked for again where it could not be read', async () => {
    server.script(
      answer(400, { __type: 'AccessDeniedException', message: 'no such grant' }),
      RECORDED,
      RECORDED,
      RECORDED,
    );
    const read = reader();

    await expect(read()).rejects.toThrow('no such grant');
    expect(await read()).toBe(NOON.toISOString());
  });
});

describe('the beginnings in the table of the intents', () => {
  test('are written by whoever reads first, once', async () => {
    server.script(CREATED, CREATED, answer(200, {}));

    expect(await table().read()).toMatchObject({ at: NOON.toISOString(), rules: { 'bonus/a': { terms: RULE.terms } } });
    expect(written()).toEqual([
      expect.objectContaining({ TableName: 'intents', Item: ITEM, ConditionExpression: 'attribute_not_exists(#key)' }),
    ]);
  });

  test('are those of another where that was first', async () => {
    server.script(CREATED, CREATED, FAILED_CONDITION, RECORDED, RECORDED);

    expect(await table().read()).toMatchObject({ at: NOON.toISOString(), version: 1 });
    expect(written()).toHaveLength(1);
  });

  test('are read again after five seconds, and not written where nothing begins', async () => {
    server.script(RECORDED, RECORDED, RECORDED, RECORDED);
    const { read } = table();
    await read();
    now = afterNoon(5_000);
    await read();
    expect(operations()).toHaveLength(2);
    now = afterNoon(5_001);
    await read();

    expect(operations().filter((operation) => operation === 'DescribeTable')).toHaveLength(2);
    expect(operations()).toHaveLength(4);
  });

  test('have a rule that came later from the moment on, on condition that nobody wrote in between', async () => {
    server.script(RECORDED, RECORDED, answer(200, {}));
    now = afterNoon(60 * MINUTE);

    const { rules } = await table([RULE, { name: 'bonus/b', terms: 'b' }]).read();

    expect(rules['bonus/b']).toEqual({ terms: 'b', at: now.toISOString() });
    expect(written()).toEqual([
      expect.objectContaining({
        ConditionExpression: '#version = :version',
        ExpressionAttributeValues: { ':version': { N: '1' } },
      }),
    ]);
  });

  test('are moved by a person, with name and reason', async () => {
    server.script(RECORDED, RECORDED, answer(200, {}));
    const to = afterNoon(-60 * MINUTE);

    const moved = await table().move(to, { operator: 'ada', reason: 'the old ledger ended then' });

    expect(moved?.at).toBe(to.toISOString());
    expect(written()[0]?.['Item']).toMatchObject({ at: { S: to.toISOString() }, version: { N: '2' } });
    expect(JSON.stringify(written()[0]?.['Item'])).toContain('the old ledger ended then');
  });

  test('are not guessed where the table cannot be described', async () => {
    server.script(answer(200, {}), answer(200, {}));

    await expect(table().read()).rejects.toThrow('DescribeTable of intents has no CreationDateTime');
  });
});
