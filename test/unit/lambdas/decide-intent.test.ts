import { describe, expect, test } from '@jest/globals';
import { createHandler } from '../../../lambdas/decide-intent/handler.ts';
import type { ContinueExecution } from '../../../src/aws/executions.ts';
import { ServiceUnreadableError } from '../../../src/errors.ts';
import { clientReference, effectKey, retryKey, type EffectKind } from '../../../src/ledger/effect-key.ts';
import type { Intent } from '../../../src/ledger/intent.ts';
import { inDoubtSince } from '../../../src/ledger/the-past.ts';
import { parseUsd } from '../../../src/money.ts';
import type { EscrowClient, EscrowView } from '../../../src/purple-flea/escrow.ts';
import { aView, ESCROW_ID } from '../../support/bonus-escrow.ts';
import { anEscrowClient, OWNED } from '../../support/escrow-task.ts';
import { aNewIntent, aNewSkip, leaveUnknown } from '../../support/effects.ts';
import { createMemoryBeginnings } from '../../support/memory-beginnings.ts';
import { createMemoryIntents, type MemoryIntents } from '../../support/memory-intents.ts';
import { createMemoryMailbox } from '../../support/memory-mailbox.ts';
import { PLACES } from '../../support/places.ts';
import { createRecorder } from '../../support/recorder.ts';

const NOW = new Date('2026-03-06T12:00:00Z');
const DECISION = { operator: 'ada', evidence: 'ledger of 6 March', reason: 'seen there' };
const LIMIT = {
  reservations: [{ budget: 'b', amount: parseUsd('50.00'), limit: parseUsd('50.00') }],
  lock: 'settlement/x',
};

/** A ledger with one intent of a kind that went out and is in doubt, or parked. */
async function aDoubt(kind: EffectKind, state: 'unknown' | 'manual' = 'manual') {
  const cause = { rule: 'a-rule', subject: 'a-subject', status: 'done' };
  const key = effectKey(cause, kind);
  const intents = createMemoryIntents();
  await intents.prepare(
    {
      key,
      kind,
      cause,
      reference: clientReference(key),
      agentId: OWNED.agentId,
      payee: 'ag_payee',
      escrowId: ESCROW_ID,
      amountUsd: '50.00',
      requestBody: '{}',
      expiresAt: '2026-03-13T12:00:00Z',
    },
    NOW,
  );
  const before = { asset: 'BTC-USDC', direction: 'long', positionIds: [] };
  await intents.claim({ key, owner: 'me', fence: 1 }, { ...LIMIT, before }, NOW);
  await intents.move({ key, state: 'sending', fence: 1, owner: 'me' }, { state, note: 'lost' }, NOW);
  return { key, intents, reference: clientReference(key) };
}

/** The escrow that an intent in doubt created. */
function aFound(reference: string, overrides: Partial<EscrowView> = {}): EscrowView {
  const parties = { creatorAgentId: OWNED.agentId, counterpartyAgentId: 'ag_payee' };
  return aView({ description: `${reference} a bonus`, ...parties, ...overrides });
}

function anExecution(name: string, startedAt: string) {
  const failed = { status: 'FAILED', stoppedAt: startedAt, error: undefined, cause: undefined, input: {} };
  return { name, arn: `arn:${name}`, startedAt, ...failed };
}

function anOperator(
  intents: MemoryIntents,
  client: Partial<EscrowClient> = {},
  execution: Awaited<ReturnType<ContinueExecution>> = 'continued',
  startedAt?: string,
) {
  const recorder = createRecorder();
  const continued: string[][] = [];
  const started: string[] = [];
  let now = new Date('2026-03-06T13:00:00Z');
  const handler = createHandler({
    intents,
    viewEscrows: () => anEscrowClient(client),
    mailbox: createMemoryMailbox(),
    describeExecutions: async (name) => (startedAt === undefined ? [] : [anExecution(name, startedAt)]),
    startExecution: async (name) => {
      started.push(name);
      return 'started';
    },
    payers: ['ag_platform_treasury'],
    openLook: () => async () => ({ kind: 'absent' }),
    checkKeys: async () => [],
    places: PLACES,
    beginnings: createMemoryBeginnings(NOW, [{ name: 'bonus/churn', terms: 'a' }], () => NOW),
    continueExecution: async (first, as) => {
      continued.push([first, as]);
      return execution;
    },
    now: () => now,
    publish: recorder.publish,
    log: recorder.log,
    count: recorder.count,
  });
  const passMinutes = (minutes: number) => {
    now = new Date(now.getTime() + minutes * 60_000);
  };
  return { handler, recorder, continued, started, passMinutes };
}

