import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHandler as createAwaitDelivery } from '../../lambdas/await-delivery/handler.ts';
import { createHandler as createCheckStatus } from '../../lambdas/check-status/handler.ts';
import { createHandler as createCompleteDelivery } from '../../lambdas/complete-delivery/handler.ts';
import { createHandler as createLockFunds } from '../../lambdas/lock-funds/handler.ts';
import { createHandler as createReleaseFunds } from '../../lambdas/release-funds/handler.ts';
import { createHandler as createReviewDelivery } from '../../lambdas/review-delivery/handler.ts';
import { readApiKeys } from '../../src/aws/api-key-secret.ts';
import { deliverDeadlines, deliverSignal, trainingJobAddress } from '../../src/escrow/mailbox.ts';
import { createEscrowClient } from '../../src/purple-flea/escrow-client.ts';
import { PROFILES, type Profile } from '../../src/purple-flea/service.ts';
import { startTwin, type Twin } from '../../twin/server.ts';
import { aRequest, JOB_NAME, OWNER, TREASURY } from '../support/bonus-escrow.ts';
import { timeLeft } from '../support/lambda-events.ts';
import { createTaskTokens, execute, readDefinition, type Execution } from '../support/lifecycle-execution.ts';
import { createMemoryIntents, type MemoryIntents } from '../support/memory-intents.ts';
import { createMemoryMailbox, type MemoryMailbox } from '../support/memory-mailbox.ts';
import { aService } from '../support/purple-flea.ts';
import { createRecorder, type Recorder } from '../support/recorder.ts';
import { HAPPY_PATH } from './scenarios.ts';

const START = new Date('2026-03-06T09:00:00Z');
const REQUEST_MS = 5_000;
const TREASURY_KEY = 'pf_local_treasury';
const OWNER_KEY = 'pf_local_owner_churn';

/** The functions of the workflow over stores in memory and a twin over HTTP, at one time that tests set. */
interface Workflow {
  readonly twin: Twin;
  readonly intents: MemoryIntents;
  readonly mailbox: MemoryMailbox;
  readonly recorder: Recorder;
  /** Starts an execution; it settles when it has ended. */
  readonly start: (request?: unknown) => Promise<Execution>;
  readonly deliver: () => Promise<unknown>;
  readonly moveTo: (time: string) => Promise<void>;
  /** The sweep that runs every minute. */
  readonly sweep: () => Promise<{ delivered: number }>;
}

let workflow: Workflow;

/** Has each test of a block begin with a twin of this dialect. */
function speaking(profile: Profile): void {
  beforeEach(async () => {
    workflow = await startWorkflow(profile);
  });
  afterEach(() => workflow.twin.close());
}

async function startWorkflow(profile: Profile): Promise<Workflow> {
  const twin = await startTwin({ now: () => START, escrowProfile: profile });
  const intents = createMemoryIntents();
  const mailbox = createMemoryMailbox();
  const recorder = createRecorder();
  const tokens = createTaskTokens();
  const service = aService(twin.url, { profile, totalMs: REQUEST_MS });
  let now = START;
  const secret = JSON.stringify({ apiKey: TREASURY_KEY, agentId: TREASURY, counterpartyKeys: { [OWNER]: OWNER_KEY } });
  let claims = 0;
  const deps = {
    ...recorder,
    intents,
    mailbox,
    resume: tokens.resume,
    readApiKeys: () => readApiKeys('PurpleFleaApiKey', async () => secret),
    openEscrow: (credentials: { apiKey: string; agentId: string }) => createEscrowClient(service, credentials),
    requestMs: REQUEST_MS,
    now: () => now,
    newId: () => `claim-${(claims += 1)}`,
  };
  const withContext =
    (handler: (input: unknown, context: ReturnType<typeof timeLeft>) => unknown) => (input: unknown) =>
      handler(input, timeLeft());
  const tasks = {
    LockFunds: withContext(createLockFunds(deps)),
    AwaitDelivery: createAwaitDelivery(deps),
    CompleteDelivery: withContext(createCompleteDelivery(deps)),
    ReviewDelivery: createReviewDelivery(deps),
    ReleaseFunds: withContext(createReleaseFunds(deps)),
    CheckStatus: createCheckStatus(deps),
  };

  return {
    twin,
    intents,
    mailbox,
    recorder,
    start: (request = aRequest()) => execute(readDefinition(), { input: { request }, tasks, tokens, waitMs: 0 }),
    deliver: () =>
      deliverSignal(deps, trainingJobAddress(JOB_NAME), {
        type: 'delivered',
        at: now.toISOString(),
        deliveredBy: 'registry',
        note: 'model v7',
      }),
    moveTo: async (time) => {
      now = new Date(time);
      await call('POST', '/_twin/clock', { body: { now: time } });
    },
    sweep: () => deliverDeadlines(deps, now, 500),
  };
}

