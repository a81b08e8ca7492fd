import { describe, expect, test } from '@jest/globals';
import { createHandler, type Deps } from '../../../lambdas/resolve-intents/handler.ts';
import { OwnerUnavailableError } from '../../../src/errors.ts';
import { SecretUnusableError, ServiceUnreadableError } from '../../../src/errors.ts';
import { intentAddress } from '../../../src/escrow/mailbox.ts';
import { referenceFor } from '../../../src/escrow/escrow-effects.ts';
import type { Intent, IntentCursor, IntentStore, NewIntent } from '../../../src/ledger/intent.ts';
import type { StopMode } from '../../../src/ledger/stop.ts';
import { RESOLVE_DEFAULTS } from '../../../src/ledger/resolve-intents.ts';
import type { EscrowClient, EscrowRow, EscrowStatus } from '../../../src/purple-flea/escrow.ts';
import { formatUsd } from '../../../src/money.ts';
import { aView, ESCROW_ID, OWNER, TREASURY } from '../../support/bonus-escrow.ts';
import { afterNoon, aNewIntent, leaveSending, leaveUnknown, MINUTE, NO_BUDGETS, NOON } from '../../support/effects.ts';
import { anEscrowClient } from '../../support/escrow-task.ts';
import { inert } from '../../support/inert.ts';
import { timeLeft } from '../../support/lambda-events.ts';
import { readNoBeginnings } from '../../support/memory-beginnings.ts';
import { PLACES } from '../../support/places.ts';
import { createMemoryIntents, createMemoryLedger, type MemoryIntents } from '../../support/memory-intents.ts';
import { createMemoryMailbox, createTasks } from '../../support/memory-mailbox.ts';
import { createMemoryPaperBooks } from '../../support/memory-paper-books.ts';
import { opening } from '../../support/owners.ts';
import { aTradingClient } from '../../support/predictions.ts';
import { createRecorder, type Recorder } from '../../support/recorder.ts';

const SNAPSHOT = { asset: 'BTC-USDC', direction: 'long', positionIds: [] };

const A_LOCK = aNewIntent({ agentId: TREASURY, payee: OWNER });
const A_RELEASE = aNewIntent({ agentId: TREASURY, kind: 'escrow-release', escrowId: ESCROW_ID });
const AN_ORDER = aNewIntent({
  agentId: TREASURY,
  kind: 'trade-order',
  payee: 'BTC-USDC',
  cause: { rule: 'prediction-trade', subject: 'prediction-1', status: 'completed' },
});

function aRow(description: string): EscrowRow {
  const { escrowId, status, statusShown, amount, createdAt, deadlineAt } = aView();
  return { escrowId, status, statusShown, amount, description, role: 'creator', createdAt, expiresAt: deadlineAt };
}

interface Options {
  readonly escrow?: Partial<EscrowClient>;
  readonly deps?: Partial<Deps>;
  readonly recorder?: Recorder;
  readonly intents?: MemoryIntents;
}

function aSweeper({
  escrow = {},
  deps = {},
  recorder = createRecorder(),
  intents = createMemoryIntents(),
}: Options = {}) {
  const mailbox = createMemoryMailbox();
  const tasks = createTasks(['token-1', 'token-2']);
  const opened: string[] = [];
  const world = { now: afterNoon(MINUTE) };
  const openEscrow: Deps['openEscrow'] = async ({ agentId }) => {
    if (agentId !== TREASURY && agentId !== OWNER)
      throw new OwnerUnavailableError(`no key of ${agentId} is held for it`);
    opened.push(agentId);
    return anEscrowClient(escrow);
  };
  const handler = createHandler({
    intents,
    mailbox,
    resume: tasks.resume,
    openEscrow,
    openSender: openEscrow,
    viewEscrows: () => anEscrowClient(escrow),
    holdsKeyOf: async (agentId) => agentId === OWNER,
    requestMs: 10_000,
    budgets: NO_BUDGETS,
    newId: () => 'the-sweeper',
    openWallet: async () => ({
      profile: 'reference',
      transferBody: inert('transferBody'),
      pacedReads: inert('pacedReads'),
      transfer: inert('transfer'),
      readBalance: inert('readBalance'),
      readLedger: inert('readLedger'),
    }),
    openTrading: async () => aTradingClient(),
    openFaucet: inert('openFaucet'),
    readBeginnings: readNoBeginnings,
    readStop: async () => 'running',
    paperBooks: createMemoryPaperBooks(),
    publish: recorder.publish,
    count: recorder.count,
    log: recorder.log,
    policy: RESOLVE_DEFAULTS,
    now: () => world.now,
    ...deps,
  });
  const run = (minutes: number) => {
    world.now = afterNoon(minutes * MINUTE);
    return handler({}, timeLeft(120_000));
  };
  const waitFor = (key: string, taskToken = 'token-1') =>
    mailbox.putWait({
      taskToken,
      addresses: [intentAddress(key)],
      takes: [],
      notBefore: NOON.toISOString(),
      deadlineAt: afterNoon(10 * MINUTE).toISOString(),
    });
  return { run, intents, mailbox, tasks, opened, recorder, waitFor };
}