test('an effect in doubt at a former address is decided by hand, one at the configured address is not', async () => {
  const before = { baseUrl: 'https://before.example.com', profile: 'reference' } as const;
  const intents = createMemoryIntents();
  const there = await leaveUnknown(intents, aNewIntent({ subject: 'there', service: before }));
  const here = await leaveUnknown(intents, aNewIntent({ subject: 'here', service: PLACES.escrow }));
  const { handler } = anOperator(intents);
  const decision = { operator: 'ada', evidence: 'the host is gone', reason: 'never created' };
  const resolve = ({ key }: { key: string }) =>
    handler({ action: 'resolve', verdict: 'not-applied', key, ...decision });

  expect(await resolve(there)).toMatchObject({ intent: { state: 'rejected', decision } });
  expect(await resolve(here)).toEqual({
    error: 'key: the intent is unknown; only "manual" ones are decided by hand',
  });
});

test('what was found between the look and the decision is not said to be decided by hand', async () => {
  const before = { baseUrl: 'https://before.example.com', profile: 'reference' } as const;
  const intents = createMemoryIntents();
  const doubt = await leaveUnknown(intents, aNewIntent({ service: before }));
  const move: typeof intents.move = async (...decided) => {
    const found = { state: 'applied', note: 'found at the service', result: { escrowId: ESCROW_ID } } as const;
    await intents.move(doubt, found, NOW);
    return intents.move(...decided);
  };
  const { handler, recorder, continued } = anOperator({ ...intents, move });

  expect(await handler({ action: 'resolve', verdict: 'not-applied', key: doubt.key, ...DECISION })).toEqual({
    error: 'key: the intent became applied meanwhile (found at the service)',
  });
  expect([recorder.published, continued]).toEqual([[], []]);
});

describe('an operator', () => {
  test('lists what is parked, or what is in another state, and sees one whole', async () => {
    const { key, intents } = await aDoubt('transfer');
    const { handler } = anOperator(intents);

    expect(await handler({ action: 'list' })).toEqual({ intents: [intents.items.get(key)] });
    expect(await handler({ action: 'list', state: 'unknown' })).toEqual({ intents: [] });
    expect(await handler({ action: 'show', key })).toEqual({ intent: intents.items.get(key) });
    expect(await handler({ action: 'show', key: 'none' })).toEqual({ intent: null });
  });

  test('says that an effect did not take place: recorded with name and evidence, and budget and lock are free again', async () => {
    const { key, intents, reference } = await aDoubt('transfer');
    const { handler, recorder } = anOperator(intents);

    await handler({ action: 'resolve', verdict: 'not-applied', key, ...DECISION });

    const note = 'decided by ada: seen there (ledger of 6 March)';
    expect(intents.items.get(key)).toMatchObject({ state: 'rejected', decision: DECISION, reason: note });
    expect(intents.items.get(key)?.history.at(-1)).toEqual({ state: 'rejected', at: '2026-03-06T13:00:00.000Z', note });
    expect([intents.budgets.get('b'), intents.locks.size]).toEqual([0n, 0]);
    expect(recorder.published).toEqual([
      ['intent.settled', { key, reference, kind: 'transfer', state: 'rejected', note }],
    ]);
  });

  test('says that a creation took place, by an escrow that bears the reference', async () => {
    const { key, intents, reference } = await aDoubt('escrow-create');
    const { handler } = anOperator(intents, {
      readStatus: async () => aFound(reference),
    });

    await handler({ action: 'resolve', verdict: 'applied', id: ESCROW_ID, key, ...DECISION });

    expect(intents.items.get(key)).toMatchObject({
      state: 'applied',
      decision: DECISION,
      result: { escrowId: ESCROW_ID, status: 'locked', amountUsd: '50.00', feeUsd: '0.50', netUsd: '49.50' },
    });
    expect(intents.budgets.get('b')).toBe(parseUsd('50.00'));
  });

  test.each<[EffectKind, object]>([
    ['escrow-complete', { escrowId: ESCROW_ID, status: 'completed' }],
    ['escrow-dispute', { escrowId: ESCROW_ID, status: 'disputed' }],
    [
      'escrow-release',
      { escrowId: ESCROW_ID, status: 'released', amountUsd: '50.00', feeUsd: '0.50', paidOutUsd: '49.50' },
    ],
  ])('says that a %s took place, whatever the service shows', async (kind, result) => {
    const { key, intents } = await aDoubt(kind);
    const { handler } = anOperator(intents, { readStatus: async () => aView() });

    await handler({ action: 'resolve', verdict: 'applied', id: ESCROW_ID, key, ...DECISION });

    expect(intents.items.get(key)).toMatchObject({ state: 'applied', result });
  });

  test.each<[EffectKind, object]>([
    ['trade-order', { orderId: 'it_1', status: 'filled', asset: 'BTC-USDC', direction: 'long', amountUsd: '50.00' }],
    ['transfer', { transferId: 'it_1', toAgentId: 'ag_payee', amountUsd: '50.00' }],
    ['faucet-claim', { agentId: 'ag_payee', amountUsd: '50.00' }],
  ])('says that a %s took place, by its id', async (kind, result) => {
    const { key, intents } = await aDoubt(kind);
    const { handler } = anOperator(intents);

    await handler({ action: 'resolve', verdict: 'applied', id: 'it_1', key, ...DECISION });

    expect(intents.items.get(key)).toMatchObject({ state: 'applied', result });
  });

  test.each(['{"direction":"short"}', '{"side":"short"}'])(
    'says that an order took place that a ledger which is gone sent, of which there is no snapshot: %s',
    async (requestBody) => {
      const intents = createMemoryIntents();
      const order = aNewIntent({ kind: 'trade-order', payee: 'BTC-USDC', requestBody });
      const doubt = await leaveUnknown(intents, order, NOW, inDoubtSince('2026-03-06T11:00:00.000Z'));
      await intents.move(doubt, { state: 'manual', note: 'no snapshot was taken' }, NOW);
      const { handler } = anOperator(intents);

      await handler({ action: 'resolve', verdict: 'applied', id: 'ord_1', key: order.key, ...DECISION });

      const result = { orderId: 'ord_1', status: 'filled', asset: 'BTC-USDC', direction: 'short', amountUsd: '50.00' };
      expect(intents.items.get(order.key)).toMatchObject({ state: 'applied', result });
    },
  );
});

