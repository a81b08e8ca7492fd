import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHandler as createAwaitSignal } from '../../lambdas/await-signal/handler.ts';
import { createHandler as createAwaitVerdict } from '../../lambdas/await-verdict/handler.ts';
import { createHandler as createCheckStatus } from '../../lambdas/check-status/handler.ts';
import { createHandler as createCompleteDelivery } from '../../lambdas/complete-delivery/handler.ts';
import { createHandler as createLockFunds } from '../../lambdas/lock-funds/handler.ts';
import { createHandler as createRaiseDispute } from '../../lambdas/raise-dispute/handler.ts';
import { createHandler as createReleaseFunds } from '../../lambdas/release-funds/handler.ts';
import { createHandler as createResolveIntents } from '../../lambdas/resolve-intents/handler.ts';
import { createHandler as createReviewDelivery } from '../../lambdas/review-delivery/handler.ts';
import { createKeyRing } from '../../src/aws/key-ring.ts';
import { deliverDeadlines, deliverSignal, trainingJobAddress } from '../../src/escrow/mailbox.ts';
import type { BudgetPolicy } from '../../src/ledger/budgets.ts';
import { RESOLVE_DEFAULTS } from '../../src/ledger/resolve-intents.ts';
import type { StopMode } from '../../src/ledger/stop.ts';
import { openToSend } from '../../src/purple-flea/open-client.ts';
import { createEscrowClient, createEscrowViewer } from '../../src/purple-flea/escrow-client.ts';
import { createFaucetClient } from '../../src/purple-flea/faucet-client.ts';
import { PROFILES, type Profile } from '../../src/purple-flea/service.ts';
import { createTradingClient } from '../../src/purple-flea/trading-client.ts';
import { createWalletClient } from '../../src/purple-flea/wallet-client.ts';
import { startTwin, type Twin } from '../../twin/server.ts';
import { ownerAt } from '../support/owners.ts';
import { aRequest, JOB_NAME, OWNER, TREASURY } from '../support/bonus-escrow.ts';
import { NO_BUDGETS } from '../support/effects.ts';
import { timeLeft } from '../support/lambda-events.ts';
import { createTaskTokens, execute, readDefinition, type Execution } from '../support/lifecycle-execution.ts';
import { readFirstBeginning, readNoBeginnings } from '../support/memory-beginnings.ts';
import { createMemoryIntents, type MemoryIntents } from '../support/memory-intents.ts';
import { createMemoryMailbox, type MemoryMailbox } from '../support/memory-mailbox.ts';
import { createMemoryPaperBooks } from '../support/memory-paper-books.ts';
import { aService } from '../support/purple-flea.ts';
import { createRecorder, type Recorder } from '../support/recorder.ts';
import { HAPPY_PATH } from './scenarios.ts';

