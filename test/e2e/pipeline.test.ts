import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { deliverAwsEvent } from '../../local/aws-events.ts';
import { putSecret } from '../../local/local-pipeline.ts';
import {
  askModel,
  putEvent,
  registerTrainingJob,
  sendDelivery,
  sendPrediction,
  sendTrainingEvent,
} from '../../local/sending.ts';
import { readBooks, readCalls } from '../../local/twin-view.ts';
import { createIntentTable } from '../../src/aws/intent-table.ts';
import { performEffect } from '../../src/ledger/perform-effect.ts';
import { formatUsd, parseUsd, subtractUsd } from '../../src/money.ts';
import { causeOfSignal } from '../../src/trading/trade-signal.ts';
import { aNewIntent, anEffect, anInvocation, leaveSending } from '../support/effects.ts';
import {
  awaitDeadLetter,
  awaitEvent,
  awaitExecution,
  awaitLocked,
  escrowsOf,
  eventually,
  findEvents,
  finishTraining,
  invoke,
  listExecutions,
  moveTwinClock,
  ordersFor,
  readLog,
  settle,
  startStage,
  type Stage,
} from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await startStage();
}, 600_000);

afterAll(async () => {
  await stage.close();
});

const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();

const jobName = (prefix = 'churn-') => `${prefix}${randomUUID().slice(0, 8)}`;

const ordersOf = (predictionId: string) => ordersFor(stage, predictionId);

describe('without a usable secret', () => {
  test('a lock waits, nothing is called, and it goes on by itself when the secret is mended', async () => {
    const callsBefore = (await readCalls(stage.twinUrl)).length;
    const { secretName, intentTable } = stage.outputs;
    await stage.clients.secrets.send(
      new PutSecretValueCommand({ SecretId: secretName, SecretString: '{"agentId":"ag_platform_treasury"}' }),
    );
    const name = jobName();
    await finishTraining(stage, name, 0.75);
    const { executionName } = await awaitEvent(stage, 'bonus.started', { trainingJobName: name });
    const intents = createIntentTable(stage.clients.documents, intentTable);
    const intent = await eventually('the wait', async () => {
      const found = await intents.read(String(executionName));
      return found?.waits === undefined ? undefined : found;
    });
    const calls = (await readCalls(stage.twinUrl)).slice(callsBefore);
    await putSecret(stage.clients, secretName);
    const { escrowId } = await awaitLocked(stage, name);
    await sendDelivery(stage.clients, stage.outputs.busName, { escrowId, deliveredBy: 'owner' });
    const execution = await awaitExecution(stage, String(executionName));

    expect(intent).toMatchObject({ state: 'prepared', waitsFor: 'secret' });
    expect(execution.states.at(-1)).toBe('Released');
    expect(calls.filter(({ path }) => path.startsWith('/escrow'))).toEqual([]);
  }, 90_000);
});

