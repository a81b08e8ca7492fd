import { SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readPrediction, type Answer } from '../../../../src/inference/read-prediction.ts';
import { CONTENT_TYPES, writeRequest, type RequestFormat } from '../../../../src/inference/write-request.ts';
import { startTwin, type Twin } from '../../../../twin/server.ts';
import { createInvokeModel } from '../../../../src/aws/endpoint.ts';
import { awsClientFor } from '../../../support/aws-clients.ts';
import { answer, startScriptedServer, type ScriptedServer } from '../../../support/scripted-server.ts';

let server: ScriptedServer;

beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(() => server.close());

function invoke() {
  return createInvokeModel(new SageMakerRuntimeClient(awsClientFor(server.url)))({
    endpointName: 'direction-model',
    contentType: 'text/csv',
    accept: 'application/jsonlines',
    body: '62,0.006',
  });
}

describe('an endpoint', () => {
  test('is sent a request as it is, and its answer is handed on as it is', async () => {
    server.script(answer(200, '{"score":0.9}\n'));

    expect(await invoke()).toBe('{"score":0.9}\n');
    expect(server.requests).toMatchObject([
      {
        method: 'POST',
        path: '/endpoints/direction-model/invocations',
        body: '62,0.006',
        headers: { 'content-type': 'text/csv', accept: 'application/jsonlines' },
      },
    ]);
  });

  test('that fails is a fault', async () => {
    server.script(answer(424, { Message: 'the model failed' }, { 'x-amzn-errortype': 'ModelError' }));

    await expect(invoke()).rejects.toMatchObject({ name: 'ModelError' });
  });
});

describe("the twin's endpoint", () => {
  const features = { funding_rate: 0.0001, momentum_5m: 0.004, momentum_1h: 0.01, rsi_14: 65, volume_z: 0.5 };
  const order = ['momentum_5m', 'momentum_1h', 'rsi_14', 'volume_z', 'funding_rate'];
  const labels: ('short' | 'hold' | 'long')[] = ['short', 'hold', 'long'];
  let twin: Twin;

  beforeEach(async () => {
    twin = await startTwin({ port: 0 });
  });
  afterEach(() => twin.close());

  test.each<[RequestFormat, Answer]>([
    [{ format: 'json' }, { kind: 'direction', format: 'json' }],
    [
      { format: 'csv', order },
      { kind: 'direction', format: 'json' },
    ],
    [
      { format: 'csv', order },
      { kind: 'probabilities', format: 'csv', labels },
    ],
    [
      { format: 'jsonlines', order },
      { kind: 'probabilities', format: 'jsonlines', labels },
    ],
    [
      { format: 'jsonlines', order },
      { kind: 'predicted-label', format: 'jsonlines', labels },
    ],
  ])('says the same, asked by %j and understood by %j', async (request, form) => {
    const text = await createInvokeModel(new SageMakerRuntimeClient(awsClientFor(twin.url)))({
      endpointName: 'direction-model',
      contentType: CONTENT_TYPES[request.format],
      accept: CONTENT_TYPES[form.format],
      body: writeRequest(features, request),
    });

    expect(readPrediction(text, form)).toEqual({ direction: 'long', confidence: 0.9184 });
  });
});
