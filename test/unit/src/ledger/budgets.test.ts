import { describe, expect, test } from '@jest/globals';
import type { Answer } from '../../../../src/ledger/answer.ts';
import { reservationsFor, type BudgetPolicy } from '../../../../src/ledger/budgets.ts';
import { performEffect, type EffectOutcome } from '../../../../src/ledger/perform-effect.ts';
import { RESOLVE_DEFAULTS } from '../../../../src/ledger/resolve-intents.ts';
import { parseUsd } from '../../../../src/money.ts';
import {
  afterNoon,
  anEffect,
  type AnEffect,
  aNewIntent,
  anInvocation,
  MINUTE,
  NO_BUDGETS,
  NOON,
  sweep,
} from '../../../support/effects.ts';
import { createRandom, createRandomTurns } from '../../../support/interleavings.ts';
import { createMemoryIntents, createMemoryLedger, type MemoryLedger } from '../../../support/memory-intents.ts';

const POLICY: BudgetPolicy = { perDay: { 'escrow-create': '500.00' }, perAgentAndDay: { 'escrow-create': '80.50' } };

describe('what an effect has to reserve', () => {
  const effect = aNewIntent({ amountUsd: '50.25', payee: 'ag_owner' });

  test('is its amount of the budget of its kind and of its payee, for the day', () => {
    expect(reservationsFor(POLICY, effect, new Date('2026-03-06T12:00:00Z'))).toEqual([
      { budget: 'escrow-create/2026-03-06', amount: 50_250_000n, limit: 500_000_000n },
      { budget: 'escrow-create/ag_owner/2026-03-06', amount: 50_250_000n, limit: 80_500_000n },
    ]);
  });

  test.each([
    ['2026-03-06T23:59:59.999Z', '2026-03-06'],
    ['2026-03-07T00:00:00.000Z', '2026-03-07'],
    ['2026-03-07T00:30:00.000+01:00', '2026-03-06'],
    ['2026-12-31T23:00:00.000-02:00', '2027-01-01'],
  ])('is of the day in UTC: %s is on %s', (now, day) => {
    expect(reservationsFor(POLICY, effect, new Date(now))[0]?.budget).toBe(`escrow-create/${day}`);
  });

  test('is nothing where no budget is set for its kind', () => {
    expect(reservationsFor(NO_BUDGETS, effect, new Date())).toEqual([]);
    expect(reservationsFor(POLICY, { ...effect, kind: 'escrow-release' }, new Date())).toEqual([]);
  });
});

const DOLLARS = { perDay: { 'escrow-create': '500.00' }, perAgentAndDay: {} };
const DAY = 'escrow-create/2026-03-06';

type Result = { readonly id: string };

function dollarFor(subject: string, payee = 'ag_payee'): AnEffect {
  return anEffect({ subject, payee, amountUsd: '1.00' });
}

function dollars(howMany: number, from = 0): AnEffect[] {
  return Array.from({ length: howMany }, (_, index) => dollarFor(`subject-${from + index}`));
}

/** Runs effects of which any may go on after any other's step, in an order drawn from a seed. */
async function runAtOnce(
  effects: readonly AnEffect[],
  ledger: MemoryLedger,
  seed: number,
  {
    budgets = DOLLARS,
    answerTo = () => ({ kind: 'applied', result: { id: 'x' } }),
    now = () => NOON,
  }: { budgets?: BudgetPolicy; answerTo?: (effect: AnEffect) => Answer<Result>; now?: () => Date } = {},
): Promise<{ readonly sent: AnEffect[]; readonly outcomes: EffectOutcome[] }> {
  const turns = createRandomTurns(seed);
  const deps = anInvocation({ intents: createMemoryIntents(turns.turn, ledger), budgets, now });
  const sent: AnEffect[] = [];
  const all = Promise.all(
    effects.map((effect) =>
      performEffect(deps, effect, async () => {
        sent.push(effect);
        await turns.turn();
        return answerTo(effect);
      }),
    ),
  );
  await turns.run();
  return { sent, outcomes: await all };
}

function count(outcomes: readonly EffectOutcome[], kind: EffectOutcome['outcome']): number {
  return outcomes.filter(({ outcome }) => outcome === kind).length;
}

