import { CreateFunctionCommand, GetFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeBundle } from '../../lib/bundles.ts';
import { loadConfig } from '../../lib/config.ts';
import type { Policies } from '../../lib/policies.ts';
import { readRolePolicies, writeRolePolicy } from '../../local/role-policies.ts';
import { deliverAwsEvent } from '../../local/aws-events.ts';
import { prepareLocalAws } from '../../local/python.ts';
import { askModel } from '../../local/sending.ts';
import type { Predictor } from '../../src/inference/predictor.ts';
import {
  awaitDeadLetter,
  awaitEvent,
  findEvents,
  makeBucket,
  ordersFor,
  settle,
  startStage,
  writeObject,
  type Stage,
} from './stage.ts';

const FEATURES = { bucket: 'purple-flea-local-features', key: 'btc/latest & best.json' };
const ORDER = ['momentum_5m', 'momentum_1h', 'rsi_14', 'volume_z', 'funding_rate'];
const RISING = { momentum_5m: 0.004, momentum_1h: 0.01, rsi_14: 65, volume_z: 0.5, funding_rate: 0.0001 };
const FALLING = { ...RISING, momentum_5m: -0.006, momentum_1h: -0.012, rsi_14: 38 };

let stage: Stage;
const [inference] = loadConfig('local').trading.inferences;
if (inference === undefined) throw new Error('stage local has no inference');
const { bucket: answers } = inference;

beforeAll(async () => {
  stage = await startStage();
  await makeBucket(stage, FEATURES.bucket);
  await makeBucket(stage, answers);
  await deployPredictor();
}, 600_000);

afterAll(async () => {
  await stage.close();
});

const putFeatures = (features: object) => writeObject(stage, FEATURES.bucket, FEATURES.key, JSON.stringify(features));

/** Deploys, beside the predictor of the stage, one whose features are in S3, and which speaks CSV with its model. */
async function deployPredictor(): Promise<void> {
  const [configured] = loadConfig('local').trading.predictors;
  if (configured === undefined) throw new Error('stage local has no predictor');
  const { everyMinutes: _every, ...others } = configured;
  const predictor: Predictor = {
    ...others,
    features: { source: 's3', ...FEATURES, maxAgeSeconds: 600 },
    request: { format: 'csv', order: ORDER },
    answer: { kind: 'probabilities', format: 'csv', labels: ['short', 'hold', 'long'] },
  };
  const { lambda } = stage.clients;
  const ZipFile = await zipWithPolicies('request-prediction', { predictor });
  const FunctionName = stage.outputs.requestPrediction;
  const like = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: predictorFunction(),
      Code: { ZipFile },
      Role: like.Role,
      Runtime: like.Runtime,
      Handler: like.Handler,
      Timeout: like.Timeout,
      MemorySize: like.MemorySize,
      Environment: { Variables: like.Environment?.Variables },
    }),
  );
  await allowReadingFeatures(FunctionName);
}

/** What a deployment with such a predictor grants: reading the one object. */
async function allowReadingFeatures(functionName: string): Promise<void> {
  const [policy] = await readRolePolicies(stage.clients, stage.endpoint, functionName);
  if (policy === undefined) throw new Error(`${functionName} has no policy`);
  const object = `arn:aws:s3:::${FEATURES.bucket}/${FEATURES.key}`;
  const statements = [{ Effect: 'Allow', Action: 's3:GetObject', Resource: object }];
  await writeRolePolicy(stage.endpoint, { ...policy, policyName: 'Features', statements });
}

