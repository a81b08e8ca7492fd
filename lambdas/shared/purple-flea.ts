import { setTimeout as sleep } from 'node:timers/promises';
import { createKeyRing, type KeyRing, type KeySources } from '../../src/aws/key-ring.ts';
import { SecretUnusableError } from '../../src/errors.ts';
import { unpaced } from '../../src/pacing/pacer.ts';
import type { ServiceDeps, Service } from '../../src/purple-flea/service.ts';
import { createTransport } from '../../src/purple-flea/transport.ts';
import { createReadSecret } from './secrets.ts';

/** How long a secret's value is used before it is read again; a rotated key is picked up within it. */
const SECRET_MAX_AGE_SECONDS = 300;

/** The keys of a function, read at run time through a cache of this process. A value that cannot be used is not kept. */
export function createKeys(sources: KeySources): KeyRing {
  const readSecret = createReadSecret();
  const ringOf = (forceFetch: boolean) =>
    createKeyRing(sources, (name) => readSecret(name, { maxAge: SECRET_MAX_AGE_SECONDS, forceFetch }));
  const [kept, fetched] = [ringOf(false), ringOf(true)];
  return {
    find: (agentId, roles) => orElse(kept.find(agentId, roles), () => fetched.find(agentId, roles)),
    get: (agentId, roles) => orElse(kept.get(agentId, roles), () => fetched.get(agentId, roles)),
  };
}

async function orElse<Value>(asked: Promise<Value>, again: () => Promise<Value>): Promise<Value> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof SecretUnusableError) return again();
    throw error;
  }
}

/** One Purple Flea service as its clients need it. */
export function createServiceDeps(
  service: Service,
  env: { readonly CONNECT_TIMEOUT_MS: number; readonly REQUEST_TIMEOUT_MS: number },
): ServiceDeps {
  return {
    service,
    transport: createTransport({ connectMs: env.CONNECT_TIMEOUT_MS, totalMs: env.REQUEST_TIMEOUT_MS }),
    pacer: unpaced,
    // What the ledger reckons with for one read, however often it is tried.
    readMs: env.REQUEST_TIMEOUT_MS,
    now: Date.now,
    sleep,
    random: Math.random,
  };
}
