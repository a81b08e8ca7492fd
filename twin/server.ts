import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { createAdaptorServer } from '@hono/node-server';
import { createApp } from './app.ts';
import { readInitialData, type InitialAgent } from './initial-data.ts';
import { register, type Registrations } from './registrations.ts';
import { openJournal } from './world/journal.ts';
import { createWorld, type EscrowProfile } from './world/world.ts';

/** How to start a twin; all of it may be left out. */
export interface TwinOptions {
  /** 0 or none takes a free one. */
  readonly port?: number | undefined;
  /** Agents other than those of `data/agents.json`; of no effect where `file` holds an earlier state. */
  readonly agents?: readonly InitialAgent[] | undefined;
  /** The clock under the twin's own, for tests that want it to stand still. */
  readonly now?: (() => Date) | undefined;
  /** The dialect of the escrow routes; `reference` if it is left out. */
  readonly escrowProfile?: EscrowProfile | undefined;
  /** A file that the state survives in; none keeps it in memory alone. */
  readonly file?: string | undefined;
  /** The agents that only one service knows; everyone knows every agent if it is left out. */
  readonly registrations?: Registrations | undefined;
  /** Whether calls are counted and refused beyond the limits; they are if this is left out. */
  readonly rateLimits?: boolean | undefined;
  /** Stands around the answering of every request, for what delays or measures it. */
  readonly around?: Around | undefined;
}

type Around = (request: Request, answer: () => Response | Promise<Response>) => Response | Promise<Response>;

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

/** How often the twin looks, in real time, whether something has fallen due while nobody asked. */
const LOOK_EVERY_MS = 1_000;

/**
 * Starts a Purple Flea service with its own state, reachable from this machine only.
 *
 * @throws Error if the port is taken or the initial data or the file cannot be used.
 */
export async function startTwin(options: TwinOptions = {}): Promise<Twin> {
  const data = readInitialData();
  const journal = options.file === undefined ? undefined : openJournal(options.file);
  const world = createWorld(
    { ...data, agents: options.agents ?? data.agents },
    {
      escrowProfile: options.escrowProfile ?? 'reference',
      realNow: options.now ?? (() => new Date()),
      earlier: journal?.earlier ?? [],
      append: (changes) => journal?.append(changes),
    },
  );
  register(world, options.registrations ?? {});
  world.commit();
  const app = createApp(world, { rateLimits: options.rateLimits });
  const { around } = options;
  const server = createAdaptorServer({
    fetch: around === undefined ? app.fetch : (request, env) => around(request, () => app.fetch(request, env)),
    createServer,
    serverOptions: { keepAliveTimeout: KEEP_ALIVE_MS, keepAliveTimeoutBuffer: 0 },
    overrideGlobalObjects: false,
  }) as Server;
  server.listen(options.port ?? 0, LOOPBACK);
  await once(server, 'listening');
  const timer = setInterval(() => {
    app.fireDue().catch((error: unknown) => process.stderr.write(`${inspect(error)}\n`));
  }, LOOK_EVERY_MS);
  timer.unref();
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${LOOPBACK}:${port}`,
    async close() {
      clearInterval(timer);
      app.stop();
      await stop(server);
    },
  };
}

async function stop(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
