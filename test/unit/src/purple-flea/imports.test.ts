import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = 'src/purple-flea';
const modules = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

/** What the client may import besides its own project: nothing that has to be loaded at length. */
const ALLOWED = [/^\.{1,2}\//, /^node:(?:http|https|net|tls)$/, /^zod\/mini$/];

describe('a module of the client', () => {
  test.each(modules)('%s imports nothing that would delay the start of a function', (name) => {
    const source = readFileSync(`${FOLDER}/${name}`, 'utf8');
    const imported = [...source.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, path = '']) => path);

    expect(imported.filter((path) => !ALLOWED.some((pattern) => pattern.test(path)))).toEqual([]);
    expect(source).not.toMatch(/import \{[^}]*\bz\b[^}]*\} from/);
  });

  test('is found at all', () => {
    expect(modules).toEqual(expect.arrayContaining(['transport.ts', 'profiles/escrow-reference.ts']));
  });
});
