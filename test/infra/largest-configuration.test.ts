import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeBundle } from '../../lib/bundles.ts';
import { configJsonSchema } from '../../lib/config.ts';
import { PipelineFunction } from '../../lib/constructs/pipeline-function.ts';
import { buildPipeline } from '../../lib/pipeline.ts';
import { largestConfig } from '../support/largest-config.ts';
import {
  createApp,
  REGION,
  statementsOf,
  synthesizeStage,
  type PolicyProperties,
} from '../support/synthesized-stage.ts';

const run = promisify(execFile);

/** What Lambda takes of all variables together, names included. */
const MAX_ENVIRONMENT_BYTES = 4096;

/** Loads one bundle as Lambda does, and says what it exports. */
const LOAD = 'const loaded = require(process.argv[1]); process.stdout.write(typeof loaded.handler);';

let outdir: string;
beforeAll(() => {
  outdir = mkdtempSync(join(tmpdir(), 'largest-'));
});
afterAll(() => {
  rmSync(outdir, { recursive: true, force: true });
});

const stage = synthesizeStage('local', {}, () => largestConfig('local'));
const functions = stage
  .resources<{ FunctionName: string; Environment: { Variables: Readonly<Record<string, string>> } }>(
    'AWS::Lambda::Function',
  )
  .map(({ properties }) => ({
    name: stage.shorten(properties.FunctionName),
    variables: properties.Environment.Variables,
    policies: stage.policies.get(stage.shorten(properties.FunctionName)),
  }));

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly maxItems?: number;
}

/** The paths of all lists in a schema, each with the most that it takes. */
function listsOf(schema: Schema, path = ''): [path: string, most: number | undefined][] {
  const children = [
    ...Object.entries(schema.properties ?? {}).map(([name, child]) => [child, `${path}.${name}`] as const),
    ...[...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].map((child) => [child, path] as const),
    ...(schema.items === undefined ? [] : [[schema.items, `${path}[]`] as const]),
  ];
  const below = children.flatMap(([child, at]) => listsOf(child, at));
  return schema.type === 'array' ? [[path, schema.maxItems], ...below] : below;
}

describe('the largest configuration that the schema takes', () => {
  test('has an end: no list is without a bound', () => {
    const lists = listsOf(configJsonSchema());

    expect(lists.length).toBeGreaterThan(10);
    expect(lists.filter(([, most]) => most === undefined)).toEqual([]);
  });

  test('is deployed as so many functions', () => {
    expect(functions.filter(({ name }) => name.startsWith('request-prediction-'))).toHaveLength(20);
    expect(functions.filter(({ name }) => name.startsWith('read-inference-'))).toHaveLength(10);
  });

  test.each(functions)(`leaves the environment of $name below ${MAX_ENVIRONMENT_BYTES} bytes`, ({ variables }) => {
    expect(Buffer.byteLength(JSON.stringify(variables))).toBeLessThan(MAX_ENVIRONMENT_BYTES);
  });

  test('can be read by every function as it starts', async () => {
    const folders = new Set(functions.map(({ name }) => folderOf(name)));
    const started: string[] = [];
    for (const { name, variables, policies } of functions.filter(isFirstOfItsKind)) {
      const home = join(outdir, name);
      mkdirSync(home);
      writeBundle(folderOf(name), home);
      if (policies !== undefined) writeFileSync(join(home, 'policies.json'), JSON.stringify(policies));
      const { stdout } = await run(process.execPath, ['-e', LOAD, join(home, 'index.js')], {
        env: { AWS_REGION: REGION, ...variables },
      });
      if (stdout === 'function') started.push(folderOf(name));
    }

    expect(started).toEqual([...folders]);
  });
});

