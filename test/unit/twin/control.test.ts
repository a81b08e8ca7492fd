import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Twin } from '../../../twin/server.ts';
import {
  BUYER,
  BUYER_KEY,
  call,
  createEscrow,
  EXAMPLE_TERMS,
  OUTSIDER,
  startExampleTwin,
  SUMMARIZER,
} from './calling.ts';

let twin: Twin;

beforeEach(async () => {
  twin = await startExampleTwin();
});
afterEach(() => twin.close());

describe('the log of calls', () => {
  test('tells who asked what, when, and what was answered', async () => {
    await call(twin, 'POST /escrow/create', { key: BUYER_KEY, body: EXAMPLE_TERMS });
    await call(twin, 'POST /escrow/create', { key: BUYER_KEY, body: { ...EXAMPLE_TERMS, amount_usd: 0.5 } });
    await call(twin, 'GET /escrow/list?limit=5');
    await call(twin, 'POST /no/such/path', { body: 'not json' });

    const { body } = await call(twin, 'GET /_twin/calls');

    const at = '2026-03-06T09:00:00Z';
    const post = { at, method: 'POST', query: '', fault: null };
    expect(body['calls']).toEqual([
      { ...post, seq: 1, path: '/escrow/create', agent_id: BUYER, status: 201, error: null, body: EXAMPLE_TERMS },
      {
        ...post,
        seq: 2,
        path: '/escrow/create',
        agent_id: BUYER,
        status: 400,
        error: 'BELOW_MINIMUM_AMOUNT',
        body: { ...EXAMPLE_TERMS, amount_usd: 0.5 },
      },
      {
        at,
        method: 'GET',
        seq: 3,
        path: '/escrow/list',
        query: '?limit=5',
        agent_id: null,
        status: 401,
        error: 'UNAUTHORIZED',
        fault: null,
        body: null,
      },
      { ...post, seq: 4, path: '/no/such/path', agent_id: null, status: 404, error: 'NOT_FOUND', body: 'not json' },
    ]);
  });

  test('holds SageMaker calls with their error, but none of its own and no key', async () => {
    await call(twin, 'POST /', { body: { TrainingJobName: 'x' } });
    await call(twin, 'POST /endpoints/none/invocations', { body: {} });
    await call(twin, 'GET /escrow/list', { key: BUYER_KEY });
    await call(twin, 'GET /_twin/agents');

    const { text, body } = await call(twin, 'GET /_twin/calls');

    expect(body['calls']).toMatchObject([
      { seq: 1, path: '/', status: 400, error: 'UnknownOperationException' },
      { seq: 2, path: '/endpoints/none/invocations', status: 400, error: 'ValidationError' },
      { seq: 3, path: '/escrow/list', status: 200, error: null },
    ]);
    expect(text).not.toContain(BUYER_KEY);
  });

  test('can be read from a call onwards', async () => {
    await call(twin, 'GET /health');
    await call(twin, 'GET /escrow/list');

    const { body } = await call(twin, 'GET /_twin/calls?since=1');

    expect(body['calls']).toMatchObject([{ seq: 2, path: '/escrow/list' }]);
  });
});

test('the agents are shown with their money, and what locked and fees add up to', async () => {
  const id = await createEscrow(twin);
  await createEscrow(twin, { amount_usd: 25 });
  await call(twin, `POST /escrow/release/${id}`, { key: BUYER_KEY });

  const { body } = await call(twin, 'GET /_twin/agents');

  expect(body).toEqual({
    agents: [
      { agent_id: BUYER, balance_usd: '950.00', locked_usd: '25.00', available_usd: '925.00' },
      { agent_id: SUMMARIZER, balance_usd: '49.50', locked_usd: '0.00', available_usd: '49.50' },
      { agent_id: OUTSIDER, balance_usd: '20000.00', locked_usd: '0.00', available_usd: '20000.00' },
    ],
    fees_usd: '0.50',
    locked_in_escrow_usd: '25.00',
    locked_in_margin_usd: '0.00',
    total_usd: '21000.00',
    deposited_usd: '21000.00',
    conserved: true,
  });
});

