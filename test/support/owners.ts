import type { Owner } from '../../src/ledger/owner.ts';
import type { OpenClient } from '../../src/purple-flea/open-client.ts';
import type { Credentials, ServiceDeps } from '../../src/purple-flea/service.ts';

/** The agent of a key at a service. */
export function ownerAt(
  { service: { baseUrl, profile } }: ServiceDeps,
  { agentId }: Pick<Credentials, 'agentId'>,
): Owner {
  return { agentId, baseUrl, profile };
}

/** Opens this, whoever asks. */
export function opening<Client>(client: Client): OpenClient<Client> {
  return async () => client;
}