const START = new Date('2026-03-06T09:00:00Z');
const REQUEST_MS = 2_000;
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
  /** The sweep of deadlines that runs every minute. */
  readonly sweep: () => Promise<{ delivered: number }>;
  /** The sweep of effects in doubt that runs every minute. */
  readonly resolve: () => Promise<{ settled: number }>;
  /** What the stop and the budgets are, from now on. */
  readonly limits: { stop: StopMode; budgets: BudgetPolicy };
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
  const source = { secretName: 'PurpleFleaApiKey', agentId: TREASURY };
  const keys = createKeyRing({ treasury: source, counterparties: source }, async () => secret);
  const keyOf = (agentId: string) => keys.get(agentId, ['treasury', 'counterparties']);
  let claims = 0;
  const limits: Workflow['limits'] = { stop: 'running', budgets: NO_BUDGETS };
  const deps = {
    ...recorder,
    intents,
    mailbox,
    resume: tokens.resume,
    owner: ownerAt(service, { agentId: TREASURY }),
    viewEscrows: () => createEscrowViewer(service),
    holdsKeyOf: async (agentId: string) => (await keys.find(agentId, ['counterparties'])) !== undefined,
    openEscrow: openToSend(service, keyOf, createEscrowClient),
    openSender: openToSend(service, keyOf, createEscrowClient),
    openWallet: openToSend(service, keyOf, createWalletClient),
    openTrading: openToSend(service, keyOf, createTradingClient),
    openFaucet: openToSend(service, keyOf, createFaucetClient),
    paperBooks: createMemoryPaperBooks(),
    policy: RESOLVE_DEFAULTS,
    readStop: async () => limits.stop,
    readBeginning: readFirstBeginning,
    get budgets() {
      return limits.budgets;
    },
    feeBasisPoints: 100,
    requestMs: REQUEST_MS,
    now: () => now,
    newId: () => `claim-${(claims += 1)}`,
  };
  const withContext =
    (handler: (input: unknown, context: ReturnType<typeof timeLeft>) => unknown) => (input: unknown) =>
      handler(input, timeLeft());
  const tasks = {
    LockFunds: withContext(createLockFunds(deps)),
    AwaitLockVerdict: createAwaitVerdict(deps),
    AwaitDelivery: createAwaitSignal(deps),
    AwaitDecision: createAwaitSignal(deps),
    AwaitResolution: createAwaitSignal(deps),
    CompleteDelivery: withContext(createCompleteDelivery(deps)),
    ReviewDelivery: createReviewDelivery(deps),
    ReleaseFunds: withContext(createReleaseFunds(deps)),
    AwaitReleaseVerdict: createAwaitVerdict(deps),
    RaiseDispute: withContext(createRaiseDispute(deps)),
    AwaitDisputeVerdict: createAwaitVerdict(deps),
    CheckStatus: createCheckStatus(deps),
  };
  const resolveIntents = createResolveIntents({ ...deps, readBeginnings: readNoBeginnings });

  return {
    twin,
    intents,
    mailbox,
    recorder,
    start: (request = aRequest()) => execute(readDefinition(), { input: { request }, tasks, tokens, waitMs: 1 }),
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
    resolve: () => resolveIntents({}, timeLeft(120_000)),
    limits,
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

/** Until the execution has left its task token under such an address; one that ends before it is an error. */
async function untilWaiting(running: Promise<Execution>, address: 'escrow:' | 'intent:' = 'escrow:'): Promise<void> {
  const giveUpAt = Date.now() + 10_000;
  while (!workflow.mailbox.waiting().some((waiting) => waiting.startsWith(address))) {
    const ended = await Promise.race([running, sleep(2, undefined)]);
    if (ended !== undefined) throw new Error(`ended instead of waiting: ${ended.path.join(', ')}`);
    if (Date.now() > giveUpAt) throw new Error('the execution does not wait');
  }
}

/** Asks the twin for a fault, once. */
const ask = (route: string, fault: string) => call('POST', '/_twin/faults', { body: { route, fault } });

/** How often the treasury asked the twin to create and to release. */
async function countRequests(): Promise<{ create: number; release: number }> {
  const calls = (await call('GET', '/_twin/calls'))['calls'] as { method: string; path: string }[];
  const count = (start: string) =>
    calls.filter(({ method, path }) => method === 'POST' && path.startsWith(start)).length;
  return { create: count('/escrow/create'), release: count('/escrow/release/') };
}

/**
 * Lets the minutes pass one by one, with both sweeps in each, until an effect in doubt is settled. Returns the minute in
 * which it was, counted from the start.
 */
async function minutesUntilSettled(running: Promise<Execution>): Promise<number> {
  for (let minute = 1; minute <= 60; minute += 1) {
    await workflow.moveTo(new Date(START.getTime() + minute * 60_000).toISOString());
    const { delivered } = await workflow.sweep();
    if (delivered > 0) await untilWaiting(running, 'intent:');
    if ((await workflow.resolve()).settled > 0) return minute;
  }
  throw new Error('in doubt for an hour');
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
});

const CREATE = 'POST /escrow/create';
const RELEASE = 'POST /escrow/release/:id';
const UNLOCKED = ['LockFunds', 'Are funds locked?'];

