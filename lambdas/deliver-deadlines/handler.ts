import { deliverDeadlines, type MailboxDeps } from '../../src/escrow/mailbox.ts';
import type { Count, Log } from '../../src/observability.ts';

export interface Deps extends MailboxDeps {
  readonly now: () => Date;
  readonly log: Log;
  readonly count: Count;
}

/** How many waits one run ends; what is left is due in the next, a minute later. */
const BATCH = 2_000;

/** Every minute: tells each execution whose deadline has passed to look at its escrow. */
export function createHandler(deps: Deps) {
  return async () => {
    const { failed, ...run } = await deliverDeadlines(deps, deps.now(), BATCH);
    deps.count('DeadlineLagSeconds', run.lagSeconds);
    deps.log.info('deadlines', run);
    for (const failure of failed) deps.log.error('deadline not delivered', failure);
    if (failed.length > 0) throw new Error(`${failed.length} deadlines not delivered, the first: ${failed[0]?.reason}`);
    return run;
  };
}
