import { createHandler as createAwaitDelivery } from '../../lambdas/await-delivery/handler.ts';
import { createHandler as createDeliverDeadlines } from '../../lambdas/deliver-deadlines/handler.ts';
import { createHandler as createRecordDelivery } from '../../lambdas/record-delivery/handler.ts';
import type { DeadLetter } from '../../src/aws/dead-letters.ts';
import { INCOMING } from '../../src/events/catalogue.ts';
import { aLockedState } from './bonus-escrow.ts';
import { aBatch, anEvent, timeLeft } from './lambda-events.ts';
import { createMemoryMailbox, createTasks } from './memory-mailbox.ts';
import { createRecorder } from './recorder.ts';

/** What `AwaitDelivery` is invoked with for `token-1`. */
export const A_WAIT = { taskToken: 'token-1', state: aLockedState() };

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
  const record = createRecordDelivery({
    ...shared,
    sendDeadLetter: async (letter) => void deadLetters.push(letter),
    maxReceives: 5,
  });
  return {
    world,
    tasks,
    recorder,
    deadLetters,
    awaitDelivery: createAwaitDelivery(shared),
    deliverDeadlines: createDeliverDeadlines({ ...shared, now: () => world.now }),
    recordDelivery: (detail: unknown, { time = '2026-03-06T10:00:00Z', receives = 1 } = {}) =>
      record(aBatch({ body: anEvent(INCOMING.escrowDelivered, detail, { time }), receives }), timeLeft()),
  };
}
