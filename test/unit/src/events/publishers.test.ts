import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { INCOMING } from '../../../../src/events/catalogue.ts';
import { PUBLISHERS } from '../../../../src/events/publishers.ts';

const FOLDERS = readdirSync('lambdas').filter((folder) => folder !== 'shared');

/** A file of `lambdas/` and all that it imports from there, but for the two that say nothing of their own. */
function reach(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file) || !file.startsWith('lambdas/')) return seen;
  seen.add(file);
  for (const [, path = ''] of readFileSync(file, 'utf8').matchAll(/from '(\.[^']+)'/g)) {
    reach(join(dirname(file), path), seen);
  }
  return seen;
}

/** The detail types that a file's calls of `announce` and `publish` name. */
function typesIn(file: string): string[] {
  if (file === 'lambdas/shared/announce.ts') return [];
  const text = readFileSync(file, 'utf8');
  const named = [...text.matchAll(/\b(?:announce|publish)\(\s*(?:\w+,\s*)?(?:'([a-z.-]+)'|INCOMING\.(\w+))/g)].map(
    ([, type, incoming]) => type ?? INCOMING[incoming as keyof typeof INCOMING],
  );
  return text.includes('announceParked(') ? [...named, 'intent.parked'] : named;
}

describe('what functions may put on the bus', () => {
  test.each(FOLDERS)('is of %s exactly what its code says', (folder) => {
    const said = [...reach(`lambdas/${folder}/index.ts`)].flatMap(typesIn);

    expect([...new Set(said)].toSorted()).toEqual((PUBLISHERS[folder] ?? []).toSorted());
  });

  test('is for folders that exist', () => {
    expect(Object.keys(PUBLISHERS).filter((folder) => !FOLDERS.includes(folder))).toEqual([]);
  });

  test('is nothing that approves, delivers or requests', () => {
    const own = new Set(Object.values(PUBLISHERS).flat());

    expect(Object.values(INCOMING).filter((type) => own.has(type as never))).toEqual(['inference.completed']);
  });
});
