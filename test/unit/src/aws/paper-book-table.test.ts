import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createPaperBookTable } from '../../../../src/aws/paper-book-table.ts';
import { parseUsd } from '../../../../src/money.ts';
import { applyFill, openBook, tellPrice, type PaperBook } from '../../../../src/trading/paper-book.ts';
import { openDocuments } from '../../../../src/aws/documents.ts';
import { awsClientFor } from '../../../support/aws-clients.ts';
import { answer, startScriptedServer, type ScriptedServer } from '../../../support/scripted-server.ts';

const NINE = '2026-03-06T09:00:00.000Z';
const KEY = { key: { S: 'paper/paper' } };
const FAILED = answer(400, { __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException' });

/** A long of $50.00 that was liquidated, and a short of $50.00 after it. */
const BOOK = [
  { key: 'k1', direction: 'long', leverage: 10, price: '50000.00' },
  { key: 'k2', direction: 'short', leverage: 2, price: '40000.00' },
].reduce<PaperBook>(
  (book, { key, direction, leverage, price }) => {
    const terms = { key, reference: `pf1:${key}`, asset: 'BTC-USDC', leverage, at: NINE } as const;
    const side = direction === 'long' ? 'long' : 'short';
    const amount = parseUsd('50.00');
    const filled = applyFill(
      tellPrice(book, 'BTC-USDC', parseUsd(price), NINE),
      { ...terms, direction: side, amount },
      5,
    );
    if (filled.kind === 'refused') throw new Error(filled.detail);
    return filled.book;
  },
  openBook(parseUsd('1000.00')),
);

const PRICE = { M: { price: { S: '40000.00' }, at: { S: NINE } } };
const ITEM = {
  ...KEY,
  version: { N: '8' },
  start: { S: '1000.00' },
  balance: { S: '969.95' },
  realised: { S: '-5.00' },
  fees: { S: '0.05' },
  prices: { M: { 'BTC-USDC': PRICE } },
  positions: {
    L: [
      {
        M: {
          asset: { S: 'BTC-USDC' },
          direction: { S: 'short' },
          units: { S: '1250000000000000' },
          cost: { S: '50.00' },
          margin: { S: '25.00' },
          leverage: { N: '2' },
          openedAt: { S: NINE },
        },
      },
    ],
  },
  fills: {
    L: [
      {
        M: {
          id: { S: 'paper_k2' },
          key: { S: 'k2' },
          asset: { S: 'BTC-USDC' },
          direction: { S: 'short' },
          amount: { S: '50.00' },
          price: PRICE,
          fee: { S: '0.025' },
          at: { S: NINE },
        },
      },
      {
        M: {
          id: { S: 'paper_liquidation_2' },
          asset: { S: 'BTC-USDC' },
          direction: { S: 'short' },
          amount: { S: '40.00' },
          price: PRICE,
          fee: { S: '0.00' },
          realised: { S: '-5.00' },
          at: { S: NINE },
        },
      },
      {
        M: {
          id: { S: 'paper_k1' },
          key: { S: 'k1' },
          asset: { S: 'BTC-USDC' },
          direction: { S: 'long' },
          amount: { S: '50.00' },
          price: { M: { price: { S: '50000.00' }, at: { S: NINE } } },
          fee: { S: '0.025' },
          at: { S: NINE },
        },
      },
    ],
  },
  fillCount: { N: '3' },
};

let server: ScriptedServer;
beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(() => server.close());

function table() {
  return createPaperBookTable(openDocuments(awsClientFor(server.url)), 'intents');
}

const sent = () => server.requests.map(({ body }) => JSON.parse(body) as Record<string, unknown>);

test('a book is written under its agent in decimals, as the version that follows what was read', async () => {
  server.script(answer(200, {}));

  expect(await table().write('paper', BOOK, 7)).toBe(true);

  expect(sent()).toEqual([
    expect.objectContaining({
      TableName: 'intents',
      Item: ITEM,
      ConditionExpression: '#version = :version',
      ExpressionAttributeNames: { '#version': 'version' },
      ExpressionAttributeValues: { ':version': { N: '7' } },
    }),
  ]);
});

test('the first version is written where there is none', async () => {
  server.script(answer(200, {}));

  expect(await table().write('paper', openBook(parseUsd('1000.00')), 0)).toBe(true);

  expect(sent()).toEqual([
    expect.objectContaining({
      Item: expect.objectContaining({ version: { N: '1' }, balance: { S: '1000.00' } }),
      ConditionExpression: 'attribute_not_exists(#version)',
    }),
  ]);
  expect(sent()[0]).not.toHaveProperty('ExpressionAttributeValues');
});

test('whoever comes second writes nothing; any other fault is thrown', async () => {
  server.script(
    FAILED,
    answer(400, { __type: 'com.amazonaws.dynamodb.v20120810#ResourceNotFoundException', message: 'no table' }),
  );

  expect(await table().write('paper', BOOK, 7)).toBe(false);
  await expect(table().write('paper', BOOK, 7)).rejects.toThrow('no table');
});

test('what was written is read again to the micro-dollar, consistently; nothing is none', async () => {
  server.script(answer(200, { Item: ITEM }), answer(200, {}));

  expect(await table().read('paper')).toEqual({ book: BOOK, version: 8 });
  expect(await table().read('paper')).toBeUndefined();
  expect(sent()[0]).toEqual({ TableName: 'intents', Key: KEY, ConsistentRead: true });
});

test.each([
  ['a float where a decimal belongs', { balance: { N: '969.9500000001' } }, /balance/],
  [
    'units that are no whole number',
    { positions: { L: [{ M: { ...ITEM.positions.L[0]?.M, units: { S: '1.5' } } }] } },
    /units/,
  ],
  ['no version', { version: undefined }, /version/],
])('an item with %s is refused, by field and with the way out', async (_, change, field) => {
  server.script(answer(200, { Item: { ...ITEM, ...change } }));

  const reading = table().read('paper');

  await expect(reading).rejects.toThrow(field);
  await expect(reading).rejects.toThrow('item paper/paper of intents is no paper book');
  await expect(reading).rejects.toThrow('Delete it to begin anew');
});