describe('a finished training job', () => {
  test('becomes one escrow that is locked, completed and released, though its event comes three times', async () => {
    const name = jobName();
    const before = await readBooks(stage.twinUrl);
    await finishTraining(stage, name, 0.93, 3);
    const { escrowId, executionName } = await awaitLocked(stage, name);
    await sendDelivery(stage.clients, stage.outputs.busName, { escrowId, deliveredBy: 'owner' });
    const execution = await awaitExecution(stage, executionName);
    await settle();

    expect(execution.status).toBe('SUCCEEDED');
    expect(execution.states).toEqual([
      'LockFunds',
      'Are funds locked?',
      'AwaitDelivery',
      'What ended the wait?',
      'CompleteDelivery',
      'ReviewDelivery',
      'Is gate passed?',
      'ReleaseFunds',
      'Are funds released?',
      'Released',
    ]);
    const escrows = await escrowsOf(stage, name);
    expect(escrows.map(({ escrow_id, status }) => [escrow_id, status])).toEqual([[escrowId, 'released']]);
    const calls = await readCalls(stage.twinUrl);
    const posts = calls
      .filter(({ method, path }) => method === 'POST' && path.endsWith(escrowId))
      .map(({ path }) => path);
    expect(posts).toEqual([`/escrow/complete/${escrowId}`, `/escrow/release/${escrowId}`]);

    const after = await readBooks(stage.twinUrl);
    const balance = (books: typeof after, agent: string) => books.balances.get(agent) ?? parseUsd('0');
    const moved = (agent: string) => formatUsd(subtractUsd(balance(after, agent), balance(before, agent)));
    expect(moved('ag_platform_treasury')).toBe('-50.00');
    expect(moved('ag_model_owner_churn')).toBe('49.50');
    expect(after.conserved).toBe(true);
    expect(findEvents(stage, 'bonus.started', { trainingJobName: name })).toHaveLength(1);
    expect((await listExecutions(stage)).filter((started) => started === executionName)).toHaveLength(1);
  });

  test('is released at once where its delivery came before the lock', async () => {
    const name = jobName();
    await registerTrainingJob(stage.twinUrl, name, { metrics: { 'validation:accuracy': 0.81 } });
    await sendDelivery(stage.clients, stage.outputs.busName, { trainingJobName: name, deliveredBy: 'early owner' });
    await settle();
    await sendTrainingEvent(stage.clients, name);
    const { executionName } = await awaitLocked(stage, name);

    const execution = await awaitExecution(stage, executionName);

    expect(execution.states.at(-1)).toBe('Released');
    expect((await escrowsOf(stage, name)).map(({ status, amount_usd }) => [status, amount_usd])).toEqual([
      ['released', '20.00'],
    ]);
  });

  test('pays a counterparty whose key is not held from the locked escrow', async () => {
    const name = jobName('fraud-');
    await finishTraining(stage, name, 0.75);
    const { escrowId, executionName } = await awaitLocked(stage, name);
    await sendDelivery(stage.clients, stage.outputs.busName, { escrowId, deliveredBy: 'owner' });

    expect((await awaitExecution(stage, executionName)).states.at(-1)).toBe('Released');
    expect(findEvents(stage, 'escrow.completed', { escrowId })).toEqual([]);
    expect((await escrowsOf(stage, name)).map(({ status, amount_usd }) => [status, amount_usd])).toEqual([
      ['released', '5.00'],
    ]);
  });

  test('is refunded where nobody delivers by the deadline', async () => {
    const name = jobName();
    // The lock is made a week ago by the twin's clock, so that its deadline is in some seconds by everyone else's.
    const week = 168 * 3600;
    await moveTwinClock(stage, -week + 5);
    await finishTraining(stage, name, 0.95);
    const { escrowId, executionName } = await awaitLocked(stage, name);
    await moveTwinClock(stage, week);
    await eventually('the deadline to be delivered', async () => {
      await invoke(stage, 'deliver-deadlines');
      return findEvents(stage, 'escrow.refunded', { escrowId })[0];
    });
    const execution = await awaitExecution(stage, executionName);
    await moveTwinClock(stage, -5);

    expect(execution.states.slice(-3)).toEqual(['CheckStatus', 'What is the status?', 'Refunded']);
    expect((await escrowsOf(stage, name)).map(({ status }) => status)).toEqual(['refunded']);
    expect((await readBooks(stage.twinUrl)).conserved).toBe(true);
  });

  test.each([
    ['below-tiers', 0.7],
    ['metric-missing', undefined],
    ['metric-implausible', 93],
  ])('moves no money where it is %s', async (reason, accuracy) => {
    const name = jobName();
    await finishTraining(stage, name, accuracy);

    const skipped = await awaitEvent(stage, 'bonus.skipped', { trainingJobName: name });

    expect(skipped['reason']).toBe(reason);
    expect(await escrowsOf(stage, name)).toEqual([]);
  });

  test('moves no money where SageMaker says by now that it failed', async () => {
    const name = jobName();
    await registerTrainingJob(stage.twinUrl, name, { status: 'Failed', metrics: { 'validation:accuracy': 0.99 } });
    await sendTrainingEvent(stage.clients, name);

    expect((await awaitEvent(stage, 'bonus.skipped', { trainingJobName: name }))['reason']).toBe('not-completed');
  });
});

