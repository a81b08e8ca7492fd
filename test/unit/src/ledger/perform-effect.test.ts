import { describe, expect, test } from '@jest/globals';
import { TryLaterError } from '../../../../src/errors.ts';
import type { Answer, EffectRequest } from '../../../../src/ledger/answer.ts';
import { clientReference, retryKey } from '../../../../src/ledger/effect-key.ts';
import { performEffect, readLatestTry, type EffectOutcome } from '../../../../src/ledger/perform-effect.ts';
import {
  afterNoon,
  AN_EFFECT,
  anEffect,
  aNewIntent,
  anInvocation,
  leaveSending,
  MINUTE,
  NOON,
  readStored,
  sweep,
} from '../../../support/effects.ts';
import { inert } from '../../../support/inert.ts';
import { createMemoryIntents, type Moment } from '../../../support/memory-intents.ts';

type NotApplied = Exclude<Answer<never>, { kind: 'applied' }>;

const CREATED = { escrowId: 'esc_1' };
const APPLIED: Answer<typeof CREATED> = { kind: 'applied', result: CREATED };
const REJECTED: NotApplied = { kind: 'rejected', reason: 'HTTP 400 INSUFFICIENT_BALANCE' };
const NOT_SENT: NotApplied = { kind: 'not-sent', reason: 'connection refused', retryAfterSeconds: 15 };
const UNKNOWN: NotApplied = { kind: 'unknown', reason: 'HTTP 500 SERVER_ERROR' };

const { key } = AN_EFFECT;
const ANOTHER_HAS_IT: EffectOutcome = { outcome: 'pending', reason: 'another invocation has it', key };
const IN_DOUBT: EffectOutcome = { outcome: 'pending', reason: UNKNOWN.reason, key };

/** A sender that answers the same every time and keeps the bodies it was given. */
function sender(answer: Answer<typeof CREATED>) {
  const bodies: string[] = [];
  const send = async ({ body }: EffectRequest): Promise<Answer<typeof CREATED>> => {
    bodies.push(body);
    return answer;
  };
  return { bodies, send };
}

describe('an effect that is sent for the first time', () => {
  test('is written and claimed before its recorded body is sent, and its result recorded', async () => {
    const intents = createMemoryIntents();
    const seen: unknown[] = [];

    const outcome = await performEffect(anInvocation({ intents, newId: () => 'me' }), AN_EFFECT, async ({ body }) => {
      seen.push([body, intents.items.get(key)]);
      return APPLIED;
    });

    expect(outcome).toEqual({ outcome: 'applied', result: CREATED, duplicate: false });
    const { sendingMs: _, bodyFor: __, open: ___, ...newIntent } = AN_EFFECT;
    const claimed = { ...newIntent, state: 'sending', fence: 1, owner: 'me', sentAt: NOON.toISOString() };
    expect(seen).toEqual([[AN_EFFECT.requestBody, expect.objectContaining(claimed)]]);
    expect(intents.items.get(key)).toMatchObject({ ...claimed, state: 'applied', result: CREATED });
    expect(intents.items.get(key)?.history.map(({ state }) => state)).toEqual(['prepared', 'sending', 'applied']);
  });

  test.each<[string, NotApplied, EffectOutcome, string]>([
    ['a refusal', REJECTED, { outcome: 'rejected', reason: REJECTED.reason }, 'rejected'],
    ['an unclear answer', UNKNOWN, IN_DOUBT, 'unknown'],
    [
      'a refused connection',
      NOT_SENT,
      { outcome: 'not-sent', reason: NOT_SENT.reason, retryAfterSeconds: 15 },
      'prepared',
    ],
  ])('ends by %s as the answer says', async (_case, answer, expected, state) => {
    const intents = createMemoryIntents();

    expect(await performEffect(anInvocation({ intents }), AN_EFFECT, sender(answer).send)).toEqual(expected);
    expect(intents.items.get(key)).toMatchObject({ state, fence: 1, reason: answer.reason });
  });

  test.each([
    ['an error', new TypeError('x is not a function'), 'the call threw TypeError: x is not a function'],
    ['something else', 'a string', 'the call threw a string'],
  ])('is in doubt where the call throws %s', async (_case, thrown, reason) => {
    const intents = createMemoryIntents();

    const outcome = await performEffect(anInvocation({ intents }), AN_EFFECT, () => Promise.reject(thrown));

    expect(outcome).toEqual({ outcome: 'pending', reason, key });
    expect(intents.items.get(key)?.state).toBe('unknown');
    expect(await performEffect(anInvocation({ intents }), AN_EFFECT, inert('send'))).toEqual(outcome);
  });
});

