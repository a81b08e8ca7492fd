import { describeError } from '../../src/errors.ts';
import type { MailboxDeps } from '../../src/escrow/mailbox.ts';
import { watchEscrows, type WatchDeps, type WatchStore } from '../../src/escrow/watch.ts';
import { isOutage } from '../../src/ledger/waiting.ts';
import type { Count, Log } from '../../src/observability.ts';
import type { TaskContext } from '../shared/escrow-task.ts';

export interface Deps extends MailboxDeps, Pick<WatchDeps, 'configured' | 'viewEscrows'> {
  readonly watch: WatchStore;
  /** The list of all escrows that are waited for, where one agent has it, and their public status. */
  readonly openEscrows: () => Promise<WatchDeps['escrow']>;
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
    const remainingMs = () => context.getRemainingTimeInMillis();
    try {
      const escrow = await deps.openEscrows();
      const { failed, unread = [], ...run } = await watchEscrows({ ...deps, escrow, remainingMs });
      deps.count('WatchLagSeconds', run.lagSeconds);
      deps.log.info('watched', { ...run });
      if (unread.length > 0) deps.count('EscrowsUnread', unread.length);
      for (const one of unread) deps.log.warn('escrow not read', { ...one });
      for (const failure of failed) deps.log.error('escrow not watched', { ...failure });
      if (failed.length > 0) throw new Error(`${failed.length} escrows not watched, the first: ${failed[0]?.reason}`);
      return run;
    } catch (error) {
      if (!isOutage(error)) throw error;
      deps.count('EscrowsUnread');
      deps.log.warn('not watched', { reason: describeError(error) });
      return undefined;
    }
  };
}
