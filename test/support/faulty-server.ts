import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

/** What a server does with the next request, or with the connection that it comes over. */
export const FAULTS = [
  'none',
  'reset before a byte',
  'reset at the first byte',
  'reset after the request',
  'close without an answer',
  'close within the headers',
  'close within the body',
  'silence',
] as const;
export type Fault = (typeof FAULTS)[number];

/** A server of bare connections, which counts what arrives and keeps them open for further requests. */
export interface FaultyServer {
  readonly url: string;
  /** Everything that arrived so far, over all connections. */
  readonly received: () => string;
  /** What to do with the next request. Resets what is kept if that is to come before a byte. */
  expect(fault: Fault): void;
  close(): Promise<void>;
}

const HEADERS = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 17\r\n';
const BODY = '{"success": true}';

export async function startFaultyServer(): Promise<FaultyServer> {
  let received = '';
  let next: Fault = 'none';
  const sockets = new Set<Socket>();

  const server = createServer((socket) => {
    if (next === 'reset before a byte') {
      socket.resetAndDestroy();
      return;
    }
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    let request = '';
    socket.on('data', (chunk) => {
      received += chunk.toString();
      request += chunk.toString();
      if (next === 'reset at the first byte') socket.resetAndDestroy();
      else if (isWhole(request)) {
        request = '';
        answer(socket, next);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    received: () => received,
    expect(fault) {
      next = fault;
      if (fault === 'reset before a byte') for (const socket of sockets) socket.resetAndDestroy();
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function isWhole(request: string): boolean {
  const [headers = '', body] = request.split('\r\n\r\n');
  const length = /content-length: (\d+)/i.exec(headers)?.[1] ?? '0';
  return body !== undefined && Buffer.byteLength(body) >= Number(length);
}

function answer(socket: Socket, fault: Fault): void {
  switch (fault) {
    case 'none':
      socket.write(`${HEADERS}\r\n${BODY}`);
      return;
    case 'close within the headers':
      socket.end(HEADERS);
      return;
    case 'close within the body':
      socket.end(`${HEADERS}\r\n${BODY.slice(0, 9)}`);
      return;
    case 'close without an answer':
      socket.end();
      return;
    case 'silence':
      return;
    case 'reset before a byte':
    case 'reset at the first byte':
    case 'reset after the request':
      socket.resetAndDestroy();
  }
}
