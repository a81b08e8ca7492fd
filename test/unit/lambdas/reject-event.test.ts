import { expect, test } from '@jest/globals';
import { createHandler } from '../../../lambdas/reject-event/handler.ts';
import type { DeadLetter } from '../../../src/aws/dead-letters.ts';
import { aBatch, ALL_TAKEN, anEvent, LONG_AFTER, timeLeft } from '../../support/lambda-events.ts';
import { createRecorder } from '../../support/recorder.ts';

const TAKEN = 'inference.completed, price.alert, escrow.requested, escrow.delivered, escrow.approved, escrow.rejected';

test.each([
  ['a misspelt type', anEvent('inference.complete', { predictionId: 'p' }), 'inference.complete'],
  ['no type', anEvent('x', {}, { 'detail-type': undefined }), 'none'],
  ['a type that is no text', anEvent('x', {}, { 'detail-type': 7 }), 'none'],
  ['text that is not JSON', 'hello', 'none'],
  ['half an event', '{"detail-type":"infer', 'none'],
  ['nothing', '', 'none'],
  ['a JSON null', 'null', 'none'],
])('an event with %s is put aside at once, with the types that there are', async (_case, body, type) => {
  const deadLetters: DeadLetter[] = [];
  const recorder = createRecorder();
  const handler = createHandler({
    sendDeadLetter: async (letter) => void deadLetters.push(letter),
    hideMessage: async () => {},
    maxReceives: 5,
    now: () => LONG_AFTER,
    log: recorder.log,
    count: recorder.count,
  });

  expect(await handler(aBatch({ body, messageId: 'm-1' }), timeLeft())).toEqual(ALL_TAKEN);
  expect(deadLetters).toEqual([
    {
      body,
      reason: `UnusableEventError: unknown detail-type "${type}"; this bus takes: ${TAKEN}`,
      messageId: 'm-1',
      groupId: undefined,
    },
  ]);
  expect(recorder.counted).toEqual({ EventsRejected: 1 });
});

test('what the pipeline alone says of itself is put aside where another source says it', async () => {
  const deadLetters: DeadLetter[] = [];
  const { log, count } = createRecorder();
  const sendDeadLetter = async (letter: DeadLetter) => void deadLetters.push(letter);
  const handler = createHandler({
    sendDeadLetter,
    hideMessage: async () => {},
    now: () => LONG_AFTER,
    maxReceives: 5,
    log,
    count,
  });
  const body = anEvent('escrow.released', { escrowId: 'esc_1' }, { source: 'my.models' });

  await handler(aBatch({ body, messageId: 'm-1' }), timeLeft());

  expect(deadLetters.map(({ reason }) => reason)).toEqual([
    `UnusableEventError: "escrow.released" from source "my.models": the pipeline alone says that; this bus takes from others: ${TAKEN}`,
  ]);
});
