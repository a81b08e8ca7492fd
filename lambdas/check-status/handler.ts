import type { ApiKeys } from '../../src/aws/api-key-secret.ts';
import { lockedStateSchema } from '../../src/escrow/lifecycle-state.ts';
import { nextLook } from '../../src/escrow/next-look.ts';
import type { EscrowClient } from '../../src/purple-flea/escrow.ts';
import type { Credentials } from '../../src/purple-flea/service.ts';
import { announce, type AnnounceDeps } from '../shared/announce.ts';

export interface Deps extends AnnounceDeps {
  readonly readApiKeys: () => Promise<ApiKeys>;
  readonly openEscrow: (credentials: Credentials) => EscrowClient;
  readonly now: () => Date;
}

/** Asks the service what became of an escrow. After a deadline nothing is assumed. */
export function createHandler(deps: Deps) {
  return async (input: unknown) => {
    const { escrow } = lockedStateSchema.parse(input);
    const { own } = await deps.readApiKeys();
    const view = await deps.openEscrow(own).readStatus(escrow.escrowId);
    deps.log.info('status', { escrowId: escrow.escrowId, status: view.status });
    if (view.status === 'refunded') {
      deps.count('EscrowsRefunded');
      await announce(deps, 'escrow.refunded', { escrowId: escrow.escrowId });
    }
    return { escrowId: escrow.escrowId, status: view.status, deadlineAt: nextLook(view, deps.now()) };
  };
}
