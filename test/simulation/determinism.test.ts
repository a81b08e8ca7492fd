import { describe, expect, test } from '@jest/globals';
import { hunt, shrink } from './hunt.ts';
import { MUTANTS } from './mutants.ts';
import { drawSchedule } from './draw.ts';
import { judge } from './verdict.ts';

async function traceOf(seed: number): Promise<string> {
  const { trace, violations } = await judge(drawSchedule(seed), { traces: true });
  return [...trace, JSON.stringify(violations)].join('\n');
}

describe('one seed', () => {
  test.each(Array.from({ length: 50 }, (_, index) => 7_000 + index))(
    '%i gives one trace, byte for byte',
    async (seed) => {
      expect(await traceOf(seed)).toBe(await traceOf(seed));
    },
  );

  test('gives another trace than the next', async () => {
    expect(await traceOf(7_001)).not.toBe(await traceOf(7_002));
  });

  test('that fails is shrunk to what it fails by', async () => {
    const changes = MUTANTS['one-negative-read'];
    const found = await hunt(changes, 1, 20_000);
    if (found === undefined) throw new Error('nothing failed');

    const smallest = await shrink(found.verdict.schedule, changes);

    expect(smallest.disturbances.length).toBeLessThanOrEqual(found.verdict.schedule.disturbances.length);
    expect(smallest.disturbances.length).toBeLessThanOrEqual(2);
    expect((await judge(smallest, { changes })).violations).not.toEqual([]);
    // The mistake is what it fails by, and no disturbance that is left is there for nothing.
    expect((await judge(smallest, {})).violations).toEqual([]);
    for (const [index] of smallest.disturbances.entries()) {
      const without = { ...smallest, disturbances: smallest.disturbances.toSpliced(index, 1) };
      expect((await judge(without, { changes })).violations).toEqual([]);
    }
  });
});
