import { describe, expect, test } from '@jest/globals';
import { retryKey } from '../../../../src/ledger/effect-key.ts';
import { isOrder, type IntentStore } from '../../../../src/ledger/intent.ts';
import { performEffect } from '../../../../src/ledger/perform-effect.ts';
import type { Look } from '../../../../src/ledger/resolve-intents.ts';
import {
  afterNoon,
  aNewIntent,
  aNewSkip,
  anEffect,
  anInvocation,
  leaveUnknown,
  MINUTE,
  readStored,
  sweep,
  type AnEffect,
} from '../../../support/effects.ts';
import { createMemoryIntents } from '../../../support/memory-intents.ts';

const at = (minute: number): Date => afterNoon(minute * MINUTE);
const iso = (minute: number): string => at(minute).toISOString();

/** The ledger of these tests began an hour after noon. */
const BEGAN = 60;
const readBeginning = async () => iso(BEGAN);

const caused = (minute: number, overrides: Parameters<typeof anEffect>[0] = {}): AnEffect => ({
  ...anEffect(overrides),
  causedAt: iso(minute),
});

/** Asks for an effect at a minute; an answer that is sent for says so. */
async function ask(intents: IntentStore, effect: AnEffect, minute: number, overrides: object = {}) {
  let sent = 0;
  const deps = anInvocation({ intents, readBeginning, now: () => at(minute), ...overrides });
  const outcome = await performEffect(deps, effect, async () => {
    sent += 1;
    return { kind: 'applied', result: { id: 'x' } };
  });
  return { outcome, sent };
}

const look = (intents: IntentStore, minute: number, seen: Look) => sweep(intents, at(minute), seen, { readBeginning });
const ABSENT: Look = { kind: 'absent' };

describe('an effect of a ledger that is younger than its cause', () => {
  test.each(['escrow-create', 'escrow-complete', 'escrow-release', 'transfer', 'faucet-claim', 'trade-order'] as const)(
    'is not sent but looked for: %s',
    async (kind) => {
      const intents = createMemoryIntents();
      const effect = caused(59, { kind });
      const { outcome, sent } = await ask(intents, effect, 61);

      expect([outcome.outcome, sent]).toEqual(['pending', 0]);
      expect(await readStored(intents, effect.key)).toMatchObject({
        state: 'unknown',
        reason: `the ledger began at ${iso(BEGAN)}: it may have been sent before`,
      });
    },
  );

  test('is sent once it is proved that it did not take place, and not before', async () => {
    const intents = createMemoryIntents();
    const effect = caused(30);
    for (const minute of [61, 62, 75]) {
      expect((await ask(intents, effect, minute)).sent).toBe(0);
      await look(intents, minute, ABSENT);
    }
    await look(intents, 77, ABSENT);
    expect((await ask(intents, effect, 78)).sent).toBe(0);
    await look(intents, 82, ABSENT);

    expect(await ask(intents, effect, 83)).toMatchObject({ outcome: { outcome: 'applied' }, sent: 1 });
  });

  test('is applied where it is found', async () => {
    const intents = createMemoryIntents();
    const effect = caused(30);
    await ask(intents, effect, 61);
    await look(intents, 62, { kind: 'found', result: { id: 'there' } });

    expect(await ask(intents, effect, 63)).toEqual({
      outcome: { outcome: 'applied', result: { id: 'there' }, duplicate: false },
      sent: 0,
    });
  });

  test('has its lock and its part of the budget meanwhile, and no budget keeps it from being looked for', async () => {
    const intents = createMemoryIntents();
    const release = caused(30, { kind: 'escrow-release' });
    const budgets = { perDay: { 'escrow-release': '50.00' }, perAgentAndDay: {} };
    await ask(intents, release, 61, { budgets });
    const dispute = caused(90, { kind: 'escrow-dispute' });

    expect(await ask(intents, dispute, 91)).toMatchObject({ outcome: { outcome: 'not-sent' }, sent: 0 });
    expect([...intents.budgets.values()]).toEqual([50_000_000n]);

    const more = caused(30, { kind: 'escrow-release', subject: 'another', escrowId: 'esc_2' });
    expect(await ask(intents, more, 61, { budgets })).toMatchObject({ outcome: { outcome: 'pending' }, sent: 0 });
  });

  test('is looked for since its cause, however late it is asked for', async () => {
    const intents = createMemoryIntents();
    const effect = caused(30);
    await ask(intents, effect, 300);

    expect((await readStored(intents, effect.key)).before).toEqual({ unknownSince: iso(30) });
  });

  test('waits while nobody knows when the ledger began', async () => {
    const intents = createMemoryIntents();
    const fails = { readBeginning: () => Promise.reject(new Error('ThrottlingException')) };

    expect(await ask(intents, caused(90), 91, fails)).toEqual({
      outcome: {
        outcome: 'not-sent',
        reason: 'the beginning of the ledger cannot be read: Error: ThrottlingException',
        retryAfterSeconds: 15,
      },
      sent: 0,
    });
    expect((await ask(intents, caused(90), 92)).sent).toBe(1);
  });

  test.each([
    ['a time that cannot be read', 'soon'],
    ['no time', ''],
  ])('is one with %s', async (_case, causedAt) => {
    expect((await ask(createMemoryIntents(), { ...anEffect(), causedAt }, 61)).sent).toBe(0);
  });

  test('is none where a later cause is known', async () => {
    const effect: AnEffect = { ...caused(30), findLaterCause: async () => iso(61) };
    const older: AnEffect = { ...caused(30), findLaterCause: async () => iso(59) };

    expect((await ask(createMemoryIntents(), effect, 62)).sent).toBe(1);
    expect((await ask(createMemoryIntents(), older, 62)).sent).toBe(0);
  });
});

