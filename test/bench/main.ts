import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { runCommand, UsageError } from '../../src/command-line.ts';
import { addBaseline } from './baseline.ts';
import { judge } from './goals.ts';
import { measure, PLAN, start, type Measured } from './measure.ts';
import { asMarkdown, figuresOf, goalsOf, requestsOf } from './report.ts';
import type { Results } from './results.ts';
import { startServices, type Services } from './services-client.ts';
import { prepare, type Bench, type Variant } from './variants.ts';

const DOCUMENT = 'docs/performance.md';
const BEGIN = '<!-- measured: npm run bench -->';
const END = '<!-- end of what was measured -->';
const ROUNDS = 15;

const USAGE = `npm run bench -- [--rounds ${ROUNDS}] [--baseline REV] [--write]
    how fast the functions start and work, beside plain handlers; most of a minute a round

  --baseline  a revision of this repository, built with its own packages and measured in the same rounds
  --write     puts the tables into ${DOCUMENT}`;

await runCommand(USAGE, main);

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: String(ROUNDS) },
      baseline: { type: 'string' },
      write: { type: 'boolean', default: false },
    },
  });
  const { baseline } = values;
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new UsageError(`--rounds ${values.rounds}: give a whole number from 1 on`);
  }
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const services = await startServices();
  try {
    say('bundling the functions');
    const own = await prepare(folder, services.awsUrl, services.twinUrl);
    const bench =
      baseline === undefined ? own : await addBaseline(own, baseline, join(folder, 'baseline'), services, say);
    const results = await measureAll(services, bench, rounds);
    const report = [
      describeRun(rounds),
      ...bench.leftOut.map((line) => `Left out: ${line}`),
      ...[
        goalsOf(judge(bench, results, baseline)),
        ...bench.jobs.flatMap((job) => [figuresOf(job, results), requestsOf(job, results)]),
      ].map(asMarkdown),
    ].join('\n\n');
    process.stdout.write(await format(report, { parser: 'markdown' }));
    if (values.write) await writeDown(report);
    return 0;
  } finally {
    services.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** In every round each variant has its turn, so that what disturbs the machine disturbs all of them. */
async function measureAll(services: Services, bench: Bench, rounds: number): Promise<Results> {
  const results = new Map<Variant, Measured[]>(bench.jobs.flatMap(({ variants }) => variants.map((one) => [one, []])));
  const order = [...results.keys()];
  // The first processes of all read files that nobody has read yet.
  for (const variant of order) await start(variant);
  const began = performance.now();
  for (let round = 1; round <= rounds; round += 1) {
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    say(`round ${round} of ${rounds}, after ${seconds} s`);
    for (const variant of order) results.get(variant)?.push(await measure(services, bench, variant, PLAN));
    // Nobody always comes first.
    order.push(...order.splice(0, 1));
  }
  return results;
}

function describeRun(rounds: number): string {
  const date = new Date().toISOString().slice(0, 10);
  const machine = `${cpus()[0]?.model ?? 'an unknown CPU'}, ${cpus().length} cores`;
  return `Measured on ${date}, on Node ${process.version}, ${machine}, in ${rounds} rounds.`;
}

async function writeDown(report: string): Promise<void> {
  const text = readFileSync(DOCUMENT, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${DOCUMENT} lacks ${BEGIN} or ${END}`);
  const written = `${text.slice(0, begin + BEGIN.length)}\n\n${report}\n\n${text.slice(end)}`;
  writeFileSync(DOCUMENT, await format(written, { ...(await resolveConfig(DOCUMENT)), filepath: DOCUMENT }));
  say(`written to ${DOCUMENT}`);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
