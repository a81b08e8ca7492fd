import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const EVENTS = 'examples/what-if/events.jsonl';
const PRICES = 'examples/what-if/prices.csv';
const CAREFUL = 'examples/what-if/careful.json';
const COMPARED = ['--config', 'local', '--config', CAREFUL];

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'what-if-command-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(...args: string[]) {
  return execa(process.execPath, ['operations/what-if.ts', ...args], { reject: false });
}

function write(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** All but the first lines, which name the files. */
const figuresIn = (output: string) => output.slice(output.indexOf('\n\n'));

describe('npm run what-if', () => {
  test('prints the example and draws the picture of the documentation', async () => {
    const svg = join(folder, 'equity.svg');
    const { stdout, stderr, exitCode } = await run('--events', EVENTS, '--prices', PRICES, ...COMPARED, '--svg', svg);

    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
    expect(stdout).toMatch(/^they differ on \d+ of 396 signals:$/m);
    expect(readFileSync(svg, 'utf8')).toBe(readFileSync('docs/what-if.svg', 'utf8'));
  });

  test('takes a folder of gzip, one event right after another, in any order, for the same', async () => {
    const lines = readFileSync(EVENTS, 'utf8').trimEnd().split('\n');
    const archive = join(folder, 'archive/2026');
    mkdirSync(archive, { recursive: true });
    writeFileSync(join(archive, 'b'), gzipSync(lines.slice(0, 200).join('')));
    writeFileSync(join(archive, 'a.gz'), gzipSync(`[${lines.slice(200).toReversed().join(',')}]`));
    const prices = write('prices.csv.gz', gzipSync(readFileSync(PRICES)));

    const plain = await run('--events', EVENTS, '--prices', PRICES, ...COMPARED, '--all');
    const exported = await run('--events', join(folder, 'archive'), '--prices', prices, ...COMPARED, '--all');

    expect(exported.exitCode).toBe(0);
    expect(figuresIn(exported.stdout)).toBe(figuresIn(plain.stdout));
    expect(plain.stdout).not.toContain('--all');
  });

  test.each([
    ['nothing', []],
    ['no configuration', ['--events', EVENTS]],
    ['three configurations', ['--events', EVENTS, ...COMPARED, '--config', 'dev']],
  ])('says how it is used, given %s', async (_, args) => {
    const { stderr, exitCode } = await run(...args);

    expect(stderr).toContain('npm run what-if -- --events FILE --config A');
    expect(exitCode).toBe(2);
  });

  test.each<[string, string[], string, number?]>([
    [
      'the same configuration twice',
      ['--events', EVENTS, '--config', 'dev', '--config', 'dev'],
      'give two of different names',
      2,
    ],
    ['a stage that is none', ['--events', EVENTS, '--config', 'staging'], '--config staging: neither a stage'],
    ['a file that is not there', ['--events', 'none.jsonl', '--config', 'local'], 'none.jsonl cannot be read: ENOENT'],
    ['an option that is none', ['--event', EVENTS], "Unknown option '--event'", 2],
    [
      'prices that cannot be used',
      ['--events', EVENTS, '--config', 'local', '--prices', CAREFUL],
      `${CAREFUL} cannot be used:\n  ${CAREFUL}:1: `,
    ],
    [
      'no signal',
      ['--events', PRICES, '--config', 'local'],
      `${PRICES}: no usable inference.completed or price.alert among 1444 events\n  ${PRICES}:1: not a JSON object`,
    ],
  ])('stops with what is wrong, given %s', async (_, args, message, code = 1) => {
    const { stdout, stderr, exitCode } = await run(...args);

    expect(stderr).toContain(message);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: code });
  });
});
