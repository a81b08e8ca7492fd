import { expect, test } from '@jest/globals';
import { hunt } from './hunt.ts';
import { MUTANT_NAMES, MUTANTS } from './mutants.ts';

/** How many schedules a mistake may stay unnoticed for. */
const SCHEDULES = 20_000;

test.each(MUTANT_NAMES)('%s is noticed', async (name) => {
  const found = await hunt(MUTANTS[name], 1, SCHEDULES);

  expect(found?.verdict.violations).not.toEqual([]);
  expect(found?.schedules ?? Infinity).toBeLessThanOrEqual(SCHEDULES);
});