describe.each(PROFILES)('where an answer is lost in the %s dialect', (profile) => {
  speaking(profile);

  test('a lock that took place is found a minute later and not sent again', async () => {
    await ask(CREATE, 'applied-answer-lost');
    const running = workflow.start();
    await untilWaiting(running, 'intent:');

    expect(await minutesUntilSettled(running)).toBe(1);
    await untilWaiting(running);
    await workflow.deliver();

    expect(await running).toMatchObject({
      status: 'SUCCEEDED',
      path: [...UNLOCKED, 'AwaitLockVerdict', ...HAPPY_PATH.path],
    });
    expect(await readEscrows()).toHaveLength(1);
    expect(await countRequests()).toEqual({ create: 1, release: 1 });
    expect(await readBooks()).toEqual(PAID);
    expect(workflow.recorder.published.map(([type]) => type)).toEqual([
      'intent.settled',
      'escrow.locked',
      'escrow.completed',
      'escrow.reviewed',
      'escrow.released',
    ]);
  });

  test('a lock that did not take place is sent again once, after two looks: in minutes 15 and 20', async () => {
    await ask(CREATE, 'answer-lost');
    const running = workflow.start();
    await untilWaiting(running, 'intent:');

    expect(await minutesUntilSettled(running)).toBe(20);
    await untilWaiting(running);
    await workflow.deliver();

    const { status, path } = await running;
    expect(status).toBe('SUCCEEDED');
    // In minutes 10 and 20 it looks by itself, and finds it in doubt.
    const looks = Array.from({ length: 3 }, () => [...UNLOCKED, 'AwaitLockVerdict']).flat();
    expect(path).toEqual([...looks, ...HAPPY_PATH.path]);
    const [intent] = [...workflow.intents.items.values()].filter(({ kind }) => kind === 'escrow-create');
    expect(intent?.history.map(({ state, at }) => [state, at.slice(11, 16)])).toEqual([
      ['prepared', '09:00'],
      ['sending', '09:00'],
      ['unknown', '09:00'],
      ['prepared', '09:20'],
      ['sending', '09:20'],
      ['applied', '09:20'],
    ]);
    expect(intent?.history[3]?.note).toContain('2026-03-06T09:15:00.000Z and 2026-03-06T09:20:00.000Z');
    expect(await readEscrows()).toHaveLength(1);
    expect(await countRequests()).toEqual({ create: 2, release: 1 });
    expect(await readBooks()).toEqual(PAID);
  });

  test('a release that takes place after its answer was given up is found a minute later', async () => {
    await workflow.deliver();
    await ask(RELEASE, 'applied-late');
    const running = workflow.start();
    await untilWaiting(running, 'intent:');

    expect(await minutesUntilSettled(running)).toBe(1);

    expect(await running).toMatchObject({
      status: 'SUCCEEDED',
      path: [...HAPPY_PATH.path.slice(0, -1), 'AwaitReleaseVerdict', 'ReleaseFunds', 'Are funds released?', 'Released'],
    });
    expect(await countRequests()).toEqual({ create: 1, release: 1 });
    expect(await readBooks()).toEqual(PAID);
    expect(workflow.recorder.counted.EscrowsReleased).toBe(1);
  });

  test('a release that did not take place is left to a person after 20 minutes, and an alarm is raised', async () => {
    await workflow.deliver();
    await ask(RELEASE, 'answer-lost');
    const running = workflow.start();
    await untilWaiting(running, 'intent:');

    expect(await minutesUntilSettled(running)).toBe(20);

    expect(await running).toMatchObject({ status: 'FAILED', error: 'NeedsAttention' });
    expect(await countRequests()).toEqual({ create: 1, release: 1 });
    expect(await readBooks()).toEqual(LOCKED);
    expect(intentsByKind()).toMatchObject({ 'escrow-create': 'applied', 'escrow-release': 'manual' });
    expect(workflow.recorder.counted.IntentsManual).toBeGreaterThan(0);
    expect(workflow.recorder.published.map(([type]) => type).slice(-2)).toEqual(['intent.settled', 'intent.parked']);
  });
});