function settledAs({ key, reference, kind }: NewIntent, state: string, note: string) {
  return ['intent.settled', { key, reference, kind, state, note }];
}

function parked({ key, reference, kind, amountUsd }: NewIntent, reason: string) {
  return ['intent.parked', { key, reference, kind, amountUsd, reason }];
}

describe('an effect in doubt', () => {
  test('that is found is said once, and wakes the execution that waits for it', async () => {
    const escrow = {
      list: async () =>
        ({ kind: 'read', value: { total: 1, offset: 0, escrows: [aRow(`${A_LOCK.reference} x`)] } }) as const,
      readStatus: async () => aView({ description: `${A_LOCK.reference} x` }),
    };
    const { run, intents, tasks, mailbox, recorder, waitFor, opened } = aSweeper({ escrow });
    await leaveUnknown(intents, A_LOCK);
    await waitFor(A_LOCK.key);

    expect(await run(1)).toMatchObject({ looked: 1, settled: 1, left: false });
    expect(await run(2)).toMatchObject({ looked: 0, settled: 0, left: false });

    expect(intents.items.get(A_LOCK.key)).toMatchObject({ state: 'applied', result: { escrowId: ESCROW_ID } });
    expect(recorder.published).toEqual([settledAs(A_LOCK, 'applied', 'found at the service')]);
    expect(recorder.counted['IntentsManual']).toBe(0);
    expect(tasks.ended).toEqual(new Map([['token-1', { signal: 'settled' }]]));
    expect(mailbox.waiting()).toEqual([]);
    expect(new Set(opened)).toEqual(new Set([TREASURY]));
  });

  test('that stays in doubt is neither said nor wakes anyone', async () => {
    const { run, intents, tasks, recorder, waitFor } = aSweeper({ escrow: { readStatus: async () => aView() } });
    await leaveUnknown(intents, A_RELEASE);
    await waitFor(A_RELEASE.key);

    expect(await run(1)).toMatchObject({ looked: 1, settled: 0 });
    expect(recorder.published).toEqual([]);
    expect(tasks.attempts).toEqual([]);
  });

  test('that only a person can settle is parked, counted for the alarm and said once, and wakes who waits', async () => {
    const { run, intents, tasks, recorder, waitFor } = aSweeper({ escrow: { readStatus: async () => aView() } });
    await leaveUnknown(intents, A_RELEASE);
    await waitFor(A_RELEASE.key);

    for (const minute of [15, 20, 21, 300]) await run(minute);

    const note = `not at the service in two complete looks, at ${afterNoon(15 * MINUTE).toISOString()} and ${afterNoon(20 * MINUTE).toISOString()}; that proves nothing for escrow-release`;
    expect(recorder.published).toEqual([settledAs(A_RELEASE, 'manual', note), parked(A_RELEASE, note)]);
    // Every run counts it until it is decided.
    expect(recorder.counted).toMatchObject({ IntentsManual: 3 });
    expect(tasks.ended.get('token-1')).toEqual({ signal: 'settled' });
  });

  test('that may be sent again wakes the execution that will send it', async () => {
    const list = async () => ({ kind: 'read', value: { total: 0, offset: 0, escrows: [] } }) as const;
    const { run, intents, tasks, recorder, waitFor } = aSweeper({ escrow: { list } });
    await leaveUnknown(intents, A_LOCK);
    await waitFor(A_LOCK.key);

    for (const minute of [15, 20]) await run(minute);

    expect(intents.items.get(A_LOCK.key)?.state).toBe('prepared');
    expect(recorder.published).toMatchObject([['intent.settled', { state: 'prepared' }]]);
    expect(tasks.ended.get('token-1')).toEqual({ signal: 'settled' });
  });

  /** A list that lags: it has none of the escrows that were created at noon or later. */
  const LAGGING = {
    list: async () => ({ kind: 'read', value: { total: 0, offset: 0, escrows: [] } }) as const,
  };
  const A_KNOWN_LOCK = aNewIntent({ agentId: TREASURY, payee: OWNER, subject: 'known' });

  async function applyAtNoon(intents: IntentStore, intent: NewIntent, result = {}) {
    const sending = await leaveSending(intents, intent);
    await intents.move(sending, { state: 'applied', note: 'confirmed', result }, NOON);
  }

  test('is not taken for absent by a list that lacks the last escrow, whatever was applied since', async () => {
    const { run, intents } = aSweeper({ escrow: LAGGING });
    await applyAtNoon(intents, A_KNOWN_LOCK);
    for (let order = 0; order < 300; order += 1) {
      await applyAtNoon(intents, aNewIntent({ kind: 'paper-order', agentId: 'paper', subject: `order ${order}` }));
    }
    await leaveUnknown(intents, A_LOCK);

    for (const minute of [15, 20, 120]) await run(minute);

    expect(intents.items.get(A_LOCK.key)).toMatchObject({ state: 'unknown', fence: 1 });
  });

  test('is measured by nothing that its agent created at another address', async () => {
    const escrow = {
      list: async () =>
        ({ kind: 'read', value: { total: 1, offset: 0, escrows: [aRow(`${A_KNOWN_LOCK.reference} x`)] } }) as const,
    };
    const { run, intents } = aSweeper({ escrow });
    const service = { baseUrl: 'https://escrow.example.com', profile: 'reference' } as const;
    const elsewhere = { baseUrl: 'https://old.example.com', profile: 'reference' } as const;
    await applyAtNoon(intents, { ...A_KNOWN_LOCK, service });
    await applyAtNoon(intents, { ...aNewIntent({ agentId: TREASURY, subject: 'elsewhere' }), service: elsewhere });
    await leaveUnknown(intents, { ...A_LOCK, service });

    for (const minute of [15, 20]) await run(minute);

    expect(intents.items.get(A_LOCK.key)?.state).toBe('prepared');
  });

  test('of a ledger that kept no last escrow is measured against the newest applied one, however far back', async () => {
    const ledger = createMemoryLedger();
    const { run, intents } = aSweeper({ escrow: LAGGING, intents: createMemoryIntents(undefined, ledger) });
    await applyAtNoon(intents, A_KNOWN_LOCK);
    for (let order = 0; order < 300; order += 1) {
      await applyAtNoon(intents, aNewIntent({ kind: 'paper-order', agentId: 'paper', subject: `order ${order}` }));
    }
    ledger.latest.clear();
    await leaveUnknown(intents, A_LOCK);

    for (const minute of [15, 20]) await run(minute);

    expect(intents.items.get(A_LOCK.key)).toMatchObject({ state: 'unknown', fence: 1 });
  });

  test("is measured against its own agent's last escrow, not against another's", async () => {
    const rows = [aRow(`${A_KNOWN_LOCK.reference} x`)];
    const escrow = {
      list: async () => ({ kind: 'read', value: { total: 1, offset: 0, escrows: rows } }) as const,
    };
    const { run, intents } = aSweeper({ escrow });
    await applyAtNoon(intents, A_KNOWN_LOCK);
    await applyAtNoon(intents, aNewIntent({ agentId: OWNER, payee: TREASURY, subject: 'of another agent' }));
    await leaveUnknown(intents, A_LOCK);

    for (const minute of [15, 20]) await run(minute);

    expect(intents.items.get(A_LOCK.key)?.state).toBe('prepared');
  });

  test('that a crashed invocation left is taken over and looked for', async () => {
    const { run, intents, recorder } = aSweeper({ escrow: { readStatus: async () => aView({ status: 'released' }) } });
    await leaveSending(intents, A_RELEASE);

    await run(6);
    await run(7);

    expect(intents.items.get(A_RELEASE.key)?.state).toBe('applied');
    expect(recorder.published).toEqual([settledAs(A_RELEASE, 'applied', 'found at the service')]);
  });

  test("of a counterparty is looked for with the counterparty's key", async () => {
    const { run, intents, opened } = aSweeper({ escrow: { readStatus: async () => aView({ status: 'completed' }) } });
    const completion = aNewIntent({ kind: 'escrow-complete', agentId: OWNER, escrowId: ESCROW_ID });
    await leaveUnknown(intents, completion);

    await run(1);

    expect(opened).toContain(OWNER);
    expect(intents.items.get(completion.key)?.state).toBe('applied');
  });

  test('of an agent whose key is not held any more goes to a person after a day', async () => {
    const { run, intents, recorder } = aSweeper();
    const foreign = aNewIntent({ agentId: 'ag_gone' });
    await leaveUnknown(intents, foreign);

    for (const minute of [1, 60, 24 * 60]) await run(minute);

    const note = 'OwnerUnavailableError: no key of ag_gone is held for it';
    expect(recorder.published).toEqual([settledAs(foreign, 'manual', note), parked(foreign, note)]);
  });

  test('of which nobody waits for the verdict is settled all the same', async () => {
    const { run, intents, tasks } = aSweeper({ escrow: { readStatus: async () => aView({ status: 'released' }) } });
    await leaveUnknown(intents, A_RELEASE);

    expect(await run(1)).toMatchObject({ settled: 1 });
    expect(tasks.attempts).toEqual([]);
  });
});

