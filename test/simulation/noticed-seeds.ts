import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { hunt } from './hunt.ts';
import { MUTANT_NAMES, MUTANTS, type MutantName } from './mutants.ts';

/** How many schedules a mistake may stay unnoticed for. */
export const SCHEDULES = 20_000;

const FILE = fileURLToPath(new URL('noticed-seeds.json', import.meta.url));

/** The first seed that noticed a mistake when the file was written. Another simulator may draw other schedules from it. */
export function noticedSeed(name: MutantName): number | undefined {
  return (JSON.parse(readFileSync(FILE, 'utf8')) as Readonly<Record<string, number>>)[name];
}

/** Hunts every mistake from the first seed on, and writes the file; those that are not noticed are left out. */
export async function writeNoticedSeeds(say: (line: string) => void): Promise<void> {
  const seeds: Record<string, number> = {};
  for (const name of MUTANT_NAMES) {
    const found = await hunt(MUTANTS[name], 1, SCHEDULES);
    say(`${name}: ${found === undefined ? 'not noticed' : `noticed by seed ${found.schedules}`}`);
    if (found !== undefined) seeds[name] = found.schedules;
  }
  writeFileSync(FILE, `${JSON.stringify(seeds, undefined, 2)}\n`);
}
