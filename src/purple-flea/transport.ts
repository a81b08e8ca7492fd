import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { readRetryAfter } from './retry-after.ts';

/** The deadlines of one request, in milliseconds. */
export interface Deadlines {
  /** From the start to a connection, TLS included. */
  readonly connectMs: number;
  /** From the start to the last byte of the answer. */
  readonly totalMs: number;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  /** Sent as a bearer token; appears in nothing this module returns. Undefined for what anyone may read. */
  readonly apiKey: string | undefined;
  /** JSON text. */
  readonly body?: string;
  /** Sent as `Idempotency-Key`. The service may ignore it, and nothing here relies on it. */
  readonly idempotencyKey?: string;
  /** A total deadline shorter than the transport's own. */
  readonly totalMs?: number;
}

/**
 * What is certain after one request.
 *
 * - `answered`: a whole answer came; `body` is undefined where it is not JSON
 * - `not-sent`: it failed before a connection stood, so not a byte of it left
 * - `lost`: it failed later: it may have been handled
 */
export type HttpAnswer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly body: unknown;
      readonly retryAfterSeconds: number | undefined;
    }
  | { readonly kind: 'not-sent'; readonly reason: string }
  | { readonly kind: 'lost'; readonly reason: string };

/** Whether the service refused a call because there were too many. */
export function isRateLimited(answer: HttpAnswer): boolean {
  return answer.kind === 'answered' && answer.status === 429;
}

/** One HTTP exchange. Never throws, never retries, never follows a redirect. */
export type Transport = (request: HttpRequest) => Promise<HttpAnswer>;

const MAX_BODY_BYTES = 1024 * 1024;

/** The service closes a connection that was idle for 5 s, and a request that meets the closing is lost. */
const MAX_IDLE_MS = 4_000;

/** First in, first out: of connections that were just closed, an agent passes over those at the head of its list alone. */
const KEEPING = { keepAlive: true, scheduling: 'fifo' } as const;

/**
 * A transport over node:http(s). Connections are kept for further requests, but none that was idle for 4 s or more: the
 * age is measured when a request is about to use it, because no timer runs while a function is frozen.
 */
export function createTransport(deadlines: Deadlines, now: () => number = Date.now): Transport {
  const pools = { http: createPool(new HttpAgent(KEEPING), now), https: undefined as Pool | undefined };
  return (request) => {
    const secure = request.url.startsWith('https:');
    const pool = secure ? (pools.https ??= createPool(new HttpsAgent(KEEPING), now)) : pools.http;
    return exchange(request, { ...deadlines, totalMs: Math.min(request.totalMs ?? Infinity, deadlines.totalMs) }, pool);
  };
}

interface Pool {
  readonly agent: HttpAgent;
  /** Closes what was idle for too long. */
  dropIdle(): void;
}

function createPool(agent: HttpAgent, now: () => number): Pool {
  const freedAt = new WeakMap<Socket, number>();
  agent.on('free', (socket: Socket) => freedAt.set(socket, now()));
  return {
    agent,
    dropIdle() {
      for (const socket of Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? [])) {
        const idleMs = now() - (freedAt.get(socket) ?? 0);
        // A clock that was set back says nothing about the age.
        if (idleMs < 0 || idleMs >= MAX_IDLE_MS) socket.destroy();
      }
    },
  };
}

async function exchange(request: HttpRequest, deadlines: Deadlines, pool: Pool): Promise<HttpAnswer> {
  let call: ClientRequest;
  try {
    pool.dropIdle();
    call = open(request, pool.agent);
  } catch (error) {
    // A key or an address that no request can be made with.
    return { kind: 'not-sent', reason: messageOf(error) };
  }

  let connected = false;
  call.once('socket', (socket) => {
    connected = !isConnecting(socket);
    if (connected) return;
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => {
      connected = true;
    });
  });
  // Within a body, what the call is destroyed with does not come through.
  let missed: Error | undefined;
  const giveUp = (message: string) => {
    missed = new Error(message);
    call.destroy(missed);
  };
  const connectTimer = setTimeout(() => {
    if (!connected) giveUp(`no connection within ${deadlines.connectMs} ms`);
  }, deadlines.connectMs);
  const totalTimer = setTimeout(() => giveUp(`no complete answer within ${deadlines.totalMs} ms`), deadlines.totalMs);

  try {
    const response = await sendAndAwaitHeaders(call, request.body);
    const text = await readBody(response);
    return {
      kind: 'answered',
      status: response.statusCode ?? 0,
      body: isJson(response) ? withoutKey(parseJson(text), request.apiKey) : undefined,
      retryAfterSeconds: readRetryAfter(response.headers['retry-after'], response.headers.date),
    };
  } catch (error) {
    call.destroy();
    const reason = messageOf(missed ?? error);
    return connected ? { kind: 'lost', reason } : { kind: 'not-sent', reason };
  } finally {
    clearTimeout(connectTimer);
    clearTimeout(totalTimer);
  }
}

/** Whether a socket is known to have no connection yet, TLS included; a kept one has. */
function isConnecting(socket: Socket & { readonly secureConnecting?: boolean }): boolean {
  return socket.connecting || socket.secureConnecting === true;
}

function open(request: HttpRequest, agent: HttpAgent): ClientRequest {
  return (agent instanceof HttpsAgent ? httpsRequest : httpRequest)(request.url, {
    method: request.method,
    agent,
    headers: {
      accept: 'application/json',
      ...(request.apiKey === undefined ? {} : { authorization: `Bearer ${request.apiKey}` }),
      'user-agent': 'purple-flea-pipeline',
      ...(request.body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(request.body) }),
      ...(request.idempotencyKey === undefined ? {} : { 'idempotency-key': request.idempotencyKey }),
    },
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function sendAndAwaitHeaders(call: ClientRequest, body: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    call.once('response', resolve);
    call.on('error', reject);
    call.end(body);
  });
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Error(`the answer is larger than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function isJson(response: IncomingMessage): boolean {
  return /^application\/json\s*(?:;|$)/i.test(response.headers['content-type'] ?? '');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A service may quote what it was sent, with escapes of its own: so the key is looked for in our own writing of it. */
function withoutKey(body: unknown, apiKey: string | undefined): unknown {
  if (body === undefined || apiKey === undefined) return body;
  const [written, quoted] = [JSON.stringify(body), JSON.stringify(apiKey).slice(1, -1)];
  return written.includes(quoted) ? parseJson(written.replaceAll(quoted, '[key]')) : body;
}
