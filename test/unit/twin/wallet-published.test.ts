import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startTwin, type Twin } from '../../../twin/server.ts';
import { call, stoppedClock } from './calling.ts';

const PAYER = 'ag_0a1b2c3d4e5f';
const PAYER_KEY = 'key-of-payer';
const PAYEE = 'ag_f5e4d3c2b1a0';
const PAYEE_KEY = 'key-of-payee';
const INFO = { service: 'agent-casino', docs: expect.any(String), referral: expect.any(String), version: '1.0.0' };

let twin: Twin;

beforeEach(async () => {
  twin = await startTwin({
    port: 0,
    agents: [
      { agentId: PAYER, apiKey: PAYER_KEY, balanceUsd: '100.00' },
      { agentId: PAYEE, apiKey: PAYEE_KEY, balanceUsd: '0.50' },
    ],
    now: stoppedClock,
    escrowProfile: 'published',
    rateLimits: false,
  });
});
afterEach(() => twin.close());

const pay = (body: unknown) => call(twin, 'POST /api/v1/stats/pay', { key: PAYER_KEY, body });
const ledger = async (key = PAYER_KEY) =>
  (await call(twin, 'GET /api/v1/auth/ledger', { key })).body['entries'] as Record<string, unknown>[];

describe('a payment', () => {
  test('moves the money at once', async () => {
    const { status, body } = await pay({ to_agent_id: PAYEE, amount: 12.5, memo: 'bonus' });

    expect([status, body]).toEqual([
      200,
      {
        tx_id: expect.stringMatching(/^pay_[0-9a-f]{16}$/),
        from: PAYER,
        to: PAYEE,
        amount: 12.5,
        memo: 'bonus',
        sender_new_balance: 87.5,
        timestamp: '2026-01-01T00:00:00.000Z',
        message: expect.any(String),
        note: expect.any(String),
        _info: INFO,
      },
    ]);
    expect(await ledger(PAYEE_KEY)).toMatchObject([
      {
        type: 'credit',
        amount: 12.5,
        balanceAfter: 13,
        reason: 'payment_received',
        reference: body['tx_id'],
        service: 'payment',
      },
      { type: 'credit', amount: 0.5, balanceAfter: 0.5, reason: 'deposit' },
    ]);
  });

  test('twice pays twice', async () => {
    await pay({ to_agent_id: PAYEE, amount: 0.01 });
    const { body } = await pay({ to_agent_id: PAYEE, amount: 0.01 });

    expect(body).toMatchObject({ sender_new_balance: 99.98, memo: null });
    expect((await call(twin, 'GET /_twin/ledger')).body['conserved']).toBe(true);
  });

  test.each([
    ['nothing at all', {}, 400, 'invalid_request'],
    ['a body that cannot be read', 'no json', 400, 'invalid_request'],
    ['no recipient', { amount: 1 }, 400, 'invalid_request'],
    ['no amount', { to_agent_id: PAYEE }, 400, 'invalid_request'],
    ['nothing', { to_agent_id: PAYEE, amount: 0 }, 400, 'invalid_request'],
    ['an amount as text', { to_agent_id: PAYEE, amount: '1.00' }, 400, 'invalid_amount'],
    ['less than a cent', { to_agent_id: PAYEE, amount: 0.005 }, 400, 'invalid_amount'],
    ['a negative amount', { to_agent_id: PAYEE, amount: -1 }, 400, 'invalid_amount'],
    ['itself', { to_agent_id: PAYER, amount: 1 }, 400, 'same_agent'],
    ['a recipient it does not know', { to_agent_id: 'ag_nobody', amount: 1 }, 404, 'recipient_not_found'],
    ['more than the balance', { to_agent_id: PAYEE, amount: 100.01 }, 400, 'insufficient_balance'],
  ])('is refused for %s', async (_, body, status, error) => {
    const answer = await pay(body);

    expect([answer.status, answer.body['error']]).toEqual([status, error]);
    expect(answer.body['_info']).toEqual(INFO);
    expect(await ledger()).toHaveLength(1);
  });
});

test('the balance comes with the latest movements', async () => {
  for (let i = 0; i < 12; i++) await pay({ to_agent_id: PAYEE, amount: 1 });

  const { status, body } = await call(twin, 'GET /api/v1/auth/balance', { key: PAYER_KEY });

  const { recent_activity: recent, ...rest } = body;
  expect([status, rest]).toEqual([
    200,
    {
      agent_id: PAYER,
      balance_usd: 88,
      tier: 'free',
      risk_factor: 0.25,
      lifetime: { total_deposited: 100, total_withdrawn: 0, total_wagered: 0, total_won: 0, net_profit: 0 },
      _info: INFO,
    },
  ]);
  expect(recent).toHaveLength(10);
  expect((recent as unknown[])[0]).toEqual({
    type: 'debit',
    amount: 1,
    balance_after: 88,
    reason: 'payment_sent',
    service: 'payment',
    at: '2026-01-01T00:00:00.000Z',
  });
});

test('the ledger shows escrow locks and releases as the escrow server writes them', async () => {
  const created = await call(twin, 'POST /escrow/create', {
    key: PAYER_KEY,
    body: { amount_usd: 20, description: 'pf1:abc bonus', counterparty_agent_id: PAYEE },
  });
  const id = String(created.body['escrow_id']);
  await call(twin, 'POST /_twin/clock', { body: { advanceSeconds: 60 } });
  await call(twin, `POST /escrow/release/${id}`, { key: PAYER_KEY });

  const [lock] = await ledger();
  const [payout] = await ledger(PAYEE_KEY);

  expect(lock).toEqual({
    id: `${id}_debit`,
    agentId: PAYER,
    type: 'debit',
    amount: 20,
    balanceAfter: 80,
    reason: `escrow_lock: ${id}`,
    reference: id,
    service: 'escrow',
    createdAt: 1_767_225_600,
    at: '2026-01-01T00:00:00.000Z',
  });
  expect(payout).toMatchObject({
    id: `${id}_release_credit`,
    type: 'credit',
    amount: 19.8,
    balanceAfter: 20.3,
    reason: `escrow_release: ${id}`,
    reference: `${id}_release`,
    createdAt: 1_767_225_660,
  });
});

test('the ledger shows the last 50 movements, newest first', async () => {
  for (let i = 1; i <= 60; i++) await pay({ to_agent_id: PAYEE, amount: JSON.rawJSON(`0.${10 + i}`) });

  const rows = await ledger();

  expect(rows).toHaveLength(50);
  expect(rows.map(({ amount }) => amount)).toEqual(Array.from({ length: 50 }, (_, i) => (70 - i) / 100));
});

test('both ways of having no key', async () => {
  const none = await call(twin, 'GET /api/v1/auth/balance');
  const wrong = await call(twin, 'GET /api/v1/auth/balance', { key: 'nobody' });

  const refusal = { error: 'unauthorized', suggestion: expect.any(String), _info: INFO };
  expect([none.status, none.body]).toEqual([401, { ...refusal, message: expect.stringContaining('Missing') }]);
  expect([wrong.status, wrong.body]).toEqual([401, { ...refusal, message: 'Invalid API key' }]);
});

test('an unknown path of the casino server', async () => {
  const { status, body } = await call(twin, 'POST /api/v1/games/dice', { key: PAYER_KEY });

  expect([status, body]).toEqual([
    404,
    {
      error: 'not_found',
      message: 'POST /api/v1/games/dice not found',
      docs: '/api/v1/docs',
      openapi: '/openapi.json',
      _info: INFO,
    },
  ]);
});
