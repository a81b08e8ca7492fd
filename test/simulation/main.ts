import { parseArgs } from 'node:util';
import { runCommand, UsageError } from '../../src/command-line.ts';
import { PROFILES, type Profile } from '../../src/purple-flea/service.ts';
import { compareWays, comparisonTable } from './comparison.ts';
import type { Changes } from './changes.ts';
import { hunt, shrink } from './hunt.ts';
import { MUTANT_NAMES, MUTANTS } from './mutants.ts';
import { writeNoticedSeeds } from './noticed-seeds.ts';
import { drawSchedule } from './draw.ts';
import { addVerdict, createTally, outcomeTable, totals } from './tally.ts';
import { judge, type Verdict } from './verdict.ts';

const USAGE = `npm run simulate -- [--schedules 10000] [--seed 1] [--profile reference|published|both]
    plays random schedules of crashes, lost answers and duplicates; exits 1 if one breaks a promise

  --seconds N     stops after so long
  --trace         prints what happens in each schedule
  --compare       plays the usual ways of doing it beside this one
  --mutant NAME   plays a mistake until it is noticed: ${MUTANT_NAMES.join(', ')}
  --write-seeds   hunts every mistake, and writes which seed notices it first`;

const readOptions = () =>
  parseArgs({
    options: {
      schedules: { type: 'string', default: '10000' },
      seed: { type: 'string', default: '1' },
      profile: { type: 'string', default: 'both' },
      trace: { type: 'boolean', default: false },
      seconds: { type: 'string', default: '86400' },
      compare: { type: 'boolean', default: false },
      mutant: { type: 'string' },
      'write-seeds': { type: 'boolean', default: false },
    },
  }).values;
type Options = ReturnType<typeof readOptions>;

// The batch processor looks into it for every batch, and a plain object is faster than the process's own.
process.env = { ...process.env };

await runCommand(USAGE, () => main(readOptions()));

async function main(values: Options): Promise<number> {
  // Refusals and faults are thrown by the thousand, and nobody reads where.
  if (!values.trace) Error.stackTraceLimit = 0;
  const schedules = readCount('schedules', values.schedules);
  const seed = readCount('seed', values.seed);
  const profile = readProfile(values.profile);
  if (values.compare) {
    say(comparisonTable(await compareWays(seed, schedules)));
    return 0;
  }
  if (values['write-seeds']) {
    await writeNoticedSeeds(say);
    return 0;
  }
  if (values.mutant !== undefined) return huntMutant(values.mutant, seed, schedules);
  const tally = createTally();
  const longestMs = readCount('seconds', values.seconds) * 1000;
  const startedAt = performance.now();
  let saidAt = startedAt;
  for (let index = 0; index < schedules && performance.now() - startedAt < longestMs; index += 1) {
    const verdict = await judge(drawSchedule(seed + index, profile), { traces: values.trace });
    addVerdict(tally, verdict);
    if (values.trace) say(verdict.trace.join('\n'));
    if (verdict.violations.length > 0) await report(verdict);
    if (performance.now() - saidAt > 1000) {
      saidAt = performance.now();
      process.stderr.write(
        `\r${tally.schedules} of ${schedules} schedules, ${rate(tally.schedules, startedAt)} a second `,
      );
    }
  }
  process.stderr.write('\r');
  say(outcomeTable(tally));
  say(totals(tally));
  say(
    `${rate(tally.schedules, startedAt)} schedules a second, ${((performance.now() - startedAt) / 1000).toFixed(1)} s`,
  );
  return tally.failures === 0 ? 0 : 1;
}

/** Plays a mistake until it is noticed; the exit code says whether it was. */
async function huntMutant(text: string, seed: number, schedules: number): Promise<number> {
  const name = MUTANT_NAMES.find((one) => one === text);
  if (name === undefined) throw new UsageError(`--mutant takes one of ${MUTANT_NAMES.join(', ')}`);
  const found = await hunt(MUTANTS[name], seed, schedules);
  say(`${name}: ${found === undefined ? `not noticed in ${schedules} schedules` : `noticed after ${found.schedules}`}`);
  if (found !== undefined) await report(found.verdict, MUTANTS[name]);
  return found === undefined ? 1 : 0;
}

async function report({ schedule, violations }: Verdict, changes: Changes = {}): Promise<void> {
  say(`seed ${schedule.seed} broke a promise; npm run simulate -- --seed ${schedule.seed} --schedules 1 --trace`);
  for (const { rule, detail } of violations) say(`  ${rule}: ${detail}`);
  const { disturbances, ...smallest } = await shrink(schedule, changes);
  say(`  shrunk to ${JSON.stringify(smallest)}`);
  for (const disturbance of disturbances) say(`    ${JSON.stringify(disturbance)}`);
}

function rate(schedules: number, startedAt: number): number {
  return Math.round(schedules / ((performance.now() - startedAt) / 1000));
}

function readCount(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`--${name} takes a whole number, not "${text}"`);
  return Number(text);
}

function readProfile(text: string): Profile | undefined {
  const profile = PROFILES.find((one) => one === text);
  if (profile === undefined && text !== 'both') throw new UsageError(`--profile takes ${PROFILES.join(', ')} or both`);
  return profile;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
