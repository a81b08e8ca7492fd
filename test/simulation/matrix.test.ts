import { describe, expect, test } from '@jest/globals';
import { PROFILES } from '../../src/purple-flea/service.ts';
import { matrix, type Cell } from './matrix.ts';
import { judge } from './verdict.ts';

const EFFECTS = ['create', 'complete', 'release', 'dispute', 'order', 'transfer', 'claim', 'bonus'] as const;

/** A machine that takes longer than this is too slow to say anything. */
const LONGEST_MS = 5 * 60_000;

const cells = [...matrix()];

async function failuresOf(played: readonly Cell[]): Promise<string[]> {
  const failures: string[] = [];
  for (const { fault, schedule } of played) {
    const { violations, effects } = await judge(schedule);
    if (fault === 'nothing' && effects === 0) failures.push('nothing went wrong, and nothing took place');
    failures.push(...violations.map(({ rule, detail }) => `${fault}: ${rule}, ${detail}`));
  }
  return failures;
}

describe.each(PROFILES)('in the dialect %s', (profile) => {
  test.each(EFFECTS)(
    'every fault of %s ends as promised',
    async (effect) => {
      const played = cells.filter((cell) => cell.profile === profile && cell.effect === effect);

      expect(played.length).toBeGreaterThan(100);
      expect(await failuresOf(played)).toEqual([]);
    },
    LONGEST_MS,
  );
});
