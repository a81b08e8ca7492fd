import { expect, test } from '@jest/globals';
import { retryKey } from '../../../../src/ledger/effect-key.ts';
import { performEffect } from '../../../../src/ledger/perform-effect.ts';
import { AN_EFFECT, aNewSkip, anInvocation, NOON } from '../../../support/effects.ts';
import { inert } from '../../../support/inert.ts';
import { createMemoryIntents } from '../../../support/memory-intents.ts';

test('an effect that was skipped is not sent, however often it is called for', async () => {
  const intents = createMemoryIntents();
  await intents.skip(aNewSkip(), NOON);

  for (let call = 0; call < 2; call += 1) {
    expect(await performEffect(anInvocation({ intents }), AN_EFFECT, inert('send'))).toEqual({
      outcome: 'rejected',
      reason: 'older than the ledger',
    });
  }
});

test('an effect that was skipped is sent once by the other try that a person asked for', async () => {
  const intents = createMemoryIntents();
  const { intent } = await intents.skip(aNewSkip(), NOON);
  const retriedAs = retryKey(intent.key);
  await intents.move(intent, { state: 'skipped', note: 'paid by hand', retriedAs }, NOON);
  const sent: string[] = [];

  for (let call = 0; call < 3; call += 1) {
    await performEffect(anInvocation({ intents }), AN_EFFECT, async ({ key }) => {
      sent.push(key);
      return { kind: 'applied', result: { escrowId: 'esc_1' } };
    });
  }

  expect(sent).toEqual([retriedAs]);
  expect(intents.items.get(intent.key)).toMatchObject({ state: 'skipped', retriedAs });
});
