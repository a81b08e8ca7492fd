import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createMailboxTable, createWatchTable } from '../../../../src/aws/mailbox-table.ts';
import type { Wait } from '../../../../src/escrow/mailbox.ts';
import { openDocuments } from '../../../../src/aws/documents.ts';
import { awsClientFor } from '../../../support/aws-clients.ts';
import { projected } from '../../../support/memory-watch.ts';
import { answer, startScriptedServer, type ScriptedServer } from '../../../support/scripted-server.ts';

const SIGNAL = { type: 'delivered', at: '2026-03-06T10:00:00Z', deliveredBy: 'registry' } as const;
const NINETY_DAYS = 90 * 24 * 3600;

let server: ScriptedServer;

beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(() => server.close());

function table() {
  return createMailboxTable(openDocuments(awsClientFor(server.url)), 'mailbox');
}

function itemOf(index: number): unknown {
  return (JSON.parse(server.requests[index]?.body ?? '{}') as { Item?: unknown }).Item;
}

describe('a signal', () => {
  test('may leave out all that is optional', async () => {
    server.script(answer(200, {}));

    expect(await table().putSignal('escrow:esc_1', { ...SIGNAL, note: undefined, deliveryUrl: undefined })).toBe(true);
    expect(itemOf(0)).toEqual({
      address: { S: 'escrow:esc_1' },
      item: { S: `signal#delivered#${SIGNAL.at}` },
      type: { S: 'delivered' },
      at: { S: SIGNAL.at },
      deliveredBy: { S: 'registry' },
      removeAt: { N: String(Date.parse(SIGNAL.at) / 1000 + NINETY_DAYS) },
    });
  });

  test('that was there before is not new', async () => {
    server.script(answer(400, { __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException' }));

    expect(await table().putSignal('escrow:esc_1', SIGNAL)).toBe(false);
  });
});

test('metrics come back as they were, beyond what a number of DynamoDB can be', async () => {
  const metrics = { loss: 1e-200, steps: 1.7976931348623157e308, accuracy: 0.9300000071525574 };
  server.script(answer(200, {}));
  await table().putSignal('escrow:esc_1', { ...SIGNAL, metrics });
  const Item = itemOf(0) as Record<string, unknown>;
  server.script(answer(200, { Items: [Item] }));

  expect(Item['metrics']).toEqual({ S: JSON.stringify(metrics) });
  expect(await table().listSignals('escrow:esc_1')).toEqual([{ ...SIGNAL, metrics }]);
});

test('metrics that an earlier release kept as a map are read', async () => {
  const Item = {
    address: { S: 'escrow:esc_1' },
    item: { S: `signal#delivered#${SIGNAL.at}` },
    type: { S: SIGNAL.type },
    at: { S: SIGNAL.at },
    deliveredBy: { S: SIGNAL.deliveredBy },
    metrics: { M: { quality: { N: '0.93' } } },
    removeAt: { N: '1' },
  };
  server.script(answer(200, { Items: [Item] }));

  expect(await table().listSignals('escrow:esc_1')).toEqual([{ ...SIGNAL, metrics: { quality: 0.93 } }]);
});

describe('the signals of an address', () => {
  const item = (type: string, at: string) => ({
    address: { S: 'escrow:esc_1' },
    item: { S: `signal#${type}#${at}` },
    type: { S: type },
    at: { S: at },
    removeAt: { N: '1' },
  });

  test('are all that were said, read consistently and without what only the table needs', async () => {
    const later = '2026-03-06T11:00:00Z';
    server.script(answer(200, { Items: [item('approved', SIGNAL.at), item('rejected', later)] }));

    expect(await table().listSignals('escrow:esc_1')).toEqual([
      { type: 'approved', at: SIGNAL.at },
      { type: 'rejected', at: later },
    ]);
    expect(JSON.parse(server.requests[0]?.body ?? '{}')).toEqual({
      TableName: 'mailbox',
      ConsistentRead: true,
      KeyConditionExpression: 'address = :address AND begins_with(#item, :signal)',
      ExpressionAttributeNames: { '#item': 'item' },
      ExpressionAttributeValues: { ':address': { S: 'escrow:esc_1' }, ':signal': { S: 'signal#' } },
    });
  });

  test('are read to the last page', async () => {
    const next = { address: { S: 'escrow:esc_1' }, item: { S: `signal#approved#${SIGNAL.at}` } };
    server.script(
      answer(200, { Items: [item('approved', SIGNAL.at)], LastEvaluatedKey: next }),
      answer(200, { Items: [item('rejected', SIGNAL.at)] }),
    );

    expect((await table().listSignals('escrow:esc_1')).map(({ type }) => type)).toEqual(['approved', 'rejected']);
    expect(JSON.parse(server.requests[1]?.body ?? '{}')).toMatchObject({ ExclusiveStartKey: next });
  });

  test('may be none', async () => {
    server.script(answer(200, { Items: [] }));

    expect(await table().listSignals('escrow:esc_1')).toEqual([]);
  });
});

describe('a wait', () => {
  test('stands under each of its addresses, and falls due under the first alone', async () => {
    server.script(answer(200, {}), answer(200, {}));

    await table().putWait({
      taskToken: 'token-1',
      addresses: ['escrow:esc_1', 'training-job:churn'],
      takes: ['delivered', 'changed'],
      notBefore: '2026-03-06T08:10:00.000Z',
      deadlineAt: '2026-03-13T09:00:00Z',
    });

    const takes = { L: [{ S: 'delivered' }, { S: 'changed' }] };
    const shared = {
      takes,
      item: { S: 'wait' },
      taskToken: { S: 'token-1' },
      deadlineAt: { S: '2026-03-13T09:00:00Z' },
    };
    expect(itemOf(0)).toMatchObject({ ...shared, address: { S: 'escrow:esc_1' }, waiting: { S: 'waiting' } });
    expect(itemOf(1)).toMatchObject({ ...shared, address: { S: 'training-job:churn' } });
    expect(itemOf(1)).not.toHaveProperty('waiting');
  });

  test('that is gone already is no fault to remove', async () => {
    server.script(
      answer(400, { __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException' }),
      answer(400, { __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException' }),
    );

    await expect(table().removeWait('escrow:esc_1', 'token-1')).resolves.toBeUndefined();
    await expect(table().removeWait('escrow:esc_1', 'token-1')).rejects.toMatchObject({
      name: 'ProvisionedThroughputExceededException',
    });
  });
});

describe('the watch, to which the index shows a part of each wait,', () => {
  const wait: Wait = {
    taskToken: 'token-1',
    addresses: ['escrow:esc_1'],
    takes: ['changed'],
    notBefore: '2026-03-06T08:10:00.000Z',
    deadlineAt: '2026-03-13T09:00:00Z',
    escrowId: 'esc_1',
    status: 'locked',
  };
  const known = { escrowId: 'esc_1', status: 'locked', since: '2026-03-06T08:10:00.000Z' };
  const service = { baseUrl: 'https://before.example.com', profile: 'published' } as const;
  const watch = () => createWatchTable(openDocuments(awsClientFor(server.url)), 'mailbox');

  test.each([
    ['knows where the escrow lives', { ...wait, service }, { ...known, service }],
    ['knows that a wait does not say where', wait, known],
  ])('%s', async (_case, put, watched) => {
    server.script(answer(200, {}));
    await table().putWait(put);
    const Item = itemOf(0) as Record<string, unknown>;
    server.script(answer(200, { Items: [projected(Item)] }), answer(200, { Item }));

    expect(await watch().listWatched()).toEqual([watched]);
    expect(await table().findWait('escrow:esc_1')).toMatchObject(put);
  });
});
