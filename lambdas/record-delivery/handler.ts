import { deliverSignal, escrowAddress, trainingJobAddress, type MailboxDeps } from '../../src/escrow/mailbox.ts';
import { INCOMING } from '../../src/events/catalogue.ts';
import { parseEvent } from '../../src/events/envelope.ts';
import { escrowDeliveredSchema, type EscrowDelivered } from '../../src/events/escrow-delivered.ts';
import { consumeQueue, type QueueDeps } from '../shared/consume-queue.ts';

export type Deps = QueueDeps & MailboxDeps;

/** Puts a delivery into the mailbox, and wakes the execution that waits for it, if it waits already. */
export function createHandler(deps: Deps) {
  return consumeQueue(deps, async ({ body }) => {
    const { detail, time } = parseEvent(body, INCOMING.escrowDelivered, escrowDeliveredSchema);
    const address = addressOf(detail);
    const delivered = await deliverSignal(deps, address, {
      type: 'delivered',
      at: time,
      deliveredBy: detail.deliveredBy,
      note: detail.note,
      deliveryUrl: detail.deliveryUrl,
    });
    deps.log.info('delivery recorded', { address, deliveredBy: detail.deliveredBy, delivered });
  });
}

function addressOf({ escrowId, trainingJobName }: EscrowDelivered): string {
  return escrowId === undefined ? trainingJobAddress(trainingJobName ?? '') : escrowAddress(escrowId);
}
