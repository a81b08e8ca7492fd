import type { Credentials, ServiceDeps } from '../../src/purple-flea/service.ts';
import { createTransport } from '../../src/purple-flea/transport.ts';
import { CANARY } from './secrecy.ts';

/** Credentials whose key must be seen nowhere. */
export const CANARY_CREDENTIALS: Credentials = { apiKey: CANARY, agentId: 'agent_platform_treasury' };

/** A Purple Flea service at an address of this machine. */
export function aService(baseUrl: string, { totalMs = 5_000, random = (): number => 0 } = {}): ServiceDeps {
  return {
    service: { baseUrl, profile: 'reference' },
    transport: createTransport({ connectMs: 2_000, totalMs }),
    random,
  };
}
