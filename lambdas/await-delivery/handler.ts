import * as z from 'zod/mini';
import { awaitSignal, escrowAddress, type MailboxDeps } from '../../src/escrow/mailbox.ts';
import { lockedStateSchema } from '../../src/escrow/lifecycle-state.ts';
import type { Log } from '../../src/observability.ts';

export interface Deps extends MailboxDeps {
  readonly log: Log;
}

const inputSchema = z.object({ taskToken: z.string(), state: lockedStateSchema });

/** Leaves the execution's task token in the mailbox, and takes a delivery that came before it. */
export function createHandler(deps: Deps) {
  return async (input: unknown) => {
    const { taskToken, state } = inputSchema.parse(input);
    const { escrowId, deadlineAt } = state.escrow;
    const wait = await awaitSignal(deps, {
      taskToken,
      addresses: [escrowAddress(escrowId), state.request.address],
      notBefore: state.request.cause.createdAt,
      deadlineAt,
    });
    deps.log.info('waiting for delivery', { escrowId, deadlineAt, wait });
    return { wait };
  };
}