describe.each(PROFILES)('within its limits, in the %s dialect', (profile) => {
  speaking(profile);

  /** Until so many visits to LockFunds have locked nothing. */
  async function untilHeld(visits: number): Promise<void> {
    const held = () => JSON.stringify(workflow.recorder.logged).split('funds not locked').length - 1;
    const giveUpAt = Date.now() + 10_000;
    while (held() < visits) {
      if (Date.now() > giveUpAt) throw new Error(`held ${held()} times`);
      await sleep(2);
    }
  }

  test('a stop on reducing holds a lock until it is lifted, and nothing is sent', async () => {
    workflow.limits.stop = 'reducing';
    await workflow.deliver();
    const running = workflow.start();
    await untilHeld(3);
    expect(await countRequests()).toEqual({ create: 0, release: 0 });
    expect(intentsByKind()).toEqual({ 'escrow-create': 'prepared' });

    workflow.limits.stop = 'running';
    await workflow.moveTo(new Date(START.getTime() + 60_000).toISOString());

    const { status, path } = await running;
    expect(status).toBe('SUCCEEDED');
    expect(path.slice(0, 4)).toEqual([...UNLOCKED, 'WaitToLock', 'LockFunds']);
    expect(await countRequests()).toEqual({ create: 1, release: 1 });
    expect(await readBooks()).toEqual(PAID);
  });

  test('a stop on reducing lets what is locked be paid', async () => {
    const running = workflow.start();
    await untilWaiting(running);
    workflow.limits.stop = 'reducing';
    await workflow.deliver();

    expect(await running).toMatchObject({ status: 'SUCCEEDED', path: HAPPY_PATH.path });
    expect(await readBooks()).toEqual(PAID);
  });

  test('a lock that is over budget is a failed funding that names the budget', async () => {
    workflow.limits.budgets = { perDay: { 'escrow-create': '49.99' }, perAgentAndDay: {} };

    expect(await workflow.start()).toMatchObject({
      status: 'FAILED',
      error: 'FundingFailed',
      cause: 'the budget escrow-create/2026-03-06 does not have $50.00 left',
      path: [...UNLOCKED, 'FundingFailed'],
    });
    expect(await countRequests()).toEqual({ create: 0, release: 0 });
    expect(await readBooks()).toEqual(BEFORE);
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

  /** Locks an escrow, which its counterparty completes on the 10th. */
  async function startCompleted(): Promise<{ running: Promise<Execution> }> {
    const running = workflow.start();
    await untilWaiting(running);
    const [escrow] = await readEscrows();
    await workflow.moveTo('2026-03-10T09:00:00Z');
    await call('POST', `/escrow/complete/${escrow?.escrow_id}`, { key: OWNER_KEY, body: {} });
    await workflow.moveTo('2026-03-13T09:00:01Z');
    await workflow.sweep();
    await untilWaiting(running);
    expect(await readBooks()).toEqual(LOCKED);
    return { running };
  }

  const ASKED = ['CheckStatus', 'What is the status?', 'ReviewDelivery', 'Is gate passed?', 'AwaitDecision'];
  const REVIEWED = ['ReviewDelivery', 'Is gate passed?'];

  test('an escrow that its counterparty completed by itself is paid before its auto-release, because nobody objected', async () => {
    const { running } = await startCompleted();
    await workflow.moveTo('2026-03-17T07:00:01Z');
    await workflow.sweep();
    await untilWaiting(running);

    await workflow.moveTo('2026-03-17T08:30:01Z');
    await workflow.sweep();

    expect((await running).path.slice(4)).toEqual([
      ...ASKED,
      ...REVIEWED,
      'AwaitDecision',
      ...REVIEWED,
      'ReleaseFunds',
      'Are funds released?',
      'Released',
    ]);
    expect(await readBooks()).toEqual(PAID);
    const reviews = workflow.recorder.published.filter(([type]) => type === 'escrow.reviewed');
    expect(reviews.map(([, detail]) => detail)).toMatchObject([
      { decision: 'ask', isLate: false },
      { decision: 'ask', isLate: true },
      { decision: 'release', reason: expect.stringContaining('nobody decided until 2026-03-17T08:30:00.000Z') },
    ]);
  });

  test('an escrow that is looked at only after its auto-release ends as what the service made of it', async () => {
    const { running } = await startCompleted();
    await workflow.moveTo('2026-03-17T09:00:01Z');
    await workflow.sweep();

    expect((await running).path.slice(4)).toEqual([
      ...ASKED,
      ...REVIEWED,
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

  test('a release that pays and says 500, with an escrow that looks as before, is asked for once and parked', async () => {
    await workflow.deliver();
    await ask(RELEASE, 'stuck-funded');
    const running = workflow.start();
    await untilWaiting(running, 'intent:');

    expect(await minutesUntilSettled(running)).toBe(20);

    expect(await running).toMatchObject({ status: 'FAILED', error: 'NeedsAttention' });
    expect(await countRequests()).toEqual({ create: 1, release: 1 });
    expect(await readBooks()).toMatchObject({ owner: '49.50' });
    expect(intentsByKind()).toMatchObject({ 'escrow-release': 'manual' });
  });
});
