import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createTransport, type HttpRequest } from '../../../../src/purple-flea/transport.ts';
import {
  answer,
  answerFrom,
  resetAfterRequest,
  silence,
  startScriptedServer,
  stuck,
  truncated,
  type Reply,
  type ScriptedServer,
} from '../../../support/scripted-server.ts';
import { allTextOf, CANARY } from '../../../support/secrecy.ts';

const transport = createTransport({ connectMs: 2_000, totalMs: 5_000 });
const impatient = createTransport({ connectMs: 100, totalMs: 150 });

let server: ScriptedServer;

beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(() => server.close());

function aPost(overrides: Partial<HttpRequest> = {}): HttpRequest {
  return {
    method: 'POST',
    url: `${server.url}/escrow/create?x=1`,
    apiKey: CANARY,
    body: '{"amount_usd":50.00,"description":"äöü €"}',
    idempotencyKey: 'the-key',
    ...overrides,
  };
}

/** A port of this machine that nobody listens on. */
async function closedPort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, 'close');
  return port;
}

describe('a request', () => {
  test('is sent once, as it is, on a connection of its own', async () => {
    server.script(answer(200, {}));

    await transport(aPost());

    expect(server.requests).toEqual([
      {
        method: 'POST',
        path: '/escrow/create?x=1',
        body: '{"amount_usd":50.00,"description":"äöü €"}',
        headers: {
          host: new URL(server.url).host,
          connection: 'close',
          accept: 'application/json',
          authorization: `Bearer ${CANARY}`,
          'content-type': 'application/json',
          'content-length': '47',
          'idempotency-key': 'the-key',
          'user-agent': 'purple-flea-pipeline',
        },
      },
    ]);
  });

  test('that reads has neither body nor idempotency key', async () => {
    server.script(answer(200, {}));

    await transport({ method: 'GET', url: `${server.url}/escrow/status/esc_1`, apiKey: CANARY });

    const [{ method, path, body, headers } = {}] = server.requests;
    expect({ method, path, body }).toEqual({ method: 'GET', path: '/escrow/status/esc_1', body: '' });
    expect(Object.keys(headers ?? {}).toSorted()).toEqual([
      'accept',
      'authorization',
      'connection',
      'host',
      'user-agent',
    ]);
  });
});

describe('a whole answer', () => {
  test.each<[string, Reply, object]>([
    ['JSON', answer(201, { escrow_id: 'esc_1' }), { status: 201, body: { escrow_id: 'esc_1' } }],
    [
      'an error with a code',
      answer(400, { error: 'INVALID_TIMEOUT' }),
      { status: 400, body: { error: 'INVALID_TIMEOUT' } },
    ],
    ['text that is no JSON', answer(200, '{"escrow_id": '), { status: 200, body: undefined }],
    ['nothing', answer(204), { status: 204, body: undefined }],
    ['an HTML page', answer(502, '<h1>Bad gateway</h1>'), { status: 502, body: undefined }],
    ['JSON that is no object', answer(200, 'null'), { status: 200, body: null }],
  ])('of %s is handed on', async (_case, reply, expected) => {
    server.script(reply);

    expect(await transport(aPost())).toEqual({ kind: 'answered', retryAfterSeconds: undefined, ...expected });
  });

  test.each([
    ['7', 7],
    ['0', 0],
    ['99999', 99_999],
    ['-1', undefined],
    ['1.5', undefined],
    ['100000', undefined],
    ['Fri, 06 Mar 2026 09:00:00 GMT', undefined],
  ])('with Retry-After: %s is read as %p seconds', async (header, retryAfterSeconds) => {
    server.script(answer(429, {}, { 'retry-after': header }));

    expect(await transport(aPost())).toMatchObject({ status: 429, retryAfterSeconds });
  });

  test.each([301, 302, 303, 307, 308])('that redirects by %i is not followed', async (status) => {
    server.script(answer(status, '', { location: `${server.url}/elsewhere` }), answer(200, { success: true }));

    expect(await transport(aPost())).toMatchObject({ kind: 'answered', status, body: undefined });
    expect(server.requests).toHaveLength(1);
  });

  test('may have a megabyte', async () => {
    const text = JSON.stringify('x'.repeat(1024 * 1024 - 2));
    server.script(answer(200, text));

    expect(await transport(aPost())).toMatchObject({ kind: 'answered', body: JSON.parse(text) });
  });
});

