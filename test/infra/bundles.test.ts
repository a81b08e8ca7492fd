import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeBundle } from '../../lib/bundles.ts';
import { listed, REGION, statementsOf, synthesizeStage } from '../support/synthesized-stage.ts';

const run = promisify(execFile);

const FOLDERS = readdirSync('lambdas').filter((folder) => folder !== 'shared');

/** Above it, a function starts noticeably later: an escrow or a trade waits for it, or else a schedule, a person or a rejected event. */
const MAX_KILOBYTES = { onTheWay: 500, other: 450 };

/** Functions that no escrow and no trade waits for. */
const OFF_THE_WAY = new Set([
  'check-readiness',
  'decide-intent',
  'find-missed-jobs',
  'measure-positions',
  'reconcile-ledger',
  'reject-event',
]);

/** Packages of clients, by the service in actions of IAM. Both runtimes of SageMaker are services of their own. */
const CLIENT_OF: Readonly<Record<string, string>> = {
  dynamodb: 'client-dynamodb',
  events: 'client-eventbridge',
  states: 'client-sfn',
  sqs: 'client-sqs',
  ssm: 'client-ssm',
  secretsmanager: 'client-secrets-manager',
  s3: 'client-s3',
  sagemaker: 'client-sagemaker',
  'sagemaker:InvokeEndpoint': 'client-sagemaker-runtime',
  'sagemaker:GetRecord': 'client-sagemaker-featurestore-runtime',
};

/** What a function calls by another configuration than this stage's. */
const BY_CONFIGURATION: Readonly<Record<string, readonly string[]>> = {
  'request-prediction': ['client-s3', 'client-sagemaker-featurestore-runtime'],
};

/** Done by Lambda for its function, and by AWS's services for each other. */
const NOT_CALLED = /^(logs|kms):|^sqs:(DeleteMessage|Get|ReceiveMessage)/;

/** Loads one bundle as Lambda does, and says what it exports. */
const LOAD = 'const loaded = require(process.argv[1]); process.stdout.write(typeof loaded.handler);';

let outdir: string;

beforeAll(() => {
  outdir = mkdtempSync(join(tmpdir(), 'bundles-'));
  for (const folder of FOLDERS) {
    mkdirSync(join(outdir, folder));
    writeBundle(folder, join(outdir, folder));
    const policies = stage.policies.get(DEPLOYED_AS[folder] ?? folder);
    if (policies !== undefined) writeFileSync(join(outdir, folder, 'policies.json'), JSON.stringify(policies));
  }
});
afterAll(() => {
  rmSync(outdir, { recursive: true, force: true });
});

// Of all stages, this one deploys every function.
const stage = synthesizeStage('local');
const functions = stage
  .resources<{ FunctionName: string; Role: string; Environment: { Variables: Record<string, string> } }>(
    'AWS::Lambda::Function',
  )
  .map(({ properties }) => ({ ...properties, name: stage.shorten(properties.FunctionName) }));
const environments = Object.fromEntries(functions.map(({ name, Environment }) => [name, Environment.Variables]));

/** Functions that there are several of, by configuration. */
const DEPLOYED_AS: Readonly<Record<string, string>> = {
  'read-inference': 'read-inference-eth',
  'request-prediction': 'request-prediction-btc',
};

/** The clients of the services that the roles of the functions of a bundle let them call. */
function clientsByRole(folder: string): string[] {
  const deployed = functions.filter(
    ({ name }) => name === folder || (folder in DEPLOYED_AS && name.startsWith(folder)),
  );
  const actions = deployed.flatMap(({ Role }) => statementsOf(stage, Role).flatMap(({ Action }) => listed(Action)));
  const called = actions.filter((action) => !NOT_CALLED.test(action));
  const clients = called.map((action) => CLIENT_OF[action] ?? CLIENT_OF[action.split(':')[0] ?? ''] ?? action);
  return [...new Set([...clients, ...(BY_CONFIGURATION[folder] ?? [])])].toSorted();
}

function clientsInBundle(file: string): string[] {
  const { sources } = JSON.parse(readFileSync(`${file}.map`, 'utf8')) as { readonly sources: readonly string[] };
  const clients = sources.flatMap((source) => /@aws-sdk\/(client-[a-z0-9-]+)\//.exec(source)?.[1] ?? []);
  return [...new Set(clients)].toSorted();
}

describe.each(FOLDERS)('the bundle of %s', (folder) => {
  const file = () => join(outdir, folder, 'index.js');

  test('loads with the environment that it is deployed with, and exports a handler', async () => {
    const { stdout, stderr } = await run(process.execPath, ['-e', LOAD, file()], {
      env: { AWS_REGION: REGION, ...environments[DEPLOYED_AS[folder] ?? folder] },
    });

    expect(stderr).toBe('');
    expect(stdout).toBe('function');
  });

  const most = OFF_THE_WAY.has(folder) ? MAX_KILOBYTES.other : MAX_KILOBYTES.onTheWay;
  test(`is at most ${most} KB, less its source map`, () => {
    expect(statSync(file()).size / 1024).toBeLessThanOrEqual(most);
  });

  test('has the clients of the services that its role may call, and no others', () => {
    expect(clientsInBundle(file())).toEqual(clientsByRole(folder));
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