describe('an effect of a ledger that was there before its cause', () => {
  test.each(['escrow-create', 'transfer', 'trade-order'] as const)('is sent at once: %s', async (kind) => {
    const effect = caused(BEGAN, { kind });

    expect((await ask(createMemoryIntents(), effect, isOrder(kind) ? 60 : 61)).sent).toBe(1);
  });
});

describe('an intent that a ledger was restored with', () => {
  test('is not sent, although it is written down as not sent', async () => {
    const intents = createMemoryIntents();
    await intents.prepare(aNewIntent(), at(30));

    expect((await ask(intents, caused(29), 61)).sent).toBe(0);
    expect(await readStored(intents, aNewIntent().key)).toMatchObject({ state: 'unknown' });
  });

  test('is not rejected as never sent where it has expired', async () => {
    const intents = createMemoryIntents();
    const { key } = await intents.prepare(aNewIntent({ expiresAt: iso(40) }), at(30));

    expect((await ask(intents, caused(29), 61)).outcome).toMatchObject({ outcome: 'pending' });
    const forgotten = await intents.prepare(aNewIntent({ subject: 'forgotten', expiresAt: iso(40) }), at(30));
    const fresh = await intents.prepare(aNewIntent({ subject: 'fresh', expiresAt: iso(80) }), at(70));
    await look(intents, 180, { kind: 'unclear', reason: 'not looked' });

    expect((await readStored(intents, key)).state).toBe('unknown');
    expect((await readStored(intents, forgotten.key)).state).toBe('unknown');
    expect((await readStored(intents, fresh.key)).state).toBe('rejected');
  });

  test('is looked for within the hour, though nobody asks for it again', async () => {
    const intents = createMemoryIntents();
    const { key } = await intents.prepare(aNewIntent({ ledgerBegan: iso(0), expiresAt: iso(10_000) }), at(30));
    const own = aNewIntent({ subject: 'own', ledgerBegan: iso(BEGAN), expiresAt: iso(10_000) });
    await intents.prepare(own, at(61));
    const found: Look = { kind: 'found', result: { escrowId: 'esc_1' } };
    await look(intents, 130, found);
    await look(intents, 131, found);

    expect((await readStored(intents, key)).state).toBe('applied');
    expect((await readStored(intents, own.key)).state).toBe('prepared');
  });

  test('has been looked at where another of its escrow is in doubt, so that the others come first', async () => {
    const intents = createMemoryIntents();
    await ask(intents, caused(30, { kind: 'escrow-release' }), 61);
    const dispute = aNewIntent({ kind: 'escrow-dispute', expiresAt: iso(40) });
    await intents.prepare(dispute, at(30));
    await look(intents, 180, { kind: 'unclear', reason: 'not looked' });

    expect(await readStored(intents, dispute.key)).toMatchObject({ state: 'prepared', updatedAt: iso(180) });
  });

  test('may have been sent, however far the clocks of functions are ahead of the ledger', async () => {
    const intents = createMemoryIntents();
    const [early, late] = [iso(0), iso(BEGAN)];
    await ask(intents, caused(1), 63, { readBeginning: async () => early, readStop: async () => 'halted' });

    expect((await ask(intents, caused(1), 64, { readBeginning: async () => late })).sent).toBe(0);
    expect(await readStored(intents, aNewIntent().key)).toMatchObject({ state: 'unknown', ledgerBegan: late });
  });

  test('is known where this ledger wrote it, however far the clocks of functions are behind', async () => {
    const intents = createMemoryIntents();
    const effect = caused(61);
    await ask(intents, effect, 57, { readStop: async () => 'halted' });

    expect((await ask(intents, effect, 58)).sent).toBe(1);
  });

  test('counts as sent when the ledger began at the latest, by whatever clock', async () => {
    const intents = createMemoryIntents();
    const unknown = await leaveUnknown(intents, aNewIntent({ ledgerBegan: iso(0), expiresAt: iso(10_000) }), at(10));
    for (const minute of [79, 80, 84]) await look(intents, minute, ABSENT);
    expect((await readStored(intents, unknown.key)).state).toBe('unknown');

    await look(intents, 85, ABSENT);
    expect((await readStored(intents, unknown.key)).state).toBe('prepared');
  });

  test('is looked for anew: looks of before, and what was waited for then, count for nothing', async () => {
    const intents = createMemoryIntents();
    const unknown = await leaveUnknown(intents, aNewIntent({ expiresAt: iso(10_000) }), at(10));
    await intents.noteLook(unknown, at(30), true);
    for (const minute of [61, 79]) await look(intents, minute, ABSENT);
    expect((await readStored(intents, unknown.key)).absentSince).toBe(iso(30));

    await look(intents, 81, ABSENT);
    await look(intents, 85, ABSENT);
    expect((await readStored(intents, unknown.key)).state).toBe('unknown');

    await look(intents, 86, ABSENT);
    expect((await readStored(intents, unknown.key)).state).toBe('prepared');
  });

  test('is not settled by an absence while nobody knows when the ledger began', async () => {
    const intents = createMemoryIntents();
    const unknown = await leaveUnknown(intents, aNewIntent(), at(10));
    const fails = () => Promise.reject(new Error('AccessDeniedException'));
    for (const minute of [30, 40, 50]) {
      const run = await sweep(intents, at(minute), ABSENT, { readBeginning: fails });
      expect(run.failed).toEqual([{ key: 'the beginnings', reason: expect.stringContaining('AccessDenied') }]);
    }

    expect((await readStored(intents, unknown.key)).state).toBe('unknown');
  });
});

