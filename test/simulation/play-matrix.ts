import { PROFILES } from '../../src/purple-flea/service.ts';
import { matrix } from './matrix.ts';
import { judge } from './verdict.ts';

/** What became of all cells of one effect. */
export interface PlayedCells {
  readonly cells: number;
  readonly failures: readonly string[];
}

const [, , asked] = process.argv;
const profile = PROFILES.find((known) => known === asked);
if (profile === undefined) throw new Error(`name a dialect: ${PROFILES.join(', ')}`);

const played = new Map<string, { cells: number; readonly failures: string[] }>();
for (const { fault, effect, schedule } of [...matrix()].filter((cell) => cell.profile === profile)) {
  const of = played.get(effect) ?? { cells: 0, failures: [] };
  played.set(effect, of);
  const { violations, effects } = await judge(schedule);
  of.cells += 1;
  if (fault === 'nothing' && effects === 0) of.failures.push('nothing went wrong, and nothing took place');
  of.failures.push(...violations.map(({ rule, detail }) => `${fault}: ${rule}, ${detail}`));
}
process.stdout.write(`${JSON.stringify(Object.fromEntries(played))}\n`);
