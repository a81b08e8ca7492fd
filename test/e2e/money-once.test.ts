import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CreateTableCommand, DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import { LOCAL_AGENTS } from '../../local/local-pipeline.ts';
import { registerTrainingJob, sendDelivery, sendRequest, setStop } from '../../local/sending.ts';
import { readBooks, readCalls } from '../../local/twin-view.ts';
import { createIntentTable } from '../../src/aws/intent-table.ts';
import { createOrderTable } from '../../src/aws/order-table.ts';
import { clientReference, retryKey } from '../../src/ledger/effect-key.ts';
import { causeOfSignal } from '../../src/trading/trade-signal.ts';
import { aNewIntent, leaveSending } from '../support/effects.ts';
import { createMemoryIntents } from '../support/memory-intents.ts';
import { comparable, STORE_SCENARIOS } from './store-scenarios.ts';
import {
  askForFault,
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
  startStage,
  type Stage,
} from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  // The ledger's own pauses, from 15 s, are not scaled: a shorter Wait only asks more often whether they are over.
  stage = await startStage({ escrowProfile: 'published', waitScale: 0.1 });
}, 600_000);

afterAll(async () => {
  await stage.close();
});

const jobName = (prefix = 'churn-') => `${prefix}${randomUUID().slice(0, 8)}`;

const creations = async () => (await readCalls(stage.twinUrl)).filter(({ path }) => path === '/escrow/create');

/** As if another day had come. */
async function forgetBudgets(): Promise<void> {
  const { documents } = stage.clients;
  const TableName = stage.outputs.intentTable;
  const { Items = [] } = await documents.send(new ScanCommand({ TableName }));
  for (const { key } of Items) {
    if (String(key).startsWith('budget/')) await documents.send(new DeleteCommand({ TableName, Key: { key } }));
  }
}

/** Running functions use what they read of the switch for five seconds. */
const untilNoticed = () => sleep(5_500);

/** Budgets are by UTC day. */
async function untilTheDayIsNotAboutToEnd(): Promise<void> {
  const leftMs = 86_400_000 - (Date.now() % 86_400_000);
  if (leftMs < 40_000) await sleep(leftMs + 1_000);
}