describe('an effect that is called for again', () => {
  test.each<[Answer<typeof CREATED>, EffectOutcome]>([
    [APPLIED, { outcome: 'applied', result: CREATED, duplicate: true }],
    [REJECTED, { outcome: 'rejected', reason: REJECTED.reason }],
    [UNKNOWN, IN_DOUBT],
  ])('is not sent again after %j', async (answer, expected) => {
    const intents = createMemoryIntents();
    await performEffect(anInvocation({ intents }), AN_EFFECT, sender(answer).send);

    for (const remainingMs of [60_000, 0]) {
      const again = anInvocation({ intents, remainingMs: () => remainingMs });
      expect(await performEffect(again, AN_EFFECT, inert('send'))).toEqual(expected);
    }
  });

  test('is sent once by fifty callers at the same time', async () => {
    const intents = createMemoryIntents(() => new Promise((resolve) => void setImmediate(resolve)));
    const { bodies, send } = sender(APPLIED);

    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => performEffect(anInvocation({ intents }), AN_EFFECT, send)),
    );

    expect(bodies).toEqual([AN_EFFECT.requestBody]);
    const own = outcomes.filter((outcome) => outcome.outcome === 'applied' && !outcome.duplicate);
    expect(own).toEqual([{ outcome: 'applied', result: CREATED, duplicate: false }]);
    const others = outcomes.filter((outcome) => !own.includes(outcome)).map((outcome) => JSON.stringify(outcome));
    expect([
      JSON.stringify({ outcome: 'applied', result: CREATED, duplicate: true }),
      JSON.stringify(ANOTHER_HAS_IT),
    ]).toEqual(expect.arrayContaining([...new Set(others)]));
    expect(others).toHaveLength(49);
  });

  test('is sent with the body that was recorded first', async () => {
    const intents = createMemoryIntents();
    await performEffect(anInvocation({ intents }), AN_EFFECT, sender(NOT_SENT).send);
    const { bodies, send } = sender(APPLIED);

    const again = anInvocation({ intents, now: () => afterNoon(15_000) });
    await performEffect(again, anEffect({ amountUsd: '9.00', requestBody: '{"other":1}' }), send);

    expect(bodies).toEqual([AN_EFFECT.requestBody]);
    expect(intents.items.get(key)).toMatchObject({ amountUsd: '50.00', requestBody: AN_EFFECT.requestBody });
  });

  test('is sent again after attempts that did not go out, however many, in pauses that grow until it expires', async () => {
    const intents = createMemoryIntents();
    const { bodies, send } = sender(NOT_SENT);
    let now = NOON;
    const pauses: number[] = [];
    let outcome: EffectOutcome;
    do {
      outcome = await performEffect(anInvocation({ intents, now: () => now }), AN_EFFECT, send);
      const { notBefore = '' } = await readStored(intents, key);
      pauses.push((Date.parse(notBefore) - now.getTime()) / 1000);
      now = new Date(notBefore);
    } while (now < new Date(AN_EFFECT.expiresAt));

    expect(outcome).toEqual({ outcome: 'pending', reason: 'connection refused', key });
    expect(pauses.slice(0, 8)).toEqual([15, 30, 60, 120, 240, 480, 900, 900]);
    expect(pauses.slice(99, 105)).toEqual([900, 900, 1800, 3600, 7200, 7200]);
    expect(bodies.length).toBe(pauses.length);
    const stored = await readStored(intents, key);
    expect(stored).toMatchObject({ state: 'prepared', fence: bodies.length, waits: bodies.length });
    expect(stored.history.length).toBeLessThanOrEqual(100);
    expect(stored.history.at(-1)).toMatchObject({ state: 'prepared', note: 'connection refused' });
    expect(await performEffect(anInvocation({ intents, now: () => now }), AN_EFFECT, inert('send'))).toEqual({
      outcome: 'rejected',
      reason: `not sent until ${AN_EFFECT.expiresAt}, when it expired`,
    });
  });

  test('before its pause is over changes nothing, and the ledger is not written to', async () => {
    let writes = 0;
    const intents = createMemoryIntents(({ operation, when }) => {
      if (when === 'before' && operation !== 'read' && operation !== 'prepare') writes += 1;
    });
    const at = (seconds: number) => anInvocation({ intents, now: () => afterNoon(seconds * 1000) });
    for (const seconds of [0, 15, 45, 105, 225]) await performEffect(at(seconds), AN_EFFECT, sender(NOT_SENT).send);
    const [before, written] = [intents.items.get(key), writes];

    expect(await performEffect(at(300), AN_EFFECT, inert('send'))).toEqual({
      outcome: 'pending',
      reason: NOT_SENT.reason,
      key,
    });
    expect(await performEffect(at(464.5), AN_EFFECT, inert('send'))).toEqual({
      outcome: 'not-sent',
      reason: NOT_SENT.reason,
      retryAfterSeconds: 1,
    });
    expect([intents.items.get(key), writes]).toEqual([before, written]);
  });

  test('waits as long as the service asks for, and no longer than a part of what is left before a deadline', async () => {
    const intents = createMemoryIntents();
    const limited = { ...NOT_SENT, retryAfterSeconds: 600, waitsFor: 'rate-limit' } as const;
    await performEffect(anInvocation({ intents }), AN_EFFECT, sender(limited).send);
    expect(intents.items.get(key)).toMatchObject({ notBefore: afterNoon(600_000).toISOString() });

    const urgent = { ...anEffect({ subject: 'urgent' }), urgentBy: afterNoon(16 * MINUTE).toISOString() };
    for (const seconds of [0, 15, 45, 105, 225, 345]) {
      const deps = anInvocation({ intents, now: () => afterNoon(seconds * 1000) });
      await performEffect(deps, urgent, sender(NOT_SENT).send);
    }
    expect(intents.items.get(urgent.key)).toMatchObject({ notBefore: afterNoon(345_000 + 76_000).toISOString() });
  });

  test('is sent no more once a later attempt was applied', async () => {
    const intents = createMemoryIntents();
    await performEffect(anInvocation({ intents }), AN_EFFECT, sender(NOT_SENT).send);
    const again = anInvocation({ intents, now: () => afterNoon(15_000) });
    await performEffect(again, AN_EFFECT, sender(APPLIED).send);

    expect(await performEffect(anInvocation({ intents }), AN_EFFECT, inert('send'))).toEqual({
      outcome: 'applied',
      result: CREATED,
      duplicate: true,
    });
    expect(intents.items.get(key)?.fence).toBe(2);
  });

  test('is another effect under another key', async () => {
    const intents = createMemoryIntents();
    const { bodies, send } = sender(APPLIED);

    await performEffect(anInvocation({ intents }), AN_EFFECT, send);
    await performEffect(anInvocation({ intents }), anEffect({ subject: 'another', requestBody: '{}' }), send);

    expect(bodies).toEqual([AN_EFFECT.requestBody, '{}']);
  });
});