/** What is uploaded for a function: its bundle and its policies. */
async function zipWithPolicies(lambda: string, policies: Policies): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'predictor-'));
  try {
    writeBundle(lambda, folder);
    writeFileSync(join(folder, 'policies.json'), JSON.stringify(policies));
    const [python] = await prepareLocalAws(() => {});
    await execa(python, ['-m', 'zipfile', '-c', 'function.zip', 'index.js', 'policies.json'], { cwd: folder });
    return readFileSync(join(folder, 'function.zip'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const predictorFunction = () => `${stage.outputs.requestPrediction}-from-s3`;

const ask = (scheduledTime: string) => askModel(stage.clients, predictorFunction(), { scheduledTime });

/** Says what S3 says where a bucket sends its events to EventBridge. */
async function writeAnswer(key: string, text: string): Promise<void> {
  await writeObject(stage, answers, key, text);
  await announceAnswer(key, text.length);
}

function announceAnswer(key: string, size: number): Promise<string[]> {
  return deliverAwsEvent(stage.clients, {
    busName: 'default',
    source: 'aws.s3',
    detailType: 'Object Created',
    resources: [`arn:aws:s3:::${answers}`],
    detail: {
      version: '0',
      bucket: { name: answers },
      object: { key, size, etag: 'b1946ac92492d2347c6235b4d2611184', sequencer: '617f08299329d189' },
      reason: 'PutObject',
    },
  });
}

describe('a predictor whose features are in S3', () => {
  test('asks with what is there at each run; a period that is told twice is one prediction and one order', async () => {
    await putFeatures(RISING);
    const first = await ask('2026-03-06T09:00:00Z');
    const again = await ask('2026-03-06T09:00:00Z');
    await putFeatures(FALLING);
    const next = await ask('2026-03-06T09:05:00Z');
    await awaitEvent(stage, 'trade.placed', { signalId: first.predictionId });
    await awaitEvent(stage, 'trade.placed', { signalId: next.predictionId });
    await settle();

    expect([first, again, next]).toMatchObject([
      { predictionId: 'btc/BTC-USDC/2026-03-06T09:00:00Z', direction: 'long', confidence: 0.9184 },
      { predictionId: 'btc/BTC-USDC/2026-03-06T09:00:00Z', direction: 'long', confidence: 0.9184 },
      { predictionId: 'btc/BTC-USDC/2026-03-06T09:05:00Z', direction: 'short' },
    ]);
    expect(findEvents(stage, 'inference.completed', { predictionId: first.predictionId })).toHaveLength(2);
    expect(findEvents(stage, 'trade.placed', { signalId: first.predictionId })).toHaveLength(1);
    expect(await ordersFor(stage, first.predictionId)).toHaveLength(1);
  });

  test.each<[string, object, string]>([
    ['a feature as text', { ...RISING, rsi_14: '65' }, 'feature rsi_14 must be a finite number, got \\"65\\"'],
    ['a missing feature', { rsi_14: 65 }, 'feature momentum_5m is in request.order and was not read'],
    ['no feature at all', {}, 'there must be at least one feature'],
    ['an object that is too large', { note: 'x'.repeat(70_000) }, '65536 is the most that is read'],
  ])('says what is wrong with %s, and predicts nothing', async (_, features, problem) => {
    await putFeatures(features);

    await expect(ask('2026-03-06T09:10:00Z')).rejects.toThrow(problem);
    const predictionId = 'btc/BTC-USDC/2026-03-06T09:10:00Z';
    expect(findEvents(stage, 'inference.completed', { predictionId })).toEqual([]);
  });
});

describe('the answer of an asynchronous endpoint', () => {
  test('becomes one order, though its event comes twice', async () => {
    const key = `answers/${randomUUID()}.out`;
    await writeAnswer(key, '{"score":[0.05,0.05,0.9],"predicted_label":2}\n');
    await announceAnswer(key, 46);
    const predictionId = `eth/${key}`;

    const placed = await awaitEvent(stage, 'trade.placed', { signalId: predictionId });
    await settle();

    expect(placed).toMatchObject({ asset: 'ETH-USDC', direction: 'long', confidence: 0.9 });
    expect(findEvents(stage, 'inference.completed', { predictionId })).toHaveLength(2);
    expect(await ordersFor(stage, predictionId)).toHaveLength(1);
  });

  test.each([
    ['answers', '{"score":[0.5,0.5],"predicted_label":1}', 'expected 3 probabilities, of short, hold, long; got 2'],
    ['failures', 'out of memory', 'is "out of memory"'],
  ])('below %s that is %s is in the dead-letter queue, with the reason', async (folder, text, reason) => {
    const key = `${folder}/${randomUUID()}.out`;
    await writeAnswer(key, text);

    expect(await awaitDeadLetter(stage, 'purple-flea-local-inferences-eth-dead', key)).toContain(reason);
    expect(findEvents(stage, 'inference.completed', { predictionId: `eth/${key}` })).toEqual([]);
  });
});