describe('another try', () => {
  test('of a skipped cause is sent where a person had it paid, for which the service was looked at', async () => {
    const intents = createMemoryIntents();
    const { intent } = await intents.skip(aNewSkip(), at(62));
    const decision = { operator: 'ada', evidence: 'the list', reason: 'owed' };
    const ending = { state: 'skipped', note: 'to be paid', decision, retriedAs: retryKey(intent.key) } as const;
    await intents.move(intent, ending, at(90));

    expect((await ask(intents, caused(30), 91)).sent).toBe(1);
  });

  test.each([
    ['was restored after that', 'skipped'],
    ['does not know what became of such a try before', 'rejected'],
  ] as const)('is not sent by a ledger that %s', async (_case, state) => {
    const intents = createMemoryIntents();
    const retriedAs = retryKey(aNewIntent().key);
    if (state === 'skipped') {
      const { intent } = await intents.skip(aNewSkip(), at(10));
      await intents.move(intent, { state, note: 'to be paid', retriedAs }, at(50));
    } else {
      const intent = await intents.prepare(aNewIntent(), at(10));
      await intents.move(intent, { state, note: 'over budget' }, at(11));
      await intents.move({ ...intent, state }, { state, note: 'another try', retriedAs }, at(90));
    }

    expect((await ask(intents, caused(9), 91)).sent).toBe(0);
  });
});
