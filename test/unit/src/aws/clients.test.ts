import { SendTaskSuccessCommand, SFNClient } from '@aws-sdk/client-sfn';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { clientSettings } from '../../../../src/aws/clients.ts';
import { awsClientFor } from '../../../support/aws-clients.ts';
import {
  answer,
  resetAfterRequest,
  silence,
  startScriptedServer,
  stuck,
  truncated,
  type ScriptedServer,
} from '../../../support/scripted-server.ts';

let server: ScriptedServer;

beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(() => server.close());

function client(answerMs?: number) {
  const { maxAttempts: _, ...place } = awsClientFor(server.url);
  return new SFNClient({ ...place, ...clientSettings(answerMs) });
}

const call = (to = client(300)) => to.send(new SendTaskSuccessCommand({ taskToken: 'token', output: '{}' }));

describe('a client with the settings of functions', () => {
  test('keeps its connection', async () => {
    server.script(answer(200, {}), answer(200, {}));
    const kept = client();

    await call(kept);
    await call(kept);

    expect(server.connections()).toBe(1);
  });

  test.each([
    ['AWS failed', answer(500, { __type: 'InternalServerError' })],
    ['AWS was not there', answer(503, '<html>')],
    ['AWS throttled it', answer(400, { __type: 'com.amazonaws.dynamodb.v20120810#ThrottlingException' })],
    ['the connection was reset', resetAfterRequest],
    ['the answer was cut off', truncated(200, '{"ok"')],
    ['no answer came in time', silence],
    ['the answer stopped coming', stuck(200, '{"ok"')],
  ])('calls again where %s', async (_case, reply) => {
    server.script(reply, answer(200, {}));

    await call();

    expect(server.requests).toHaveLength(2);
  });

  test('calls up to four times, and then has failed with what was said last', async () => {
    server.script(...Array.from({ length: 5 }, () => answer(500, { __type: 'InternalServerError', message: 'again' })));

    await expect(call()).rejects.toMatchObject({ name: 'InternalServerError', message: 'again' });
    expect(server.requests).toHaveLength(4);
  });

  test('calls once where it is refused', async () => {
    server.script(answer(400, { __type: 'x.y#AccessDeniedException', message: 'no' }), answer(200, {}));

    await expect(call()).rejects.toMatchObject({ name: 'AccessDeniedException', message: 'no' });
    expect(server.requests).toHaveLength(1);
  });
});