describe('a prediction', () => {
  test('becomes one order, though its event comes three times', async () => {
    const predictionId = randomUUID();
    const at = new Date().toISOString();
    for (let time = 0; time < 3; time += 1) {
      await sendPrediction(stage.clients, stage.outputs.busName, {
        predictionId,
        direction: 'short',
        confidence: 0.6,
        at,
      });
    }
    const placed = await awaitEvent(stage, 'trade.placed', { signalId: predictionId });
    await settle();

    expect(placed).toMatchObject({ asset: 'BTC-USDC', direction: 'short', amountUsd: '50.00' });
    expect((await ordersOf(predictionId)).map(({ order_id }) => order_id)).toEqual([placed['orderId']]);
    const calls = (await readCalls(stage.twinUrl)).filter(({ path }) => path === '/trading/order');
    expect(calls).toHaveLength(1);
    expect(findEvents(stage, 'trade.placed', { signalId: predictionId })).toHaveLength(1);
  });

  test('of the model itself is traded', async () => {
    const features = { momentum_5m: -0.006, momentum_1h: -0.012, rsi_14: 38, volume_z: 1.2, funding_rate: 0.0001 };
    const prediction = await askModel(stage.clients, stage.outputs.requestPrediction, { asset: 'ETH-USDC', features });

    const placed = await awaitEvent(stage, 'trade.placed', { signalId: prediction.predictionId });

    expect(placed).toMatchObject({ asset: 'ETH-USDC', direction: 'short', confidence: prediction.confidence });
  });

  test.each([
    ['hold', { direction: 'hold', confidence: 0.99 }],
    ['low-confidence', { direction: 'long', confidence: 0.59 }],
    ['asset-not-allowed', { direction: 'long', confidence: 0.9, asset: 'DOGE-USDC' }],
    ['stale', { direction: 'long', confidence: 0.9, at: '2026-03-06T09:00:00Z' }],
  ] as const)('is skipped with reason %s', async (reason, prediction) => {
    const predictionId = randomUUID();
    await sendPrediction(stage.clients, stage.outputs.busName, { predictionId, ...prediction });

    expect((await awaitEvent(stage, 'trade.skipped', { signalId: predictionId }))['reason']).toBe(reason);
    expect(await ordersOf(predictionId)).toEqual([]);
  });
});

describe('what nobody can use', () => {
  test('a training event with an impossible job name is in the dead-letter queue, with the reason', async () => {
    const marker = randomUUID();
    await deliverAwsEvent(stage.clients, {
      busName: 'default',
      source: 'aws.sagemaker',
      detailType: 'SageMaker Training Job State Change',
      detail: { TrainingJobName: `churn-${'x'.repeat(63)}`, TrainingJobStatus: 'Completed', marker },
    });

    expect(await awaitDeadLetter(stage, 'purple-flea-local-training-events-dead', marker)).toContain(
      'detail.TrainingJobName',
    );
  });

  test('a prediction with a confidence of two is in the FIFO dead-letter queue', async () => {
    const predictionId = randomUUID();
    await sendPrediction(stage.clients, stage.outputs.busName, { predictionId, direction: 'long', confidence: 2 });

    expect(await awaitDeadLetter(stage, 'purple-flea-local-trade-signals-dead.fifo', predictionId)).toContain(
      'detail.confidence',
    );
    expect(await ordersOf(predictionId)).toEqual([]);
  });

  test('a delivery that names nothing is in the dead-letter queue', async () => {
    const deliveredBy = randomUUID();
    await putEvent(stage.clients, stage.outputs.busName, 'my.registry', 'escrow.delivered', { deliveredBy });

    expect(await awaitDeadLetter(stage, 'purple-flea-local-signals-dead', deliveredBy)).toContain(
      'escrowId or trainingJobName',
    );
  });

  test('an event with a misspelt detail-type is in the dead-letter queue', async () => {
    const marker = randomUUID();
    await putEvent(stage.clients, stage.outputs.busName, 'my.model', 'inference.complete', { marker });

    expect(await awaitDeadLetter(stage, 'purple-flea-local-unknown-events-dead', marker)).toContain(
      '"inference.complete"',
    );
  });
});

