import { deliverSignal, type MailboxDeps } from '../../src/escrow/mailbox.ts';
import type { PackagePolicy } from '../../src/escrow/package-decision.ts';
import { readSignal } from '../../src/escrow/read-signal.ts';
import { consumeQueue, type QueueDeps } from '../shared/consume-queue.ts';

export interface Deps extends QueueDeps, MailboxDeps {
  /** What of a model package decides. */
  readonly packages: PackagePolicy;
}

/** Puts a delivery, an approval or a rejection into the mailbox, and wakes the execution that waits for it, if one does. */
export function createHandler(deps: Deps) {
  return consumeQueue(deps, async ({ body, home }) => {
    const said = readSignal(body, { home, packages: deps.packages });
    if (said.kind === 'ignored') {
      deps.log.info('event ignored', { about: said.about, reason: said.reason });
      return;
    }
    const { address, signal } = said;
    const delivered = await deliverSignal(deps, address, signal);
    const by = signal.type === 'delivered' ? signal.deliveredBy : 'by' in signal ? signal.by : undefined;
    deps.log.info('signal recorded', { address, signal: signal.type, by, delivered });
  });
}