describe('an invocation with too little time left', () => {
  test('sends nothing and leaves the effect to another', async () => {
    const intents = createMemoryIntents();

    const call = performEffect(anInvocation({ intents, remainingMs: () => 14_999 }), AN_EFFECT, inert('send'));

    await expect(call).rejects.toThrow(new TryLaterError('14999 ms left, 15000 ms needed to send and record'));
    expect(intents.items.get(key)).toMatchObject({ state: 'prepared', fence: 0 });
    const later = anInvocation({ intents, remainingMs: () => 15_000 });
    expect(await performEffect(later, AN_EFFECT, sender(APPLIED).send)).toMatchObject({ duplicate: false });
  });
});

describe('a crash', () => {
  /** What a second caller finds, and how often anything was sent by then, both calls together. */
  const SENT_BY_SECOND = { outcome: { outcome: 'applied', result: CREATED, duplicate: false }, sends: 1 };
  const points: [Moment['operation'], Moment['when'], { outcome: object; sends: number }][] = [
    ['prepare', 'before', SENT_BY_SECOND],
    ['prepare', 'after', SENT_BY_SECOND],
    ['claim', 'before', SENT_BY_SECOND],
    ['claim', 'after', { outcome: ANOTHER_HAS_IT, sends: 0 }],
    ['move', 'before', { outcome: ANOTHER_HAS_IT, sends: 1 }],
    ['move', 'after', { outcome: { outcome: 'applied', result: CREATED, duplicate: true }, sends: 1 }],
  ];

  /** A ledger whose first caller meets its end at one moment. */
  function ledgerStruckAt(operation: Moment['operation'], when: Moment['when'], strike: () => Promise<never>) {
    let struck: () => void = () => {};
    const strikes = new Promise<void>((resolve) => {
      struck = resolve;
    });
    let armed = true;
    const intents = createMemoryIntents((moment) => {
      if (!armed || moment.operation !== operation || moment.when !== when) return undefined;
      armed = false;
      struck();
      return strike();
    });
    return { intents, strikes };
  }

  test.each(points)('of the invocation at %s, %s it took effect', async (operation, when, expected) => {
    const { intents, strikes } = ledgerStruckAt(operation, when, () => new Promise(() => {}));
    const { bodies, send } = sender(APPLIED);
    void performEffect(anInvocation({ intents }), AN_EFFECT, send);
    await strikes;

    expect(await performEffect(anInvocation({ intents }), AN_EFFECT, send)).toEqual(expected.outcome);
    expect(bodies).toHaveLength(expected.sends);
  });

  test.each(points)('of the ledger at %s, %s it took effect, fails the call', async (operation, when, expected) => {
    const { intents } = ledgerStruckAt(operation, when, () => Promise.reject(new Error('the ledger is down')));
    const { bodies, send } = sender(APPLIED);

    await expect(performEffect(anInvocation({ intents }), AN_EFFECT, send)).rejects.toThrow('the ledger is down');

    expect(await performEffect(anInvocation({ intents }), AN_EFFECT, send)).toEqual(expected.outcome);
    expect(bodies).toHaveLength(expected.sends);
  });

  test('within the call leaves the effect in doubt, not to be sent again', async () => {
    const intents = createMemoryIntents();
    await new Promise<void>((arrived) => {
      void performEffect(anInvocation({ intents }), AN_EFFECT, () => {
        arrived();
        return new Promise(() => {});
      });
    });

    expect(await performEffect(anInvocation({ intents }), AN_EFFECT, inert('send'))).toEqual(ANOTHER_HAS_IT);
    expect(intents.items.get(key)).toMatchObject({ state: 'sending', fence: 1 });
    await sweep(intents, afterNoon(5 * MINUTE + 1));
    expect(await performEffect(anInvocation({ intents }), AN_EFFECT, inert('send'))).toEqual({
      outcome: 'pending',
      reason: `claimed at ${NOON.toISOString()} and never recorded: the request may have been sent`,
      key,
    });
  });

  test.each(['prepare', 'claim', 'move'])(
    'of the acknowledgement of %s is no reason to send again or not at all',
    async (operation) => {
      const intents = createMemoryIntents((moment) =>
        moment.operation === operation && moment.when === 'after' ? 'repeat' : undefined,
      );
      const { bodies, send } = sender(APPLIED);

      expect(await performEffect(anInvocation({ intents }), AN_EFFECT, send)).toEqual({
        outcome: 'applied',
        result: CREATED,
        duplicate: false,
      });
      expect(bodies).toHaveLength(1);
      expect(intents.items.get(key)).toMatchObject({ state: 'applied', fence: 1 });
    },
  );
});

