import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const run = promisify(execFile);

/** All of them are played: some 50 s of processor time in all. */
const SCHEDULES = 100_000;
const PROCESSES = 2;

/** A machine that takes longer than this is too slow to say anything. */
const LONGEST_MS = 15 * 60_000;

/** As in `npm run simulate`: each process keeps to one core. */
const FLAGS = ['--single-threaded', '--max-semi-space-size=32'];

/** The figures at the end of a run, by name; processes of their own, since the simulator is faster outside of jest. */
async function simulate(seed: number): Promise<ReadonlyMap<string, number>> {
  const options = { '--schedules': SCHEDULES / PROCESSES, '--seed': seed };
  const args = Object.entries(options).flatMap(([name, value]) => [name, String(value)]);
  const { stdout } = await run(process.execPath, [...FLAGS, 'test/simulation/main.ts', ...args]);
  const figures = stdout.matchAll(/^([a-z -]+?) {2,}(\d+)$/gm);
  return new Map([...figures].map(([, name = '', figure]) => [name, Number(figure)] as const));
}

test(
  'random schedules end as promised',
  async () => {
    const seeds = Array.from({ length: PROCESSES }, (_, index) => 1 + (index * SCHEDULES) / PROCESSES);
    const runs = await Promise.all(seeds.map(simulate));

    for (const figures of runs) {
      expect(figures.get('schedules')).toBe(SCHEDULES / PROCESSES);
      expect(figures.get('duplicates')).toBe(0);
      expect(figures.get('undefined ends')).toBe(0);
      expect(figures.get('schedules that broke a promise')).toBe(0);
    }
  },
  LONGEST_MS,
);
