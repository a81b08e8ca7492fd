import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createPublisher } from '../../../../src/aws/publisher.ts';
import { awsClientFor } from '../../../support/aws-clients.ts';
import { answer, startScriptedServer, type ScriptedServer } from '../../../support/scripted-server.ts';

let server: ScriptedServer;

beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(() => server.close());

function publish() {
  const publisher = createPublisher(new EventBridgeClient(awsClientFor(server.url)), 'the-bus');
  return publisher('escrow.refunded', { escrowId: 'esc_1' });
}

describe('an event', () => {
  test('is put on the bus under the own source', async () => {
    server.script(answer(200, { FailedEntryCount: 0, Entries: [{ EventId: 'e-1' }] }));

    await publish();

    expect(JSON.parse(server.requests[0]?.body ?? '')).toEqual({
      Entries: [
        {
          EventBusName: 'the-bus',
          Source: 'purple-flea-pipeline',
          DetailType: 'escrow.refunded',
          Detail: '{"escrowId":"esc_1"}',
        },
      ],
    });
  });

  test('that EventBridge did not take, although it answered 200, is a fault', async () => {
    server.script(
      answer(200, { FailedEntryCount: 1, Entries: [{ ErrorCode: 'ThrottlingException', ErrorMessage: 'x' }] }),
    );

    await expect(publish()).rejects.toThrow('EventBridge refused escrow.refunded: ThrottlingException');
  });
});