describe('a worker that comes back after the sweeper took its claim over', () => {
  test.each<Answer<typeof CREATED>>([APPLIED, REJECTED, NOT_SENT])(
    'with %j overwrites nothing and reports what stands',
    async (answer) => {
      const intents = createMemoryIntents();
      let takenOver: unknown;

      const outcome = await performEffect(anInvocation({ intents }), AN_EFFECT, async () => {
        await sweep(intents, afterNoon(6 * MINUTE));
        takenOver = intents.items.get(key);
        return answer;
      });

      expect(outcome).toMatchObject({ outcome: 'pending', reason: expect.stringContaining('never recorded'), key });
      expect(takenOver).toMatchObject({ state: 'unknown' });
      expect(intents.items.get(key)).toEqual(takenOver);
      expect(await performEffect(anInvocation({ intents }), AN_EFFECT, inert('send'))).toEqual(outcome);
    },
  );

  test('reports what the sweeper found, not its own answer', async () => {
    const intents = createMemoryIntents();

    const outcome = await performEffect(anInvocation({ intents }), AN_EFFECT, async () => {
      await sweep(intents, afterNoon(6 * MINUTE));
      await sweep(intents, afterNoon(7 * MINUTE), { kind: 'found', result: { escrowId: 'esc_found' } });
      return APPLIED;
    });

    expect(outcome).toMatchObject({ outcome: 'applied', result: { escrowId: 'esc_found' } });
    expect(intents.items.get(key)).toMatchObject({ state: 'applied', result: { escrowId: 'esc_found' } });
  });

  test('and another invocation that holds the next fence is left alone', async () => {
    const intents = createMemoryIntents();

    const outcome = await performEffect(anInvocation({ intents }), AN_EFFECT, async () => {
      // A clock far off, or a request that took all night: the effect was found absent and is being sent anew.
      const absent = { kind: 'absent' } as const;
      for (const minutes of [6, 20, 26]) await sweep(intents, afterNoon(minutes * MINUTE), absent);
      await leaveSending(intents, aNewIntent(), afterNoon(27 * MINUTE));
      return APPLIED;
    });

    expect(outcome).toEqual(ANOTHER_HAS_IT);
    expect(intents.items.get(key)).toMatchObject({ state: 'sending', fence: 2, owner: 'a crashed invocation' });
  });
});

