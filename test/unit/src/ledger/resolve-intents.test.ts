import { describe, expect, test } from '@jest/globals';
import { EFFECT_KINDS, type EffectKind } from '../../../../src/ledger/effect-key.ts';
import type { Intent } from '../../../../src/ledger/intent.ts';
import { MAX_ATTEMPTS, performEffect } from '../../../../src/ledger/perform-effect.ts';
import { RESOLVE_DEFAULTS, STALE_CLAIM_MS, type Look } from '../../../../src/ledger/resolve-intents.ts';
import {
  afterNoon,
  anEffect,
  aNewIntent,
  anInvocation,
  leaveSending,
  leaveUnknown,
  MINUTE,
  NOON,
  readStored,
  sweep,
} from '../../../support/effects.ts';
import { inert } from '../../../support/inert.ts';
import { createMemoryIntents, type MemoryIntents } from '../../../support/memory-intents.ts';

const FOUND: Look = { kind: 'found', result: { escrowId: 'esc_1' } };
const MANY: Look = { kind: 'many', note: 'pf1:a is on several escrows: esc_1, esc_2' };
const ABSENT: Look = { kind: 'absent' };
const UNCLEAR: Look = { kind: 'unclear', reason: 'the list has 20 of 25 escrows' };
const INVISIBLE: Look = { kind: 'invisible', reason: 'the service shows no memo' };

/** Minutes count from the moment of the claim. */
const at = (minutes: number) => afterNoon(minutes * MINUTE);
const HOUR = 60;

const PROVABLE: readonly EffectKind[] = ['escrow-create', 'escrow-complete', 'paper-order', 'faucet-claim'];
const UNPROVABLE = EFFECT_KINDS.filter((kind) => !PROVABLE.includes(kind));

/** Sweeps at each of these minutes and returns what is stored then. */
async function sweepAt(intents: MemoryIntents, key: string, looks: readonly [number, Look][]): Promise<Intent> {
  for (const [minutes, look] of looks) await sweep(intents, at(minutes), look);
  return readStored(intents, key);
}

