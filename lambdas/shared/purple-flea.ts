import { setTimeout as sleep } from 'node:timers/promises';
import { readApiKeys, type ApiKeys } from '../../src/aws/api-key-secret.ts';
import type { ServiceDeps, Service } from '../../src/purple-flea/service.ts';
import { SecretUnusableError } from '../../src/errors.ts';
import { unpaced } from '../../src/pacing/pacer.ts';
import { createTransport } from '../../src/purple-flea/transport.ts';
import { createReadSecret } from './secrets.ts';

/** How long a secret's value is used before it is read again; a rotated key is picked up within it. */
const SECRET_MAX_AGE_SECONDS = 300;

/** Reads the keys at run time, through a cache of this process. A value that cannot be used is not kept. */
export function createApiKeySource(secretName: string): () => Promise<ApiKeys> {
  const readSecret = createReadSecret();
  const read = (forceFetch: boolean) =>
    readApiKeys(secretName, () => readSecret(secretName, { maxAge: SECRET_MAX_AGE_SECONDS, forceFetch }));
  return async () => {
    try {
      return await read(false);
    } catch (error) {
      if (error instanceof SecretUnusableError) return read(true);
      throw error;
    }
  };
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
