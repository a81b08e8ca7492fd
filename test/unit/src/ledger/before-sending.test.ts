import { describe, expect, test } from '@jest/globals';
import { SecretUnusableError, ServiceUnreadableError } from '../../../../src/errors.ts';
import type { Answer } from '../../../../src/ledger/answer.ts';
import type { BudgetPolicy } from '../../../../src/ledger/budgets.ts';
import { EFFECT_KINDS, type EffectKind } from '../../../../src/ledger/effect-key.ts';
import { performEffect } from '../../../../src/ledger/perform-effect.ts';
import { STOP_MODES, type StopMode } from '../../../../src/ledger/stop.ts';
import { afterNoon, anEffect, anInvocation, MINUTE, NOON, sweep } from '../../../support/effects.ts';
import { inert } from '../../../support/inert.ts';
import { createMemoryIntents } from '../../../support/memory-intents.ts';

type Result = { readonly id: string };
const APPLIED: Answer<Result> = { kind: 'applied', result: { id: 'x' } };
const REJECTED: Answer<Result> = { kind: 'rejected', reason: 'HTTP 400' };
const NOT_SENT: Answer<Result> = { kind: 'not-sent', reason: 'refused', retryAfterSeconds: 15 };
const UNKNOWN: Answer<Result> = { kind: 'unknown', reason: 'HTTP 500' };

const NEVER = new Promise<never>(() => {});

const sends = (answer: Answer<Result>) => async () => answer;

describe('an effect whose time is over', () => {
  const effect = anEffect({ expiresAt: NOON.toISOString() });

  test('is rejected without a call, for good', async () => {
    const intents = createMemoryIntents();
    const readStop = inert('readStop');
    const expected = { outcome: 'rejected', reason: `not sent until ${effect.expiresAt}, when it expired` };

    for (let time = 0; time < 2; time += 1) {
      expect(await performEffect(anInvocation({ intents, readStop }), effect, inert('send'))).toEqual(expected);
    }
    expect(intents.items.get(effect.key)).toMatchObject({ state: 'rejected', fence: 0 });
  });

  test('is sent until the very millisecond before', async () => {
    const now = () => afterNoon(-1);

    expect(await performEffect(anInvocation({ now }), effect, sends(APPLIED))).toMatchObject({ outcome: 'applied' });
  });

  test('is measured by what was recorded first, not by what a later call says', async () => {
    const intents = createMemoryIntents();
    const first = anInvocation({ intents, now: () => afterNoon(-MINUTE) });
    await performEffect(first, effect, sends(NOT_SENT));

    const later = { ...effect, expiresAt: afterNoon(MINUTE).toISOString() };
    expect(await performEffect(anInvocation({ intents }), later, inert('send'))).toMatchObject({
      outcome: 'rejected',
      reason: expect.stringContaining('when it expired'),
    });
  });

  test('stays what it has become: applied, in doubt', async () => {
    for (const [answer, outcome] of [
      [APPLIED, 'applied'],
      [UNKNOWN, 'pending'],
    ] as const) {
      const intents = createMemoryIntents();
      await performEffect(anInvocation({ intents, now: () => afterNoon(-MINUTE) }), effect, sends(answer));

      expect(await performEffect(anInvocation({ intents }), effect, inert('send'))).toMatchObject({ outcome });
    }
  });
});

describe('the pace', () => {
  test('is waited for before the claim: nothing is taken meanwhile, and the wait is exactly what the slot asks for', async () => {
    const intents = createMemoryIntents();
    const effect = { ...anEffect(), reserve: async () => ({ reason: 'paced', retryAfterSeconds: 47 }) };

    expect(await performEffect(anInvocation({ intents }), effect, inert('send'))).toEqual({
      outcome: 'not-sent',
      reason: 'paced',
      retryAfterSeconds: 47,
    });
    expect(intents.items.get(effect.key)).toMatchObject({ state: 'prepared', fence: 0, waitsFor: 'rate-limit' });
  });

  test('leaves a wait of minutes to the sweepers', async () => {
    const effect = { ...anEffect(), reserve: async () => ({ reason: 'paced', retryAfterSeconds: 235 }) };

    expect(await performEffect(anInvocation(), effect, inert('send'))).toMatchObject({ outcome: 'pending' });
  });

  test('may use up the time that sending needs: then nothing is claimed', async () => {
    const intents = createMemoryIntents();
    let leftMs = 60_000;
    const effect = {
      ...anEffect(),
      async reserve(_client: unknown, key: string) {
        expect(key).toBe(effect.key);
        leftMs = 1_000;
        return undefined;
      },
    };

    await expect(
      performEffect(anInvocation({ intents, remainingMs: () => leftMs }), effect, inert('send')),
    ).rejects.toThrow('1000 ms left');
    expect(intents.items.get(effect.key)).toMatchObject({ state: 'prepared', fence: 0 });
  });
});

