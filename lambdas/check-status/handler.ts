import { lockedStateSchema } from '../../src/escrow/lifecycle-state.ts';
import { nextLook } from '../../src/escrow/next-look.ts';
import { announce } from '../shared/announce.ts';
import type { EscrowReadDeps } from '../shared/escrow-task.ts';

export interface Deps extends EscrowReadDeps {
  readonly now: () => Date;
}

/** Asks the service what became of an escrow. After a deadline nothing is assumed. */
export function createHandler(deps: Deps) {
  return async (input: unknown) => {
    const { escrow } = lockedStateSchema.parse(input);
    const { own } = await deps.readApiKeys();
    const { escrowId, reference } = escrow;
    const view = await deps.openEscrow(own).readStatus(escrowId);
    const { status, statusShown, unrecognizedFields } = view;
    deps.log.info('status', { escrowId, status, statusShown, unrecognizedFields });
    if (view.status === 'refunded') {
      deps.count('EscrowsRefunded');
      await announce(deps, 'escrow.refunded', { escrowId });
    }
    if (view.status === 'auto_released') await announce(deps, 'escrow.auto-released', { escrowId, reference });
    return { escrowId, reference, status: view.status, deadlineAt: nextLook(view, deps.now()) };
  };
}
