import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createTransport, type HttpAnswer, type HttpRequest } from '../../../../src/purple-flea/transport.ts';
import { FAULTS, startFaultyServer } from '../../../support/faulty-server.ts';
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

const run = promisify(execFile);

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
  test('is sent once, as it is', async () => {
    server.script(answer(200, {}));

    await transport(aPost());

    expect(server.requests).toEqual([
      {
        method: 'POST',
        path: '/escrow/create?x=1',
        body: '{"amount_usd":50.00,"description":"äöü €"}',
        headers: {
          host: new URL(server.url).host,
          connection: 'keep-alive',
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
    ['JSON with a charset', answer(200, {}, { 'content-type': 'application/json; charset=UTF-8' }), { body: {} }],
    ['JSON in capitals', answer(200, {}, { 'content-type': 'Application/JSON;charset=utf-8' }), { body: {} }],
  ])('of %s is handed on', async (_case, reply, expected) => {
    server.script(reply);

    expect(await transport(aPost())).toEqual({
      kind: 'answered',
      status: 200,
      retryAfterSeconds: undefined,
      ...expected,
    });
  });

  test.each([
    'text/html',
    'text/plain; charset=utf-8',
    'application/problem+json',
    'application/json-seq',
    'application/jsonp',
    'text/application/json',
    '',
  ])('that is declared as %p is none of JSON, whatever it holds', async (type) => {
    server.script(answer(200, { success: true }, { 'content-type': type }));

    expect(await transport(aPost())).toMatchObject({ kind: 'answered', status: 200, body: undefined });
  });

  test('that is not declared at all is none of JSON', async () => {
    server.script((_request, response) => response.end('{"success": true}'));

    expect(await transport(aPost())).toMatchObject({ kind: 'answered', status: 200, body: undefined });
  });

  test.each([
    ['7', 7],
    ['0', 0],
    ['99999', 99_999],
    ['100000', 100_000],
    ['-1', undefined],
    ['1.5', undefined],
    ['soon', undefined],
    ['Fri, 06 Mar 2026 09:01:30 GMT', 90],
    ['Fri, 06 Mar 2026 08:59:59 GMT', 0],
  ])('with Retry-After: %s is read as %p seconds', async (header, retryAfterSeconds) => {
    server.script(answer(429, {}, { 'retry-after': header, date: 'Fri, 06 Mar 2026 09:00:00 GMT' }));

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
    ['the headers break off', (request) => request.socket.end('HTTP/1.1 200 OK\r\ncontent-ty'), 'socket hang up'],
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

  test('by the deadline of the request, where that is shorter', async () => {
    server.script(silence, silence);

    expect(await transport(aPost({ totalMs: 50 }))).toEqual({
      kind: 'lost',
      reason: 'no complete answer within 50 ms',
    });
    expect(await impatient(aPost({ totalMs: 60_000 }))).toEqual({
      kind: 'lost',
      reason: 'no complete answer within 150 ms',
    });
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

  test('where TLS is not up by the total deadline', async () => {
    const mute = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const { port } = mute.address() as AddressInfo;
    try {
      expect(await transport(aPost({ url: `https://127.0.0.1:${port}/`, totalMs: 50 }))).toEqual({
        kind: 'not-sent',
        reason: 'no complete answer within 50 ms',
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

describe('a connection', () => {
  /** A transport whose clock stands where a test puts it. */
  function aKeeper() {
    const clock = { now: 1_000_000 };
    const keeper = createTransport({ connectMs: 2_000, totalMs: 5_000 }, () => clock.now);
    const ask = async (): Promise<HttpAnswer> => {
      server.script(answer(200, { success: true }));
      const result = await keeper(aPost());
      await settled();
      return result;
    };
    return { clock, keeper, ask };
  }

  /** Holds replies back until the test gives them, in the order of the requests. */
  function held() {
    const waiting: (() => void)[] = [];
    const hold: Reply = (request, response) =>
      void waiting.push(() => answer(200, { success: true })(request, response));
    return { hold, waiting };
  }

  const OK = { kind: 'answered', status: 200 };

  test('is used again by a request that follows within 4 seconds', async () => {
    const { clock, ask } = aKeeper();

    for (const idleMs of [0, 1, 2_000, 3_999]) {
      clock.now += idleMs;
      expect(await ask()).toMatchObject(OK);
    }
    expect(server.connections()).toBe(1);
  });

  test.each([
    ['was idle for 4 seconds', 4_000],
    ['was idle for 5 seconds, the limit of the service', 5_000],
    ['was kept while the process was frozen for an hour', 3_600_000],
    ['is older than a clock that was set back by a millisecond', -1],
    ['is older than a clock that was set back by an hour', -3_600_000],
  ])('that %s is not used again', async (_case, passedMs) => {
    const { clock, ask } = aKeeper();
    await ask();
    clock.now += passedMs;

    expect(await ask()).toMatchObject(OK);
    expect(server.connections()).toBe(2);
  });

  test('may be used as often as one likes: Node.js warns of no leak', async () => {
    // In a process of its own, because warnings do not reach the one that runs tests.
    const program = `
      import { createTransport } from './src/purple-flea/transport.ts';
      const transport = createTransport({ connectMs: 2_000, totalMs: 5_000 });
      for (let left = 30; left > 0; left -= 1) {
        const { kind } = await transport({ method: 'GET', url: process.argv[1], apiKey: 'key' });
        process.stdout.write(kind + ' ');
      }`;
    const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', program, server.url]);

    expect({ stdout, stderr }).toEqual({ stdout: 'answered '.repeat(30), stderr: '' });
    expect(server.connections()).toBe(1);
  });

  test.each([
    ['the older is too old', 0, 3_000, 4_500],
    ['the younger is from before the clock was set back', 0, 10_000, 1_000],
  ])('of two is the one to be used of which the age is known, where %s', async (_case, first, second, then) => {
    const { clock, keeper, ask } = aKeeper();
    const { hold, waiting } = held();
    server.script(hold, hold);
    const both = [keeper(aPost()), keeper(aPost())];
    while (waiting.length < 2) await settled();
    clock.now = first;
    waiting[0]?.();
    await Promise.race(both);
    await settled();
    clock.now = second;
    waiting[1]?.();
    await Promise.all(both);
    await settled();
    clock.now = then;

    expect(await ask()).toMatchObject(OK);
    expect(server.connections()).toBe(2);
  });

  test('is not shared by requests at the same time', async () => {
    const { keeper } = aKeeper();
    const { hold, waiting } = held();
    server.script(hold, hold, hold);
    const all = [keeper(aPost()), keeper(aPost()), keeper(aPost())];
    while (waiting.length < 3) await settled();
    for (const give of waiting) give();

    expect(await Promise.all(all)).toMatchObject([OK, OK, OK]);
    expect(server.connections()).toBe(3);
  });

  test.each<[string, Reply]>([
    ['is reset', resetAfterRequest],
    ['is closed', (request) => request.socket.end()],
    ['breaks off', truncated(200, '{}')],
  ])('that was kept and %s after a request loses it, and the next has another', async (_case, reply) => {
    const { keeper, ask } = aKeeper();
    await ask();
    server.script(reply);

    expect(await keeper(aPost())).toMatchObject({ kind: 'lost' });
    expect(server.requests).toHaveLength(2);
    expect(server.connections()).toBe(1);
    expect(await ask()).toMatchObject(OK);
    expect(server.connections()).toBe(2);
  });

  test('over which an answer came that is too large is not used again', async () => {
    const { keeper, ask } = aKeeper();
    server.script(answer(200, 'x'.repeat(1024 * 1024 + 1)));
    await keeper(aPost());

    expect(await ask()).toMatchObject(OK);
    expect(server.connections()).toBe(2);
  });

  test('that the service closes when it is idle for 5 seconds costs none of 200 requests', async () => {
    const clock = { now: 0 };
    const keeper = createTransport({ connectMs: 2_000, totalMs: 5_000 }, () => clock.now);
    const idleTimes = [0, 3_998, 3_999, 4_000, 4_001, 4_500, 4_999, 5_000, 5_001, 60_000];

    for (let request = 0; request < 200; request += 1) {
      const idleMs = idleTimes[request % idleTimes.length] ?? 0;
      clock.now += idleMs;
      if (idleMs >= 5_000) server.closeIdle();
      server.script(answer(200, { request }));

      expect(await keeper(aPost())).toMatchObject({ kind: 'answered', body: { request } });
      await settled();
    }
    expect(server.requests).toHaveLength(200);
  });
});

describe('whatever a server does', () => {
  test('a request of which it saw a byte is never called not sent', async () => {
    const kinds = new Set<string>();
    const refusing = `http://127.0.0.1:${await closedPort()}`;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...FAULTS, 'refuse' as const), { minLength: 1, maxLength: 6 }),
        async (faults) => {
          const faulty = await startFaultyServer();
          const hasty = createTransport({ connectMs: 1_000, totalMs: 30 }, () => 0);
          const notSent: string[] = [];
          try {
            for (const [index, fault] of faults.entries()) {
              if (fault !== 'refuse') faulty.expect(fault);
              const url = `${fault === 'refuse' ? refusing : faulty.url}/request-${index}`;
              const result = await hasty(aPost({ url }));
              kinds.add(`${fault}: ${result.kind}`);
              if (result.kind === 'not-sent') notSent.push(`/request-${index} `);
              await settled();
            }
          } finally {
            await faulty.close();
          }
          expect(notSent.filter((path) => faulty.received().includes(path))).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );

    expect([...kinds].filter((kind) => kind.endsWith(': answered'))).toEqual(['none: answered']);
    expect([...kinds]).toEqual(expect.arrayContaining(['silence: lost', 'refuse: not-sent']));
  });
});

/** What is under way on the loopback address has arrived. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => void setImmediate(resolve));
}

describe('the key', () => {
  const quoting = (status: number) =>
    answerFrom(status, ({ headers }) => ({ error: headers.authorization, message: `got ${headers.authorization}` }));

  test.each<[string, Reply]>([
    ['an error that quotes it', quoting(401)],
    ['a result that quotes it', quoting(200)],
    ['a page that quotes it', (request, response) => response.writeHead(500).end(request.headers.authorization)],
    ['headers that quote it', answer(429, {}, { 'retry-after': CANARY, location: CANARY, date: CANARY })],
    ['JSON that quotes it with escapes', answer(401, JSON.stringify({ error: CANARY }).replaceAll('_', '\\u005f'))],
    ['a name in JSON that quotes it', answer(200, { [CANARY]: true, ok: { [`x${CANARY}x`]: [CANARY] } })],
    ['JSON text that is the key', answer(200, JSON.stringify(CANARY))],
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
