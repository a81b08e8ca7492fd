import { styleText } from 'node:util';
import * as z from 'zod/mini';
import { INCOMING, type PublishedEvents } from '../src/events/catalogue.ts';
import { describeAddressee } from '../src/events/addressee.ts';
import { escrowDecidedSchema, type EscrowDecided } from '../src/events/escrow-decided.ts';
import { escrowDeliveredSchema, type EscrowDelivered } from '../src/events/escrow-delivered.ts';
import { escrowRequestedSchema, type EscrowRequestedDetail } from '../src/events/escrow-requested.ts';
import { inferenceCompletedSchema } from '../src/events/inference-completed.ts';
import { priceAlertSchema, type PriceAlertDetail } from '../src/events/price-alert.ts';
import type { SeenEvent } from './bus-tap.ts';
import type { DeadLetter } from './dead-letters.ts';

type Topic = 'event' | 'decision' | 'escrow' | 'order' | 'paper' | 'execution' | 'ledger' | 'attention';

const COLOURS = {
  event: 'cyan',
  decision: 'yellow',
  escrow: 'green',
  order: 'green',
  paper: 'dim',
  execution: 'magenta',
  ledger: 'blue',
  attention: 'red',
} as const;

type Described = { readonly [Type in keyof PublishedEvents]: (detail: PublishedEvents[Type]) => [Topic, string] };

const DESCRIBED: Described = {
  'inference.completed': ({ predictionId, direction, confidence, asset }) => [
    'event',
    `prediction ${predictionId}: ${direction} ${asset}, confidence ${confidence}`,
  ],
  'bonus.started': ({ trainingJobName, rule, amountUsd, reason, reference }) => [
    'decision',
    `bonus of $${amountUsd} for ${trainingJobName} by rule ${rule}, because ${reason} (${reference})`,
  ],
  'bonus.skipped': ({ trainingJobName, rule, reason, detail }) => [
    'decision',
    `no bonus for ${trainingJobName} by rule ${rule}: ${reason} (${detail})`,
  ],
  'escrow.started': ({ amountUsd, counterpartyAgentId, reference, ...named }) => [
    'decision',
    `escrow of $${amountUsd} to ${counterpartyAgentId} for ${describeAddressee(named)} (${reference})`,
  ],
  'escrow.skipped': ({ amountUsd, counterpartyAgentId, reason, detail, ...named }) => [
    'decision',
    `no escrow of $${amountUsd} to ${counterpartyAgentId} for ${describeAddressee(named)}: ${reason} (${detail})`,
  ],
  'escrow.locked': ({ escrowId, amountUsd, feeUsd, netUsd, counterpartyAgentId, deadlineAt }) => [
    'escrow',
    `${escrowId} locked: $${amountUsd} (fee $${feeUsd}, net $${netUsd}) for ${counterpartyAgentId}, until ${deadlineAt.replace('.000Z', 'Z')}`,
  ],
  'escrow.completed': ({ escrowId }) => ['escrow', `${escrowId} completed, with the counterparty's key`],
  'escrow.reviewed': ({ escrowId, decision, reason }) => ['decision', `${decision} ${escrowId}: ${reason}`],
  'escrow.released': ({ escrowId, paidOutUsd, feeUsd }) => [
    'escrow',
    `${escrowId} released: $${paidOutUsd} paid out, fee $${feeUsd}`,
  ],
  'escrow.disputed': ({ escrowId, reason }) => ['escrow', `${escrowId} disputed: ${reason}`],
  'escrow.refunded': ({ escrowId }) => ['escrow', `${escrowId} refunded`],
  'escrow.auto-released': ({ escrowId }) => ['escrow', `${escrowId} paid out by silence`],
  'trade.placed': ({ mode, orderId, direction, amountUsd, asset }) => [
    mode === 'paper' ? 'paper' : 'order',
    `${orderId} placed: ${direction} $${amountUsd} of ${asset}`,
  ],
  'trade.skipped': ({ signalId, reason, detail }) => ['decision', `no trade on ${signalId}: ${reason} (${detail})`],
  'trade.manual': ({ signalId, reason }) => ['attention', `the order of ${signalId} is in doubt: ${reason}`],
  'intent.settled': ({ reference, kind, state, note }) => ['ledger', `${kind} (${reference}) is ${state}: ${note}`],
  'intent.retried': ({ reference, kind, note }) => ['ledger', `${kind} (${reference}): ${note}`],
  'intent.parked': ({ reference, kind, amountUsd, reason }) => [
    'attention',
    `${kind} of $${amountUsd} (${reference}) is in doubt: ${reason}`,
  ],
  'ledger.drifted': ({ kind, escrowId = 'the balance', detail }) => ['attention', `${escrowId}: ${kind}: ${detail}`],
  'ledger.reconciled': ({ drifts, escrows, isComplete }) => [
    'ledger',
    `compared ${escrows} escrows with Purple Flea${isComplete ? '' : ', not all that can be'}: ${drifts} drifts`,
  ],
};

