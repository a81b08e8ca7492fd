import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Twin } from '../../../twin/server.ts';
import {
  BUYER,
  BUYER_KEY,
  call,
  createEscrow,
  EXAMPLE_TERMS,
  setClock,
  startExampleTwin,
  SUMMARIZER,
  SUMMARIZER_KEY,
} from './calling.ts';

// Every example of the escrow reference, in its order: the same request gets the same answer, but for the ids, which the
// service makes up, and what is said beside a test.

let twin: Twin;

beforeEach(async () => {
  twin = await startExampleTwin();
});
afterEach(() => twin.close());

const DELIVERY = {
  completion_note: 'Delivered 512-word markdown briefing covering revenue, margins, and key risks.',
  delivery_url: 'https://outputs.example.com/task_88f2c1/briefing.md',
};

async function completeExample(): Promise<string> {
  const id = await createEscrow(twin);
  await setClock(twin, '2026-03-07T14:22:00Z');
  await call(twin, `POST /escrow/complete/${id}`, { key: SUMMARIZER_KEY, body: DELIVERY });
  return id;
}

test('create', async () => {
  const { status, body } = await call(twin, 'POST /escrow/create', { key: BUYER_KEY, body: EXAMPLE_TERMS });

  expect(status).toBe(201);
  expect(body).toEqual({
    success: true,
    escrow_id: expect.stringMatching(/^esc_[0-9a-f]{16}$/),
    status: 'locked',
    amount_usd: '50.00',
    fee_usd: '0.50',
    net_payout_usd: '49.50',
    creator_agent_id: BUYER,
    counterparty_agent_id: SUMMARIZER,
    description: 'Summarize Q1 2026 earnings report, 500-word markdown briefing',
    timeout_hours: 48,
    expires_at: '2026-03-08T09:00:00Z',
    created_at: '2026-03-06T09:00:00Z',
  });
});

test('complete', async () => {
  const id = await createEscrow(twin);
  await setClock(twin, '2026-03-07T14:22:00Z');

  const { status, body } = await call(twin, `POST /escrow/complete/${id}`, { key: SUMMARIZER_KEY, body: DELIVERY });

  expect(status).toBe(200);
  expect(body).toEqual({
    success: true,
    escrow_id: id,
    status: 'completed',
    completed_at: '2026-03-07T14:22:00Z',
    auto_release_at: '2026-03-09T14:22:00Z',
    message: 'Funds will auto-release to you at 2026-03-09T14:22:00Z if creator does not act.',
  });
});

test('release', async () => {
  const id = await completeExample();
  await setClock(twin, '2026-03-07T15:00:00Z');

  const { status, body } = await call(twin, `POST /escrow/release/${id}`, {
    key: BUYER_KEY,
    body: { release_note: 'Excellent work, briefing was accurate.' },
  });

  expect(status).toBe(200);
  expect(body).toEqual({
    success: true,
    escrow_id: id,
    status: 'released',
    amount_locked: '50.00',
    fee_charged: '0.50',
    amount_paid_out: '49.50',
    counterparty_agent_id: SUMMARIZER,
    released_at: '2026-03-07T15:00:00Z',
  });
});

test('dispute', async () => {
  const id = await completeExample();
  await setClock(twin, '2026-03-07T15:30:00Z');

  const { status, body } = await call(twin, `POST /escrow/dispute/${id}`, {
    key: BUYER_KEY,
    body: {
      reason: 'The delivered briefing was only 200 words, not the agreed 500, and omitted the risk section.',
      evidence_url: 'https://outputs.example.com/task_88f2c1/briefing.md',
    },
  });

  expect(status).toBe(200);
  expect(body).toEqual({
    success: true,
    escrow_id: id,
    status: 'disputed',
    dispute_id: expect.stringMatching(/^dis_[0-9a-f]{16}$/),
    raised_by: BUYER,
    disputed_at: '2026-03-07T15:30:00Z',
    estimated_resolution: '24-72 hours',
    message: 'Funds are frozen. Purple Flea staff will review and contact both parties.',
  });
  expect((await call(twin, `GET /escrow/status/${id}`)).body).toMatchObject({
    status: 'disputed',
    disputed_at: '2026-03-07T15:30:00Z',
  });
});

test('status; the note is whole, where the reference prints the beginning of it', async () => {
  const id = await completeExample();

  const { status, body } = await call(twin, `GET /escrow/status/${id}`, { key: BUYER_KEY });

  expect(status).toBe(200);
  expect(body).toEqual({
    success: true,
    escrow_id: id,
    status: 'completed',
    amount_usd: '50.00',
    fee_usd: '0.50',
    net_payout_usd: '49.50',
    creator_agent_id: BUYER,
    counterparty_agent_id: SUMMARIZER,
    description: 'Summarize Q1 2026 earnings report, 500-word markdown briefing',
    completion_note: DELIVERY.completion_note,
    delivery_url: DELIVERY.delivery_url,
    timeout_hours: 48,
    created_at: '2026-03-06T09:00:00Z',
    completed_at: '2026-03-07T14:22:00Z',
    auto_release_at: '2026-03-09T14:22:00Z',
    released_at: null,
    disputed_at: null,
  });
});

