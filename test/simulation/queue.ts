import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { DeadLetter, SendDeadLetter } from '../../src/aws/dead-letters.ts';
import { aBatch } from '../support/lambda-events.ts';
import { MINUTE } from './plan.ts';
import type { Invocation, SimulatedWorld } from './world.ts';

/** How often a queue delivers a message. */
export const MAX_RECEIVES = 3;

/** How many messages one batch may hold. */
const BATCH = 3;
const VISIBILITY = 2 * MINUTE;
const POLLERS = 2;

/** A message on its way. */
export interface Message {
  readonly id: string;
  readonly body: string;
  /** Whether it can never be handled. */
  readonly isPoison: boolean;
  receives: number;
  visibleAt: number;
  state: 'there' | 'acknowledged' | 'dead';
  /** What the dead-letter queue says of it. */
  reason: string | undefined;
}

/** A queue with its dead-letter queue, and the function that takes its messages in batches. */
export interface SimulatedQueue {
  readonly messages: readonly Message[];
  send(body: string, isPoison?: boolean): void;
  /** Puts dead letters back. */
  redrive(): void;
}

/** What is done with the messages of a queue. */
export interface Consumer {
  readonly name: string;
  readonly take: (
    invocation: Invocation,
    sendDeadLetter: SendDeadLetter,
  ) => (event: SQSEvent, context: { getRemainingTimeInMillis(): number }) => Promise<SQSBatchResponse>;
  /** Whether something came of an acknowledged message. */
  readonly isDone: (message: Message) => boolean;
}

/** Starts the pollers of a queue. */
export function createQueue(world: SimulatedWorld, { name, take, isDone }: Consumer): SimulatedQueue {
  const { scheduler } = world;
  const messages: Message[] = [];
  const wake = (): void => {
    for (let poller = 0; poller < POLLERS; poller += 1) scheduler.wake(`${name}/${poller}`);
  };

  const sendDeadLetter = async (invocation: Invocation, { messageId, reason }: DeadLetter): Promise<void> => {
    await world.gate(invocation, 'dead letter', 'before');
    const message = messages.find(({ id }) => id === messageId);
    if (message !== undefined) bury(message, reason);
  };

  function bury(message: Message, reason: string): void {
    world.note(`${name}: ${message.id} is dead: ${reason}`);
    message.state = 'dead';
    message.reason = reason;
  }

  /** What is visible is taken, and hidden for a while. Of what was delivered too often the queue itself disposes. */
  function receive(): Message[] {
    const now = scheduler.now();
    const batch: Message[] = [];
    for (const message of messages) {
      if (message.state !== 'there' || message.visibleAt > now || batch.length === BATCH) continue;
      message.receives += 1;
      message.visibleAt = now + VISIBILITY;
      if (message.receives > MAX_RECEIVES) bury(message, 'delivered too often');
      else batch.push(message);
    }
    return batch;
  }

  function acknowledge(message: Message): void {
    if (message.state !== 'there') return;
    message.state = 'acknowledged';
    if (message.isPoison || !isDone(message))
      world.alarm('message', `${name}: ${message.id} is gone and nothing came of it`);
  }

  async function run(batch: readonly Message[]): Promise<void> {
    const event = aBatch(...batch.map(({ id, body, receives }) => ({ messageId: id, body, receives })));
    const ended = await world.invoke(name, MINUTE, (invocation) => {
      const handler = take(invocation, (letter) => sendDeadLetter(invocation, letter));
      return handler(event, world.contextOf(invocation));
    });
    if (ended.kind === 'returned') {
      const { batchItemFailures } = world.changes.batch?.(ended.value) ?? ended.value;
      const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      for (const message of batch) if (!failed.has(message.id)) acknowledge(message);
    }
    if (batch.some(({ state }) => state === 'there')) scheduler.spawn(scheduler.now() + VISIBILITY, async () => wake());
  }

  async function poll(poller: string): Promise<void> {
    for (;;) {
      const batch = receive();
      if (batch.length === 0) await scheduler.pause(Infinity, poller);
      else await run(batch);
    }
  }

  for (let poller = 0; poller < POLLERS; poller += 1) {
    scheduler.spawn(world.start, () => poll(`${name}/${poller}`));
  }
  return {
    messages,
    send(body, isPoison = false) {
      const id = `${name}-${messages.length}`;
      messages.push({ id, body, isPoison, receives: 0, visibleAt: 0, state: 'there', reason: undefined });
      wake();
    },
    redrive() {
      for (const message of messages) {
        if (message.state !== 'dead') continue;
        message.state = 'there';
        message.receives = 0;
        message.visibleAt = 0;
      }
      wake();
    },
  };
}
