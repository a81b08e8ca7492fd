import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';

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
  /** Sent as a bearer token; appears in nothing this module returns. */
  readonly apiKey: string;
  /** JSON text. */
  readonly body?: string;
  /** Sent as `Idempotency-Key`. The service may ignore it, and nothing here relies on it. */
  readonly idempotencyKey?: string;
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

/** One HTTP exchange. Never throws, never retries, never follows a redirect. */
export type Transport = (request: HttpRequest) => Promise<HttpAnswer>;

const MAX_BODY_BYTES = 1024 * 1024;

/** A transport over node:http(s) with one connection a request: a pooled one that the server just closed loses POSTs. */
export function createTransport(deadlines: Deadlines): Transport {
  return (request) => exchange(request, deadlines);
}

async function exchange(request: HttpRequest, deadlines: Deadlines): Promise<HttpAnswer> {
  const secure = request.url.startsWith('https:');
  let call: ClientRequest;
  try {
    call = open(request, secure);
  } catch (error) {
    // A key or an address that no request can be made with.
    return { kind: 'not-sent', reason: messageOf(error) };
  }

  let connected = false;
  call.once('socket', (socket) => {
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      connected = true;
    });
  });
  const connectTimer = setTimeout(() => {
    if (!connected) call.destroy(new Error(`no connection within ${deadlines.connectMs} ms`));
  }, deadlines.connectMs);
  const totalTimer = setTimeout(() => {
    call.destroy(new Error(`no complete answer within ${deadlines.totalMs} ms`));
  }, deadlines.totalMs);

  try {
    const response = await sendAndAwaitHeaders(call, request.body);
    // A service may quote what it was sent.
    const text = (await readBody(response)).replaceAll(request.apiKey, '[key]');
    return {
      kind: 'answered',
      status: response.statusCode ?? 0,
      body: parseJson(text),
      retryAfterSeconds: parseRetryAfter(response.headers['retry-after']),
    };
  } catch (error) {
    const reason = messageOf(error);
    return connected ? { kind: 'lost', reason } : { kind: 'not-sent', reason };
  } finally {
    clearTimeout(connectTimer);
    clearTimeout(totalTimer);
    call.destroy();
  }
}

function open(request: HttpRequest, secure: boolean): ClientRequest {
  return (secure ? httpsRequest : httpRequest)(request.url, {
    method: request.method,
    agent: false,
    headers: {
      accept: 'application/json',
      authorization: `Bearer ${request.apiKey}`,
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parseRetryAfter(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,5}$/.test(header) ? Number(header) : undefined;
}