describe('an order in doubt', () => {
  const position = {
    positionId: 'pos_1',
    orderId: undefined,
    asset: 'BTC-USDC',
    direction: 'long',
    amount: aView().amount,
    leverage: 1,
    entryPrice: '65000.00',
    openedAt: undefined,
    pnl: undefined,
  } as const;

  test('that is found is said as placed, without the confidence that only the prediction knew', async () => {
    const openTrading = opening(aTradingClient({ readPositions: async () => [position] }));
    const { run, intents, recorder } = aSweeper({ deps: { openTrading } });
    await leaveUnknown(intents, AN_ORDER, NOON, SNAPSHOT);

    await run(1);

    expect(recorder.published).toEqual([
      settledAs(AN_ORDER, 'applied', 'found at the service'),
      [
        'trade.placed',
        {
          mode: 'live',
          source: 'prediction',
          signalId: 'prediction-1',
          orderId: 'pos_1',
          asset: 'BTC-USDC',
          direction: 'long',
          amountUsd: formatUsd(position.amount),
        },
      ],
    ]);
    expect(recorder.counted).toMatchObject({ TradesPlaced: 1 });
  });

  test('that may or may not stand is said so once', async () => {
    const openTrading = opening(
      aTradingClient({ readPositions: async () => [position, { ...position, positionId: 'p2' }] }),
    );
    const { run, intents, recorder } = aSweeper({ deps: { openTrading } });
    await leaveUnknown(intents, AN_ORDER, NOON, SNAPSHOT);

    await run(1);
    await run(2);

    const reason = 'several new fills could be this order: pos_1, p2';
    const { reference } = AN_ORDER;
    expect(recorder.published).toEqual([
      settledAs(AN_ORDER, 'manual', reason),
      parked(AN_ORDER, reason),
      ['trade.manual', { source: 'prediction', signalId: 'prediction-1', asset: 'BTC-USDC', reference, reason }],
    ]);
    expect(recorder.counted).toMatchObject({ IntentsManual: 2 });
    expect(recorder.counted['TradesPlaced']).toBeUndefined();
  });
});

