import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { inspect } from 'node:util';
import { aService, anEffectRequest } from '../../../support/purple-flea.ts';
import {
  answer,
  resetAfterRequest,
  silence,
  startScriptedServer,
  truncated,
  type Reply,
  type ScriptedServer,
} from '../../../support/scripted-server.ts';
import { allTextOf, CANARY } from '../../../support/secrecy.ts';
import { EFFECT_CALLS, READ_CALLS } from '../../../support/service-calls.ts';

/** A service that quotes what it was sent, wherever it can. Built over an answer that would otherwise be good. */
function repliesOver(good: Readonly<Record<string, unknown>>): [string, Reply][] {
  const bearer = `Bearer ${CANARY}`;
  const inEveryText = Object.fromEntries(
    Object.entries(good).map(([name, value]) => [name, typeof value === 'string' ? CANARY : value]),
  );
  const everywhere = Object.fromEntries(Object.keys(good).map((name) => [name, bearer]));
  const escaped = JSON.stringify({ ...good, status: CANARY, message: bearer }).replaceAll('_', '\\u005f');
  return [
    ['the answer', answer(200, good)],
    ['a code that is the key', answer(401, { success: false, error: CANARY, message: CANARY })],
    ['a code that has the key in it', answer(400, { error: `bad_key_${CANARY}` })],
    ['an error that quotes the header', answer(403, { error: bearer, message: `got ${bearer}` })],
    ['a fault that quotes the header', answer(500, { error: bearer, authorization: bearer })],
    ['a page that quotes the header', answer(502, `<pre>${bearer}</pre>`, { 'content-type': 'text/html' })],
    ['headers that quote it', answer(429, {}, { 'retry-after': CANARY, date: CANARY, location: `/${CANARY}` })],
    ['a redirect that quotes it', answer(302, '', { location: `/${CANARY}` })],
    ['a result with it for every text', answer(200, inEveryText)],
    ['a result with it for everything', answer(200, everywhere)],
    ['a result with it in a list', answer(200, { ...good, positions: [bearer], escrows: [bearer], entries: [bearer] })],
    ['a result with it for a name', answer(200, { ...good, [CANARY]: CANARY, [`x ${CANARY}`]: 1 })],
    ['a result with it in escapes', answer(200, escaped)],
    ['an error with it in escapes', answer(401, `{"error":"${CANARY.replaceAll('_', '\\u005f')}"}`)],
    ['a text that is the key', answer(200, JSON.stringify(CANARY))],
    ['a truncated body', truncated(200, CANARY)],
    ['bytes that are not HTTP', (request) => request.socket.end(`${CANARY}\r\n\r\n`)],
    ['a header that is none', (request) => request.socket.end(`HTTP/1.1 200 ${CANARY}\r\n${CANARY}\r\n\r\n`)],
    ['a reset', resetAfterRequest],
    ['silence', silence],
  ];
}

let server: ScriptedServer;

beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(() => server.close());

describe.each(EFFECT_CALLS)('the key of $operation in the $profile dialect', ({ profile, body, proof, send }) => {
  test.each(repliesOver(proof))('is not in what comes of %s', async (_case, reply) => {
    server.script(reply);

    const result = await send(aService(server.url, { profile, totalMs: patienceFor(reply) }), anEffectRequest(body));

    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${CANARY}`]);
    expect(allTextOf(result)).not.toContain(CANARY);
  });

  test('is not in what comes of no connection, nor of a body that is not sent', async () => {
    const deps = aService(server.url, { profile });
    await server.close();

    expect(allTextOf(await send(deps, anEffectRequest(body)))).not.toContain(CANARY);
    expect(allTextOf(await send(deps, anEffectRequest('[]')))).not.toContain(CANARY);
  });

  test('is not in what comes of a key that no header can hold', async () => {
    const badKey = { apiKey: `${CANARY}\n`, agentId: 'agent_1' };
    const result = await send(aService(server.url, { profile }), anEffectRequest(body), badKey);

    expect(result.kind).toBe('not-sent');
    expect(allTextOf(result)).not.toContain(CANARY);
    expect(server.requests).toEqual([]);
  });
});

describe.each(READ_CALLS)('the key of $operation in the $profile dialect', ({ profile, answer: good, read }) => {
  test.each(repliesOver(good))('is not in what comes of %s', async (_case, reply) => {
    server.script(reply);

    const [result] = await Promise.allSettled([read(aService(server.url, { profile, totalMs: patienceFor(reply) }))]);

    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${CANARY}`]);
    expect(textOf(result)).not.toContain(CANARY);
  });

  test('is not in what comes of no connection, nor of a key that no header can hold', async () => {
    const badKey = { apiKey: `${CANARY}\n`, agentId: 'agent_1' };
    const failures = await Promise.allSettled([read(aService(server.url, { profile }), badKey)]);
    await server.close();
    failures.push(...(await Promise.allSettled([read(aService(server.url, { profile }))])));

    for (const failure of failures) {
      expect(failure?.status).toBe('rejected');
      expect(textOf(failure)).not.toContain(CANARY);
    }
  });
});

function patienceFor(reply: Reply): number {
  return reply === silence ? 100 : 5_000;
}

/** Everything of what was read, or of why it could not be, cause and stack included. */
function textOf(result: PromiseSettledResult<unknown> | undefined): string {
  const shown: unknown = result?.status === 'fulfilled' ? result.value : result?.reason;
  const plain: unknown = JSON.parse(
    JSON.stringify(shown, (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value)) ?? 'null',
  );
  return allTextOf(shown instanceof Error ? shown : plain) + inspect(shown, { depth: null, showHidden: true });
}
