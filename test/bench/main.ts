import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { runCommand, UsageError } from '../../src/command-line.ts';
import { measure, measureStarts, noSamples, type Samples, type Services } from './measure.ts';
import { markdownTable, terminalTable, type Results } from './report.ts';
import type { FromServices, ToServices } from './services-protocol.ts';
import { prepare, type Bench, type Variant } from './variants.ts';

const DOCUMENT = 'docs/performance.md';
const BEGIN = '<!-- measured: npm run bench -->';
const END = '<!-- end of what was measured -->';

/** With fewer, nothing is written down. */
const ENOUGH_ROUNDS = 21;

const USAGE = `npm run bench -- [--rounds ${ENOUGH_ROUNDS}]    how fast the functions start and work, beside plain handlers; takes minutes

  --rounds N    fewer than ${ENOUGH_ROUNDS} are shown, and not written to ${DOCUMENT}`;

let services: ChildProcess;
let ended: Promise<undefined>;
const clientOfServices: Services = {
  renew: async (trainingJobs) => {
    tell({ kind: 'renew', trainingJobs });
    await answerOf('renewed');
  },
  report: () => {
    tell({ kind: 'report' });
    return answerOf('report');
  },
};

await runCommand(USAGE, main);

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: String(ENOUGH_ROUNDS) } } });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new UsageError(`--rounds ${values.rounds}: give a whole number from 1 on`);
  }
  services = fork('test/bench/services.ts');
  ended = once(services, 'exit').then(() => undefined);
  const outdir = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    const { awsUrl, twinUrl } = await answerOf('ready');
    const bench = await prepare(outdir, awsUrl, twinUrl);
    const results = await measureAll(bench, rounds);
    for (const job of bench.jobs) say(`\n${terminalTable(job, results)}`);
    for (const line of bench.leftOut) say(`left out: ${line}`);
    if (rounds < ENOUGH_ROUNDS) say(`${DOCUMENT} is left as it is: it wants ${ENOUGH_ROUNDS} rounds`);
    else await writeDown(bench, results, rounds);
    return 0;
  } finally {
    services.kill();
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** In every round each variant has its turn, so that what disturbs the machine disturbs all of them. */
async function measureAll(bench: Bench, rounds: number): Promise<Results> {
  const results = new Map(bench.jobs.flatMap(({ variants }) => variants).map((variant) => [variant, noSamples()]));
  const order: Variant[] = [...results.keys()];
  // The first processes of all read files that nobody has read yet.
  for (const variant of order) await measureBoth(bench, variant, noSamples());
  for (let round = 1; round <= rounds; round += 1) {
    process.stderr.write(`\rround ${round} of ${rounds} `);
    for (const variant of order) await measureBoth(bench, variant, results.get(variant) ?? noSamples());
    // Nobody always comes first.
    order.push(...order.splice(0, 1));
  }
  process.stderr.write('\r');
  return results;
}

async function measureBoth(bench: Bench, variant: Variant, samples: Samples): Promise<void> {
  await measureStarts(bench, variant, samples);
  await measure(clientOfServices, variant, samples);
}

async function writeDown(bench: Bench, results: Results, rounds: number): Promise<void> {
  const machine = `Measured on Node ${process.version}, ${cpus()[0]?.model ?? 'an unknown CPU'}, ${cpus().length} cores, in ${rounds} rounds.`;
  const measured = [machine, ...bench.leftOut, ...bench.jobs.map((job) => markdownTable(job, results))].join('\n\n');
  const text = readFileSync(DOCUMENT, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${DOCUMENT} lacks ${BEGIN} or ${END}`);
  const written = `${text.slice(0, begin + BEGIN.length)}\n\n${measured}\n\n${text.slice(end)}`;
  writeFileSync(DOCUMENT, await format(written, { ...(await resolveConfig(DOCUMENT)), filepath: DOCUMENT }));
  say(`written to ${DOCUMENT}`);
}

async function answerOf<Kind extends FromServices['kind']>(kind: Kind): Promise<Extract<FromServices, { kind: Kind }>> {
  const answer = await Promise.race([once(services, 'message'), ended]);
  if (answer === undefined) throw new Error('the services ended');
  const [message] = answer as [FromServices];
  if (message.kind !== kind) throw new Error(`the services answered "${message.kind}", not "${kind}"`);
  return message as Extract<FromServices, { kind: Kind }>;
}

function tell(message: ToServices): void {
  services.send(message);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
