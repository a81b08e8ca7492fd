import type { ApiKeys } from '../../src/aws/api-key-secret.ts';
import type { MailboxDeps } from '../../src/escrow/mailbox.ts';
import { watchEscrows, type WatchStore } from '../../src/escrow/watch.ts';
import type { Count, Log } from '../../src/observability.ts';
import type { EscrowClient } from '../../src/purple-flea/escrow.ts';
import type { Credentials } from '../../src/purple-flea/service.ts';
import type { TaskContext } from '../shared/escrow-task.ts';

export interface Deps extends MailboxDeps {
  readonly watch: WatchStore;
  readonly readApiKeys: () => Promise<ApiKeys>;
  readonly openEscrow: (credentials: Credentials) => EscrowClient;
  readonly now: () => Date;
  readonly log: Log;
  readonly count: Count;
}

/**
 * Every minute: wakes the executions whose escrow shows something new. They look themselves; nothing is decided here. What
 * cannot be read now is read in the next minute.
 */
export function createHandler(deps: Deps) {
  return async (_event: unknown, context: TaskContext) => {
    const { own } = await deps.readApiKeys();
    const remainingMs = () => context.getRemainingTimeInMillis();
    const run = await watchEscrows({ ...deps, escrow: deps.openEscrow(own), remainingMs });
    deps.count('WatchLagSeconds', run.lagSeconds);
    deps.log.info('watched', { ...run });
    return run;
  };
}