describe('a budget of $500', () => {
  test.each([1, 2, 3])('lets exactly 500 of a thousand $1 effects go out at once: seed %i', async (seed) => {
    const ledger = createMemoryLedger();

    const { sent, outcomes } = await runAtOnce(dollars(1_000), ledger, seed);

    expect([sent.length, count(outcomes, 'applied'), count(outcomes, 'rejected')]).toEqual([500, 500, 500]);
    expect(ledger.budgets.get(DAY)).toBe(500_000_000n);
  });

  test('has room again for exactly what did not take place', async () => {
    const ledger = createMemoryLedger();
    const refused = new Set(dollars(37).map(({ key }) => key));
    const answerTo = ({ key }: AnEffect): Answer<Result> =>
      refused.has(key) ? { kind: 'rejected', reason: 'HTTP 400' } : { kind: 'unknown', reason: 'HTTP 500' };
    const first = await runAtOnce(dollars(500), ledger, 4, { answerTo });
    expect([first.sent.length, ledger.budgets.get(DAY)]).toEqual([500, 463_000_000n]);

    const second = await runAtOnce(dollars(1_000, 500), ledger, 5);

    expect([second.sent.length, count(second.outcomes, 'applied')]).toEqual([37, 37]);
    expect(ledger.budgets.get(DAY)).toBe(500_000_000n);
  });

  test('counts what is in doubt as spent until it is known that it did not take place', async () => {
    const ledger = createMemoryLedger();
    const lost = new Set(dollars(25).map(({ key }) => key));
    await runAtOnce(dollars(500), ledger, 6, {
      answerTo: ({ key }) =>
        lost.has(key) ? { kind: 'unknown', reason: 'HTTP 500' } : { kind: 'applied', result: { id: 'x' } },
    });
    expect((await runAtOnce([dollarFor('too much')], ledger, 6)).sent).toEqual([]);

    const intents = createMemoryIntents(() => {}, ledger);
    const policy = { ...RESOLVE_DEFAULTS, resend: false };
    for (const minutes of [16, 22]) await sweep(intents, afterNoon(minutes * MINUTE), { kind: 'absent' }, { policy });

    expect(ledger.budgets.get(DAY)).toBe(475_000_000n);
    expect((await runAtOnce(dollars(100, 500), ledger, 7)).sent).toHaveLength(25);
  });

  test.each([8, 9])('is never exceeded at any moment, whatever is answered: seed %i', async (seed) => {
    const ledger = createMemoryLedger();
    const random = createRandom(seed);
    const answers: Answer<Result>[] = [
      { kind: 'applied', result: { id: 'x' } },
      { kind: 'unknown', reason: 'HTTP 500' },
      { kind: 'rejected', reason: 'HTTP 400' },
      { kind: 'not-sent', reason: 'refused', retryAfterSeconds: 1 },
    ];
    let spent = 0n;
    const answerTo = (): Answer<Result> => {
      const used = ledger.budgets.get(DAY) ?? 0n;
      if (used > spent) spent = used;
      return answers[Math.floor(random() * answers.length)] ?? { kind: 'unknown', reason: 'none' };
    };

    const { outcomes } = await runAtOnce(dollars(1_500), ledger, seed, { answerTo });

    const keeps = count(outcomes, 'applied') + count(outcomes, 'pending');
    expect(spent).toBeLessThanOrEqual(500_000_000n);
    expect(ledger.budgets.get(DAY)).toBe(BigInt(keeps) * 1_000_000n);
  });

  test('takes an effect to the last cent, and none of a micro-dollar more', async () => {
    const ledger = createMemoryLedger();
    const whole = anEffect({ subject: 'whole', amountUsd: '500.000001' });
    expect((await runAtOnce([whole], ledger, 1)).outcomes).toMatchObject([{ outcome: 'rejected' }]);
    expect((await runAtOnce([anEffect({ subject: 'most', amountUsd: '499.99' })], ledger, 1)).sent).toHaveLength(1);

    const rest = [
      anEffect({ subject: 'over', amountUsd: '0.010001' }),
      anEffect({ subject: 'fits', amountUsd: '0.01' }),
    ];
    const { sent } = await runAtOnce(rest, ledger, 1);

    expect(sent).toEqual([rest[1]]);
    expect(ledger.budgets.get(DAY)).toBe(parseUsd('500.00'));
  });

  test('begins anew with the day in UTC, and a return goes to the day that it was taken from', async () => {
    const ledger = createMemoryLedger();
    const lastMoment = () => new Date('2026-03-06T23:59:59.999Z');
    const midnight = () => new Date('2026-03-07T00:00:00.000Z');
    let day = lastMoment;
    const late = dollarFor('late');
    await runAtOnce(dollars(499), ledger, 1, { now: lastMoment });

    await runAtOnce([late], ledger, 1, {
      now: () => day(),
      answerTo: () => {
        day = midnight;
        return { kind: 'rejected', reason: 'HTTP 400' };
      },
    });
    const next = await runAtOnce(dollars(501, 1_000), ledger, 2, { now: midnight });

    expect(next.sent).toHaveLength(500);
    expect([...ledger.budgets]).toEqual([
      [DAY, 499_000_000n],
      ['escrow-create/2026-03-07', 500_000_000n],
    ]);
  });
});

test('the day that pays for an effect is that of its claim, not that on which its intent was written', async () => {
  const ledger = createMemoryLedger();
  const evening = () => new Date('2026-03-06T23:59:00.000Z');
  const morning = () => new Date('2026-03-07T00:01:00.000Z');
  const busy: Answer<Result> = { kind: 'not-sent', reason: 'HTTP 429', retryAfterSeconds: 60 };
  await runAtOnce([dollarFor('late')], ledger, 1, { now: evening, answerTo: () => busy });
  expect([...ledger.items.values()].map(({ createdAt }) => createdAt)).toEqual([evening().toISOString()]);

  await runAtOnce([dollarFor('late')], ledger, 2, { now: morning });

  expect([...ledger.budgets]).toEqual([
    [DAY, 0n],
    ['escrow-create/2026-03-07', 1_000_000n],
  ]);
});

test('a budget for each agent holds for each by itself, beside that of all', async () => {
  const ledger = createMemoryLedger();
  const budgets = { perDay: { 'escrow-create': '25.00' }, perAgentAndDay: { 'escrow-create': '10.00' } };
  const effects = ['ag_one', 'ag_two', 'ag_three'].flatMap((payee) =>
    Array.from({ length: 20 }, (_, index) => dollarFor(`${payee}-${index}`, payee)),
  );

  const { sent, outcomes } = await runAtOnce(effects, ledger, 3, { budgets });

  const perAgent = ['ag_one', 'ag_two', 'ag_three'].map((agent) => sent.filter(({ payee }) => payee === agent).length);
  expect(sent).toHaveLength(25);
  expect(Math.max(...perAgent)).toBeLessThanOrEqual(10);
  expect(count(outcomes, 'rejected')).toBe(35);
  expect(ledger.budgets.get(DAY)).toBe(25_000_000n);
  for (const [index, agent] of ['ag_one', 'ag_two', 'ag_three'].entries()) {
    expect(ledger.budgets.get(`escrow-create/${agent}/2026-03-06`)).toBe(BigInt(perAgent[index] ?? 0) * 1_000_000n);
  }
});