test('a bus that is down keeps no effect from being settled, and no execution from being woken', async () => {
  const { run, intents, tasks, recorder, waitFor } = aSweeper({
    recorder: createRecorder({ failsToPublish: true }),
    escrow: { readStatus: async () => aView({ status: 'refunded' }) },
  });
  const other = aNewIntent({ agentId: TREASURY, kind: 'escrow-dispute', escrowId: ESCROW_ID });
  for (const [intent, token] of [
    [A_RELEASE, 'token-1'],
    [other, 'token-2'],
  ] as const) {
    await leaveUnknown(intents, intent);
    await waitFor(intent.key, token);
  }

  expect(await run(1)).toMatchObject({ settled: 2 });
  expect(recorder.counted).toMatchObject({ IntentsManual: 2, PublishFailures: 4 });
  expect([...tasks.ended.keys()]).toEqual(['token-1', 'token-2']);
});

test('one execution that cannot be woken keeps no other verdict from being said, and the run fails for its alarm', async () => {
  const resume = (taskToken: string) =>
    taskToken === 'token-1' ? Promise.reject(new Error('throttled')) : Promise.resolve(true);
  const { run, intents, recorder, waitFor } = aSweeper({
    deps: { resume },
    escrow: { readStatus: async () => aView({ status: 'refunded' }) },
  });
  const other = aNewIntent({ agentId: TREASURY, kind: 'escrow-dispute', escrowId: ESCROW_ID });
  for (const [intent, token] of [
    [A_RELEASE, 'token-1'],
    [other, 'token-2'],
  ] as const) {
    await leaveUnknown(intents, intent);
    await waitFor(intent.key, token);
  }

  await expect(run(1)).rejects.toThrow('1 intents failed, the first: Error: throttled');
  expect(recorder.counted).toMatchObject({ IntentsManual: 2 });
  expect(recorder.published.map(([type]) => type)).toEqual([
    'intent.settled',
    'intent.parked',
    'intent.settled',
    'intent.parked',
  ]);
});

