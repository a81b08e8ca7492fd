import { GetCommand, PutCommand, QueryCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openDocuments } from '../../../../src/aws/documents.ts';
import { awsClientFor } from '../../../support/aws-clients.ts';
import { answer, startScriptedServer, type ScriptedServer } from '../../../support/scripted-server.ts';

let server: ScriptedServer;

beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(() => server.close());

const documents = () => openDocuments(awsClientFor(server.url));
const sent = () => JSON.parse(server.requests[0]?.body ?? '') as unknown;

test('plain values travel as typed ones, in whatever place a request has them', async () => {
  server.script(answer(200, {}));
  const key = { key: 'k' };
  const typedKey = { key: { S: 'k' } };

  await documents().send(
    new TransactWriteCommand({
      TransactItems: [
        { Put: { TableName: 't', Item: { ...key, list: [1, null, true], gone: undefined } } },
        {
          Update: { TableName: 't', Key: key, UpdateExpression: 'ADD a :a', ExpressionAttributeValues: { ':a': -5n } },
        },
        { Delete: { TableName: 't', Key: key } },
      ],
      ClientRequestToken: 'token',
    }),
  );

  expect(sent()).toEqual({
    TransactItems: [
      { Put: { TableName: 't', Item: { ...typedKey, list: { L: [{ N: '1' }, { NULL: true }, { BOOL: true }] } } } },
      {
        Update: {
          TableName: 't',
          Key: typedKey,
          UpdateExpression: 'ADD a :a',
          ExpressionAttributeValues: { ':a': { N: '-5' } },
        },
      },
      { Delete: { TableName: 't', Key: typedKey } },
    ],
    ClientRequestToken: 'token',
  });
});

test('a page begins after a plain key, and gives one with plain items', async () => {
  server.script(
    answer(200, { Items: [{ n: { N: '7' } }, { m: { M: { s: { S: 'x' } } } }], LastEvaluatedKey: { k: { S: 'b' } } }),
  );

  const page = await documents().send(new QueryCommand({ TableName: 't', ExclusiveStartKey: { k: 'a' } }));

  expect(sent()).toEqual({ TableName: 't', ExclusiveStartKey: { k: { S: 'a' } } });
  expect(page).toMatchObject({ Items: [{ n: 7 }, { m: { s: 'x' } }], LastEvaluatedKey: { k: 'b' } });
});

test('an amount beyond what a number holds comes back whole', async () => {
  server.script(
    answer(200, { Item: { used: { N: '9007199254740993' } } }),
    answer(200, { Attributes: { used: { N: '1' } } }),
  );

  expect(await documents().send(new GetCommand({ TableName: 't', Key: { key: 'k' } }))).toMatchObject({
    Item: { used: 9007199254740993n },
  });
  expect(await documents().send(new UpdateCommand({ TableName: 't', Key: { key: 'k' } }))).toMatchObject({
    Attributes: { used: 1 },
  });
});

test('what is undefined is left out, within another value too', async () => {
  server.script(answer(200, {}));

  await documents().send(
    new PutCommand({ TableName: 't', Item: { key: 'k', gone: undefined, within: { gone: undefined, n: 1 } } }),
  );

  expect(sent()).toEqual({ TableName: 't', Item: { key: { S: 'k' }, within: { M: { n: { N: '1' } } } } });
});
