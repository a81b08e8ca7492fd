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

test('bin/pipeline.ts alone reads the configuration of a stage', () => {
  const readers = FOLDERS.flatMap(typeScriptIn)
    .filter((file) => file !== 'lib/config.ts')
    .filter((file) => /\bloadConfig\b|config\/(local|dev|prod)\.json/.test(readFileSync(file, 'utf8')));

  expect(readers).toEqual(['bin/pipeline.ts']);
});
