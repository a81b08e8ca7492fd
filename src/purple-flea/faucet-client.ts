import type { FaucetClient } from './faucet.ts';
import type { FaucetDialect } from './profiles/faucet-dialect.ts';
import { faucetPublished } from './profiles/faucet-published.ts';
import { faucetReference } from './profiles/faucet-reference.ts';
import { readService } from './read-service.ts';
import { sendEffect } from './send-effect.ts';
import type { Credentials, Profile, ServiceDeps } from './service.ts';

const DIALECTS: Readonly<Record<Profile, FaucetDialect>> = { reference: faucetReference, published: faucetPublished };

/** How a dialect writes a claim. No key is needed for it. */
export function claimBody(profile: Profile, agentId: string): string {
  return DIALECTS[profile].claimBody(agentId);
}

/** The faucet as one agent uses it, in the dialect that is configured for it. */
export function createFaucetClient(deps: ServiceDeps, credentials: Credentials): FaucetClient {
  const { profile } = deps.service;
  const dialect = DIALECTS[profile];
  return {
    profile,
    claimBody: dialect.claimBody,
    claim: (request) => sendEffect(deps, credentials, 'faucet.claim', dialect.claim(request.body), request),
    async readStatus() {
      const route = dialect.status(credentials.agentId);
      if ('kind' in route) return route;
      return { kind: 'read', value: await readService(deps, credentials, 'faucet.status', route) };
    },
  };
}
