import { expect, test } from '@jest/globals';
import { createHandler } from '../../../lambdas/park-intents/handler.ts';
import { AN_EFFECT, leaveSending, NOON } from '../../support/effects.ts';
import { createMemoryIntents } from '../../support/memory-intents.ts';
import { createRecorder } from '../../support/recorder.ts';

test('what a crashed invocation left is parked, counted and said once', async () => {
  const intents = createMemoryIntents();
  const recorder = createRecorder();
  let now = NOON;
  const handler = createHandler({ ...recorder, intents, now: () => now });
  await leaveSending(intents);
  await leaveSending(intents, { ...AN_EFFECT, key: 'later' }, new Date(NOON.getTime() + 60_000));

  expect(await handler()).toEqual({ parked: 0 });
  now = new Date(NOON.getTime() + 5 * 60_000 + 1);
  expect(await handler()).toEqual({ parked: 1 });
  expect(await handler()).toEqual({ parked: 0 });

  expect(intents.items.get(AN_EFFECT.key)?.state).toBe('manual');
  expect(intents.items.get('later')?.state).toBe('sending');
  expect(recorder.counted).toEqual({ IntentsParked: 1 });
  expect(recorder.published).toEqual([
    [
      'intent.parked',
      {
        key: AN_EFFECT.key,
        reference: AN_EFFECT.reference,
        kind: 'escrow-create',
        amountUsd: '50.00',
        reason: `claimed at ${NOON.toISOString()} and never recorded: the request may have been sent`,
      },
    ],
  ]);
});

test('one event that cannot be published keeps no other from being parked', async () => {
  const intents = createMemoryIntents();
  const recorder = createRecorder({ failsToPublish: true });
  const handler = createHandler({ ...recorder, intents, now: () => new Date(NOON.getTime() + 3_600_000) });
  for (const key of ['one', 'two', 'three']) await leaveSending(intents, { ...AN_EFFECT, key });

  expect(await handler()).toEqual({ parked: 3 });
  expect(recorder.counted).toEqual({ IntentsParked: 3, PublishFailures: 3 });
});
