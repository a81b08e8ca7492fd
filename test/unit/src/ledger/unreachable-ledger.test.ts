import { ThrottlingException } from '@aws-sdk/client-dynamodb';
import { expect, test } from '@jest/globals';
import { sayUnreachable } from '../../../../src/aws/reachable-intents.ts';
import { performEffect } from '../../../../src/ledger/perform-effect.ts';
import { afterNoon, anEffect, anInvocation, MINUTE } from '../../../support/effects.ts';
import { inert } from '../../../support/inert.ts';
import { createMemoryIntents } from '../../../support/memory-intents.ts';

const throttled = new ThrottlingException({ message: 'slow down', $metadata: { httpStatusCode: 400 } });

/** A ledger of which one operation is throttled. */
const failingAt = (failing: string) =>
  sayUnreachable(
    createMemoryIntents(({ operation }) => {
      if (operation === failing) throw throttled;
    }),
  );

test('a ledger that cannot be reached before the claim is asked again, sooner near a deadline, and nothing is sent', async () => {
  const deps = anInvocation({ intents: failingAt('prepare') });
  const urgentBy = afterNoon(12 * MINUTE).toISOString();

  expect(await performEffect(deps, anEffect(), inert('send'))).toEqual({
    outcome: 'not-sent',
    reason: 'the ledger cannot be reached: ThrottlingException: slow down',
    retryAfterSeconds: 300,
  });
  expect(await performEffect(deps, { ...anEffect(), urgentBy }, inert('send'))).toMatchObject({
    retryAfterSeconds: 90,
  });
});

test('a claim that fails is a fault: nobody knows whether it took place', async () => {
  const deps = anInvocation({ intents: failingAt('claim') });

  await expect(performEffect(deps, anEffect(), inert('send'))).rejects.toThrow(throttled);
});