describe('another try that an operator asked for', () => {
  /** A ledger in which the effect was rejected, so many times, and another try was asked for each time. */
  async function retried(times: number) {
    const intents = createMemoryIntents();
    const keys = [key];
    for (let index = 0; index < times; index += 1) {
      await performEffect(anInvocation({ intents }), AN_EFFECT, sender(REJECTED).send);
      const [last = key] = keys.slice(-1);
      const rejected = await readStored(intents, last);
      const ending = { state: 'rejected', note: 'again', retriedAs: retryKey(last) } as const;
      await intents.move(rejected, ending, NOON);
      keys.push(retryKey(last));
    }
    return { intents, keys };
  }

  test.each([1, 2, 3])(
    'is sent once, under a key and a reference of its own, which name the one before (%p)',
    async (times) => {
      const { intents, keys } = await retried(times);
      const requests: EffectRequest[] = [];
      const effect = { ...AN_EFFECT, bodyFor: (reference: string) => `{"description":"${reference}"}` };

      for (let call = 0; call < 3; call += 1) {
        await performEffect(anInvocation({ intents }), effect, async (request) => {
          requests.push(request);
          return APPLIED;
        });
      }

      const [before, last = ''] = keys.slice(-2);
      const reference = clientReference(last);
      expect(requests).toEqual([{ key: last, reference, body: `{"description":"${reference}"}` }]);
      expect(intents.items.get(last)).toMatchObject({ state: 'applied', retryOf: before, fence: 1 });
      expect(new Set(keys).size).toBe(times + 1);
      expect([...intents.items.keys()]).toEqual(keys);
      expect(await readLatestTry(intents, AN_EFFECT)).toMatchObject({ key: last });
    },
  );

  test('leaves the first as it was, and takes its own part of the budget', async () => {
    const { intents, keys } = await retried(1);
    const budgets = { perDay: { 'escrow-create': '60.00' }, perAgentAndDay: {} };

    await performEffect(anInvocation({ intents, budgets }), AN_EFFECT, sender(APPLIED).send);

    expect(keys.map((one) => intents.items.get(one)?.state)).toEqual(['rejected', 'applied']);
    expect([...intents.budgets.values()]).toEqual([50_000_000n]);
  });

  test('that is not begun yet leaves the one before as the latest', async () => {
    const { intents } = await retried(1);

    expect(await readLatestTry(intents, AN_EFFECT)).toMatchObject({ key, state: 'rejected' });
    expect(await readLatestTry(intents, anEffect({ subject: 'never asked for' }))).toBeUndefined();
  });
});

test('a ledger that loses an intent is a fault, not a reason to send', async () => {
  const intents = createMemoryIntents();
  const lossy = { ...intents, claim: async () => ({ kind: 'lost' }) as const, read: async () => undefined };

  await expect(performEffect(anInvocation({ intents: lossy }), AN_EFFECT, inert('send'))).rejects.toThrow(
    `intent ${key} vanished from the ledger`,
  );
});