describe.each(EFFECT_KINDS)('a %s in doubt', (kind) => {
  const intent = aNewIntent({ kind });

  async function inDoubt() {
    const intents = createMemoryIntents();
    await leaveUnknown(intents, intent);
    return intents;
  }

  test.each([0.1, 14, 16, 23 * HOUR, 100 * HOUR])(
    'is applied at once where it is found: after %d min',
    async (minutes) => {
      const intents = await inDoubt();

      const run = await sweep(intents, at(minutes), FOUND);

      const stored = await readStored(intents, intent.key);
      expect(run).toMatchObject({ settled: [stored], looked: 1, left: false });
      expect(stored).toMatchObject({ state: 'applied', result: { escrowId: 'esc_1' }, fence: 1 });
      expect(stored.history.at(-1)).toEqual({
        state: 'applied',
        at: at(minutes).toISOString(),
        note: 'found at the service',
      });
    },
  );

  test('is applied where it is found after it was not, even twice', async () => {
    const intents = await inDoubt();
    const stored = await sweepAt(intents, intent.key, [
      [1, ABSENT],
      [16, ABSENT],
      [20.9, ABSENT],
      [21, FOUND],
    ]);

    expect(stored.state).toBe('applied');
  });

  test.each([0.1, 16, 25 * HOUR])('goes to a person where there are several: after %d min', async (minutes) => {
    const stored = await sweepAt(await inDoubt(), intent.key, [[minutes, MANY]]);

    expect(stored).toMatchObject({ state: 'manual', reason: 'pf1:a is on several escrows: esc_1, esc_2' });
  });

  test('goes to a person at once where nothing would ever show it', async () => {
    const stored = await sweepAt(await inDoubt(), intent.key, [[0.1, INVISIBLE]]);

    expect(stored).toMatchObject({ state: 'manual', reason: 'the service shows no memo' });
  });

  test.each<[string, number[]]>([
    ['one look before the quarantine', [1]],
    ['many looks before the quarantine', [1, 5, 10, 14.99]],
    ['looks before the quarantine, however far apart, and one after', [1, 14.9, 15]],
    ['one look after the quarantine', [16]],
    ['two looks too near to each other', [15, 19.99]],
    ['a look just before the quarantine and one long after', [14.99, 120]],
  ])('stays in doubt where it is absent in %s', async (_case, minutes) => {
    const intents = await inDoubt();
    const stored = await sweepAt(
      intents,
      intent.key,
      minutes.map((minute) => [minute, ABSENT]),
    );

    expect(stored).toMatchObject({ state: 'unknown', fence: 1, updatedAt: at(minutes.at(-1) ?? 0).toISOString() });
    const counted = minutes.find((minute) => minute >= 15);
    expect(stored.absentSince).toBe(counted === undefined ? undefined : at(counted).toISOString());
    expect(stored.history.map(({ state }) => state)).toEqual(['prepared', 'sending', 'unknown']);
  });

  test.each([[[15, 20]], [[1, 15, 17, 20]], [[16, 500]]])(
    'is settled by the second complete look, five minutes after the first: at minutes %j',
    async (minutes) => {
      const stored = await sweepAt(
        await inDoubt(),
        intent.key,
        minutes.map((minute) => [minute, ABSENT]),
      );

      const first = at(minutes.find((minute) => minute >= 15) ?? 0).toISOString();
      const note = `not at the service in two complete looks, at ${first} and ${at(minutes.at(-1) ?? 0).toISOString()}`;
      expect(stored).toMatchObject(
        PROVABLE.includes(kind)
          ? { state: 'prepared', fence: 1, reason: `${note}: it may be sent again` }
          : { state: 'manual', fence: 1, reason: `${note}; that proves nothing for ${kind}` },
      );
    },
  );

  test.each([0.1, 16, 20, 23.99 * HOUR])('waits where the look is unclear: after %d min', async (minutes) => {
    const stored = await sweepAt(await inDoubt(), intent.key, [[minutes, UNCLEAR]]);

    expect(stored).toMatchObject({ state: 'unknown', updatedAt: at(minutes).toISOString() });
    expect(stored.absentSince).toBeUndefined();
  });

  test('goes to a person where looks are unclear for a day', async () => {
    const stored = await sweepAt(await inDoubt(), intent.key, [
      [1, UNCLEAR],
      [24 * HOUR - 0.01, UNCLEAR],
      [24 * HOUR, UNCLEAR],
    ]);

    expect(stored).toMatchObject({ state: 'manual', reason: 'the list has 20 of 25 escrows' });
  });

  test('is not absent in an unclear look between', async () => {
    const intents = await inDoubt();
    const stored = await sweepAt(intents, intent.key, [
      [15, ABSENT],
      [20, UNCLEAR],
    ]);

    expect(stored).toMatchObject({ state: 'unknown', absentSince: at(15).toISOString() });
  });

  test('is unclear where the look throws', async () => {
    const intents = await inDoubt();
    const lookFor = () => Promise.reject(new Error('HTTP 500'));

    await sweep(intents, at(16), ABSENT, { lookFor });
    expect(await readStored(intents, intent.key)).toMatchObject({ state: 'unknown', updatedAt: at(16).toISOString() });
    await sweep(intents, at(24 * HOUR), ABSENT, { lookFor });
    expect(await readStored(intents, intent.key)).toMatchObject({ state: 'manual', reason: 'Error: HTTP 500' });
  });
});