/** What AWS takes, and no local AWS holds anybody to. */
describe('the largest configuration keeps within what AWS takes', () => {
  const own = 'purple-flea-local';
  const lengthOf = (value: unknown) => JSON.stringify(value).length;

  test('in a queue policy: 20 statements, 8,192 bytes', () => {
    const policies = stage.resources<PolicyProperties>('AWS::SQS::QueuePolicy').map(({ properties }) => properties);

    for (const { Queues, PolicyDocument } of policies) {
      expect([Queues, PolicyDocument.Statement.length <= 20]).toEqual([Queues, true]);
      expect([Queues, lengthOf(PolicyDocument) <= 8192]).toEqual([Queues, true]);
    }
  });

  test('in the pattern of a rule: 2,048 characters', () => {
    const rules = stage.resources<{ Name: string; EventPattern: unknown }>('AWS::Events::Rule');

    const long = rules.filter(({ properties }) => lengthOf(properties.EventPattern) > 2048);
    expect(long.map(({ properties }) => [properties.Name, lengthOf(properties.EventPattern)])).toEqual([]);
  });

  test('in the policies of a role: 10,240 characters', () => {
    const roles = stage.resources('AWS::IAM::Role').map(({ arn }) => arn ?? '');

    const large = roles.filter((role) => lengthOf(statementsOf(stage, role)) > 10_240);
    expect(large).toEqual([]);
  });

  test('in names: 64 characters of functions, rules and schedules, 80 of queues', () => {
    const names = (type: string, property: string) =>
      stage.resources<Record<string, string>>(type).map(({ properties }) => properties[property] ?? '');
    const short = [
      ...names('AWS::Lambda::Function', 'FunctionName'),
      ...names('AWS::Events::Rule', 'Name'),
      ...names('AWS::Scheduler::Schedule', 'Name'),
    ];
    // The longest stage has seven characters more than this one.
    const spare = 7;

    expect(
      short.filter((name) => name.startsWith(own) && !name.includes('trade-signals-') && name.length + spare > 64),
    ).toEqual([]);
    expect(short.filter((name) => name.length > 64)).toEqual([]);
    expect(names('AWS::SQS::Queue', 'QueueName').filter((name) => name.length + spare > 80)).toEqual([]);
  });
});

test('the policies of a function are a file of what is uploaded, beside its code, and change its name', () => {
  const folder = join(outdir, 'assembly');
  const context = { 'aws:cdk:bundling-stacks': ['purple-flea-local-trading'] };
  const app = createApp({ outdir: folder, context, builtinCloudFormationValidation: false });
  const largest = largestConfig('local');
  const [one, other] = largest.trading.predictors;
  if (one === undefined || other === undefined) throw new Error('fewer than two predictors');
  const trading = { ...largest.trading, predictors: [one, other], inferences: [] };
  const { trading: stack } = buildPipeline(app, { ...largest, trading }, { report: () => {} });
  app.synth();

  const { Resources: resources } = JSON.parse(
    readFileSync(join(folder, `${stack.stackName}.template.json`), 'utf8'),
  ) as { Resources: Readonly<Record<string, { Properties: { Code: { S3Key: string } } }>> };
  const uploaded = stack.node
    .findAll()
    .filter((construct) => construct instanceof PipelineFunction)
    .map((fn) => {
      const logicalId = String(stack.resolve((fn.node.defaultChild as { logicalId?: unknown }).logicalId));
      const code = resources[logicalId]?.Properties.Code.S3Key.replace('.zip', '') ?? '';
      return { fn, asset: join(folder, `asset.${code}`) };
    });
  expect(new Set(uploaded.map(({ asset }) => asset)).size).toBe(5);
  for (const { fn, asset } of uploaded) {
    expect(existsSync(join(asset, 'index.js'))).toBe(true);
    expect(JSON.parse(readFileSync(join(asset, 'policies.json'), 'utf8'))).toEqual(fn.policies);
  }
});

function folderOf(name: string): string {
  return name.replace(/^(request-prediction|read-inference)-.*/, '$1');
}

function isFirstOfItsKind({ name }: { readonly name: string }): boolean {
  return functions.find((other) => folderOf(other.name) === folderOf(name))?.name === name;
}
