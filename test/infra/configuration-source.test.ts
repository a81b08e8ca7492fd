import { expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folders that are deployed, or that describe what is. */
const FOLDERS = ['bin', 'lib', 'lambdas', 'src', 'twin'];

function typeScriptIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file));
}

/** What commands read of a stage for a what-if. It describes nothing that is deployed. */
const FOR_COMMANDS = 'lib/what-if-candidate.ts';

const files = FOLDERS.flatMap(typeScriptIn);
const filesWith = (pattern: RegExp) => files.filter((file) => pattern.test(readFileSync(file, 'utf8')));

test('bin/pipeline.ts alone reads the configuration of a stage', () => {
  const readers = filesWith(/\bloadConfig\b|config\/(local|dev|prod)\.json/).filter((file) => file !== 'lib/config.ts');

  expect(readers).toEqual(['bin/pipeline.ts', FOR_COMMANDS]);
  expect(filesWith(/what-if-candidate/)).toEqual([]);
});