async function call(
  method: string,
  path: string,
  { key, body }: { readonly key?: string; readonly body?: unknown } = {},
): Promise<Record<string, unknown>> {
  const response = await fetch(`${workflow.twin.url}${path}`, {
    method,
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: HTTP ${response.status}`);
  return (await response.json()) as Record<string, unknown>;
}

/** Balances at the twin, in USD: what the treasury and the owner are free to spend, what is locked, and the fees. */
async function readBooks(): Promise<Record<string, unknown>> {
  const books = await call('GET', '/_twin/agents');
  const agents = books['agents'] as { agent_id: string; available_usd: string }[];
  const available = (id: string) => agents.find((agent) => agent.agent_id === id)?.available_usd;
  expect(books['conserved']).toBe(true);
  return {
    treasury: available(TREASURY),
    owner: available(OWNER),
    locked: books['locked_in_escrow_usd'],
    fees: books['fees_usd'],
  };
}

async function readEscrows(): Promise<{ escrow_id: string; status: string }[]> {
  return (await call('GET', '/_twin/escrows'))['escrows'] as { escrow_id: string; status: string }[];
}

/** Until the execution has left its task token under the escrow's address; one that ends before it is an error. */
async function untilWaiting(running: Promise<Execution>): Promise<void> {
  const giveUpAt = Date.now() + 10_000;
  while (!workflow.mailbox.waiting().some((address) => address.startsWith('escrow:'))) {
    const ended = await Promise.race([running, sleep(2, undefined)]);
    if (ended !== undefined) throw new Error(`ended instead of waiting: ${ended.path.join(', ')}`);
    if (Date.now() > giveUpAt) throw new Error('the execution does not wait');
  }
}

const intentsByKind = () =>
  Object.fromEntries([...workflow.intents.items.values()].map(({ kind, state }) => [kind, state]));

const BEFORE = { treasury: '1000.00', owner: '0.00', locked: '0.00', fees: '0.00' };
const LOCKED = { treasury: '950.00', owner: '0.00', locked: '50.00', fees: '0.00' };
const PAID = { treasury: '950.00', owner: '49.50', locked: '0.00', fees: '0.50' };

describe.each(PROFILES)('in the %s dialect', (profile) => {
  speaking(profile);

  test('a delivery pays the counterparty: 50.00 locked, 49.50 paid, 0.50 fee', async () => {
    const running = workflow.start();
    await untilWaiting(running);
    expect(await readBooks()).toEqual(LOCKED);

    await workflow.deliver();
    const execution = await running;

    expect(execution).toMatchObject({ status: 'SUCCEEDED', path: HAPPY_PATH.path, retried: [] });
    expect(await readBooks()).toEqual(PAID);
    expect(intentsByKind()).toEqual({
      'escrow-create': 'applied',
      'escrow-complete': 'applied',
      'escrow-release': 'applied',
    });
    expect(workflow.recorder.published.map(([type]) => type)).toEqual([
      'escrow.locked',
      'escrow.completed',
      'escrow.reviewed',
      'escrow.released',
    ]);
  });

  test('a delivery that comes before the lock is waiting for it', async () => {
    await workflow.deliver();

    const execution = await workflow.start();

    expect(execution).toMatchObject({ status: 'SUCCEEDED', path: HAPPY_PATH.path });
    expect(await readBooks()).toEqual(PAID);
  });

  test('a second execution for the same cause moves nothing and ends where the first did', async () => {
    await workflow.deliver();
    await workflow.start();

    const second = await workflow.start();

    expect(second).toMatchObject({
      status: 'SUCCEEDED',
      path: [...HAPPY_PATH.path.slice(0, 7), 'CheckStatus', 'What is the status?', 'Released'],
    });
    expect(await readBooks()).toEqual(PAID);
    expect(await readEscrows()).toHaveLength(1);
  });

  test('a lock that the treasury cannot pay fails with the reason, and nothing is locked', async () => {
    const execution = await workflow.start(aRequest({ amountUsd: '5000.00' }));

    expect(execution).toMatchObject({
      status: 'FAILED',
      error: 'FundingFailed',
      cause: `escrow.create: HTTP ${profile === 'reference' ? 400 : 402} INSUFFICIENT_BALANCE`,
      path: ['LockFunds', 'Are funds locked?', 'FundingFailed'],
    });
    expect(await readBooks()).toEqual(BEFORE);
    expect(intentsByKind()).toEqual({ 'escrow-create': 'rejected' });
  });

  test('while Purple Flea is down a lock is tried five times, then the funding has failed', async () => {
    await workflow.twin.close();

    const execution = await workflow.start();

    expect(execution.path).toEqual([
      ...Array.from({ length: 4 }, () => ['LockFunds', 'Are funds locked?', 'WaitToLock']).flat(),
      'LockFunds',
      'Are funds locked?',
      'FundingFailed',
    ]);
    expect(execution.cause).toMatch(/^not sent in 5 attempts; the last: .*ECONNREFUSED/);
  });
});

describe('when silence decides, in the reference dialect', () => {
  speaking('reference');

  test('a lock that nobody delivers for is refunded whole at its deadline', async () => {
    const running = workflow.start();
    await untilWaiting(running);
    await workflow.moveTo('2026-03-13T08:59:59Z');
    expect(await workflow.sweep()).toMatchObject({ delivered: 0 });
    expect(await readBooks()).toEqual(LOCKED);

    await workflow.moveTo('2026-03-13T09:00:01Z');
    expect(await workflow.sweep()).toMatchObject({ delivered: 1 });

    expect((await running).path.slice(2)).toEqual([
      'AwaitDelivery',
      'What ended the wait?',
      'CheckStatus',
      'What is the status?',
      'Refunded',
    ]);
    expect(await readBooks()).toEqual(BEFORE);
    expect(intentsByKind()).toEqual({ 'escrow-create': 'applied' });
    expect(workflow.recorder.counted.EscrowsRefunded).toBe(1);
  });

  test('an escrow that its counterparty completed by itself is followed until it is paid out by itself', async () => {
    const running = workflow.start();
    await untilWaiting(running);
    const [escrow] = await readEscrows();
    await workflow.moveTo('2026-03-10T09:00:00Z');
    await call('POST', `/escrow/complete/${escrow?.escrow_id}`, { key: OWNER_KEY, body: {} });
    await workflow.moveTo('2026-03-13T09:00:01Z');
    await workflow.sweep();
    await untilWaiting(running);
    expect(await readBooks()).toEqual(LOCKED);

    await workflow.moveTo('2026-03-17T09:00:01Z');
    await workflow.sweep();

    expect((await running).path.slice(4)).toEqual([
      'CheckStatus',
      'What is the status?',
      'AwaitDelivery',
      'What ended the wait?',
      'CheckStatus',
      'What is the status?',
      'AutoReleased',
    ]);
    expect(await readBooks()).toEqual(PAID);
  });
});

describe('when silence decides, in the published dialect', () => {
  speaking('published');

  test('an escrow that its counterparty completed is refunded at the deadline all the same, less the fee', async () => {
    const running = workflow.start();
    await untilWaiting(running);
    const [escrow] = await readEscrows();
    await workflow.moveTo('2026-03-10T09:00:00Z');
    await call('POST', `/escrow/complete/${escrow?.escrow_id}`, { key: OWNER_KEY, body: {} });

    await workflow.moveTo('2026-03-13T09:05:01Z');
    await workflow.sweep();

    expect((await running).path.slice(4)).toEqual(['CheckStatus', 'What is the status?', 'Refunded']);
    expect(await readBooks()).toEqual({ treasury: '999.50', owner: '0.00', locked: '0.00', fees: '0.50' });
  });
});
