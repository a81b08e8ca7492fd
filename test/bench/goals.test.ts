import { describe, expect, test } from '@jest/globals';
import { judge } from './goals.ts';
import type { Exchange } from './link.ts';
import type { Measured } from './measure.ts';
import { asMarkdown, goalsOf } from './report.ts';
import { PLAIN, type Bench, type Variant } from './variants.ts';

const BASELINE = 'v1';

function aVariant(name: string, bundleBytes = 400 * 1024): Variant {
  return { name, command: ['node'], env: {}, eventOf: () => ({}), bundleBytes };
}

const [trade, before, plain, empty, bonus] = [
  aVariant('place-trade'),
  aVariant(BASELINE),
  aVariant(PLAIN),
  aVariant('empty'),
  aVariant('start-bonus', 501 * 1024),
];
const bench: Bench = {
  empty,
  jobs: [
    { title: 'trade', variants: [trade, before, plain, empty] },
    { title: 'bonus', variants: [bonus] },
  ],
  leftOut: [],
};

/** One round in which a warm event takes so long and makes so many requests to Purple Flea, one after the other. */
function aRound(ms: number, count = 2, { readyMs = 100, perSecond = 100 } = {}): Measured {
  const exchanges = Array.from({ length: count }, (_, at): Exchange => ({
    service: 'Purple Flea',
    operation: 'GET /',
    startedAt: 2 * at,
    endedAt: 2 * at + 1,
  }));
  const work = { firstEffectMs: ms, delayed: [{ ms, exchanges }], undelayedMs: [ms], eventsPerSecond: perSecond };
  return { starts: [{ ms: readyMs, emptyMs: 50 }], peakMb: 1, work };
}

/** What came out, in the order of the goals. */
const found = (rounds: ReadonlyMap<Variant, readonly Measured[]>, baseline?: string) =>
  judge(bench, rounds, baseline).map((goal) => goal.found);

describe('goals', () => {
  test('compare variants within each round, and take the median', () => {
    const rounds = new Map([
      [trade, [aRound(300), aRound(600), aRound(310)]],
      [before, [aRound(500), aRound(1000), aRound(500)]],
      [plain, [aRound(150), aRound(300), aRound(150)]],
    ]);

    expect(found(rounds, BASELINE)).toEqual([
      { text: '0.60 (0.60 to 0.62)', isReached: true },
      { text: '2.00 (2.00 to 2.07)', isReached: true },
      { text: '2', isReached: true },
      { text: '2', isReached: true },
      { text: '0.60 (0.60 to 0.62)', isReached: true },
      { text: '1.00 (1.00 to 1.00)', isReached: true },
      { text: '501', isReached: false },
      { text: '1.00 (1.00 to 1.00)', isReached: true },
    ]);
  });

  test('are not reached where more is asked for, waited for or done less often', () => {
    const rounds = new Map([
      [trade, [aRound(450, 10, { readyMs: 140, perSecond: 99 })]],
      [before, [aRound(500)]],
      [plain, [aRound(150)]],
    ]);

    expect(found(rounds, BASELINE).map((one) => one?.isReached)).toEqual(Array(8).fill(false));
  });

  test('that compare with a baseline are not judged without one', () => {
    const rounds = new Map([
      [trade, [aRound(300)]],
      [plain, [aRound(150)]],
    ]);
    const goals = judge(bench, rounds, undefined);

    expect(goals.map((goal) => goal.found === undefined)).toEqual([
      true,
      false,
      false,
      false,
      true,
      false,
      false,
      true,
    ]);
    expect(asMarkdown(goalsOf(goals))).toContain('| warm trade, p50, ÷ a baseline | ≤ 0.68 | not measured | - |');
  });
});