describe('a request that may have been handled is lost', () => {
  test.each<[string, Reply, string]>([
    ['the connection is reset', resetAfterRequest, 'ECONNRESET'],
    ['the connection ends without an answer', (request) => request.socket.end(), 'socket hang up'],
    ['the body breaks off', truncated(201, '{"escrow_id":"esc_1"}'), 'aborted'],
    ['the answer is over a megabyte', answer(200, 'x'.repeat(1024 * 1024 + 1)), 'larger than 1048576 bytes'],
    ['the answer is not HTTP', (request) => request.socket.end('SMTP ready\r\n'), 'Parse Error'],
  ])('where %s', async (_case, reply, reason) => {
    server.script(reply);

    expect(await transport(aPost())).toEqual({ kind: 'lost', reason: expect.stringContaining(reason) });
    expect(server.requests).toHaveLength(1);
  });

  test.each<[string, Reply]>([
    ['nothing comes back', silence],
    ['the body begins and never ends', stuck(200, '{"escrow_id":')],
    ['a whole JSON text comes, but not as much as was announced', stuck(200, '{"escrow_id":"esc_1"}')],
  ])('where %s by the total deadline', async (_case, reply) => {
    server.script(reply);
    const started = performance.now();

    expect(await impatient(aPost())).toMatchObject({ kind: 'lost' });
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(server.requests).toHaveLength(1);
  });

  test('and says by which deadline', async () => {
    server.script(silence);

    expect(await impatient(aPost())).toEqual({ kind: 'lost', reason: 'no complete answer within 150 ms' });
  });
});

describe('a request of which no byte has left is not sent', () => {
  test('where the connection is refused', async () => {
    const port = await closedPort();

    expect(await transport(aPost({ url: `http://127.0.0.1:${port}/` }))).toEqual({
      kind: 'not-sent',
      reason: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('where TLS is not up by the connection deadline', async () => {
    const mute = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const { port } = mute.address() as AddressInfo;
    try {
      expect(await impatient(aPost({ url: `https://127.0.0.1:${port}/` }))).toEqual({
        kind: 'not-sent',
        reason: 'no connection within 100 ms',
      });
    } finally {
      mute.close();
    }
  });

  test('where the server does not speak TLS', async () => {
    expect(await transport(aPost({ url: `${server.url.replace('http:', 'https:')}/` }))).toMatchObject({
      kind: 'not-sent',
    });
    expect(server.requests).toEqual([]);
  });

  test.each([
    ['a key that no header can hold', { apiKey: `${CANARY}\n` }, 'Invalid character in header content'],
    ['an address that is none', { url: 'http://:99999' }, 'Invalid URL'],
    ['an address of another kind', { url: 'ftp://127.0.0.1/' }, 'Protocol "ftp:" not supported'],
  ])('where it has %s', async (_case, overrides, reason) => {
    const result = await transport(aPost(overrides));

    expect(result).toEqual({ kind: 'not-sent', reason: expect.stringContaining(reason) });
    expect(allTextOf(result)).not.toContain(CANARY);
    expect(server.requests).toEqual([]);
  });
});

describe('the key', () => {
  const quoting = (status: number) =>
    answerFrom(status, ({ headers }) => ({ error: headers.authorization, message: `got ${headers.authorization}` }));

  test.each<[string, Reply]>([
    ['an error that quotes it', quoting(401)],
    ['a result that quotes it', quoting(200)],
    ['a page that quotes it', (request, response) => response.writeHead(500).end(request.headers.authorization)],
    ['a reset', resetAfterRequest],
    ['a truncated body', truncated(200, CANARY)],
    ['bytes that are not HTTP', (request) => request.socket.end(`${CANARY}\r\n\r\n`)],
    ['silence', silence],
  ])('is not in what comes of %s', async (_case, reply) => {
    server.script(reply);

    const result = await impatient(aPost());

    expect(server.requests[0]?.headers.authorization).toBe(`Bearer ${CANARY}`);
    expect(allTextOf(result)).not.toContain(CANARY);
  });
});