describe('the ledger', () => {
  test('parks what a crashed invocation left in sending, where nothing could show it, and says so', async () => {
    const intents = createIntentTable(stage.clients.documents, stage.outputs.intentTable);
    const intent = aNewIntent({
      kind: 'trade-order',
      cause: causeOfSignal({ source: 'prediction', id: randomUUID() }),
      agentId: 'ag_platform_treasury',
    });
    await leaveSending(intents, intent, new Date(Date.now() - 600_000));

    await eventually('the intent to be parked', async () => {
      await invoke(stage, 'resolve-intents');
      return (await intents.read(intent.key))?.state === 'manual' ? true : undefined;
    });

    const { key } = intent;
    expect(await intents.read(key)).toMatchObject({ state: 'manual', fence: 1 });
    await awaitEvent(stage, 'intent.parked', { key, kind: 'trade-order', amountUsd: '50.00' });
  });

  test('lets one of fifty invocations send, and gives the others its result', async () => {
    const intents = createIntentTable(stage.clients.documents, stage.outputs.intentTable);
    const effect = anEffect({ kind: 'trade-order', subject: randomUUID(), expiresAt: inAnHour() });
    let sent = 0;
    const attempt = () =>
      performEffect(anInvocation({ intents, now: () => new Date(), newId: randomUUID }), effect, async () => {
        sent += 1;
        return { kind: 'applied', result: { orderId: 'ord_contended' } };
      });

    const outcomes = await Promise.all(Array.from({ length: 50 }, attempt));

    expect(sent).toBe(1);
    expect(outcomes.filter((outcome) => outcome.outcome === 'applied' && !outcome.duplicate)).toHaveLength(1);
    expect(await attempt()).toEqual({ outcome: 'applied', result: { orderId: 'ord_contended' }, duplicate: true });
  });

  test('holds no intent that is still under way', async () => {
    const { Items = [] } = await stage.clients.documents.send(
      new ScanCommand({ TableName: stage.outputs.intentTable }),
    );

    expect(Items.length).toBeGreaterThan(0);
    expect(Items.filter(({ state }) => state === 'prepared' || state === 'sending')).toEqual([]);
  });
});

/** The tasks of the workflow that talk to Purple Flea. */
const INVOKED = ['lock-funds', 'complete-delivery', 'review-delivery', 'release-funds'];

describe('the keys', () => {
  test('are in no log line, event, intent, mailbox item, execution input or history', async () => {
    const agents = JSON.parse(readFileSync(new URL('../../twin/data/agents.json', import.meta.url), 'utf8')) as {
      apiKey: string;
    }[];
    const executions = await Promise.all((await listExecutions(stage)).map((name) => awaitExecution(stage, name)));
    const escrowId = String(findEvents(stage, 'escrow.released', {})[0]?.['escrowId']);
    // Functions that a queue or a schedule invokes log to the emulator's console, those that are invoked to its log groups.
    const invoked = await Promise.all(INVOKED.map((lambda) => readLog(stage, lambda)));
    const scan = async (TableName: string) =>
      (await stage.clients.documents.send(new ScanCommand({ TableName }))).Items;
    const places = {
      'function log': readFileSync(stage.functionLog, 'utf8'),
      'log groups': invoked.join('\n'),
      events: JSON.stringify(stage.seen),
      intents: JSON.stringify(await scan(stage.outputs.intentTable)),
      mailbox: JSON.stringify(await scan(stage.outputs.mailboxTable)),
      executions: executions.map(({ record }) => record).join('\n'),
    };

    for (const [place, text] of Object.entries(places)) {
      // The place was really read: each holds what identifies the first escrow there was.
      expect([place, text.includes(escrowId)]).toEqual([place, true]);
      expect([place, agents.filter(({ apiKey }) => text.includes(apiKey))]).toEqual([place, []]);
    }
  });
});