describe('another try', () => {
  test('of what did not take place is recorded under a key of its own, and the execution goes on', async () => {
    const { key, intents, reference } = await aDoubt('escrow-create');
    const { handler, recorder, continued } = anOperator(intents);
    await handler({ action: 'resolve', verdict: 'not-applied', key, ...DECISION });
    expect(continued).toEqual([]);

    const answer = await handler({ action: 'retry', key, ...DECISION });

    const note = 'another try was asked for by ada: seen there (ledger of 6 March)';
    const retriedAs = retryKey(key);
    const as = `${key}-20260306T1300`;
    expect(intents.items.get(key)).toMatchObject({ state: 'rejected', retriedAs, reason: note, decision: DECISION });
    expect(answer).toEqual({ intent: intents.items.get(key), execution: `goes on as ${as}` });
    expect(continued).toEqual([[key, as]]);
    expect(as.length).toBeLessThanOrEqual(80);
    expect(recorder.published.at(-1)).toEqual([
      'intent.retried',
      { key, reference, kind: 'escrow-create', retriedAs, note },
    ]);
    expect([intents.budgets.get('b'), intents.locks.size]).toEqual([0n, 0]);
  });

  test('is one, however often it is asked for', async () => {
    const { key, intents } = await aDoubt('escrow-release');
    const { handler, continued } = anOperator(intents);
    await handler({ action: 'resolve', verdict: 'not-applied', key, ...DECISION });
    await handler({ action: 'retry', key, ...DECISION });

    expect(await handler({ action: 'retry', key, ...DECISION })).toEqual({
      error: `key: it was tried again as ${retryKey(key)}`,
    });
    expect(continued).toHaveLength(1);
  });

  test.each<[string, EffectKind, boolean, string]>([
    ['of what is in doubt', 'transfer', false, 'the intent is manual'],
    ['of an order', 'trade-order', true, 'an order is never tried again'],
  ])('%s is refused', async (_case, kind, isRejected, error) => {
    const { key, intents } = await aDoubt(kind);
    const { handler, continued } = anOperator(intents);
    if (isRejected) await handler({ action: 'resolve', verdict: 'not-applied', key, ...DECISION });
    const before = structuredClone(intents.items.get(key));

    expect(await handler({ action: 'retry', key, ...DECISION })).toEqual({ error: expect.stringContaining(error) });
    expect(intents.items.get(key)).toEqual(before);
    expect(continued).toEqual([]);
  });

  test('of what is not there is refused, and one without a name', async () => {
    const { key, intents } = await aDoubt('transfer');
    const { handler } = anOperator(intents, {}, 'unknown');

    expect(await handler({ action: 'retry', ...DECISION, key: 'none' })).toMatchObject({
      error: expect.stringContaining('no intent and no execution none'),
    });
    expect(await handler({ action: 'retry', key })).toMatchObject({ error: expect.stringContaining('operator') });
  });
});

