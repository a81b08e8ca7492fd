import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { listFiles, readText } from '../../../operations/read-text.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'read-text-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

async function textOf(path: string): Promise<string> {
  let text = '';
  for await (const piece of readText(path)) text += piece;
  return text;
}

/** Longer than one piece, with characters of several bytes across its borders. */
const LONG = 'aé€😀\n'.repeat(40_000);

test('a file is read as it is', async () => {
  expect(await textOf(write('plain.jsonl', LONG))).toBe(LONG);
  expect(await textOf(write('empty.jsonl', ''))).toBe('');
});

test('gzip is unpacked whatever the name, also where several were put one behind the other', async () => {
  expect(await textOf(write('packed.gz', gzipSync(LONG)))).toBe(LONG);
  expect(await textOf(write('without-name', Buffer.concat([gzipSync('a'), gzipSync('b')])))).toBe('ab');
});

test('a file that is cut off, or is not there, is an error that names it', async () => {
  const cut = write('cut.gz', gzipSync(LONG).subarray(0, 200));

  await expect(textOf(cut)).rejects.toThrow(/cut\.gz cannot be read: .*unexpected end of file$/);
  await expect(textOf(join(folder, 'none'))).rejects.toThrow(/none cannot be read: .*ENOENT/);
  await expect(listFiles(join(folder, 'none'))).rejects.toThrow(/none cannot be read: .*ENOENT/);
});

test('a folder is all its files, in the order of their names', async () => {
  const names = ['export/2026/03/06/b.gz', 'export/2026/03/06/a.gz', 'export/2026/02/c', 'export/.DS_Store'];
  for (const name of names) write(name, '');

  const files = await listFiles(join(folder, 'export'));

  expect(files.map((file) => relative(folder, file))).toEqual([names[2], names[1], names[0]]);
});
