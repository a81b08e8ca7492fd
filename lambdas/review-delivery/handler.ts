import { findCreation } from '../../src/escrow/find-creator.ts';
import { undecidedStateSchema } from '../../src/escrow/lifecycle-state.ts';
import { escrowAddress, listSaid, type MailboxStore } from '../../src/escrow/mailbox.ts';
import { reviewDelivery, type Review } from '../../src/escrow/review.ts';
import { readOrLater } from '../../src/escrow/unread-escrow.ts';
import type { IntentStore } from '../../src/ledger/intent.ts';
import { formatUsd } from '../../src/money.ts';
import { announce } from '../shared/announce.ts';
import type { EscrowReadDeps } from '../shared/escrow-task.ts';

export interface Deps extends EscrowReadDeps {
  readonly intents: Pick<IntentStore, 'read'>;
  readonly mailbox: Pick<MailboxStore, 'listSignals'>;
  readonly now: () => Date;
}

/** A review as the workflow carries it on. */
type Reviewed = Review & {
  readonly status: string;
  readonly unreadSince?: string;
  /** When silence settles the escrow (ISO 8601). */
  readonly settlesAt?: string;
};

/**
 * Decides an escrow by what was said of it and by what its own service shows, and records the decision with its reason. If
 * the escrow cannot be read, nothing is decided, and the review is asked for again soon.
 */
export function createHandler(deps: Deps) {
  return async (input: unknown): Promise<Reviewed> => {
    const { request, escrow, delivery, decision, review: before } = undecidedStateSchema.parse(input);
    const { escrowId, status, settlesAt = escrow.deadlineAt } = escrow;
    const creation = await findCreation(deps.intents, request.cause, escrowId);
    const readStatus = () => deps.viewEscrows(creation?.service).readStatus(escrowId);
    const looked = await readOrLater(readStatus, { ...before, settlesAt }, deps.now());
    if (looked.kind === 'unread') {
      const { unreadSince, lookAt: until, reason } = looked;
      deps.count('EscrowsUnread');
      deps.log.warn('escrow not read', { escrowId, unreadSince, until, reason });
      return { decision: 'ask', reason, until, isLate: false, status, unreadSince };
    }
    const view = looked.value;
    const heard = [delivery, decision].flatMap((one) => one ?? []);
    const said = await listSaid(deps.mailbox, heard, [escrowAddress(escrowId), request.address], request.cause);
    const terms = { ...request, reference: escrow.reference, amountUsd: formatUsd(request.amountUsd) };
    const review = reviewDelivery(said, view, terms, deps.now());
    await announce(deps, 'escrow.reviewed', { escrowId, ...review });
    return { ...review, status: view.status, settlesAt: view.deadlineAt };
  };
}
