import { findCreation } from '../../src/escrow/find-creator.ts';
import { lockedStateSchema } from '../../src/escrow/lifecycle-state.ts';
import { nextLook } from '../../src/escrow/next-look.ts';
import { readOrLater } from '../../src/escrow/unread-escrow.ts';
import type { IntentStore } from '../../src/ledger/intent.ts';
import { formatUsd } from '../../src/money.ts';
import { announce } from '../shared/announce.ts';
import type { EscrowReadDeps } from '../shared/escrow-task.ts';
import { reportFee } from '../shared/report-fee.ts';

export interface Deps extends EscrowReadDeps {
  readonly intents: Pick<IntentStore, 'read'>;
  readonly now: () => Date;
}

/**
 * Asks the service what became of an escrow, where it was made. After a deadline nothing is assumed. Where it cannot be read, the execution
 * goes on waiting with what it knows, and looks again soon.
 */
export function createHandler(deps: Deps) {
  return async (input: unknown) => {
    const { request, escrow } = lockedStateSchema.parse(input);
    const { escrowId, reference } = escrow;
    const settlesAt = escrow.settlesAt ?? escrow.deadlineAt;
    const creation = await findCreation(deps.intents, request.cause, escrowId);
    const readStatus = () => deps.viewEscrows(creation?.service).readStatus(escrowId);
    const looked = await readOrLater(readStatus, { ...escrow, settlesAt }, deps.now());
    if (looked.kind === 'unread') {
      const { unreadSince, lookAt, reason } = looked;
      deps.count('EscrowsUnread');
      deps.log.warn('escrow not read', { escrowId, unreadSince, lookAt, reason });
      return { escrowId, reference, status: escrow.status, deadlineAt: lookAt, settlesAt, unreadSince };
    }
    const view = looked.value;
    const { status, statusShown, unrecognizedFields } = view;
    deps.log.info('status', { escrowId, status, statusShown, unrecognizedFields });
    if (status === 'refunded') {
      deps.count('EscrowsRefunded');
      await announce(deps, 'escrow.refunded', { escrowId });
    }
    if (status === 'auto_released' || status === 'released') {
      const amounts = { amountUsd: formatUsd(view.amount), feeUsd: formatUsd(view.fee) };
      await reportFee(deps, view.creatorAgentId, { escrowId, reference, ...amounts });
    }
    if (status === 'auto_released') await announce(deps, 'escrow.auto-released', { escrowId, reference });
    return { escrowId, reference, status, deadlineAt: nextLook(view, deps.now()) };
  };
}
