import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundleFunctions } from '../support/bundle-functions.ts';
import { REGION, synthesizeStage } from '../support/synthesized-stage.ts';

const run = promisify(execFile);

const FOLDERS = readdirSync('lambdas').filter((folder) => folder !== 'shared');

/** Above it, a function starts noticeably later. */
const MAX_KILOBYTES = 245;

/** Loads one bundle as Lambda does, and says what it exports. */
const LOAD = 'const loaded = require(process.argv[1]); process.stdout.write(typeof loaded.handler);';

let outdir: string;

beforeAll(async () => {
  outdir = mkdtempSync(join(tmpdir(), 'bundles-'));
  const entries = FOLDERS.map((folder) => `lambdas/${folder}/index.ts`);
  await bundleFunctions(entries, 'lambdas', outdir);
  for (const folder of FOLDERS) {
    const policies = stage.policies.get(DEPLOYED_AS[folder] ?? folder);
    if (policies !== undefined) writeFileSync(join(outdir, folder, 'policies.json'), JSON.stringify(policies));
  }
});
afterAll(() => {
  rmSync(outdir, { recursive: true, force: true });
});

// Of all stages, this one deploys every function.
const stage = synthesizeStage('local');
const environments = Object.fromEntries(
  stage
    .resources<{ FunctionName: string; Environment: { Variables: Record<string, string> } }>('AWS::Lambda::Function')
    .map(({ properties }) => [stage.shorten(properties.FunctionName), properties.Environment.Variables]),
);

/** Functions that there are several of, by configuration. */
const DEPLOYED_AS: Readonly<Record<string, string>> = {
  'read-inference': 'read-inference-eth',
  'request-prediction': 'request-prediction-btc',
};

describe.each(FOLDERS)('the bundle of %s', (folder) => {
  const file = () => join(outdir, folder, 'index.js');

  test('loads with the environment that it is deployed with, and exports a handler', async () => {
    const { stdout, stderr } = await run(process.execPath, ['-e', LOAD, file()], {
      env: { AWS_REGION: REGION, ...environments[DEPLOYED_AS[folder] ?? folder] },
    });

    expect(stderr).toBe('');
    expect(stdout).toBe('function');
  });

  test(`is at most ${MAX_KILOBYTES} KB, less its source map`, () => {
    expect(statSync(file()).size / 1024).toBeLessThanOrEqual(MAX_KILOBYTES);
  });
});

test('a bundle that lacks a policy does not load, and says which', async () => {
  const folder = join(outdir, 'start-escrows');
  writeFileSync(join(folder, 'policies.json'), '{}');

  const loading = run(process.execPath, ['-e', LOAD, join(folder, 'index.js')], {
    env: { AWS_REGION: REGION, ...environments['start-escrows'] },
  });

  await expect(loading).rejects.toThrow('policies.json: requests: ');
});

test('a bundle that lacks a setting does not load, and says which', async () => {
  const { MAILBOX_TABLE, ...others } = environments['await-signal'] ?? {};

  const loading = run(process.execPath, ['-e', LOAD, join(outdir, 'await-signal', 'index.js')], {
    env: { AWS_REGION: REGION, ...others },
  });

  expect(MAILBOX_TABLE).toBeDefined();
  await expect(loading).rejects.toThrow('environment: MAILBOX_TABLE');
});

test('the sizes of the bundles are printed', () => {
  const sizes = FOLDERS.map((folder) => [folder, statSync(join(outdir, folder, 'index.js')).size / 1024] as const);
  const lines = sizes.map(([folder, size]) => `${folder.padEnd(20)} ${size.toFixed(0).padStart(4)} KB`);

  process.stdout.write(`${lines.join('\n')}\n`);

  expect(lines).toHaveLength(FOLDERS.length);
});
