import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundleFunctions } from '../../../support/bundle-functions.ts';

const run = promisify(execFile);

const SOURCE = `import { mapStackTraces } from '${process.cwd()}/lambdas/shared/stack-traces.ts';

mapStackTraces();

function fail(message: string): never {
  throw new RangeError(message);
}

export const handler = async (): Promise<string> => {
  try {
    return fail('on purpose');
  } catch (error) {
    return String((error as Error).stack);
  }
};
`;

let folder: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stack-traces-'));
  writeFileSync(join(folder, 'failing.ts'), SOURCE);
  await bundleFunctions([join(folder, 'failing.ts')], folder, folder);
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function traceOf(): Promise<string> {
  const code = `require('${join(folder, 'failing.js')}').handler().then((text) => process.stdout.write(text))`;
  return (await run(process.execPath, ['-e', code])).stdout;
}

test('a trace out of a bundle names the lines of the sources', async () => {
  const [message, thrown, called, ...around] = (await traceOf()).split('\n');

  expect(message).toBe('RangeError: on purpose');
  expect(thrown).toMatch(/^ {4}at .*failing\.ts:6:9\)?$/);
  expect(called).toMatch(/^ {4}at .*failing\.ts:11:12\)?$/);
  expect(around.join('\n')).toContain('[eval]:1:');
});

test('a trace out of a bundle without its map is one of the bundle', async () => {
  rmSync(join(folder, 'failing.js.map'));

  expect(await traceOf()).toMatch(/^RangeError: on purpose\n {4}at .*failing\.js:\d+:\d+/);
});