describe('an execution that has ended', () => {
  test('goes on where what it waited for is found by a person', async () => {
    const { key, intents, reference } = await aDoubt('escrow-create');
    const readStatus = async () => aFound(reference);
    const { handler, continued } = anOperator(intents, { readStatus });

    await handler({ action: 'resolve', verdict: 'applied', id: ESCROW_ID, key, ...DECISION });

    expect(continued).toEqual([[key, `${key}-20260306T1300`]]);
  });

  test.each([
    ['running', 'is running and goes on by itself'],
    ['unknown', 'deliver the event again'],
  ] as const)('or not (%s), which is said', async (execution, said) => {
    const { key, intents } = await aDoubt('escrow-release');
    const { handler } = anOperator(intents, {}, execution);

    expect(await handler({ action: 'continue', key })).toEqual({
      intent: intents.items.get(key),
      execution: expect.stringContaining(said),
    });
  });

  test.each(['retry', 'continue'])('before there was an intent goes on from its own input: %s', async (action) => {
    const { intents } = await aDoubt('escrow-release');
    const { handler, continued } = anOperator(intents);
    const name = 'f'.repeat(64);

    expect(await handler({ action, ...DECISION, key: name })).toEqual({
      execution: `goes on as ${name}-20260306T1300`,
    });
    expect(continued).toEqual([[name, `${name}-20260306T1300`]]);
  });

  test.each(['retry', 'continue'])('before the ledger began is not continued without an intent: %s', async (action) => {
    const { intents } = await aDoubt('escrow-release');
    const name = 'f'.repeat(64);
    const earlier = anOperator(intents, {}, 'continued', '2026-03-06T11:59:59.000Z');
    const later = anOperator(intents, {}, 'continued', '2026-03-06T12:00:01.000Z');

    expect(await earlier.handler({ action, ...DECISION, key: name })).toEqual({
      error: expect.stringMatching(/the ledger began at .* look for its escrow first; .*"npm run intents -- pay KEY"/),
    });
    expect(earlier.continued).toEqual([]);
    await later.handler({ action, ...DECISION, key: name });
    expect(later.continued).toHaveLength(1);
  });

  test('is none where there is neither an intent nor an execution', async () => {
    const { intents } = await aDoubt('escrow-release');
    const { handler } = anOperator(intents, {}, 'unknown');

    expect(await handler({ action: 'continue', key: 'none' })).toEqual({
      error: 'key: there is no intent and no execution none',
    });
  });
});

test.each<[string, Partial<EscrowView>, string]>([
  ['creator', { creatorAgentId: 'ag_other' }, 'was created by ag_other'],
  ['amount', { amount: parseUsd('5.00') }, 'is about $5.00, and not $50.00'],
  ['counterparty', { counterpartyAgentId: 'ag_other' }, 'is for ag_other, and not for ag_payee'],
])('an escrow with the reference and another %s is not the one that was created', async (_which, shown, error) => {
  const { key, intents, reference } = await aDoubt('escrow-create');
  const { handler } = anOperator(intents, { readStatus: async () => aFound(reference, shown) });

  expect(await handler({ action: 'resolve', verdict: 'applied', id: ESCROW_ID, key, ...DECISION })).toEqual({
    error: expect.stringContaining(error),
  });
  expect(intents.items.get(key)).toMatchObject({ state: 'manual' });
});

test('what waits is not tried again by hand: it says until when, and goes on by itself', async () => {
  const { key, intents } = await aDoubt('escrow-release');
  const wait = { notBefore: '2026-03-06T13:15:00.000Z', waits: 8, waitsFor: 'service' } as const;
  const manual = intents.items.get(key);
  if (manual !== undefined) await intents.move(manual, { state: 'prepared', note: 'connection refused', wait }, NOW);

  expect(await anOperator(intents).handler({ action: 'retry', key, ...DECISION })).toEqual({
    error: `key: it waits (connection refused), is tried again at ${wait.notBefore} and goes on by itself`,
  });
});

