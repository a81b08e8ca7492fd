import { expect, test } from '@jest/globals';
import { hunt } from './hunt.ts';
import { MUTANT_NAMES, MUTANTS } from './mutants.ts';
import { noticedSeed, SCHEDULES } from './noticed-seeds.ts';

// `npm run simulate -- --write-seeds` finds the seeds anew where a change of the simulator made them play something else.
test.each(MUTANT_NAMES)('%s is noticed', async (name) => {
  const seed = noticedSeed(name);
  const byItsSeed = seed === undefined || seed > SCHEDULES ? undefined : await hunt(MUTANTS[name], seed, 1);
  const found = byItsSeed ?? (await hunt(MUTANTS[name], 1, SCHEDULES));

  expect(found?.verdict.violations).not.toEqual([]);
  expect(found?.schedules ?? Infinity).toBeLessThanOrEqual(SCHEDULES);
});
