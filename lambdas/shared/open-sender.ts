import { ROLES_TO_SEND, type KeyRing } from '../../src/aws/key-ring.ts';
import type { Intent } from '../../src/ledger/intent.ts';
import type { IntentOwner, ServicePlace } from '../../src/ledger/owner.ts';
import { createEscrowClient } from '../../src/purple-flea/escrow-client.ts';
import type { EscrowClient } from '../../src/purple-flea/escrow.ts';
import { openToSend, openWithWallet } from '../../src/purple-flea/open-client.ts';
import type { ServiceDeps } from '../../src/purple-flea/service.ts';

/** Opens the escrow service with the key that an intent is sent with. @throws SecretUnusableError or OwnerUnavailableError */
export type OpenSender = (intent: Pick<Intent, 'kind'> & IntentOwner) => Promise<EscrowClient>;

/** Opens it as the functions do that send: at the configured services alone, with the key of a role that may. */
export function createOpenSender(service: ServiceDeps, keys: KeyRing, wallet: ServicePlace): OpenSender {
  return async ({ kind, ...owner }) => {
    const open = openToSend(service, (agentId) => keys.get(agentId, ROLES_TO_SEND[kind]), createEscrowClient);
    return openWithWallet(open, wallet)(owner);
  };
}
