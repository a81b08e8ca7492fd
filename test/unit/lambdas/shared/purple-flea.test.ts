import { expect, test } from '@jest/globals';
import { createServiceDeps, watchFailures } from '../../../../lambdas/shared/purple-flea.ts';
import { PROFILES } from '../../../../src/purple-flea/service.ts';
import type { HttpAnswer } from '../../../../src/purple-flea/transport.ts';
import { createRecorder } from '../../../support/recorder.ts';
import { CANARY_CREDENTIALS } from '../../../support/purple-flea.ts';
import { silence, startScriptedServer } from '../../../support/scripted-server.ts';

const env = { CONNECT_TIMEOUT_MS: 2_000, REQUEST_TIMEOUT_MS: 10_000, INTENT_TABLE: 'intents', PACE_PERCENT: 100 };

test.each(PROFILES)('a %s service is read for as long as the ledger reckons with for one request', (profile) => {
  const service = { baseUrl: 'https://escrow.example.com', profile };

  expect(createServiceDeps(service, env)).toMatchObject({ service, readMs: env.REQUEST_TIMEOUT_MS });
});

test('a request to a service ends by the deadline of the environment', async () => {
  const server = await startScriptedServer();
  try {
    server.script(silence);
    const { transport } = createServiceDeps(
      { baseUrl: server.url, profile: 'reference' },
      { ...env, REQUEST_TIMEOUT_MS: 2_000 },
    );

    expect(await transport({ method: 'GET', url: server.url, apiKey: CANARY_CREDENTIALS.apiKey })).toEqual({
      kind: 'lost',
      reason: 'no complete answer within 2000 ms',
    });
  } finally {
    await server.close();
  }
});

test('chance is spread over all of [0, 1)', () => {
  const { random } = createServiceDeps({ baseUrl: 'https://escrow.example.com', profile: 'reference' }, env);
  const drawn = Array.from({ length: 100 }, random);

  expect(drawn.every((value) => value >= 0 && value < 1)).toBe(true);
  expect(new Set(drawn).size).toBeGreaterThan(90);
});

const answered = (status: number): HttpAnswer => ({ kind: 'answered', status, body: {}, retryAfterSeconds: undefined });

test.each<[string, HttpAnswer, object, number]>([
  ['an answer', answered(200), {}, 0],
  ['a refusal', answered(403), {}, 0],
  ['a rate limit', answered(429), {}, 0],
  ['a key that is not valid', answered(401), { SecretsUnusable: 1 }, 1],
  ['an error of the server', answered(503), { ServiceFailures: 1 }, 0],
  ['no connection', { kind: 'not-sent', reason: 'ECONNREFUSED' }, { ServiceFailures: 1 }, 0],
  ['no answer', { kind: 'lost', reason: 'ECONNRESET' }, { ServiceFailures: 1 }, 0],
])('%s is passed on, and counted where something failed', async (_case, answer, counted, dropped) => {
  const recorder = createRecorder();
  let drops = 0;
  const transport = watchFailures(
    async () => answer,
    () => (drops += 1),
    recorder.count,
  );

  expect(await transport({ method: 'GET', url: 'https://escrow.example.com', apiKey: 'a key' })).toBe(answer);
  expect(recorder.counted).toEqual(counted);
  expect(drops).toBe(dropped);
});