type Incoming = (typeof INCOMING)[keyof typeof INCOMING];

/** Events of others; one that is published by the pipeline too is described above. */
const SAID: Readonly<Record<Exclude<Incoming, keyof PublishedEvents>, (detail: never) => string>> = {
  [INCOMING.escrowDelivered]: (detail: EscrowDelivered) =>
    `delivery of ${describeAddressee(detail)}, says ${detail.deliveredBy}`,
  [INCOMING.escrowApproved]: (detail: EscrowDecided) =>
    `approval of ${describeAddressee(detail)}, says ${detail.by}: ${detail.reason}`,
  [INCOMING.escrowRejected]: (detail: EscrowDecided) =>
    `rejection of ${describeAddressee(detail)}, says ${detail.by}: ${detail.reason}`,
  [INCOMING.escrowRequested]: ({ requestId, milestones, counterpartyAgentId }: EscrowRequestedDetail) => {
    const what = milestones === undefined ? 'an escrow' : `${milestones.length} milestones`;
    return `request ${requestId} for ${what}, to be paid to ${counterpartyAgentId}`;
  },
  [INCOMING.priceAlert]: ({ asset, direction, price, triggered_by: by }: PriceAlertDetail) =>
    `price alert: ${direction} ${asset} at ${price}, by ${by}`,
};

const SCHEMAS: Readonly<Record<Incoming, z.core.$ZodType>> = {
  [INCOMING.inferenceCompleted]: inferenceCompletedSchema,
  [INCOMING.priceAlert]: priceAlertSchema,
  [INCOMING.escrowRequested]: escrowRequestedSchema,
  [INCOMING.escrowDelivered]: escrowDeliveredSchema,
  [INCOMING.escrowApproved]: escrowDecidedSchema,
  [INCOMING.escrowRejected]: escrowDecidedSchema,
};

/** One line of the timeline for an event on the app's bus. What is wrong with one of no use is in the line of its dead letter. */
export function describeEvent(event: SeenEvent): string {
  const type = event['detail-type'];
  if (Object.hasOwn(SCHEMAS, type) && !z.safeParse(SCHEMAS[type as Incoming], event.detail).success) {
    return line('event', `${type}, which cannot be used as it is`);
  }
  if (Object.hasOwn(SAID, type)) {
    return line('event', (SAID[type as keyof typeof SAID] as (detail: unknown) => string)(event.detail));
  }
  if (!Object.hasOwn(DESCRIBED, type)) return line('attention', `${type}: the pipeline knows no such event`);
  const describe = DESCRIBED[type as keyof Described] as (detail: unknown) => [Topic, string];
  return line(...describe(event.detail));
}

/** One line for a message that no function could use. */
export function describeDeadLetter({ queue, reason, detailType = 'a message' }: DeadLetter): string {
  return line('attention', `${detailType} is a dead letter in ${queue}: ${reason}`);
}

/** One line: time, topic, text. */
export function line(topic: Topic, text: string): string {
  const time = new Date().toISOString().slice(11, 19);
  return `${styleText('dim', time)}  ${styleText(COLOURS[topic], topic.padEnd(9))}  ${text}`;
}