describe('the stop', () => {
  const MAY_BEGIN: Record<StopMode, readonly EffectKind[]> = {
    running: EFFECT_KINDS,
    reducing: ['escrow-complete', 'escrow-release', 'escrow-dispute', 'faucet-claim'],
    halted: [],
  };

  test.each(STOP_MODES.flatMap((mode) => EFFECT_KINDS.map((kind) => [mode, kind] as const)))(
    'on %s decides whether %s may begin',
    async (mode, kind) => {
      const intents = createMemoryIntents();
      const effect = anEffect({ kind });
      const deps = anInvocation({ intents, readStop: async () => mode });
      let calls = 0;

      const outcome = await performEffect(deps, effect, async () => {
        calls += 1;
        return APPLIED;
      });

      const mayBegin = MAY_BEGIN[mode].includes(kind);
      const refused = { outcome: 'not-sent', reason: `the stop is on "${mode}"`, retryAfterSeconds: 15 };
      expect([outcome, calls]).toMatchObject(mayBegin ? [{ outcome: 'applied' }, 1] : [refused, 0]);
      const { state, fence } = intents.items.get(effect.key) ?? {};
      expect([state, fence]).toEqual(mayBegin ? ['applied', 1] : ['prepared', 0]);
      const locks = kind === 'escrow-release' || kind === 'escrow-dispute' ? 1 : 0;
      expect(intents.locks.size).toBe(mayBegin ? locks : 0);
    },
  );

  test('is looked at before a slot is taken, and again before the claim', async () => {
    const modes: StopMode[] = ['halted', 'running', 'halted'];
    const taken: string[] = [];
    const intents = createMemoryIntents();
    const effect = {
      ...anEffect(),
      reserve: async (_client: unknown, key: string) => {
        taken.push(key);
        return undefined;
      },
    };
    const attempt = (at: number) =>
      performEffect(
        anInvocation({ intents, readStop: async () => modes.shift() ?? 'running', now: () => afterNoon(at) }),
        effect,
        inert('send'),
      );

    expect(await attempt(0)).toMatchObject({ outcome: 'not-sent', reason: 'the stop is on "halted"' });
    expect(taken).toEqual([]);
    expect(await attempt(15_000)).toMatchObject({ outcome: 'not-sent', reason: 'the stop is on "halted"' });
    expect(taken).toEqual([effect.key]);
  });

  test('that cannot be read sends nothing, and the effect goes out once it can', async () => {
    const intents = createMemoryIntents();
    const effect = anEffect();
    const readStop = () => Promise.reject(new Error('parameter /stop is missing'));

    expect(await performEffect(anInvocation({ intents, readStop }), effect, inert('send'))).toMatchObject({
      outcome: 'not-sent',
      reason: 'the stop cannot be read: Error: parameter /stop is missing',
      retryAfterSeconds: 15,
    });
    expect(intents.items.get(effect.key)).toMatchObject({ state: 'prepared', fence: 0, waitsFor: 'stop' });
    const again = anInvocation({ intents, now: () => afterNoon(15_000) });
    expect(await performEffect(again, effect, sends(APPLIED))).toMatchObject({
      outcome: 'applied',
      duplicate: false,
    });
  });

  test('does not keep what was done from being told', async () => {
    const intents = createMemoryIntents();
    await performEffect(anInvocation({ intents }), anEffect(), sends(APPLIED));
    const halted = anInvocation({ intents, readStop: async () => 'halted' });

    expect(await performEffect(halted, anEffect(), inert('send'))).toMatchObject({
      outcome: 'applied',
      duplicate: true,
    });
  });
});

