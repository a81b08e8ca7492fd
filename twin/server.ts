import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { createApp } from './app.ts';
import { readInitialData, type InitialAgent } from './initial-data.ts';
import { createWorld } from './world.ts';

/** How to start a twin; all of it may be left out. */
export interface TwinOptions {
  /** 0 or none takes a free one. */
  readonly port?: number;
  /** Agents other than those of `data/agents.json`. */
  readonly agents?: readonly InitialAgent[];
  /** The clock under the twin's own, for tests that want it to stand still. */
  readonly now?: () => Date;
}

/** A running twin. */
export interface Twin {
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  readonly url: string;
  /** Stops listening and closes open connections. */
  close(): Promise<void>;
}

const LOOPBACK = '127.0.0.1';

/** The real service closes a connection that was idle this long; a client that pools must live with it. */
const KEEP_ALIVE_MS = 5_000;

/**
 * Starts a Purple Flea service with its own state, reachable from this machine only.
 *
 * @throws Error if the port is taken or the initial data cannot be used.
 */
export async function startTwin(options: TwinOptions = {}): Promise<Twin> {
  const data = readInitialData();
  const world = createWorld({ ...data, agents: options.agents ?? data.agents }, options.now ?? (() => new Date()));
  const server = createAdaptorServer({
    fetch: createApp(world).fetch,
    createServer,
    serverOptions: { keepAliveTimeout: KEEP_ALIVE_MS, keepAliveTimeoutBuffer: 0 },
    overrideGlobalObjects: false,
  }) as Server;
  server.listen(options.port ?? 0, LOOPBACK);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://${LOOPBACK}:${port}`, close: () => stop(server) };
}

async function stop(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
