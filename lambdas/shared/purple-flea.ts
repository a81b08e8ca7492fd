import { setTimeout as sleep } from 'node:timers/promises';
import { createKeyRing, listCounterparties, type KeyRing, type KeySources } from '../../src/aws/key-ring.ts';
import { createPaceTable } from '../../src/aws/pace-table.ts';
import { describeError, SecretUnusableError } from '../../src/errors.ts';
import type { Count } from '../../src/observability.ts';
import { createPacer, type Pacer } from '../../src/pacing/pacer.ts';
import type { Credentials, ServiceDeps, Service } from '../../src/purple-flea/service.ts';
import { createTransport, type Transport } from '../../src/purple-flea/transport.ts';
import { documents } from './clients/documents.ts';
import { keySecrets } from './secrets.ts';
import { count, log } from './telemetry.ts';

/** The answer to a key that is not, or no longer, valid. */
const UNAUTHORIZED = 401;

/** How long a secret's value is used before it is read again; a rotated key is picked up within it, or when the old is refused. */
const SECRET_MAX_AGE_SECONDS = 300;

/** The keys of a function, read at run time through a cache of this process. A value that cannot be used is not kept. */
export interface Keys extends KeyRing {
  /** Forgets them: a service refused one. The next call reads the secret anew. */
  drop(): void;
}

export function createKeys(sources: KeySources): Keys {
  const ringOf = (forceFetch: boolean) =>
    createKeyRing(sources, (name) => keySecrets.read(name, { maxAge: SECRET_MAX_AGE_SECONDS, forceFetch }));
  const [kept, fetched] = [ringOf(false), ringOf(true)];
  return {
    find: (agentId, roles) => orElse(kept.find(agentId, roles), () => fetched.find(agentId, roles)),
    get: (agentId, roles) => orElse(kept.get(agentId, roles), () => fetched.get(agentId, roles)),
    drop: () => keySecrets.drop(),
  };
}

/** All keys of counterparties that a function may use, read anew. @throws SecretUnusableError */
export function readCounterparties(sources: KeySources): Promise<readonly Credentials[]> {
  return listCounterparties(sources, (name) => keySecrets.read(name, { maxAge: 0, forceFetch: true }));
}

async function orElse<Value>(asked: Promise<Value>, again: () => Promise<Value>): Promise<Value> {
  try {
    return await asked.catch((error: unknown) => {
      if (error instanceof SecretUnusableError) return again();
      throw error;
    });
  } catch (error) {
    if (error instanceof SecretUnusableError) count('SecretsUnusable');
    throw error;
  }
}

/** Counts what failed. Where a key is refused, what this process keeps is dropped: the next call reads the secret anew. */
export function watchFailures(transport: Transport, dropKeys: () => void, counting: Count): Transport {
  return async (request) => {
    const answer = await transport(request);
    if (answer.kind !== 'answered' || answer.status >= 500) counting('ServiceFailures');
    if (answer.kind === 'answered' && answer.status === UNAUTHORIZED) {
      dropKeys();
      counting('SecretsUnusable');
    }
    return answer;
  };
}

/** Finds the key to an agent's wallet, which may be one of its own: then it is that of the treasury. */
export function walletKeyOf(
  keys: KeyRing,
  env: { readonly AGENT_ID: string; readonly SECRETS: KeySources },
): (agentId: string) => Promise<Credentials> {
  const { wallet } = env.SECRETS;
  const roles = ['wallet', 'treasury', 'predecessor', 'counterparties'] as const;
  return (agentId) => keys.get(agentId === env.AGENT_ID ? (wallet?.agentId ?? agentId) : agentId, roles);
}

/**
 * One Purple Flea service as its clients need it.
 *
 * @param keys with which it is called, if any.
 * @param pacer is given where the calls of several services are reserved together.
 */
export function createServiceDeps(
  service: Service,
  env: {
    readonly CONNECT_TIMEOUT_MS: number;
    readonly REQUEST_TIMEOUT_MS: number;
    readonly INTENT_TABLE: string;
    readonly PACE_PERCENT: number;
  },
  keys?: Pick<Keys, 'drop'>,
  pacer: Pacer = createSharedPacer(env),
): ServiceDeps {
  const transport = createTransport({ connectMs: env.CONNECT_TIMEOUT_MS, totalMs: env.REQUEST_TIMEOUT_MS });
  return {
    service,
    transport: watchFailures(transport, () => keys?.drop(), count),
    pacer,
    // What the ledger reckons with for one read, however often it is tried.
    readMs: env.REQUEST_TIMEOUT_MS,
    now: Date.now,
    sleep,
    random: Math.random,
  };
}

/** The pacer of all functions, in the table of the intents. */
export function createSharedPacer(env: { readonly INTENT_TABLE: string; readonly PACE_PERCENT: number }): Pacer {
  return createPacer({
    store: createPaceTable(documents, env.INTENT_TABLE),
    percent: env.PACE_PERCENT,
    now: Date.now,
    sleep,
    random: Math.random,
    onUnpaced: (error) => log.warn('calls go out unpaced', { reason: describeError(error) }),
  });
}
