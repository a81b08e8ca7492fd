import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { PROFILES } from '../../src/purple-flea/service.ts';
import type { PlayedCells } from './play-matrix.ts';

const run = promisify(execFile);

const EFFECTS = ['create', 'complete', 'release', 'dispute', 'order', 'transfer', 'claim', 'bonus'] as const;

/** As in `npm run simulate`: each process keeps to one core, and the simulator is faster outside of jest. */
const FLAGS = ['--single-threaded', '--max-semi-space-size=32'];

/** A machine that takes longer than this is too slow to say anything. */
const LONGEST_MS = 10 * 60_000;

const played = new Map<string, Readonly<Record<string, PlayedCells>>>();

beforeAll(async () => {
  const play = async (profile: string) => {
    const { stdout } = await run(process.execPath, [...FLAGS, 'test/simulation/play-matrix.ts', profile], {
      maxBuffer: 64 * 2 ** 20,
    });
    played.set(profile, JSON.parse(stdout) as Readonly<Record<string, PlayedCells>>);
  };
  await Promise.all(PROFILES.map(play));
}, LONGEST_MS);

describe.each(PROFILES)('in the dialect %s', (profile) => {
  test('there are cells for every effect', () => {
    expect(Object.keys(played.get(profile) ?? {}).toSorted()).toEqual(EFFECTS.toSorted());
  });

  test.each(EFFECTS)('every fault of %s ends as promised', (effect) => {
    const { cells = 0, failures } = played.get(profile)?.[effect] ?? {};

    expect(cells).toBeGreaterThan(100);
    expect(failures).toEqual([]);
  });
});