test('list; of three escrows, where the reference prints one', async () => {
  const id = await createEscrow(twin);
  await createEscrow(twin);
  await createEscrow(twin);

  const { status, body } = await call(twin, 'GET /escrow/list?status=locked&role=counterparty', {
    key: SUMMARIZER_KEY,
  });

  expect(status).toBe(200);
  expect(body).toEqual({ success: true, total: 3, limit: 20, offset: 0, escrows: expect.any(Array) });
  expect((body['escrows'] as unknown[])[2]).toEqual({
    escrow_id: id,
    status: 'locked',
    amount_usd: '50.00',
    description: 'Summarize Q1 2026 earnings report, 500-word markdown brie...',
    your_role: 'counterparty',
    created_at: '2026-03-06T09:00:00Z',
    expires_at: '2026-03-08T09:00:00Z',
  });
});

test('stats; the figures are those of this twin', async () => {
  const released = await completeExample();
  await call(twin, `POST /escrow/release/${released}`, { key: BUYER_KEY });
  await createEscrow(twin, { amount_usd: 100 });
  const disputed = await createEscrow(twin, { amount_usd: 25 });
  await call(twin, `POST /escrow/dispute/${disputed}`, { key: BUYER_KEY, body: { reason: 'r' } });
  const resolved = await createEscrow(twin, { amount_usd: 10 });
  await call(twin, `POST /escrow/dispute/${resolved}`, { key: BUYER_KEY, body: { reason: 'r' } });
  await call(twin, `POST /_twin/escrows/${resolved}/resolve`, { body: { inFavourOf: 'creator' } });
  const autoReleased = await createEscrow(twin, { amount_usd: 20, timeout_hours: 1 });
  await call(twin, `POST /escrow/complete/${autoReleased}`, { key: SUMMARIZER_KEY });
  await call(twin, 'POST /_twin/clock', { body: { advanceSeconds: 3600 } });

  const { status, body } = await call(twin, 'GET /escrow/stats');

  expect(status).toBe(200);
  expect(body).toEqual({
    success: true,
    total_escrows_created: 5,
    total_volume_usd: '205.00',
    total_fees_collected_usd: '0.70',
    active_escrows: 1,
    released_escrows: 2,
    disputed_escrows: 2,
    dispute_resolution_rate: '50%',
    average_escrow_size_usd: '41.00',
    // 29 hours 22 minutes and none.
    average_completion_hours: 14.7,
    auto_release_triggered: 1,
    uptime_30d: '99.97%',
  });
});

test('stats of nothing', async () => {
  expect((await call(twin, 'GET /escrow/stats')).body).toMatchObject({
    total_escrows_created: 0,
    total_volume_usd: '0.00',
    dispute_resolution_rate: '100%',
    average_escrow_size_usd: '0.00',
    average_completion_hours: 0,
  });
});

test('health', async () => {
  const { status, body } = await call(twin, 'GET /health');

  expect(status).toBe(200);
  expect(body).toEqual({ status: 'ok', service: 'purple-flea-escrow', version: '1.2.0', database: 'connected' });
});

test('an error', async () => {
  const { status, body } = await call(twin, 'GET /escrow/status/esc_xxxxxxxxxxxxxxxx');

  expect(status).toBe(404);
  expect(body).toEqual({
    success: false,
    error: 'ESCROW_NOT_FOUND',
    message: 'No escrow found with ID esc_xxxxxxxxxxxxxxxx',
  });
});

test('the fee of $100', async () => {
  const { body } = await call(twin, 'POST /escrow/create', {
    key: BUYER_KEY,
    body: { ...EXAMPLE_TERMS, amount_usd: 100 },
  });

  expect(body).toMatchObject({ amount_usd: '100.00', fee_usd: '1.00', net_payout_usd: '99.00' });
});

test('the whole life of the example in Python', async () => {
  const { body: created } = await call(twin, 'POST /escrow/create', {
    key: BUYER_KEY,
    body: {
      amount_usd: 25.0,
      description: 'Write Python script to parse USDC events from Etherscan',
      counterparty_agent_id: SUMMARIZER,
      timeout_hours: 12,
      referral_code: 'REF_abc123',
    },
  });
  const id = String(created['escrow_id']);
  const completed = await call(twin, `POST /escrow/complete/${id}`, {
    key: SUMMARIZER_KEY,
    body: { completion_note: 'Script delivered.', delivery_url: 'https://gist.github.com/agent-coder/usdc-parser.py' },
  });
  const released = await call(twin, `POST /escrow/release/${id}`, {
    key: BUYER_KEY,
    body: { release_note: 'Works perfectly. Releasing payment.' },
  });

  expect(created['net_payout_usd']).toBe('24.75');
  expect(completed.body['status']).toBe('completed');
  expect(released.body).toMatchObject({ success: true, amount_paid_out: '24.75' });
});
