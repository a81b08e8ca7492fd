import { SFNClient } from '@aws-sdk/client-sfn';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createHash, createHmac } from 'node:crypto';
import { addressOf, createCallAws, type AwsAccess, type AwsService } from '../../../../src/aws/call.ts';
import { openAws } from '../../../../src/aws/services.ts';
import { awsClientFor } from '../../../support/aws-clients.ts';
import {
  answer,
  resetAfterRequest,
  silence,
  startScriptedServer,
  stuck,
  truncated,
  type ReceivedRequest,
  type ScriptedServer,
} from '../../../support/scripted-server.ts';

const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', sessionToken: 'session' };
const SERVICE = { id: 'SFN', host: 'states', signingName: 'states', answerMs: 2_000 };
const REQUEST = { path: '/', headers: { 'content-type': 'application/x-amz-json-1.0' }, body: '{"name":"Zoë"}' };

let server: ScriptedServer;

beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(() => server.close());

function call(access: Partial<AwsAccess> = {}, service: Partial<AwsService> = {}) {
  const where = { region: 'eu-west-1', credentials: CREDENTIALS, endpointOf: () => server.url };
  return createCallAws({ ...SERVICE, ...service }, { ...where, ...access })(REQUEST);
}

/** What AWS would sign of a request as it arrived: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html */
function signatureOf({ method, path, headers, body }: ReceivedRequest, signedHeaders: string, scope: string): string {
  const hash = (text: string) => createHash('sha256').update(text).digest('hex');
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const lines = signedHeaders.split(';').map((name) => `${name}:${String(headers[name])}\n`);
  const canonical = [method, path, '', lines.join(''), signedHeaders, hash(body)].join('\n');
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${CREDENTIALS.secretAccessKey}`);
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, hash(canonical)].join('\n');
  return hmac(key, toSign).toString('hex');
}

describe('a call', () => {
  test.each(['', '/base', '/base/'])('arrives at the endpoint %p as it was signed, with its session', async (base) => {
    server.script(answer(200, { ok: true }));

    expect(await call({ endpointOf: () => `${server.url}${base}` })).toBe('{"ok":true}');

    const [request] = server.requests as [ReceivedRequest];
    expect(request).toMatchObject({
      method: 'POST',
      path: base === '' ? '/' : '/base/',
      body: REQUEST.body,
      headers: { ...REQUEST.headers, 'x-amz-security-token': 'session', 'content-length': '15' },
    });
    const { credential, signedHeaders, signature } =
      /^AWS4-HMAC-SHA256 Credential=(?<credential>[^,]+), SignedHeaders=(?<signedHeaders>[^,]+), Signature=(?<signature>\w+)$/.exec(
        request.headers.authorization ?? '',
      )?.groups ?? {};
    const day = String(request.headers['x-amz-date']).slice(0, 8);
    expect(credential).toBe(`AKIDEXAMPLE/${day}/eu-west-1/states/aws4_request`);
    expect(signedHeaders?.split(';')).toEqual(
      expect.arrayContaining(['content-type', 'host', 'x-amz-date', 'x-amz-security-token']),
    );
    expect(signature).toBe(signatureOf(request, signedHeaders ?? '', `${day}/eu-west-1/states/aws4_request`));
  });

  test('takes the region and the credentials of an SDK client, as its chain resolves them', async () => {
    server.script(answer(200, {}));
    const { region, credentials } = new SFNClient(awsClientFor('http://127.0.0.1:1')).config;

    await call({ region, credentials });

    expect(server.requests[0]?.headers.authorization).toMatch(
      /Credential=none\/\d{8}\/us-east-1\/states\/aws4_request/,
    );
  });

  test('has the name of its service looked up for another endpoint', async () => {
    const asked: string[] = [];
    const aws = openAws({
      region: 'eu-west-1',
      credentials: CREDENTIALS,
      endpointOf: (id) => {
        asked.push(id);
        return server.url;
      },
    });

    await Promise.allSettled([
      aws.dynamoDb('GetItem', { TableName: 't', Key: {} }),
      aws.eventBridge('PutEvents', { Entries: [] }),
      aws.stepFunctions('SendTaskSuccess', { taskToken: 't', output: '{}' }),
      aws.sqs('SendMessage', { QueueUrl: 'q', MessageBody: 'm' }),
      aws.ssm('GetParameter', { Name: 'p' }),
      aws.secretsManager('GetSecretValue', { SecretId: 's' }),
      aws.sageMaker('DescribeTrainingJob', { TrainingJobName: 'j' }),
      aws.invokeModel({ endpointName: 'e', contentType: 'text/csv', accept: 'text/csv', body: '1' }),
      aws.readRecord('g', 'r', ['f']),
    ]);

    expect(new Set(asked)).toEqual(
      new Set([
        'DYNAMODB',
        'EVENTBRIDGE',
        'SFN',
        'SQS',
        'SSM',
        'SECRETS_MANAGER',
        'SAGEMAKER',
        'SAGEMAKER_RUNTIME',
        'SAGEMAKER_FEATURESTORE_RUNTIME',
        'SAGEMAKER_FEATURESTORE_RUNTIME',
      ]),
    );
  });

  test.each([
    ['eu-west-1', 'https://states.eu-west-1.amazonaws.com'],
    ['us-gov-west-1', 'https://states.us-gov-west-1.amazonaws.com'],
    ['cn-north-1', 'https://states.cn-north-1.amazonaws.com.cn'],
  ])('goes to its service in region %s, where no endpoint is given', (region, address) => {
    expect(addressOf('states', region)).toBe(address);
  });

  test('keeps its connection', async () => {
    server.script(answer(200, {}), answer(200, {}));
    const calling = createCallAws(SERVICE, {
      region: 'eu-west-1',
      credentials: CREDENTIALS,
      endpointOf: () => server.url,
    });

    await calling(REQUEST);
    await calling(REQUEST);

    expect(server.connections()).toBe(1);
  });
});

describe('a call is made again', () => {
  test.each([
    ['AWS failed', answer(500, { __type: 'InternalServerError' })],
    ['AWS was not there', answer(503, '<html>')],
    ['AWS throttled it', answer(400, { __type: 'com.amazonaws.dynamodb.v20120810#ThrottlingException' })],
    ['the connection was reset', resetAfterRequest],
    ['the answer was cut off', truncated(200, '{"ok"')],
    ['no answer came in time', silence],
    ['the answer stopped coming', stuck(200, '{"ok"')],
  ])('where %s', async (_case, reply) => {
    server.script(reply, answer(200, { ok: true }));

    expect(await call({}, { answerMs: 300 })).toBe('{"ok":true}');
    expect(server.requests).toHaveLength(2);
  });

  test('up to four times, and then has failed with what was said last', async () => {
    server.script(...Array.from({ length: 5 }, () => answer(500, { __type: 'InternalServerError', message: 'again' })));

    await expect(call()).rejects.toMatchObject({ name: 'InternalServerError', message: 'again' });
    expect(server.requests).toHaveLength(4);
  });
});

describe('a call that is refused is made once, and named by the code', () => {
  test.each<[string, unknown, Record<string, string>, object]>([
    ['in its type', { __type: 'x.y#TaskTimedOut', message: 'late' }, {}, { name: 'TaskTimedOut', message: 'late' }],
    [
      'in a header',
      { Message: 'no' },
      { 'x-amzn-errortype': 'ModelError:http://internal/' },
      { name: 'ModelError', message: 'no' },
    ],
    ['as it is', { code: 'AccessDenied' }, {}, { name: 'AccessDenied', message: 'HTTP 400' }],
    ['of HTTP, where there is no other', 'not json', {}, { name: 'Http400', message: 'HTTP 400' }],
    ['of HTTP, where the answer is no object', 'null', {}, { name: 'Http400', message: 'HTTP 400' }],
    [
      'with all that it said',
      { __type: 'TransactionCanceledException', CancellationReasons: [{ Code: 'None' }] },
      {},
      {
        body: expect.objectContaining({ CancellationReasons: [{ Code: 'None' }] }),
        $metadata: { httpStatusCode: 400 },
      },
    ],
  ])('%s', async (_case, body, headers, expected) => {
    server.script(answer(400, body, headers), answer(200, {}));

    await expect(call()).rejects.toMatchObject(expected);
    expect(server.requests).toHaveLength(1);
  });
});
