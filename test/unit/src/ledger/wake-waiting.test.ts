import { describe, expect, test } from '@jest/globals';
import { EFFECT_KINDS } from '../../../../src/ledger/effect-key.ts';
import type { Intent, IntentStore, IntentWait, NewIntent } from '../../../../src/ledger/intent.ts';
import { listPrepared } from '../../../../src/ledger/prepared-round.ts';
import { wakeWaiting, type WakeDeps } from '../../../../src/ledger/wake-waiting.ts';
import { afterNoon, aNewIntent, leaveUnknown, MINUTE, NOON, readStored } from '../../../support/effects.ts';
import { createMemoryIntents } from '../../../support/memory-intents.ts';

const WAIT: IntentWait = { notBefore: afterNoon(15 * MINUTE).toISOString(), waits: 8, waitsFor: 'service' };

/** A ledger with intents that wait since noon. */
async function waiting(...waits: (Partial<IntentWait> & Partial<NewIntent>)[]) {
  const intents = createMemoryIntents();
  const keys: string[] = [];
  for (const [index, { notBefore, waits: count, limitWaits, waitsFor, wakes, ...others }] of waits.entries()) {
    const intent = await intents.prepare(aNewIntent({ subject: `subject-${index}`, ...others }), NOON);
    const given = {
      notBefore: notBefore ?? WAIT.notBefore,
      waits: count ?? WAIT.waits,
      waitsFor: waitsFor ?? WAIT.waitsFor,
      ...(limitWaits === undefined ? {} : { limitWaits }),
    };
    await intents.postpone(intent, wakes === undefined ? given : { ...given, wakes }, 'a reason', NOON);
    keys.push(intent.key);
  }
  return { intents, keys };
}

async function run(
  intents: WakeDeps['intents'] & Pick<IntentStore, 'listSince'>,
  minutes: number,
  overrides: Partial<WakeDeps> = {},
) {
  const now = () => afterNoon(minutes * MINUTE);
  const deps: WakeDeps = { intents, readStop: async () => 'running', isReadable: async () => true, now, ...overrides };
  return wakeWaiting(deps, await listPrepared(intents));
}

const keysOf = (woken: readonly Intent[]) => woken.map(({ key }) => key);

describe('an intent that waits', () => {
  test('may be sent at once when the service answers again, and not before', async () => {
    const { intents, keys } = await waiting({});
    const [key = ''] = keys;

    expect((await run(intents, 2, { isReadable: async () => false })).woken).toEqual([]);
    expect(keysOf((await run(intents, 3)).woken)).toEqual(keys);
    expect(await readStored(intents, key)).toMatchObject({
      notBefore: afterNoon(3 * MINUTE).toISOString(),
      waits: 8,
      wakes: 1,
      reason: 'a reason',
    });
  });

  test.each([
    ['running', 'escrow-create', 1],
    ['reducing', 'escrow-create', 0],
    ['reducing', 'escrow-release', 1],
    ['halted', 'escrow-release', 0],
  ] as const)('for the stop is woken where it may begin: %s, %s', async (mode, kind, woken) => {
    const { intents } = await waiting({ waitsFor: 'stop', kind });

    expect((await run(intents, 3, { readStop: async () => mode })).woken).toHaveLength(woken);
  });

  test('for the stop goes on waiting where it cannot be read', async () => {
    const { intents } = await waiting({ waitsFor: 'stop' });

    expect((await run(intents, 3, { readStop: () => Promise.reject(new Error('throttled')) })).woken).toEqual([]);
  });

  test('for a lock is woken once that is given back', async () => {
    const { intents, keys } = await waiting({ waitsFor: 'lock', kind: 'escrow-dispute', escrowId: 'esc_1' });
    const holder = await intents.prepare(aNewIntent({ kind: 'escrow-release' }), NOON);
    const claim = { key: holder.key, owner: 'me', fence: 1 };
    await intents.claim(claim, { reservations: [], lock: 'settlement/esc_1' }, NOON);

    expect((await run(intents, 3)).woken).toEqual([]);
    await intents.move({ ...claim, state: 'sending' }, { state: 'rejected', note: 'HTTP 403' }, NOON);
    expect(keysOf((await run(intents, 4)).woken)).toEqual(keys);
  });

  test('for a rate limit, or for a moment more, is left alone', async () => {
    const soon = afterNoon(4 * MINUTE).toISOString();
    const { intents } = await waiting({ waitsFor: 'rate-limit' }, { notBefore: soon });

    expect((await run(intents, 3)).woken).toEqual([]);
  });

  test('is woken less and less often where what it waits for is not back after all, and never for ever', async () => {
    const late = afterNoon(600 * MINUTE).toISOString();
    const { intents, keys } = await waiting({ notBefore: late, wakes: 3 }, { notBefore: late, wakes: 200 });

    expect((await run(intents, 7)).woken).toEqual([]);
    expect(keysOf((await run(intents, 8)).woken)).toEqual(keys.slice(0, 1));
  });
});