test.each([
  ['waits could not be looked at', 'listSince', 'prepared', { IntentsManual: 1, IntentsInDoubt: 0 }],
  ['claims could not be looked at', 'list', 'sending', { IntentsManual: 1, IntentsWaiting: 0 }],
  ['what is manual could not be counted', 'list', 'manual', { IntentsWaiting: 0, IntentsInDoubt: 0 }],
] as const)(
  'a run in which %s measures all else, and fails for its alarm',
  async (_case, operation, state, measured) => {
    const intents = createMemoryIntents();
    const unknown = await leaveUnknown(intents, A_RELEASE);
    await intents.move(unknown, { state: 'manual', note: 'parked' }, NOON);
    const failing: MemoryIntents = {
      ...intents,
      [operation]: async (...args: Parameters<IntentStore['list'] & IntentStore['listSince']>) =>
        args[0] === state ? Promise.reject(new Error('throttled')) : intents[operation](...args),
    };
    const { run, recorder } = aSweeper({ intents: failing });

    await expect(run(1)).rejects.toThrow(/intents failed, the first: Error: throttled/);
    expect(recorder.counted).toEqual(measured);
  },
);

test('one list serves all creations that a run looks for, and the next run reads it anew', async () => {
  let lists = 0;
  const list = async () => {
    lists += 1;
    return { kind: 'read', value: { total: 0, offset: 0, escrows: [] } } as const;
  };
  const { run, intents } = aSweeper({ escrow: { list } });
  for (const subject of ['one', 'two', 'three']) {
    await leaveUnknown(intents, aNewIntent({ agentId: TREASURY, subject }));
  }

  expect(await run(1)).toMatchObject({ looked: 3 });
  expect(lists).toBe(1);
  await run(2);
  expect(lists).toBe(2);
});