describe('what did not take place', () => {
  const absentTwice: [number, Look][] = [
    [15, ABSENT],
    [20, ABSENT],
  ];

  test.each(PROVABLE)('is sent again once by whoever comes next: %s', async (kind) => {
    const intents = createMemoryIntents();
    const effect = anEffect({ kind });
    await leaveUnknown(intents, aNewIntent({ kind }));
    await sweepAt(intents, effect.key, absentTwice);
    let sent = 0;
    const send = async () => {
      sent += 1;
      return { kind: 'applied', result: { id: 'x' } } as const;
    };

    const calls = [1, 2, 3].map(() => performEffect(anInvocation({ intents, now: () => at(21) }), effect, send));

    expect((await Promise.all(calls)).map(({ outcome }) => outcome)).toContain('applied');
    expect(sent).toBe(1);
    expect(await readStored(intents, effect.key)).toMatchObject({ state: 'applied', fence: 2 });
  });

  test('begins its quarantine anew with every attempt', async () => {
    const intents = createMemoryIntents();
    const effect = anEffect();
    await leaveUnknown(intents);
    await sweepAt(intents, effect.key, absentTwice);
    await performEffect(anInvocation({ intents, now: () => at(21) }), effect, async () => ({
      kind: 'unknown',
      reason: 'HTTP 500',
    }));

    const waiting = await sweepAt(intents, effect.key, [
      [26, ABSENT],
      [35.9, ABSENT],
    ]);
    expect([waiting.state, waiting.absentSince]).toEqual(['unknown', undefined]);
    const once = await sweepAt(intents, effect.key, [[36, ABSENT]]);
    expect([once.state, once.absentSince]).toEqual(['unknown', at(36).toISOString()]);
    expect((await sweepAt(intents, effect.key, [[41, ABSENT]])).state).toBe('prepared');
  });

  test(`is rejected, and not sent again, after ${MAX_ATTEMPTS} attempts`, async () => {
    const intents = createMemoryIntents();
    const effect = anEffect();
    let minute = 0;
    let sent = 0;
    let state = '';
    while (state !== 'rejected') {
      const now = at(minute);
      await performEffect(anInvocation({ intents, now: () => now }), effect, async () => {
        sent += 1;
        return { kind: 'unknown', reason: 'HTTP 500' };
      });
      ({ state } = await sweepAt(intents, effect.key, [
        [minute + 15, ABSENT],
        [minute + 20, ABSENT],
      ]));
      minute += 21;
    }

    expect(sent).toBe(MAX_ATTEMPTS);
    expect(await readStored(intents, effect.key)).toMatchObject({
      fence: MAX_ATTEMPTS,
      reason: expect.stringMatching(/two complete looks.*: it did not take place$/),
    });
  });

  test.each([
    ['its time is over', at(20).toISOString(), {}],
    ['nothing is sent again', '2026-03-13T12:00:00.000Z', { policy: { ...RESOLVE_DEFAULTS, resend: false } }],
  ])('is rejected where %s, and gives back what it took', async (_case, expiresAt, overrides) => {
    const intents = createMemoryIntents();
    const effect = anEffect({ expiresAt });
    const budgets = { perDay: { 'escrow-create': '500.00' }, perAgentAndDay: {} };
    await performEffect(anInvocation({ intents, budgets }), effect, async () => ({ kind: 'unknown', reason: 'lost' }));
    expect([...intents.budgets.values()]).toEqual([50_000_000n]);

    for (const minute of [15, 20]) await sweep(intents, at(minute), ABSENT, overrides);

    expect(await readStored(intents, effect.key)).toMatchObject({ state: 'rejected', fence: 1 });
    expect([...intents.budgets.values()]).toEqual([0n]);
  });

  test.each(UNPROVABLE)('cannot be told of a %s: what it took stays taken', async (kind) => {
    const intents = createMemoryIntents();
    const effect = anEffect({ kind });
    const budgets = { perDay: { [kind]: '500.00' }, perAgentAndDay: {} };
    await performEffect(anInvocation({ intents, budgets }), effect, async () => ({ kind: 'unknown', reason: 'lost' }));

    for (const minute of [15, 20]) await sweep(intents, at(minute), ABSENT);

    expect((await readStored(intents, effect.key)).state).toBe('manual');
    expect([...intents.budgets.values()]).toEqual([50_000_000n]);
    expect(intents.locks.size).toBe(kind === 'transfer' ? 0 : 1);
  });
});