test('another key, address or dialect is asked for by itself', async () => {
  const service = { baseUrl: 'https://before.example.com', profile: 'reference' } as const;
  const { intents } = await waiting(
    {},
    { kind: 'escrow-complete', escrowId: 'esc_1' },
    { service },
    { service: { ...service, profile: 'published' } },
  );
  const asked: unknown[] = [];

  const { woken } = await run(intents, 3, {
    isReadable: async ({ kind, service: place }) => {
      asked.push([kind, place?.baseUrl, place?.profile]);
      return place === undefined && kind === 'escrow-create';
    },
  });

  expect(asked).toHaveLength(4);
  expect(woken).toHaveLength(1);
});

test('one read serves all that wait for one agent', async () => {
  const { intents } = await waiting({}, {}, { agentId: 'ag_other' }, { waitsFor: 'secret' });
  const asked: string[] = [];

  const { woken } = await run(intents, 3, {
    isReadable: async ({ agentId }) => {
      asked.push(agentId);
      return agentId === 'ag_other';
    },
  });

  expect(asked.toSorted()).toEqual(['ag_other', 'ag_sender']);
  expect(woken).toHaveLength(1);
});

test('all that wait are seen, page by page', async () => {
  const { intents } = await waiting(...Array.from({ length: 250 }, () => ({})));

  expect(await run(intents, 3)).toMatchObject({ waitingLong: 0, woken: { length: 250 } });
});

test.each(EFFECT_KINDS)('what was not sent for an hour is counted, whatever it waits for: %s', async (kind) => {
  const escrowId = kind.startsWith('escrow-') ? 'esc_1' : undefined;
  const { intents } = await waiting({ kind, escrowId, waits: 1, waitsFor: 'rate-limit' }, { kind, escrowId });
  await intents.prepare(aNewIntent({ kind, escrowId, subject: 'waits for nothing' }), NOON);

  expect(await run(intents, 59)).toMatchObject({ waitingLong: 0 });
  expect(await run(intents, 60)).toMatchObject({ waitingLong: 3 });
});

test('what has expired is not waiting any more: it is rejected within the hour', async () => {
  const { intents } = await waiting({ kind: 'trade-order', expiresAt: afterNoon(10 * MINUTE).toISOString() });

  expect(await run(intents, 60)).toMatchObject({ waitingLong: 0 });
});

test('an hour of what was in doubt begins when it may be sent again', async () => {
  const intents = createMemoryIntents();
  const intent = await leaveUnknown(intents, aNewIntent({ kind: 'escrow-complete', escrowId: 'esc_1' }));
  await intents.move(intent, { state: 'prepared', note: 'it may be sent again' }, afterNoon(40 * MINUTE));

  expect(await run(intents, 90)).toMatchObject({ waitingLong: 0 });
  expect(await run(intents, 100)).toMatchObject({ waitingLong: 1 });
});

test('where nothing waits, nothing is asked', async () => {
  const intents = createMemoryIntents();
  await intents.prepare(aNewIntent(), NOON);
  const never = () => Promise.reject(new Error('asked'));

  expect(await run(intents, 3, { readStop: never, isReadable: never })).toEqual({ woken: [], waitingLong: 0 });
});
