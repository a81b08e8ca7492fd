import * as z from 'zod/mini';
import { askedStateSchema, lockedStateSchema, undecidedStateSchema } from '../../src/escrow/lifecycle-state.ts';
import { metricsOf } from '../../src/escrow/gate.ts';
import { awaitSignal, escrowAddress, type MailboxDeps, type SignalType } from '../../src/escrow/mailbox.ts';
import { findCreation } from '../../src/escrow/find-creator.ts';
import type { IntentStore } from '../../src/ledger/intent.ts';
import type { Log } from '../../src/observability.ts';

export interface Deps extends MailboxDeps {
  readonly intents: Pick<IntentStore, 'read'>;
  readonly log: Log;
}

const taskToken = z.string();
const inputSchema = z.discriminatedUnion('awaits', [
  z.object({ awaits: z.literal('delivery'), taskToken, state: undecidedStateSchema }),
  z.object({ awaits: z.literal('decision'), taskToken, state: askedStateSchema }),
  z.object({ awaits: z.literal('resolution'), taskToken, state: lockedStateSchema }),
]);
type Input = z.infer<typeof inputSchema>;

/** Leaves the execution's task token in the mailbox, and takes a signal that came before it. */
export function createHandler(deps: Deps) {
  return async (input: unknown) => {
    const asked = inputSchema.parse(input);
    const { escrow, request } = asked.state;
    const deadlineAt = asked.awaits === 'decision' ? asked.state.review.until : escrow.deadlineAt;
    const status = asked.awaits === 'decision' ? asked.state.review.status : escrow.status;
    const creation = await findCreation(deps.intents, request.cause, escrow.escrowId);
    const wait = await awaitSignal(deps, {
      taskToken: asked.taskToken,
      addresses: [escrowAddress(escrow.escrowId), request.address],
      takes: takenBy(asked),
      metrics: metricsOf(request.gate),
      notBefore: request.cause.createdAt,
      deadlineAt,
      ...(creation?.service === undefined ? {} : { service: creation.service }),
      // A change seen each minute that cannot be followed by a read would fill the history.
      ...(isUnread(asked) ? {} : { escrowId: escrow.escrowId, status }),
    });
    deps.log.info('waiting', { escrowId: escrow.escrowId, awaits: asked.awaits, deadlineAt, wait });
    return { wait };
  };
}

/**
 * A delivery that was taken once is not taken again: nothing new would follow from it. While the escrow cannot be read
 * nothing follows from anything: what is said is kept, and heard when it can.
 */
function takenBy(asked: Input): readonly SignalType[] {
  if (asked.awaits === 'resolution' || isUnread(asked)) return ['changed'];
  const { delivery, decision } = asked.state;
  const isDelivered = delivery?.signal === 'delivered' || decision?.signal === 'delivered';
  const decisions = ['approved', 'rejected', 'changed'] as const;
  return isDelivered && asked.awaits === 'decision' ? decisions : ['delivered', ...decisions];
}

function isUnread(asked: Input): boolean {
  const { unreadSince } = asked.awaits === 'decision' ? asked.state.review : asked.state.escrow;
  return unreadSince !== undefined;
}