describe('a look at what is to be changed', () => {
  const SEEN = { positionIds: ['pos_1', 'pos_2'] };

  test('is stored with the claim, before anything is sent', async () => {
    const intents = createMemoryIntents();
    const effect = anEffect({ lookBefore: async () => SEEN });
    const stored: unknown[] = [];

    await performEffect(anInvocation({ intents }), effect, async () => {
      stored.push(intents.items.get(effect.key));
      return UNKNOWN;
    });

    expect(stored).toEqual([expect.objectContaining({ state: 'sending', before: SEEN })]);
    expect(intents.items.get(effect.key)).toMatchObject({ state: 'unknown', before: SEEN });
  });

  test('is taken anew for another attempt', async () => {
    const intents = createMemoryIntents();
    let attempt = 1;
    const effect = anEffect({ lookBefore: async () => ({ attempt }) });

    await performEffect(anInvocation({ intents }), effect, sends(NOT_SENT));
    attempt = 2;
    await performEffect(anInvocation({ intents, now: () => afterNoon(15_000) }), effect, sends(UNKNOWN));

    expect(intents.items.get(effect.key)?.before).toEqual({ attempt: 2 });
  });

  test('is taken again under the lock: where something changed in between, nothing is sent, and nothing stays taken', async () => {
    const intents = createMemoryIntents();
    let looks = 0;
    const effect = anEffect({ kind: 'escrow-release', lookBefore: async () => ({ look: ++looks }) });
    const budgets = { perDay: { 'escrow-release': '500.00' }, perAgentAndDay: {} };

    expect(await performEffect(anInvocation({ intents, budgets }), effect, inert('send'))).toEqual({
      outcome: 'not-sent',
      reason: 'something else changed there just before',
      retryAfterSeconds: 60,
    });
    expect(intents.items.get(effect.key)?.state).toBe('prepared');
    expect([intents.locks.size, ...intents.budgets.values()]).toEqual([0, 0n]);
  });

  test.each([
    [new ServiceUnreadableError('trading.positions: HTTP 500'), 15, 'service'],
    [
      new ServiceUnreadableError('trading.positions: HTTP 429', { httpStatus: 429, retryAfterSeconds: 7 }),
      7,
      'rate-limit',
    ],
    [new ServiceUnreadableError('trading.positions: HTTP 401', { httpStatus: 401 }), 15, 'secret'],
    [new SecretUnusableError('secret keys: is not JSON'), 15, 'secret'],
  ])('that fails sends nothing and uses up no attempt: %s', async (fault, retryAfterSeconds, waitsFor) => {
    const intents = createMemoryIntents();
    const effect = anEffect({ lookBefore: () => Promise.reject(fault) });

    expect(await performEffect(anInvocation({ intents }), effect, inert('send'))).toEqual({
      outcome: 'not-sent',
      reason: fault.message,
      retryAfterSeconds,
    });
    for (let hour = 1; hour < 20; hour += 1) {
      const deps = anInvocation({ intents, now: () => afterNoon(hour * 60 * MINUTE) });
      expect(await performEffect(deps, effect, inert('send'))).toMatchObject({ reason: fault.message });
    }
    expect(intents.items.get(effect.key)).toMatchObject({ state: 'prepared', fence: 0, waits: 20, waitsFor });
    const back = anInvocation({ intents, now: () => afterNoon(20 * 60 * MINUTE) });
    expect(await performEffect(back, anEffect(), sends(APPLIED))).toMatchObject({ outcome: 'applied' });
  });

  test('that fails by a fault is a fault, and sends nothing', async () => {
    const intents = createMemoryIntents();
    const effect = anEffect({ lookBefore: () => Promise.reject(new TypeError('x is not a function')) });

    await expect(performEffect(anInvocation({ intents }), effect, inert('send'))).rejects.toThrow(TypeError);
    expect(intents.items.get(effect.key)).toMatchObject({ state: 'prepared', fence: 0 });
  });
});