test('the latest escrow of the same agent has to be in a list before absence counts in it', async () => {
  const list = async () => ({ kind: 'read', value: { total: 0, offset: 0, escrows: [] } }) as const;
  const { run, intents } = aSweeper({ escrow: { list } });
  await leaveUnknown(intents, A_LOCK);
  for (const [subject, agentId] of [
    ['known', TREASURY],
    ['of another agent', OWNER],
  ] as const) {
    const known = await leaveSending(intents, aNewIntent({ subject, agentId }));
    const result = { escrowId: `esc_${agentId}` };
    await intents.move(known, { state: 'applied', note: 'the service confirmed it', result }, NOON);
  }

  for (const minute of [15, 20, 25]) await run(minute);
  expect(intents.items.get(A_LOCK.key)).toMatchObject({ state: 'unknown' });
  await run(24 * 60);

  expect(intents.items.get(A_LOCK.key)).toMatchObject({
    state: 'manual',
    reason: `${aNewIntent({ subject: 'known', agentId: TREASURY }).reference} is missing in the list`,
  });
});

describe('the beginnings', () => {
  test('are recorded by every run, whether or not there is a doubt', async () => {
    let reads = 0;
    const { run } = aSweeper({
      deps: {
        readBeginnings: async () => {
          reads += 1;
          return readNoBeginnings();
        },
      },
    });
    await run(1);
    await run(2);

    expect(reads).toBe(2);
  });

  test('that cannot be recorded fail the run after all else is done', async () => {
    const { run, recorder } = aSweeper({ deps: { readBeginnings: () => Promise.reject(new Error('throttled')) } });

    await expect(run(1)).rejects.toThrow('1 intents failed, the first: Error: throttled');
    expect(recorder.counted).toMatchObject({ IntentsInDoubt: 0 });
  });
});

describe('an execution that waits for what cannot be sent', () => {
  const wait = { notBefore: afterNoon(900 * MINUTE).toISOString(), waits: 12 };

  async function aWait(waitsFor: 'stop' | 'service', options: Options) {
    const intents = createMemoryIntents();
    await intents.postpone(await intents.prepare(A_LOCK, NOON), { ...wait, waitsFor }, 'away', NOON);
    const sweeper = aSweeper({ ...options, intents });
    await sweeper.waitFor(A_LOCK.key);
    return sweeper;
  }

  test('is woken within a minute when it can be, whatever is left of its pause', async () => {
    const world = { isBack: false };
    const list: EscrowClient['list'] = async () => {
      if (!world.isBack) throw new ServiceUnreadableError('escrow.list: no connection');
      return { kind: 'read', value: { escrows: [], total: 0, offset: 0 } };
    };
    const { run, tasks, recorder } = await aWait('service', { escrow: { list } });

    await run(5);
    expect(tasks.attempts).toEqual([]);
    expect(recorder.counted).toMatchObject({ IntentsWaiting: 0 });
    world.isBack = true;
    await run(6);
    expect(tasks.ended).toEqual(new Map([['token-1', { signal: 'settled' }]]));
  });

  test('is woken within a minute when the stop is lifted', async () => {
    let mode: 'halted' | 'running' = 'halted';
    const { run, tasks } = await aWait('stop', { deps: { readStop: async () => mode } });

    await run(5);
    expect(tasks.attempts).toEqual([]);
    mode = 'running';
    await run(6);
    expect([...tasks.ended.keys()]).toEqual(['token-1']);
  });
});

test('what is in doubt while nothing can be read stays so, for as long as that lasts', async () => {
  const { run, intents } = aSweeper({
    deps: { openEscrow: () => Promise.reject(new SecretUnusableError('secret keys: has no value')) },
  });
  await leaveUnknown(intents, A_LOCK);

  await run(30 * 24 * 60);

  expect(intents.items.get(A_LOCK.key)?.state).toBe('unknown');
});

