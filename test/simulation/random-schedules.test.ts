import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const run = promisify(execFile);

/** As many as this are played in all, unless the time runs out first. */
const SCHEDULES = 100_000;
const SECONDS = 58;
const PROCESSES = 2;

/** Fewer than this, in any of the processes, say nothing. */
const FEWEST = 2_000;

/** The figures at the end of a run, by name; processes of their own, since the simulator is faster outside of jest. */
async function simulate(seed: number): Promise<ReadonlyMap<string, number>> {
  const options = { '--schedules': SCHEDULES / PROCESSES, '--seed': seed, '--seconds': SECONDS };
  const args = Object.entries(options).flatMap(([name, value]) => [name, String(value)]);
  const { stdout } = await run(process.execPath, ['test/simulation/main.ts', ...args]);
  const figures = stdout.matchAll(/^([a-z -]+?) {2,}(\d+)$/gm);
  return new Map([...figures].map(([, name = '', figure]) => [name, Number(figure)] as const));
}

test(
  'random schedules end as promised',
  async () => {
    const seeds = Array.from({ length: PROCESSES }, (_, index) => 1 + (index * SCHEDULES) / PROCESSES);
    const runs = await Promise.all(seeds.map(simulate));

    for (const figures of runs) {
      expect(figures.get('schedules')).toBeGreaterThan(FEWEST);
      expect(figures.get('duplicates')).toBe(0);
      expect(figures.get('undefined ends')).toBe(0);
      expect(figures.get('schedules that broke a promise')).toBe(0);
    }
    const played = runs.reduce((sum, figures) => sum + (figures.get('schedules') ?? 0), 0);
    process.stdout.write(`${played} schedules\n`);
  },
  2 * SECONDS * 1000,
);