describe('what a claim takes', () => {
  const BUDGETS: BudgetPolicy = {
    perDay: { 'escrow-release': '120.00' },
    perAgentAndDay: { 'escrow-release': '60.00' },
  };
  const release = (subject: string, escrowId: string, payee = 'ag_payee') =>
    anEffect({ kind: 'escrow-release', subject, escrowId, payee });

  /** A ledger in which a release of $50.00 was answered like this. */
  async function aLedgerAfter(answer: Answer<Result> | 'a crash') {
    const intents = createMemoryIntents();
    const deps = anInvocation({ intents, budgets: BUDGETS });
    const effect = release('one', 'esc_1');
    let isSending: () => void = () => {};
    const sending = new Promise<void>((resolve) => {
      isSending = resolve;
    });
    const call = performEffect(deps, effect, async () => {
      isSending();
      return answer === 'a crash' ? NEVER : answer;
    });
    await (answer === 'a crash' ? sending : call);
    return { intents, deps, effect };
  }

  const TAKEN = [
    ['escrow-release/2026-03-06', 50_000_000n],
    ['escrow-release/ag_payee/2026-03-06', 50_000_000n],
  ];

  test.each<[string, Answer<Result> | 'a crash']>([
    ['an effect that took place', APPLIED],
    ['an effect in doubt', UNKNOWN],
    ['a crash', 'a crash'],
  ])('is kept after %s: budgets and the lock', async (_case, answer) => {
    const { intents, effect } = await aLedgerAfter(answer);

    expect([...intents.budgets]).toEqual(TAKEN);
    expect([...intents.locks]).toEqual([['settlement/esc_1', effect.key]]);
  });

  test('is kept by what a person has to settle', async () => {
    const { intents, effect } = await aLedgerAfter(UNKNOWN);
    await sweep(intents, afterNoon(MINUTE), { kind: 'invisible', reason: 'the escrow is refunded' });

    expect(intents.items.get(effect.key)?.state).toBe('manual');
    expect([...intents.budgets]).toEqual(TAKEN);
    expect([...intents.locks]).toEqual([['settlement/esc_1', effect.key]]);
  });

  test.each<[string, Answer<Result>]>([
    ['a refusal', REJECTED],
    ['an attempt that did not go out', NOT_SENT],
  ])('is given back after %s', async (_case, answer) => {
    const { intents, effect } = await aLedgerAfter(answer);

    expect([...intents.budgets.values()]).toEqual([0n, 0n]);
    expect([...intents.locks]).toEqual([]);
    const { reserved, lock } = intents.items.get(effect.key) ?? {};
    expect([reserved, lock]).toEqual([undefined, undefined]);
  });

  test('is given back by every attempt that did not go out', async () => {
    const { intents, deps, effect } = await aLedgerAfter(NOT_SENT);
    for (let hour = 2; hour <= 50; hour += 1) {
      await performEffect({ ...deps, now: () => afterNoon(hour * 60 * MINUTE) }, effect, sends(NOT_SENT));
    }

    expect(intents.items.get(effect.key)).toMatchObject({ state: 'prepared', fence: 50 });
    expect(new Set(intents.budgets.values())).toEqual(new Set([0n]));
    expect([...intents.locks]).toEqual([]);
  });

  test('is nothing where a budget has not enough left, and the effect is rejected', async () => {
    const { intents, deps } = await aLedgerAfter(APPLIED);
    const before = [...intents.budgets];
    const effect = release('two', 'esc_2');

    expect(await performEffect(deps, effect, inert('send'))).toEqual({
      outcome: 'rejected',
      reason: 'the budget escrow-release/ag_payee/2026-03-06 does not have $50.00 left',
    });
    expect([...intents.budgets]).toEqual(before);
    expect(intents.locks.has('settlement/esc_2')).toBe(false);
    expect(intents.items.get(effect.key)).toMatchObject({ state: 'rejected', fence: 0 });
  });

  test('is nothing where another effect settles the escrow, and this one may go out later', async () => {
    const { intents, deps, effect: holder } = await aLedgerAfter(UNKNOWN);
    const dispute = anEffect({ kind: 'escrow-dispute', escrowId: 'esc_1' });
    const refused = {
      outcome: 'not-sent',
      reason: `another effect is settling the escrow (${holder.key})`,
      retryAfterSeconds: 60,
    };

    expect(await performEffect(deps, dispute, inert('send'))).toEqual(refused);
    expect(await performEffect(deps, release('two', 'esc_1', 'ag_other'), inert('send'))).toEqual(refused);
    expect([...intents.budgets]).toEqual(TAKEN);
    expect(intents.items.get(dispute.key)).toMatchObject({ state: 'prepared', fence: 0 });
  });

  test('is asked for again after an hour where the other effect waits for a person', async () => {
    const { intents, deps } = await aLedgerAfter(UNKNOWN);
    await sweep(intents, afterNoon(MINUTE), { kind: 'invisible', reason: 'the escrow is refunded' });
    const dispute = anEffect({ kind: 'escrow-dispute', escrowId: 'esc_1' });

    expect(await performEffect(deps, dispute, inert('send'))).toMatchObject({ outcome: 'pending', key: dispute.key });
    const hourLater = afterNoon(60 * MINUTE).toISOString();
    expect(intents.items.get(dispute.key)).toMatchObject({ state: 'prepared', notBefore: hourLater, waitsFor: 'lock' });
  });

  test('is free for another effect once it was given back', async () => {
    const { deps, intents } = await aLedgerAfter(REJECTED);
    const dispute = anEffect({ kind: 'escrow-dispute', escrowId: 'esc_1' });

    expect(await performEffect(deps, dispute, sends(APPLIED))).toMatchObject({ outcome: 'applied' });
    expect([...intents.locks]).toEqual([['settlement/esc_1', dispute.key]]);
  });

  test('is the lock of the escrow for a release and a dispute alone', async () => {
    for (const kind of EFFECT_KINDS) {
      const intents = createMemoryIntents();
      await performEffect(anInvocation({ intents }), anEffect({ kind, escrowId: 'esc_1' }), sends(APPLIED));

      const settles = kind === 'escrow-release' || kind === 'escrow-dispute';
      expect([kind, ...intents.locks.keys()]).toEqual([kind, ...(settles ? ['settlement/esc_1'] : [])]);
    }
  });

  test('cannot be had for a settlement that names no escrow', async () => {
    const effect = anEffect({ kind: 'escrow-release', escrowId: undefined });

    await expect(performEffect(anInvocation(), effect, inert('send'))).rejects.toThrow('settles no escrow');
  });
});