describe('what cannot be decided is refused with the fix, and nothing is written', () => {
  const unreadable: Partial<EscrowClient> = {
    readStatus: async () => {
      throw new ServiceUnreadableError('escrow.status /escrow/status/esc_1: HTTP 404 ESCROW_NOT_FOUND');
    },
  };

  test.each<[string, EffectKind, 'unknown' | 'manual', object, Partial<EscrowClient>, string]>([
    ['an intent that the sweeper still looks for', 'transfer', 'unknown', {}, {}, 'the intent is unknown'],
    ['an intent that is not there', 'transfer', 'manual', { key: 'none' }, {}, 'there is no intent none'],
    ['no name', 'transfer', 'manual', { operator: '' }, {}, 'operator: '],
    ['no evidence', 'transfer', 'manual', { evidence: undefined }, {}, 'evidence: '],
    ['another verdict', 'transfer', 'manual', { verdict: 'perhaps' }, {}, 'verdict'],
    [
      'an escrow without the reference',
      'escrow-create',
      'manual',
      {},
      { readStatus: async () => aView() },
      'does not start with',
    ],
    ['an escrow that is not there', 'escrow-create', 'manual', {}, unreadable, 'id: escrow.status'],
    ['another escrow than the one', 'escrow-release', 'manual', { id: 'esc_other' }, {}, `about escrow ${ESCROW_ID}`],
  ])('%s', async (_case, kind, state, change, client, error) => {
    const { key, intents } = await aDoubt(kind, state);
    const before: Intent | undefined = structuredClone(intents.items.get(key));
    const { handler, recorder } = anOperator(intents, client);

    const answer = await handler({ action: 'resolve', verdict: 'applied', id: ESCROW_ID, key, ...DECISION, ...change });

    expect(answer).toEqual({ error: expect.stringContaining(error) });
    expect(intents.items.get(key)).toEqual(before);
    expect(recorder.published).toEqual([]);
  });
});

describe('the beginnings', () => {
  test('are shown, and moved by name and reason', async () => {
    const { handler } = anOperator(createMemoryIntents());
    const at = '2026-02-01T00:00:00Z';

    expect(await handler({ action: 'beginnings' })).toMatchObject({ beginnings: { at: NOW.toISOString() } });
    expect(await handler({ action: 'begin', at, operator: 'ada', reason: 'restored' })).toMatchObject({
      beginnings: { at: '2026-02-01T00:00:00.000Z', moves: [{ operator: 'ada', reason: 'restored', what: 'ledger' }] },
    });
    expect(
      await handler({ action: 'begin', at, rule: 'bonus/churn', operator: 'ada', reason: 'the same rule' }),
    ).toMatchObject({ beginnings: { rules: { 'bonus/churn': { at: '2026-02-01T00:00:00.000Z' } } } });
  });

  test.each([
    [{ at: '2026-03-07T00:00:00Z' }, 'is in the future'],
    [{ rule: 'bonus/other' }, 'there is no "bonus/other"; there are bonus/churn'],
    [{ operator: '' }, 'operator: '],
    [{ reason: undefined }, 'reason: '],
    [{ at: 'yesterday' }, 'at: '],
  ])('are not moved by %j', async (change, error) => {
    const { handler } = anOperator(createMemoryIntents());
    const asked = { action: 'begin', at: '2026-02-01T00:00:00Z', operator: 'ada', reason: 'restored', ...change };

    expect(await handler(asked)).toEqual({ error: expect.stringContaining(error) });
    expect(await handler({ action: 'beginnings' })).toMatchObject({ beginnings: { at: NOW.toISOString(), moves: [] } });
  });
});

describe('what was skipped', () => {
  test('is listed since a moment, page by page', async () => {
    const intents = createMemoryIntents();
    for (let index = 0; index < 150; index += 1) await intents.skip(aNewSkip({ subject: `job ${index}` }), NOW);
    const { handler } = anOperator(intents);
    const list = async (after?: unknown) =>
      (await handler({ action: 'skipped', since: NOW.toISOString(), after })) as { intents: Intent[]; next: unknown };
    const first = await list();
    const second = await list(first.next);

    expect([first.intents.length, second.intents.length, second.next]).toEqual([100, 50, undefined]);
    expect(new Set([...first.intents, ...second.intents].map(({ key }) => key)).size).toBe(150);
  });

  test('is paid if a person says so', async () => {
    const intents = createMemoryIntents();
    const skip = { ...aNewSkip().skip, input: '{"request":{}}' };
    const { intent } = await intents.skip(aNewSkip({ skip }), NOW);
    const { handler, started, passMinutes } = anOperator(intents);

    expect(await handler({ action: 'pay', key: intent.key, ...DECISION })).toMatchObject({
      error: expect.stringContaining('two looks have to agree'),
    });
    passMinutes(5);
    expect(await handler({ action: 'pay', key: intent.key, ...DECISION })).toMatchObject({
      execution: `started as ${intent.key}`,
    });
    expect(started).toEqual([intent.key]);
  });
});