describe('in the published dialect', () => {
  test('a lock whose answer is lost is found by the sweeper, goes on, and is not sent again', async () => {
    const name = jobName();
    const before = await creations();
    await askForFault(stage, 'POST /escrow/create', 'applied-answer-lost');
    await finishTraining(stage, name, 0.93);
    const { executionName } = await awaitEvent(stage, 'bonus.started', { trainingJobName: name });
    await eventually('the lock to be settled', async () => {
      await invoke(stage, 'resolve-intents');
      return findEvents(stage, 'intent.settled', { key: executionName, state: 'applied' })[0];
    });
    const { escrowId } = await awaitLocked(stage, name);
    await sendDelivery(stage.clients, stage.outputs.busName, { escrowId, deliveredBy: 'owner' });

    const execution = await awaitExecution(stage, String(executionName));

    expect(execution.states.slice(0, 6)).toEqual([
      'LockFunds',
      'Are funds locked?',
      'AwaitLockVerdict',
      'LockFunds',
      'Are funds locked?',
      'AwaitDelivery',
    ]);
    expect(execution.states.at(-1)).toBe('Released');
    expect((await escrowsOf(stage, name)).map(({ escrow_id, status }) => [escrow_id, status])).toEqual([
      [escrowId, 'released'],
    ]);
    expect((await creations()).length - before.length).toBe(1);
    expect((await readBooks(stage.twinUrl)).conserved).toBe(true);
  });

  test('a release that takes effect after its answer was given up is found by the sweeper, and paid once', async () => {
    const name = jobName();
    await finishTraining(stage, name, 0.93);
    const { escrowId, executionName } = await awaitLocked(stage, name);
    await askForFault(stage, 'POST /escrow/release/:id', 'applied-late', { afterSeconds: 13 });
    await sendDelivery(stage.clients, stage.outputs.busName, { escrowId, deliveredBy: 'owner' });
    await eventually('the release to be settled', async () => {
      await invoke(stage, 'resolve-intents');
      return findEvents(stage, 'intent.settled', { kind: 'escrow-release', state: 'applied' })[0];
    });

    const execution = await awaitExecution(stage, executionName);

    expect(execution.states.slice(-6)).toEqual([
      'ReleaseFunds',
      'Are funds released?',
      'AwaitReleaseVerdict',
      'ReleaseFunds',
      'Are funds released?',
      'Released',
    ]);
    expect((await escrowsOf(stage, name)).map(({ escrow_id, status }) => [escrow_id, status])).toEqual([
      [escrowId, 'released'],
    ]);
    expect((await readCalls(stage.twinUrl)).filter(({ path }) => path === `/escrow/release/${escrowId}`)).toHaveLength(
      1,
    );
    expect((await readBooks(stage.twinUrl)).conserved).toBe(true);
  });

  test('a lock beyond the budget is tried again when an operator asks for it, under a key that names the old', async () => {
    const requestId = `labels-${randomUUID().slice(0, 8)}`;
    await sendRequest(stage.clients, stage.outputs.busName, {
      requestId,
      requestedAt: new Date().toISOString(),
      counterpartyAgentId: LOCAL_AGENTS.owner,
      description: `Labels, ${requestId}`,
      timeoutHours: 48,
      amountUsd: '200.00',
    });
    const { executionName } = await awaitEvent(stage, 'escrow.started', { requestId });
    const key = String(executionName);
    expect((await awaitExecution(stage, key)).states.at(-1)).toBe('FundingFailed');
    await forgetBudgets();

    const asked = { action: 'retry', key, operator: 'ada', evidence: 'the budget', reason: 'another day has come' };
    const retried = (await invoke(stage, 'decide-intent', asked)) as { readonly execution: string };
    const { escrow_id: escrowId } = await eventually('the escrow', async () => (await escrowsOf(stage, requestId))[0]);
    await sendDelivery(stage.clients, stage.outputs.busName, { escrowId, deliveredBy: 'owner' });
    const execution = await awaitExecution(stage, retried.execution.replace('goes on as ', ''));

    const intents = createIntentTable(stage.clients.documents, stage.outputs.intentTable);
    expect(execution.states.at(-1)).toBe('Released');
    expect(await intents.read(key)).toMatchObject({ state: 'rejected', retriedAs: retryKey(key) });
    expect(await intents.read(retryKey(key))).toMatchObject({ state: 'applied', retryOf: key, result: { escrowId } });
    const [escrow, ...others] = await escrowsOf(stage, requestId);
    expect(others).toEqual([]);
    expect(escrow?.description).toMatch(new RegExp(`^${clientReference(retryKey(key))} `));
    await forgetBudgets();
  });

  test('a stop on halted holds a lock, and set back lets it go on', async () => {
    const name = jobName();
    const before = await creations();
    const { clients, outputs } = stage;
    await setStop(clients, outputs.stopParameter, 'halted');
    await untilNoticed();
    await finishTraining(stage, name, 0.75);
    const { executionName } = await awaitEvent(stage, 'bonus.started', { trainingJobName: name });
    const intents = createIntentTable(clients.documents, outputs.intentTable);
    await eventually('the intent', () => intents.read(String(executionName)));
    await untilNoticed();

    expect(await intents.read(String(executionName))).toMatchObject({ state: 'prepared', fence: 0 });
    expect(await creations()).toHaveLength(before.length);

    await setStop(clients, outputs.stopParameter, 'running');
    const { escrowId } = await awaitLocked(stage, name);
    await sendDelivery(clients, outputs.busName, { escrowId, deliveredBy: 'owner' });
    const execution = await awaitExecution(stage, String(executionName));

    expect(execution.states.slice(0, 4)).toEqual(['LockFunds', 'Are funds locked?', 'WaitToLock', 'LockFunds']);
    expect(execution.states.at(-1)).toBe('Released');
    expect((await creations()).length - before.length).toBe(1);
  });

  test('of six bonuses of $50 for one agent at once, its $200 a day pay for four', async () => {
    await untilTheDayIsNotAboutToEnd();
    const names = Array.from({ length: 6 }, () => jobName('fraud-'));
    await Promise.all(names.map((name) => finishTraining(stage, name, 0.95)));

    const ends = await Promise.all(
      names.map(async (name) => {
        const { executionName } = await awaitEvent(stage, 'bonus.started', { trainingJobName: name });
        return eventually(`a decision over ${name}`, async () => {
          if (findEvents(stage, 'escrow.locked', { executionName }).length > 0) return 'locked';
          const intents = createIntentTable(stage.clients.documents, stage.outputs.intentTable);
          const intent = await intents.read(String(executionName));
          return intent?.state === 'rejected' ? intent.reason : undefined;
        });
      }),
    );

    expect(ends.filter((end) => end === 'locked')).toHaveLength(4);
    const refused = ends.filter((end) => end !== 'locked');
    expect(refused).toHaveLength(2);
    for (const reason of refused) {
      expect(reason).toMatch(/^the budget escrow-create\/ag_model_owner_fraud\/.* does not have \$50.00 left$/);
    }
    expect((await Promise.all(names.map((name) => escrowsOf(stage, name)))).flat()).toHaveLength(4);
  });
});