describe('a claim that was never recorded', () => {
  test.each([0, 60_000, STALE_CLAIM_MS])('is left alone %i ms after it was made', async (milliseconds) => {
    const intents = createMemoryIntents();
    const { key } = await leaveSending(intents);

    expect(await sweep(intents, afterNoon(milliseconds), FOUND)).toMatchObject({ settled: [], looked: 0, left: false });
    expect((await readStored(intents, key)).state).toBe('sending');
  });

  test('is in doubt once it is older than any invocation, and looked for from then on', async () => {
    const intents = createMemoryIntents();
    const { key } = await leaveSending(intents);

    await sweep(intents, afterNoon(STALE_CLAIM_MS + 1), UNCLEAR);
    expect(await readStored(intents, key)).toMatchObject({
      state: 'unknown',
      fence: 1,
      reason: `claimed at ${NOON.toISOString()} and never recorded: the request may have been sent`,
    });
    await sweep(intents, afterNoon(STALE_CLAIM_MS + MINUTE), FOUND);
    expect((await readStored(intents, key)).state).toBe('applied');
  });

  test('has its quarantine from the claim on', async () => {
    const intents = createMemoryIntents();
    const { key } = await leaveSending(intents);

    const stored = await sweepAt(intents, key, [
      [6, ABSENT],
      [15, ABSENT],
      [20, ABSENT],
    ]);
    expect(stored).toMatchObject({ state: 'prepared', fence: 1 });
  });

  test('is not touched where its invocation records the outcome at that moment', async () => {
    const intents = createMemoryIntents();
    const sending = await leaveSending(intents);
    const slow = {
      ...intents,
      list: async (...query: Parameters<MemoryIntents['list']>) => {
        const listed = await intents.list(...query);
        const applied = { state: 'applied', note: 'the service confirmed it', result: { escrowId: 'esc_9' } } as const;
        if (query[0] === 'sending') await intents.move(sending, applied, at(6));
        return listed;
      },
    };

    expect(await sweep(slow, at(6), FOUND)).toMatchObject({ settled: [], looked: 0, left: false });
    expect(await readStored(intents, sending.key)).toMatchObject({ state: 'applied', result: { escrowId: 'esc_9' } });
  });
});

