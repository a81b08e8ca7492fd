import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const { whySetUp } = createRequire(import.meta.url)('../../../scripts/set-up.cjs') as {
  whySetUp: (root: string) => string | undefined;
};

interface Package {
  readonly version?: string;
  readonly integrity?: string;
  readonly optional?: boolean;
}

const LOCKED: Readonly<Record<string, Package>> = {
  '': {},
  'node_modules/one': { version: '1.0.0', integrity: 'sha512-one' },
  'node_modules/@scope/two': { version: '2.0.0', integrity: 'sha512-two' },
  'node_modules/for-another-system': { version: '3.0.0', integrity: 'sha512-three', optional: true },
};
const { 'node_modules/for-another-system': _, '': root, ...INSTALLED } = LOCKED;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'set-up-'));
  write('package-lock.json', { packages: LOCKED });
  write('node_modules/.package-lock.json', { packages: INSTALLED });
  for (const path of Object.keys(INSTALLED)) write(join(path, 'package.json'), {});
  write('node_modules/.bin/node', '');
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(path: string, content: object | string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content));
}

function remove(path: string): void {
  rmSync(join(folder, path), { recursive: true });
}

describe('whether packages have to be installed', () => {
  test('not where all that the lock file names is there, and other systems’ packages are not', () => {
    expect(whySetUp(folder)).toBeUndefined();
  });

  test('not for a lock file that is newer and says the same', () => {
    const inAnHour = new Date(Date.now() + 3_600_000);
    utimesSync(join(folder, 'package-lock.json'), inAnHour, inAnHour);

    expect(whySetUp(folder)).toBeUndefined();
  });

  test('without node_modules', () => {
    remove('node_modules');

    expect(whySetUp(folder)).toBe('node_modules is missing');
  });

  test.each<[string, () => void, string]>([
    ['npm was interrupted', () => remove('node_modules/.package-lock.json'), 'an installation did not come to its end'],
    [
      'npm was interrupted while it wrote',
      () => write('node_modules/.package-lock.json', '{"packages": {'),
      'an installation did not come to its end',
    ],
    [
      'the lock file names a package more',
      () => write('package-lock.json', { packages: { ...LOCKED, 'node_modules/new': { version: '1.0.0' } } }),
      'node_modules/new is not as package-lock.json has it',
    ],
    [
      'the lock file names another version',
      () => write('package-lock.json', { packages: { ...LOCKED, 'node_modules/one': { version: '1.0.1' } } }),
      'node_modules/one is not as package-lock.json has it',
    ],
    [
      'the lock file has other content for a version',
      () =>
        write('package-lock.json', {
          packages: { ...LOCKED, 'node_modules/one': { version: '1.0.0', integrity: 'sha512-other' } },
        }),
      'node_modules/one is not as package-lock.json has it',
    ],
    [
      'a package is there that the lock file dropped',
      () => write('package-lock.json', { packages: { '': root, 'node_modules/one': LOCKED['node_modules/one'] } }),
      'node_modules/@scope/two is not as package-lock.json has it',
    ],
    ['a package was deleted', () => remove('node_modules/@scope/two'), 'node_modules/@scope/two is missing'],
    ['the pinned Node is missing', () => remove('node_modules/.bin/node'), 'node_modules/.bin/node is missing'],
  ])('where %s', (_case, change, why) => {
    change();

    expect(whySetUp(folder)).toBe(why);
  });
});
