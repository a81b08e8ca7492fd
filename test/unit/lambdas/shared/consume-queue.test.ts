import { describe, expect, test } from '@jest/globals';
import { consumeQueue, type Message, type QueueDeps } from '../../../../lambdas/shared/consume-queue.ts';
import type { DeadLetter } from '../../../../src/aws/dead-letters.ts';
import { TryLaterError, UnusableEventError } from '../../../../src/errors.ts';
import { aBatch, ALL_TAKEN, comingBack, LONG_AFTER, SENT_AT, timeLeft } from '../../../support/lambda-events.ts';
import { createRecorder } from '../../../support/recorder.ts';

function aQueue(overrides: Partial<QueueDeps> = {}) {
  const deadLetters: DeadLetter[] = [];
  const recorder = createRecorder();
  const deps: QueueDeps = {
    sendDeadLetter: async (letter) => void deadLetters.push(letter),
    hideMessage: async () => {},
    maxReceives: 5,
    now: () => LONG_AFTER,
    log: recorder.log,
    count: recorder.count,
    ...overrides,
  };
  return { deps, deadLetters, counted: recorder.counted };
}

function failing(thrown: unknown): () => Promise<never> {
  return () => Promise.reject(thrown);
}

describe('a message', () => {
  test.each([
    [1, false],
    [2, true],
    [5, true],
  ])(
    'that is delivered for time %i is handed on with its text (delivered before: %p)',
    async (receives, redelivered) => {
      const { deps, deadLetters, counted } = aQueue();
      const seen: [Message, number][] = [];
      const handler = consumeQueue(deps, async (message, remainingMs) => void seen.push([message, remainingMs()]));

      expect(await handler(aBatch({ body: 'text', receives }), timeLeft(1234))).toEqual(ALL_TAKEN);
      expect(seen).toEqual([
        [{ body: 'text', redelivered, home: { account: '000000000000', region: 'us-east-1' } }, 1234],
      ]);
      expect(deadLetters).toEqual([]);
      expect(counted).toEqual({});
    },
  );

  test.each([1, 4, 5])('that can never be handled is put aside at once, with the reason: time %i', async (receives) => {
    const { deps, deadLetters, counted } = aQueue();
    const handler = consumeQueue(deps, failing(new UnusableEventError('detail.asset: expected string')));
    const batch = aBatch({ body: '{"a":1}', receives, messageId: 'm-1', groupId: 'trades' });

    expect(await handler(batch, timeLeft())).toEqual(ALL_TAKEN);
    expect(deadLetters).toEqual([
      {
        body: '{"a":1}',
        reason: 'UnusableEventError: detail.asset: expected string',
        messageId: 'm-1',
        groupId: 'trades',
      },
    ]);
    expect(counted).toEqual({ EventsRejected: 1 });
  });

  test.each([new TypeError('x is not a function'), 'a string'])(
    'that fails by %p is delivered again, and put aside with the reason the last time',
    async (error) => {
      const { deps, deadLetters, counted } = aQueue();
      const handler = consumeQueue(deps, failing(error));

      for (const receives of [1, 2, 3, 4]) {
        expect(await handler(aBatch({ body: 'text', receives, messageId: 'm-1' }), timeLeft())).toEqual(
          comingBack('m-1'),
        );
      }
      expect(deadLetters).toEqual([]);

      expect(await handler(aBatch({ body: 'text', receives: 5, messageId: 'm-1' }), timeLeft())).toEqual(ALL_TAKEN);
      expect(deadLetters).toEqual([{ body: 'text', reason: String(error), messageId: 'm-1', groupId: undefined }]);
      expect(counted).toEqual({ EventsRejected: 1 });
    },
  );

  test.each([undefined, 'market-BTC-USDC'])(
    'that merely waits comes back however often it was received, and is never put aside (group %p)',
    async (groupId) => {
      const { deps, deadLetters } = aQueue();
      const handler = consumeQueue(deps, failing(new TryLaterError('later')));

      for (const receives of [1, 5, 6, 50, 999]) {
        expect(await handler(aBatch({ body: 'text', receives, messageId: 'm-1', groupId }), timeLeft())).toEqual(
          comingBack('m-1'),
        );
      }
      expect(deadLetters).toEqual([]);
    },
  );

  test('that failed after it had waited often is still given its time', async () => {
    const { deps, deadLetters } = aQueue({ now: () => new Date(SENT_AT.getTime() + 20 * 60_000) });
    const handler = consumeQueue(deps, failing(new Error('DynamoDB is down')));

    expect(await handler(aBatch({ body: 'text', receives: 40, messageId: 'm-1' }), timeLeft())).toEqual(
      comingBack('m-1'),
    );
    expect(deadLetters).toEqual([]);
  });

  test.each([
    ['waits for as long as was asked for', new TryLaterError('later', { retryAfterSeconds: 7 }), 3, undefined, 7],
    ['waits, for how long nobody knows', new TryLaterError('later'), 1, undefined, 15],
    ['fails for the third time', new Error('no'), 3, undefined, 60],
    ['fails often', new Error('no'), 50, undefined, 360],
    ['holds up others, and waits', new TryLaterError('later', { retryAfterSeconds: 7 }), 1, 'a-market', 7],
    ['holds up others, and fails', new Error('no'), 2, 'a-market', 4],
    ['holds up others, and fails often', new Error('no'), 50, 'a-market', 15],
  ])('that %s is hidden for its own time', async (_case, error, receives, groupId, seconds) => {
    const hidden: unknown[] = [];
    const { deps } = aQueue({ hideMessage: async (...asked) => void hidden.push(asked), now: () => SENT_AT });

    await consumeQueue(deps, failing(error))(aBatch({ body: 'text', receives, messageId: 'm-1', groupId }), timeLeft());

    expect(hidden).toEqual([['receipt of m-1', seconds]]);
  });

  test('whose pause cannot be set comes back all the same', async () => {
    const { deps } = aQueue({ hideMessage: failing(new Error('SQS is down')) });
    const handler = consumeQueue(deps, failing(new TryLaterError('later')));

    expect(await handler(aBatch({ body: 'text', messageId: 'm-1' }), timeLeft())).toEqual(comingBack('m-1'));
  });

  test.each([
    ['unusable', 1, new UnusableEventError('no')],
    ['failing for the last time', 5, new Error('no')],
  ])('that is %s and cannot be put aside comes back: nothing is lost', async (_case, receives, error) => {
    const { deps, counted } = aQueue({ sendDeadLetter: failing(new Error('SQS is down')) });
    const handler = consumeQueue(deps, failing(error));

    expect(await handler(aBatch({ body: 'text', receives, messageId: 'm-1' }), timeLeft())).toEqual(comingBack('m-1'));
    expect(counted).toEqual({});
  });
});

test('each message of a batch fares by itself', async () => {
  const { deps, deadLetters } = aQueue();
  const handled: string[] = [];
  const handler = consumeQueue(deps, async ({ body }) => {
    if (body === 'unusable') throw new UnusableEventError('no');
    if (body === 'fails') throw new TryLaterError('later');
    handled.push(body);
  });
  const bodies = ['good', 'fails', 'unusable', 'good too', 'fails'];
  const batch = aBatch(...bodies.map((body, index) => ({ body, messageId: `m-${index}` })));

  expect(await handler(batch, timeLeft())).toEqual(comingBack('m-1', 'm-4'));
  expect(handled).toEqual(['good', 'good too']);
  expect(deadLetters.map(({ messageId }) => messageId)).toEqual(['m-2']);
});

test('a batch in which everything fails comes back whole, and is no fault of the function', async () => {
  const { deps } = aQueue();
  const handler = consumeQueue(deps, failing(new TryLaterError('later')));

  expect(await handler(aBatch({ body: 'a', messageId: 'm-1' }, { body: 'b', messageId: 'm-2' }), timeLeft())).toEqual(
    comingBack('m-1', 'm-2'),
  );
});
