import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request as it arrived. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** How one request is answered, or not. */
export type Reply = (request: IncomingMessage, response: ServerResponse) => void;

/** A server on the loopback address that answers what it is told to, well or badly. */
export interface ScriptedServer {
  readonly url: string;
  readonly requests: readonly ReceivedRequest[];
  /** How many connections were accepted so far. */
  readonly connections: () => number;
  /** Replies for the next requests, in order. A request beyond them is answered 501. */
  script(...replies: Reply[]): void;
  /** Closes the connections that are idle. */
  closeIdle(): void;
  close(): Promise<void>;
}

export async function startScriptedServer(): Promise<ScriptedServer> {
  const requests: ReceivedRequest[] = [];
  const replies: Reply[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      requests.push({ method, path: url, headers, body: Buffer.concat(chunks).toString('utf8') });
      (replies.shift() ?? answer(501, { error: 'NOT_SCRIPTED' }))(request, response);
    });
  });
  server.on('connection', () => {
    connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    connections: () => connections,
    script: (...next) => void replies.push(...next),
    closeIdle: () => server.closeIdleConnections(),
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A whole answer: text as it is, anything else as JSON. */
export function answer(status: number, body: unknown = '', headers: Readonly<Record<string, string>> = {}): Reply {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

/** An answer made from the request. */
export function answerFrom(status: number, build: (request: IncomingMessage) => unknown): Reply {
  return (request, response) => answer(status, build(request))(request, response);
}

/** The connection is reset once the whole request has arrived. */
export const resetAfterRequest: Reply = (request) => {
  request.socket.resetAndDestroy();
};

/** The request arrives and nothing ever comes back. */
export const silence: Reply = () => {};

/** The connection ends within the body that the headers announced. */
export function truncated(status: number, text: string): Reply {
  return (request, response) => {
    response.writeHead(status, { 'content-length': Buffer.byteLength(text) + 100 });
    response.write(text, () => request.socket.destroy());
  };
}

/** The body begins and never ends. */
export function stuck(status: number, text: string): Reply {
  return (_request, response) => {
    response.writeHead(status, { 'content-length': Buffer.byteLength(text) + 100 });
    response.write(text);
  };
}