describe('a completion that waits', () => {
  const A_COMPLETION = aNewIntent({ agentId: OWNER, kind: 'escrow-complete', escrowId: ESCROW_ID, payee: OWNER });
  const due = { notBefore: afterNoon(5 * MINUTE).toISOString(), waits: 1, waitsFor: 'service' as const };

  async function aCompletion(status: EscrowStatus, options: Options = {}) {
    const intents = createMemoryIntents();
    const sent: string[] = [];
    const escrow: Partial<EscrowClient> = {
      list: async () => ({ kind: 'read', value: { escrows: [], total: 0, offset: 0 } }),
      readStatus: async () => aView({ status }),
      complete: async (escrowId, { body }) => {
        sent.push(body);
        return { kind: 'applied', result: { escrowId, status: 'completed' } };
      },
    };
    await intents.postpone(await intents.prepare(A_COMPLETION, NOON), due, 'refused', NOON);
    const stored = () => intents.items.get(A_COMPLETION.key);
    return { ...aSweeper({ ...options, escrow, intents }), sent, stored };
  }

  test('is sent once by the sweeper, as it was recorded, and said', async () => {
    const { run, sent, stored, recorder } = await aCompletion('locked');

    await run(4);
    expect(sent).toEqual([]);
    await run(5);
    await run(6);

    expect(sent).toEqual([A_COMPLETION.requestBody]);
    expect(stored()).toMatchObject({ state: 'applied' });
    expect(recorder.published).toEqual([
      ['escrow.completed', { escrowId: ESCROW_ID, reference: referenceFor(A_COMPLETION.cause) }],
    ]);
  });

  test.each(['released', 'auto_released', 'refunded'] as const)('is rejected once the escrow is %s', async (status) => {
    const { run, sent, stored, recorder } = await aCompletion(status);

    await run(5);

    expect(sent).toEqual([]);
    expect(stored()).toMatchObject({ state: 'rejected', reason: `the escrow is ${status}` });
    expect(recorder.published).toEqual([settledAs(A_COMPLETION, 'rejected', `the escrow is ${status}`)]);
  });

  test('that fails keeps no other from being sent, and what is manual is measured', async () => {
    let asked = 0;
    const { run, sent, recorder, intents } = await aCompletion('locked', {
      deps: {
        holdsKeyOf: async () => {
          asked += 1;
          if (asked === 1) throw new Error('a fault of ours');
          return true;
        },
      },
    });
    const other = { ...A_COMPLETION, key: 'f'.repeat(64), cause: { ...A_COMPLETION.cause, subject: 'other' } };
    await intents.postpone(await intents.prepare(other, NOON), due, 'refused', NOON);

    await expect(run(6)).rejects.toThrow('1 intents failed, the first: Error: a fault of ours');
    expect(sent).toHaveLength(1);
    expect(recorder.counted).toMatchObject({ IntentsManual: 0, IntentsWaiting: 0 });
  });

  test('goes on waiting while the secret cannot be read, unless the escrow is settled', async () => {
    const unreadable = () => Promise.reject(new SecretUnusableError('secret keys: has no value'));
    const deps = { holdsKeyOf: unreadable, openSender: unreadable };
    const locked = await aCompletion('locked', { deps });
    const refunded = await aCompletion('refunded', { deps });

    await locked.run(5);
    await refunded.run(5);

    expect(locked.stored()).toMatchObject({ state: 'prepared', waits: 2, waitsFor: 'secret' });
    expect(refunded.stored()).toMatchObject({ state: 'rejected', reason: 'the escrow is refunded' });
  });

  test('is left to a counterparty whose key turns out not to be held', async () => {
    const { run, sent, stored } = await aCompletion('locked', { deps: { holdsKeyOf: async () => false } });

    await run(5);

    expect(sent).toEqual([]);
    expect(stored()).toMatchObject({
      state: 'rejected',
      reason: `no key of ${OWNER} is held: it is left to the counterparty`,
    });
  });

  test('is sent where its invocation was gone before it could say how long it waits', async () => {
    const { run, sent, intents } = await aCompletion('locked');
    const { notBefore: _notBefore, ...left } = intents.items.get(A_COMPLETION.key) as Intent;
    (intents.items as Map<string, Intent>).set(left.key, left);

    await run(4);
    expect(sent).toEqual([]);
    await run(5);
    expect(sent).toHaveLength(1);
  });
});

