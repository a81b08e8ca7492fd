import { SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { createSendDeadLetter } from '../../../../src/aws/dead-letters.ts';
import { awsClientFor } from '../../../support/aws-clients.ts';
import { answer, startScriptedServer, type ScriptedServer } from '../../../support/scripted-server.ts';

let server: ScriptedServer;

beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(() => server.close());

/** SQS answers with the hash of what it took, and the client compares. */
function willTake(body: string) {
  const MD5OfMessageBody = createHash('md5').update(body).digest('hex');
  server.script(answer(200, { MessageId: 'm-2', MD5OfMessageBody }));
}

function sender() {
  const client = new SQSClient(awsClientFor(server.url));
  return createSendDeadLetter(client, `${server.url}/000000000000/dead`);
}

function sent(): unknown {
  return JSON.parse(server.requests[0]?.body ?? '');
}

describe('a dead letter', () => {
  test('has its reason as an attribute and its body as it was', async () => {
    willTake('{"a": 1}');

    await sender()({ body: '{"a": 1}', reason: 'UnusableEventError: no', messageId: 'm-1' });

    expect(sent()).toEqual({
      QueueUrl: `${server.url}/000000000000/dead`,
      MessageBody: '{"a": 1}',
      MessageAttributes: { reason: { DataType: 'String', StringValue: 'UnusableEventError: no' } },
    });
  });

  test('of a FIFO queue keeps its group, and is told from others by its message', async () => {
    willTake('text');

    await sender()({ body: 'text', reason: 'no', messageId: 'm-1', groupId: 'trades' });

    expect(sent()).toMatchObject({ MessageGroupId: 'trades', MessageDeduplicationId: 'm-1' });
  });

  test('has a reason of at most a thousand characters', async () => {
    willTake('text');

    await sender()({ body: 'text', reason: 'x'.repeat(5000), messageId: 'm-1' });

    expect(sent()).toMatchObject({ MessageAttributes: { reason: { StringValue: 'x'.repeat(1000) } } });
  });

  test('that did not arrive as it was sent is a fault', async () => {
    willTake('tex');

    await expect(sender()({ body: 'text', reason: 'no', messageId: 'm-1' })).rejects.toThrow('InvalidChecksumError');
  });
});