describe('what no event brings about', () => {
  test('a training job whose event never came is found by the hourly look, and paid once', async () => {
    const name = jobName();
    await moveTwinClock(stage, -1_200);
    await registerTrainingJob(stage.twinUrl, name, { metrics: { 'validation:accuracy': 0.75 } });
    await moveTwinClock(stage, 1_200);

    expect(await invoke(stage, 'find-missed-jobs')).toEqual({ looked: 1, started: 1, isAll: true });
    const { executionName } = await awaitLocked(stage, name);
    expect(await invoke(stage, 'find-missed-jobs')).toEqual({ looked: 1, started: 0, isAll: true });

    expect(await escrowsOf(stage, name)).toHaveLength(1);
    expect((await listExecutions(stage)).filter((started) => started === executionName)).toHaveLength(1);
  });

  test('what nobody can know is parked, listed, and decided by a person', async () => {
    const intents = createIntentTable(stage.clients.documents, stage.outputs.intentTable);
    const agentId = LOCAL_AGENTS.treasury;
    const subject = randomUUID();
    const cause = causeOfSignal({ source: 'prediction', id: subject });
    await leaveSending(intents, aNewIntent({ kind: 'trade-order', cause, agentId }), new Date(Date.now() - 600_000));
    const parked = await eventually('the intent to be parked', async () => {
      await invoke(stage, 'resolve-intents');
      return (await intents.list('manual', new Date(), 100)).find((intent) => intent.cause.subject === subject);
    });
    const decision = { operator: 'an operator', evidence: 'the history of fills', reason: 'there is no such order' };

    const listed = await invoke(stage, 'decide-intent', { action: 'list' });
    const asked = { action: 'resolve', verdict: 'not-applied', key: parked.key, ...decision };
    const decided = await invoke(stage, 'decide-intent', asked);

    expect(listed).toMatchObject({ intents: [{ key: parked.key, state: 'manual' }] });
    expect(decided).toMatchObject({ intent: { key: parked.key, state: 'rejected', decision } });
    await awaitEvent(stage, 'intent.settled', { key: parked.key, state: 'rejected' });
  });
});

describe('the ledger in DynamoDB and the one in memory agree', () => {
  const table = `agreement-${randomUUID()}`;

  beforeAll(async () => {
    const { documents } = stage.clients;
    const { Table } = await documents.send(new DescribeTableCommand({ TableName: stage.outputs.intentTable }));
    await documents.send(
      new CreateTableCommand({
        TableName: table,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: Table?.AttributeDefinitions,
        KeySchema: Table?.KeySchema,
        GlobalSecondaryIndexes: Table?.GlobalSecondaryIndexes?.map(({ IndexName, KeySchema, Projection }) => ({
          IndexName,
          KeySchema,
          Projection,
        })),
      }),
    );
  });

  test.each(STORE_SCENARIOS)('$title', async ({ play }) => {
    const inMemory = await play(createMemoryIntents());
    const inDynamoDb = await play(createOrderTable(stage.clients.documents, table));

    expect(comparable(inDynamoDb)).toEqual(comparable(inMemory));
  });
});
