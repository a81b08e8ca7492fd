import { execa } from 'execa';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runCommand, UsageError } from '../../src/command-line.ts';
import { aNewIntent } from '../support/effects.ts';
import { checkOut } from './checkout.ts';
import { spreadOf } from './statistics.ts';

const USAGE = `npm run bench:commands -- [--rounds 15] [--baseline REV]
    wall time and peak memory of an operator's command, against a stub of Lambda

  --baseline  a revision of this repository, measured in the same rounds with the packages of this one`;

const COMMAND = ['operations/intents.ts', 'list'];

/**
 * Runs in the measured process: says its peak memory in KB as the last line of stderr. On Linux `maxRSS` begins with the memory of
 * the process that started it.
 */
const SAY_MEMORY = `data:text/javascript,${encodeURIComponent(`
  import { readFileSync } from 'node:fs';
  const peak = process.platform === 'linux'
    ? () => /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]
    : () => process.resourceUsage().maxRSS;
  process.on('exit', () => process.stderr.write('\\n' + peak()));
`)}`;

interface Sample {
  readonly wallMs: number;
  readonly peakMb: number;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { rounds: { type: 'string', default: '15' }, baseline: { type: 'string' } },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new UsageError(`--rounds ${values.rounds}: give a whole number`);
  const folder = mkdtempSync(join(tmpdir(), 'bench-commands-'));
  const stub = createServer((_, response) =>
    response.end(JSON.stringify({ intents: [{ ...aNewIntent(), state: 'manual' }] })),
  );
  await new Promise<void>((listening) => stub.listen(0, '127.0.0.1', listening));
  try {
    const session = join(folder, 'session.json');
    const endpoint = `http://127.0.0.1:${(stub.address() as AddressInfo).port}`;
    writeFileSync(session, JSON.stringify({ endpoint, twinUrl: endpoint, outputs: {} }));
    const trees = new Map([['this version', '.']]);
    if (values.baseline !== undefined) trees.set(values.baseline, await checkOutWithPackages(values.baseline, folder));
    const samples = await measure(trees, session, rounds);
    for (const line of report(samples)) process.stdout.write(`${line}\n`);
  } finally {
    stub.close();
    rmSync(folder, { recursive: true });
  }
  return 0;
}

/** Another revision, in a folder of its own. */
async function checkOutWithPackages(revision: string, folder: string): Promise<string> {
  const tree = join(folder, 'baseline');
  await checkOut(revision, tree);
  symlinkSync(resolve('node_modules'), join(tree, 'node_modules'));
  return tree;
}

/** In turns, so that what else the machine does falls on all alike. The first round warms the file system up. */
async function measure(
  trees: ReadonlyMap<string, string>,
  session: string,
  rounds: number,
): Promise<ReadonlyMap<string, readonly Sample[]>> {
  const samples = new Map([...trees.keys()].map((name) => [name, [] as Sample[]]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, cwd] of trees) {
      const sample = await runOnce(cwd, session);
      if (round > 0) samples.get(name)?.push(sample);
    }
  }
  return samples;
}

async function runOnce(cwd: string, session: string): Promise<Sample> {
  const { durationMs, stderr } = await execa(process.execPath, ['--import', SAY_MEMORY, ...COMMAND], {
    cwd,
    env: { PURPLE_FLEA_SESSION: session },
  });
  return { wallMs: durationMs, peakMb: Number(stderr.split('\n').at(-1)) / 1024 };
}

function report(samples: ReadonlyMap<string, readonly Sample[]>): string[] {
  return [...samples].map(([name, taken]) => {
    const wall = spreadOf(taken.map(({ wallMs }) => wallMs));
    const peak = spreadOf(taken.map(({ peakMb }) => peakMb));
    const range = `${wall.p10.toFixed(0)} to ${wall.p90.toFixed(0)}`;
    return `${name.padEnd(14)}  ${wall.median.toFixed(0)} ms (${range})  ${peak.median.toFixed(0)} MB  (${taken.length} runs)`;
  });
}

await runCommand(USAGE, main);
