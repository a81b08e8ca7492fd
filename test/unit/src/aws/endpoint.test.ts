import { SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createInvokeEndpoint } from '../../../../src/aws/endpoint.ts';
import { awsClientFor } from '../../../support/aws-clients.ts';
import { answer, startScriptedServer, type ScriptedServer } from '../../../support/scripted-server.ts';

let server: ScriptedServer;

beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(() => server.close());

function invoke() {
  return createInvokeEndpoint(new SageMakerRuntimeClient(awsClientFor(server.url)), 'direction-model')({ rsi_14: 62 });
}

describe('an endpoint', () => {
  test('is sent features as JSON, and its JSON answer is handed on', async () => {
    server.script(answer(200, { direction: 'long', confidence: 0.9 }));

    expect(await invoke()).toEqual({ direction: 'long', confidence: 0.9 });
    expect(server.requests).toMatchObject([
      {
        method: 'POST',
        path: '/endpoints/direction-model/invocations',
        body: '{"rsi_14":62}',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
      },
    ]);
  });

  test.each([
    ['long,0.9', 8],
    ['', 0],
  ])('that answers %j is a fault, and the answer is not quoted', async (text, length) => {
    server.script(answer(200, text));

    await expect(invoke()).rejects.toThrow(`endpoint direction-model answered ${length} characters that are not JSON`);
  });

  test('that fails is a fault', async () => {
    server.script(answer(424, { Message: 'the model failed' }, { 'x-amzn-errortype': 'ModelError' }));

    await expect(invoke()).rejects.toMatchObject({ name: 'ModelError' });
  });
});
