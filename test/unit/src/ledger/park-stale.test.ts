import { describe, expect, test } from '@jest/globals';
import { parkStaleClaims, STALE_CLAIM_MS } from '../../../../src/ledger/park-stale.ts';
import { performEffect } from '../../../../src/ledger/perform-effect.ts';
import { AN_EFFECT, anInvocation, leaveSending, NOON } from '../../../support/effects.ts';
import { createMemoryIntents } from '../../../support/memory-intents.ts';

function after(milliseconds: number): Date {
  return new Date(NOON.getTime() + milliseconds);
}

describe('a claim that was never recorded', () => {
  test('is parked once it is older than any invocation', async () => {
    const intents = createMemoryIntents();
    await leaveSending(intents);

    const parked = await parkStaleClaims(intents, after(STALE_CLAIM_MS + 1));

    const reason = `claimed at ${NOON.toISOString()} and never recorded: the request may have been sent`;
    expect(parked).toEqual([intents.items.get(AN_EFFECT.key)]);
    expect(parked).toMatchObject([{ state: 'manual', fence: 1, reason }]);
    expect(parked[0]?.history.at(-1)).toEqual({
      state: 'manual',
      at: after(STALE_CLAIM_MS + 1).toISOString(),
      note: reason,
    });
  });

  test.each([0, 60_000, STALE_CLAIM_MS])('is left alone %i ms after it was made', async (milliseconds) => {
    const intents = createMemoryIntents();
    await leaveSending(intents);

    expect(await parkStaleClaims(intents, after(milliseconds))).toEqual([]);
    expect(intents.items.get(AN_EFFECT.key)?.state).toBe('sending');
  });

  test('is parked once', async () => {
    const intents = createMemoryIntents();
    await leaveSending(intents);
    await parkStaleClaims(intents, after(STALE_CLAIM_MS + 1));
    const parked = intents.items.get(AN_EFFECT.key);

    expect(await parkStaleClaims(intents, after(2 * STALE_CLAIM_MS))).toEqual([]);
    expect(intents.items.get(AN_EFFECT.key)).toEqual(parked);
  });

  test('is not parked where its invocation records the outcome while it is being looked at', async () => {
    const intents = createMemoryIntents();
    await leaveSending(intents);
    const slow = {
      ...intents,
      listSending: async (before: Date, limit: number) => {
        const found = await intents.listSending(before, limit);
        const claim = { key: AN_EFFECT.key, owner: 'a crashed invocation', fence: 1 };
        await intents.end(
          claim,
          { state: 'applied', note: 'the service confirmed it', result: { escrowId: 'esc_1' } },
          NOON,
        );
        return found;
      },
    };

    expect(await parkStaleClaims(slow, after(STALE_CLAIM_MS + 1))).toEqual([]);
    expect(intents.items.get(AN_EFFECT.key)).toMatchObject({ state: 'applied', result: { escrowId: 'esc_1' } });
  });
});

test('what is prepared, applied, rejected or parked is never touched, however old', async () => {
  const intents = createMemoryIntents();
  await intents.prepare({ ...AN_EFFECT, key: 'prepared' }, NOON);
  for (const [key, answer] of Object.entries({
    applied: { kind: 'applied', result: {} } as const,
    rejected: { kind: 'rejected', reason: 'no' } as const,
    manual: { kind: 'unknown', reason: 'who knows' } as const,
  })) {
    await performEffect(anInvocation({ intents }), { ...AN_EFFECT, key }, async () => answer);
  }
  const before = structuredClone([...intents.items]);

  expect(await parkStaleClaims(intents, after(365 * 24 * 3_600_000))).toEqual([]);
  expect([...intents.items]).toEqual(before);
});

test('one run takes the hundred oldest, the next the rest', async () => {
  const intents = createMemoryIntents();
  for (let index = 0; index < 130; index += 1) {
    await leaveSending(intents, { ...AN_EFFECT, key: `key-${index}` }, after(130 - index));
  }
  const now = after(STALE_CLAIM_MS + 1000);

  const first = await parkStaleClaims(intents, now);
  const second = await parkStaleClaims(intents, now);

  expect(first.map(({ key }) => key)).toEqual(Array.from({ length: 100 }, (_, index) => `key-${129 - index}`));
  expect(second).toHaveLength(30);
});
