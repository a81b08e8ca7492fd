import { createHandler as createAwaitSignal } from '../../lambdas/await-signal/handler.ts';
import { createHandler as createDeliverDeadlines } from '../../lambdas/deliver-deadlines/handler.ts';
import { createHandler as createRecordSignal } from '../../lambdas/record-signal/handler.ts';
import type { DeadLetter } from '../../src/aws/dead-letters.ts';
import { INCOMING } from '../../src/events/catalogue.ts';
import { aLockedState } from './bonus-escrow.ts';
import { aBatch, anEvent, timeLeft } from './lambda-events.ts';
import { createMemoryIntents } from './memory-intents.ts';
import { createMemoryMailbox, createTasks } from './memory-mailbox.ts';
import { createRecorder } from './recorder.ts';

/** What `AwaitDelivery` is invoked with for `token-1`. */
export const A_WAIT = { awaits: 'delivery', taskToken: 'token-1', state: aLockedState() };

/** The three functions that meet in one mailbox. `world` may be changed between calls. */
export function createWaitingRoom() {
  const tasks = createTasks(['token-1', 'token-2']);
  const recorder = createRecorder();
  const deadLetters: DeadLetter[] = [];
  const world = { now: new Date('2026-03-06T09:00:00Z'), resume: tasks.resume };
  const shared = {
    mailbox: createMemoryMailbox(),
    resume: (...call: Parameters<typeof tasks.resume>) => world.resume(...call),
    log: recorder.log,
    count: recorder.count,
  };
  const record = createRecordSignal({
    ...shared,
    packages: { by: 'approval-status' },
    sendDeadLetter: async (letter) => void deadLetters.push(letter),
    hideMessage: async () => {},
    maxReceives: 5,
    now: () => world.now,
  });
  const recordEvent = (body: string, receives = 1) => record(aBatch({ body, receives }), timeLeft());
  return {
    world,
    mailbox: shared.mailbox,
    tasks,
    recorder,
    deadLetters,
    mailboxDeps: { mailbox: shared.mailbox, resume: shared.resume },
    awaitDelivery: createAwaitSignal({ ...shared, intents: createMemoryIntents() }),
    deliverDeadlines: createDeliverDeadlines({ ...shared, now: () => world.now }),
    /** Takes an event from the queue, as JSON text. */
    recordEvent,
    recordDelivery: (detail: unknown, { time = '2026-03-06T10:00:00Z', receives = 1 } = {}) =>
      recordEvent(anEvent(INCOMING.escrowDelivered, detail, { time }), receives),
  };
}
