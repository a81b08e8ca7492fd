import { clientReference, effectKey } from '../../src/ledger/effect-key.ts';
import type { Intent, IntentStore, NewIntent } from '../../src/ledger/intent.ts';
import type { EffectDeps } from '../../src/ledger/perform-effect.ts';
import { createMemoryIntents } from './memory-intents.ts';

const cause = { rule: 'a-rule', subject: 'a-subject', status: 'done' };
const key = effectKey(cause, 'escrow-create');

/** An effect as `performEffect` takes it. */
export const AN_EFFECT: NewIntent & { readonly sendingMs: number } = {
  key,
  reference: clientReference(key),
  kind: 'escrow-create',
  cause,
  amountUsd: '50.00',
  requestBody: '{"amount_usd":50.00}',
  sendingMs: 10_000,
};

export const NOON = new Date('2026-03-06T12:00:00Z');

let invocations = 0;

/** The world of one invocation with time enough, at noon. */
export function anInvocation(overrides: Partial<EffectDeps> = {}): EffectDeps {
  return {
    intents: createMemoryIntents(),
    now: () => NOON,
    newId: () => `invocation-${++invocations}`,
    remainingMs: () => 60_000,
    ...overrides,
  };
}

/** Writes an intent and claims it, as an invocation does that is then never heard of again. */
export async function leaveSending(
  intents: IntentStore,
  effect: NewIntent = AN_EFFECT,
  claimedAt: Date = NOON,
): Promise<Intent | undefined> {
  const { fence } = await intents.prepare(effect, claimedAt);
  await intents.claim({ key: effect.key, owner: 'a crashed invocation', fence: fence + 1 }, claimedAt);
  return intents.read(effect.key);
}
