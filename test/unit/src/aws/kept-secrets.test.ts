import { SecretsProvider } from '@aws-lambda-powertools/parameters/secrets';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { keepSecrets, readSecretText } from '../../../../src/aws/kept-secrets.ts';
import { awsClientFor } from '../../../support/aws-clients.ts';
import { answer, startScriptedServer, type ScriptedServer } from '../../../support/scripted-server.ts';

const MINUTE = 60_000;
const THROTTLED = answer(400, { __type: 'ThrottlingException', message: 'Rate exceeded' });
const secretOf = (text?: string) =>
  answer(200, { Name: 'keys', ...(text === undefined ? {} : { SecretString: text }) });

let server: ScriptedServer;
let start: number;

beforeEach(async () => {
  server = await startScriptedServer();
  // Powertools reads the clock of the process.
  jest.useFakeTimers({ advanceTimers: true });
  start = Date.now();
});
afterEach(async () => {
  jest.useRealTimers();
  await server.close();
});

const provider = () => new SecretsProvider({ awsSdkV3Client: new SecretsManagerClient(awsClientFor(server.url)) });
const setMinute = (minute: number) => jest.setSystemTime(start + minute * MINUTE);
const fetched = () => server.requests.length;

/** Secrets at Secrets Manager, and a way to read one that is kept for five minutes. */
function theSecrets() {
  const secrets = keepSecrets(provider());
  return { secrets, read: (forceFetch = false) => secrets.read('keys', { maxAge: 300, forceFetch }) };
}

test('a text is kept for its age, and read anew then or where that is asked for', async () => {
  const { read } = theSecrets();
  server.script(secretOf('first'), secretOf('second'), secretOf('third'));
  await read();

  setMinute(4);
  expect([await read(), fetched()]).toEqual(['first', 1]);
  expect([await read(true), fetched()]).toEqual(['second', 2]);
  setMinute(10);
  expect(await read()).toBe('third');
  expect(JSON.parse(server.requests[0]?.body ?? '')).toEqual({ SecretId: 'keys' });
});

test('a text is kept for each name', async () => {
  const { secrets, read } = theSecrets();
  server.script(secretOf('keys'), secretOf('others'));

  expect([await read(), await secrets.read('others', { maxAge: 300 }), await read()]).toEqual([
    'keys',
    'others',
    'keys',
  ]);
});

test('a text is used for an hour while no newer one can be read', async () => {
  const { read } = theSecrets();
  server.script(secretOf('first'), THROTTLED, THROTTLED, THROTTLED);
  await read();
  start = Date.now();

  setMinute(59);
  expect([await read(), await read(true)]).toEqual(['first', 'first']);
  setMinute(60);
  await expect(read()).rejects.toThrow('Rate exceeded');
});

test('a text that was dropped is read anew, and is no last resort', async () => {
  const { secrets, read } = theSecrets();
  server.script(secretOf('first'), THROTTLED, secretOf('second'));
  await read();
  secrets.drop();

  await expect(read()).rejects.toThrow('Rate exceeded');
  expect(await read()).toBe('second');
});

test('a failure is not kept, where there is no earlier text', async () => {
  const { read } = theSecrets();
  server.script(THROTTLED, secretOf('at last'));

  await expect(read()).rejects.toThrow('Rate exceeded');
  expect(await read()).toBe('at last');
});

test('a secret without a text has none, and is asked for each time', async () => {
  const { read } = theSecrets();
  server.script(secretOf(), secretOf());

  expect([await read(), await read(), fetched()]).toEqual([undefined, undefined, 2]);
});

test('a secret that holds bytes has no text', async () => {
  server.script(answer(200, { Name: 'keys', SecretBinary: 'a2V5' }));

  expect(await readSecretText(provider(), 'keys', { maxAge: 300 })).toBeUndefined();
});