describe('a release that nobody comes back for', () => {
  test.each(['released', 'auto_released', 'refunded'] as const)('is rejected once the escrow is %s', async (status) => {
    const intents = createMemoryIntents();
    await intents.prepare(A_RELEASE, NOON);
    const { run } = aSweeper({ intents, escrow: { readStatus: async () => aView({ status }) } });

    await run(61);

    expect(intents.items.get(A_RELEASE.key)).toMatchObject({ state: 'rejected', reason: `the escrow is ${status}` });
  });

  test.each([
    ['frozen', async () => aView({ status: 'disputed' })],
    ['not to be read', () => Promise.reject(new ServiceUnreadableError('escrow.status: no connection'))],
  ] as const)('stays while the escrow is %s', async (_case, readStatus) => {
    const intents = createMemoryIntents();
    await intents.prepare(A_RELEASE, NOON);
    const { run, recorder } = aSweeper({ intents, escrow: { readStatus } });

    await run(61);

    expect(intents.items.get(A_RELEASE.key)).toMatchObject({ state: 'prepared' });
    expect(recorder.counted).toMatchObject({ IntentsWaiting: 1 });
  });
});

describe('an effect in doubt that was sent where its service was before', () => {
  const service = { baseUrl: 'https://before.example.com', profile: 'reference' } as const;
  const gone = new ServiceUnreadableError('escrow.status: HTTP 404', { httpStatus: 404, code: 'ESCROW_NOT_FOUND' });

  async function lookFor(intent: NewIntent, escrow: Partial<EscrowClient>) {
    const intents = createMemoryIntents();
    await leaveUnknown(intents, intent);
    const { run } = aSweeper({ intents, escrow, deps: { places: PLACES } });
    for (const minutes of [20, 40, 3 * 24 * 60]) await run(minutes);
    return intents.items.get(intent.key);
  }
  const list = async () => ({ kind: 'read', value: { escrows: [], total: 0, offset: 0 } }) as const;

  test.each([
    ['it has no such escrow', A_RELEASE, { readStatus: () => Promise.reject(gone) }],
    ['the escrow is locked there still', A_RELEASE, { readStatus: async () => aView({ status: 'locked' }) }],
    ['its list is empty', A_LOCK, { list }],
  ] as const)('stays in doubt where %s', async (_case, intent, escrow) => {
    expect(await lookFor({ ...intent, service }, escrow)).toMatchObject({ state: 'unknown' });
    expect((await lookFor(intent, escrow))?.state).not.toBe('unknown');
  });

  test('is settled by what is seen there', async () => {
    const readStatus = async () => aView({ status: 'released' });

    expect(await lookFor({ ...A_RELEASE, service }, { readStatus })).toMatchObject({ state: 'applied' });
  });
});

describe('all that is prepared', () => {
  const prepare = async (intents: MemoryIntents, count: number) => {
    for (let index = 0; index < count; index += 1) {
      const intent = aNewIntent({ subject: `job ${index}`, agentId: TREASURY });
      const wait = { notBefore: afterNoon(60 * MINUTE).toISOString(), waits: 9, waitsFor: 'stop' } as const;
      await intents.postpone(await intents.prepare(intent, NOON), wait, 'stopped', afterNoon(index));
    }
  };

  test('is listed once in a run', async () => {
    const memory = createMemoryIntents();
    await prepare(memory, 3);
    const listed: string[] = [];
    const intents: MemoryIntents = {
      ...memory,
      listSince: (state, ...rest) => {
        listed.push(state);
        return memory.listSince(state, ...rest);
      },
    };
    await aSweeper({ intents }).run(5);

    expect(listed).toEqual(['prepared']);
  });

  test('is looked at from the oldest on, so much of it in one run, and the rest in the next', async () => {
    const intents = createMemoryIntents(undefined, undefined, 2);
    await prepare(intents, 50);
    let next: IntentCursor | undefined;
    const round = {
      read: async () => next,
      write: async (cursor: IntentCursor | undefined) => {
        next = cursor;
      },
    };
    let stop: StopMode = 'halted';
    const { run } = aSweeper({ intents, deps: { round, readStop: async () => stop } });
    const woken = () => [...intents.items.values()].filter(({ wakes }) => wakes === 1).length;

    await run(5);
    stop = 'running';
    await run(6);
    expect(woken()).toBe(10);
    await run(7);
    expect(woken()).toBe(50);
  });
});