describe('a run', () => {
  async function inDoubt(count: number) {
    const intents = createMemoryIntents();
    const keys: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const { key } = await leaveUnknown(intents, aNewIntent({ subject: `${index}` }), afterNoon(index));
      keys.push(key);
    }
    const looked: string[] = [];
    const lookFor = async ({ key }: Intent): Promise<Look> => {
      looked.push(key);
      return UNCLEAR;
    };
    return { intents, keys, looked, lookFor };
  }

  test('takes on the twenty-five that were not looked at for the longest, the next run the others', async () => {
    const { intents, keys, looked, lookFor } = await inDoubt(60);

    const runs = [];
    for (const minute of [1, 2, 3, 4, 5]) runs.push(await sweep(intents, at(minute), UNCLEAR, { lookFor }));

    expect(runs.map(({ looked: count }) => count)).toEqual([25, 25, 25, 25, 25]);
    expect(looked.slice(0, 60)).toEqual(keys);
    expect(looked.slice(60, 110)).toEqual(keys.slice(0, 50));
    expect(runs.every(({ left }) => left)).toBe(true);
  });

  test('says that nothing is left where it got to all', async () => {
    const { intents, lookFor } = await inDoubt(24);

    expect(await sweep(intents, at(1), UNCLEAR, { lookFor })).toMatchObject({ settled: [], looked: 24, left: false });
  });

  test('ends where too little time is left for another look, and goes on there the next time', async () => {
    const { intents, keys, looked, lookFor } = await inDoubt(5);
    let remaining = 30_000;
    const remainingMs = () => (remaining -= 2_000);

    expect(await sweep(intents, at(1), UNCLEAR, { lookFor, remainingMs })).toMatchObject({
      settled: [],
      looked: 2,
      left: true,
    });
    await sweep(intents, at(2), UNCLEAR, { lookFor });
    expect(looked).toEqual([...keys.slice(0, 2), ...keys.slice(2), ...keys.slice(0, 2)]);
  });

  test('settles each by itself', async () => {
    const { intents, keys } = await inDoubt(4);
    const looks: Look[] = [FOUND, UNCLEAR, MANY, ABSENT];

    const { settled } = await sweep(intents, at(1), UNCLEAR, {
      lookFor: async ({ key }) => looks[keys.indexOf(key)] ?? UNCLEAR,
    });

    expect(settled.map(({ key, state }) => [keys.indexOf(key), state])).toEqual([
      [0, 'applied'],
      [2, 'manual'],
    ]);
  });

  test('looks at nothing that is applied, rejected or parked, however old', async () => {
    const intents = createMemoryIntents();
    for (const [subject, state] of Object.entries({ one: 'applied', two: 'rejected', three: 'manual' } as const)) {
      const unknown = await leaveUnknown(intents, aNewIntent({ subject }));
      await intents.move(unknown, { state, note: 'as it is' }, NOON);
    }
    const before = structuredClone([...intents.items]);

    expect(await sweep(intents, at(365 * 24 * HOUR), FOUND)).toMatchObject({ settled: [], looked: 0, left: false });
    expect([...intents.items]).toEqual(before);
  });

  test('rejects what nobody came back to send before it expired, and no sooner', async () => {
    const intents = createMemoryIntents();
    const expiresAt = at(24 * 60).toISOString();
    const { key } = await intents.prepare(aNewIntent({ expiresAt }), NOON);

    expect((await sweep(intents, at(24 * 60 - 1))).settled).toEqual([]);
    expect(await readStored(intents, key)).toMatchObject({ state: 'prepared', fence: 0 });
    expect((await sweep(intents, at(25 * 60))).settled).toMatchObject([{ key, state: 'rejected' }]);
    expect(await readStored(intents, key)).toMatchObject({ reason: `not sent until ${expiresAt}, when it expired` });
    expect(await performEffect(anInvocation({ intents }), anEffect({ expiresAt }), inert('send'))).toMatchObject({
      outcome: 'rejected',
    });
  });

  test('comes to every prepared intent, however many there are', async () => {
    const intents = createMemoryIntents();
    const keys: string[] = [];
    for (let index = 0; index < 60; index += 1) {
      const expiresAt = at(index === 59 ? 30 : 100 * 24 * 60).toISOString();
      keys.push((await intents.prepare(aNewIntent({ subject: `subject ${index}`, expiresAt }), at(index / 100))).key);
    }

    const settled: string[] = [];
    for (const minute of [90, 91, 92]) {
      settled.push(...(await sweep(intents, at(minute))).settled.map(({ key }) => key));
    }

    expect(settled).toEqual([keys[59]]);
  });

  test('beside another settles each intent once', async () => {
    const { intents } = await inDoubt(10);

    const [one, other] = await Promise.all([sweep(intents, at(1), FOUND), sweep(intents, at(1), FOUND)]);

    expect([...intents.items.values()].map(({ state }) => state)).toEqual(Array(10).fill('applied'));
    for (const { history } of intents.items.values()) expect(history.map(({ state }) => state)).toHaveLength(4);
    const settled = [...one.settled, ...other.settled].map(({ key }) => key);
    expect(new Set(settled).size).toBe(10);
  });

  test('goes on to the others where the ledger fails for one, and says so', async () => {
    const { intents, keys } = await inDoubt(3);
    const stale = await leaveSending(intents, aNewIntent({ subject: 'stale' }), at(-10));
    const broken: MemoryIntents = {
      ...intents,
      move: (from, ...rest) =>
        from.key === keys[0] || from.key === stale.key
          ? Promise.reject(new Error('what it took is not there to give back'))
          : intents.move(from, ...rest),
    };

    const run = await sweep(broken, at(1), FOUND);

    expect(run.settled.map(({ key }) => key)).toEqual(keys.slice(1));
    const reason = 'Error: what it took is not there to give back';
    expect(run).toMatchObject({
      looked: 3,
      inDoubt: 1,
      failed: [
        { key: stale.key, reason },
        { key: keys[0], reason },
      ],
    });
  });

  test('comes to those behind what fails each time, in doubt, claimed or expired', async () => {
    const intents = createMemoryIntents();
    const made = (subject: string) => aNewIntent({ subject, expiresAt: at(30).toISOString() });
    const fails: string[] = [];
    for (let index = 0; index < 25; index += 1) {
      fails.push(
        (await intents.prepare(made(`expired ${index}`), at(0))).key,
        (await leaveUnknown(intents, made(`in doubt ${index}`), at(0))).key,
        (await leaveSending(intents, made(`claimed ${index}`), at(0))).key,
      );
    }
    const others = [
      await intents.prepare(made('another expired'), at(1)),
      await leaveUnknown(intents, made('another in doubt'), at(1)),
      await leaveSending(intents, made('another claimed'), at(1)),
    ];
    const conflict = () => Promise.reject(new Error('TransactionConflict, eight times'));
    const broken: MemoryIntents = {
      ...intents,
      claim: ({ key, ...claim }, ...rest) =>
        fails.includes(key) ? conflict() : intents.claim({ key, ...claim }, ...rest),
      move: (from, ...rest) => (fails.includes(from.key) ? conflict() : intents.move(from, ...rest)),
    };

    const began = { readBeginning: async () => at(60).toISOString() };
    for (const minute of [120, 121, 122, 123]) await sweep(broken, at(minute), FOUND, began);

    for (const { key } of others) expect(await readStored(intents, key)).toMatchObject({ state: 'applied' });
  });

  test('goes on where it cannot be read whether a settlement is of use any more', async () => {
    const intents = createMemoryIntents();
    const escrowId = 'esc_1';
    await intents.prepare(aNewIntent({ kind: 'escrow-release', escrowId, expiresAt: at(9999).toISOString() }), at(0));
    await leaveUnknown(intents, aNewIntent({ subject: 'another' }), at(60));

    const run = await sweep(intents, at(90), FOUND, { findMoot: () => Promise.reject(new Error('no such host')) });

    expect(run).toMatchObject({ settled: { length: 1 }, failed: [{ reason: 'Error: no such host' }] });
  });

  test('loses to an invocation that sent it anew between its list and its verdict', async () => {
    const intents = createMemoryIntents();
    const effect = anEffect();
    await leaveUnknown(intents);
    await sweep(intents, at(15), ABSENT);

    await sweep(intents, at(25), ABSENT, {
      lookFor: async () => {
        await sweep(intents, at(24), ABSENT);
        await leaveUnknown(intents, aNewIntent(), at(25));
        return ABSENT;
      },
    });

    const stored = await readStored(intents, effect.key);
    expect([stored.state, stored.fence, stored.absentSince]).toEqual(['unknown', 2, undefined]);
  });
});

describe('two runs at once', () => {
  test('settle an effect together, and one alone tells of it', async () => {
    const intents = createMemoryIntents();
    await leaveUnknown(intents);

    const runs = await Promise.all([sweep(intents, at(1), FOUND), sweep(intents, afterNoon(60_001), FOUND)]);

    expect(runs.flatMap(({ settled }) => settled)).toHaveLength(1);
  });
});