test('the ledger shows every movement, where the money is, and that none was made or lost', async () => {
  const id = await createEscrow(twin);
  await createEscrow(twin, { amount_usd: 25 });
  await call(twin, `POST /escrow/release/${id}`, { key: BUYER_KEY });

  const { body } = await call(twin, 'GET /_twin/ledger?since=4');

  const at = '2026-03-06T09:00:00Z';
  expect(body).toEqual({
    agents_usd: '20974.50',
    locked_in_escrow_usd: '25.00',
    locked_in_margin_usd: '0.00',
    fees_usd: '0.50',
    referral_commissions_paid_usd: '0.00',
    sources: { deposits_usd: '-21000.00', faucet_usd: '0.00', market_usd: '0.00', losses_usd: '0.00' },
    put_in_usd: '21000.00',
    total_usd: '21000.00',
    conserved: true,
    entries: [
      {
        seq: 5,
        at,
        from: `escrow:${id}`,
        to: `agent:${SUMMARIZER}`,
        amount_usd: '49.50',
        reason: `escrow_release: ${id}`,
        reference: `${id}_release`,
      },
      {
        seq: 6,
        at,
        from: `escrow:${id}`,
        to: 'fees',
        amount_usd: '0.50',
        reason: `escrow_fee: ${id}`,
        reference: `${id}_fee`,
      },
    ],
  });
});

test.each(['calls', 'ledger'])('%s from no number on is refused', async (view) => {
  const { status, body } = await call(twin, `GET /_twin/${view}?since=last`);

  expect([status, body['error'], body['message']]).toEqual([400, 'INVALID_REQUEST', 'since must be a seq, such as 0.']);
});

test('the escrows are shown in full, with what the service never echoes', async () => {
  const id = await createEscrow(twin);
  await call(twin, `POST /escrow/release/${id}`, { key: BUYER_KEY, body: { release_note: 'Well done.' } });

  const { body } = await call(twin, 'GET /_twin/escrows');

  expect(body['escrows']).toMatchObject([
    {
      escrow_id: id,
      status: 'released',
      expires_at: '2026-03-08T09:00:00Z',
      refunded_at: null,
      release_note: 'Well done.',
      referral_code: 'REF_abc123',
      metadata: { task_id: 'task_88f2c1', output_format: 'markdown' },
      held_usd: '0.00',
    },
  ]);
});

test('the orders are shown with their agent and metadata', async () => {
  const order = { agent_id: BUYER, direction: 'long', amount: 5, asset: 'ETH-USDC', order_type: 'market' };
  await call(twin, 'POST /trading/order', { key: BUYER_KEY, body: { ...order, metadata: { source: 'sagemaker' } } });

  const { body } = await call(twin, 'GET /_twin/orders');

  expect(body['orders']).toMatchObject([
    { status: 'filled', agent_id: BUYER, asset: 'ETH-USDC', amount: 5, metadata: { source: 'sagemaker' } },
  ]);
});

describe('the clock', () => {
  test('can be set, and moved on and back', async () => {
    const set = await call(twin, 'POST /_twin/clock', { body: { now: '2026-03-06T10:00:00+01:00' } });
    const onwards = await call(twin, 'POST /_twin/clock', { body: { advanceSeconds: 90 } });
    const back = await call(twin, 'POST /_twin/clock', { body: { advanceSeconds: -3600 } });
    const read = await call(twin, 'GET /_twin/clock');

    expect(set.body).toEqual({ now: '2026-03-06T09:00:00Z' });
    expect(onwards.body).toEqual({ now: '2026-03-06T09:01:30Z' });
    expect(back.body).toEqual({ now: '2026-03-06T08:01:30Z' });
    expect(read.body).toEqual({ now: '2026-03-06T08:01:30Z' });
  });

  test.each([
    [{}, /either now or advanceSeconds/],
    [{ now: '2026-03-06T09:00:00Z', advanceSeconds: 1 }, /either now or advanceSeconds/],
    [{ now: 'tomorrow' }, /^now: /],
    [{ advanceSeconds: '60' }, /^advanceSeconds: /],
    [{ advanceSeconds: 1e15 }, /from 1970 to 8999/],
    [{ advanceHours: 1 }, /advanceHours/],
  ])('refuses %j and says why', async (body, reason) => {
    const answer = await call(twin, 'POST /_twin/clock', { body });

    expect(answer.status).toBe(400);
    expect(answer.body['message']).toMatch(reason);
  });
});

test.each([
  ['bad_name', {}, /letters, digits and hyphens/],
  ['job', { metrics: { accuracy: '0.9' } }, /^metrics\.accuracy: .*Send for example/],
  ['job', { metrics: { accuracy: 1e300 } }, /32-bit float/],
  ['job', { status: 'Done' }, /^status: /],
  ['job', { createdAt: 1_772_719_200 }, /^createdAt: /],
])('registering training job %s with %j is refused with the field and an example', async (name, body, reason) => {
  const answer = await call(twin, `PUT /_twin/training-jobs/${name}`, { body });

  expect([answer.status, answer.body['error']]).toEqual([400, 'INVALID_REQUEST']);
  expect(answer.body['message']).toMatch(reason);
});
