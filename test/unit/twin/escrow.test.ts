import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Twin } from '../../../twin/server.ts';
import {
  BUYER,
  BUYER_KEY,
  call,
  createEscrow,
  EXAMPLE_TERMS,
  OUTSIDER_KEY,
  setClock,
  startExampleTwin,
  SUMMARIZER_KEY,
} from './calling.ts';

let twin: Twin;

beforeEach(async () => {
  twin = await startExampleTwin();
});
afterEach(() => twin.close());

describe('create', () => {
  test('locks for 24 hours if no timeout is given', async () => {
    const { description, amount_usd, counterparty_agent_id } = EXAMPLE_TERMS;

    const { body } = await call(twin, 'POST /escrow/create', {
      key: BUYER_KEY,
      body: { description, amount_usd, counterparty_agent_id },
    });

    expect(body).toMatchObject({ timeout_hours: 24, expires_at: '2026-03-07T09:00:00Z' });
  });

  test.each([
    [1, '1.00', '0.01', '0.99'],
    [10_000, '10000.00', '100.00', '9900.00'],
    ['12.50', '12.50', '0.125', '12.375'],
    [1.000001, '1.000001', '0.01', '0.990001'],
    [89.80000000000001, '89.80', '0.898', '88.902'],
  ])('takes the amount %p', async (sent, amount, fee, net) => {
    const { status, body } = await call(twin, 'POST /escrow/create', {
      key: OUTSIDER_KEY,
      body: { ...EXAMPLE_TERMS, amount_usd: sent },
    });

    expect(status).toBe(201);
    expect(body).toMatchObject({ amount_usd: amount, fee_usd: fee, net_payout_usd: net });
  });

  test('may lock the whole balance', async () => {
    await createEscrow(twin, { amount_usd: 1000 });

    const { body } = await call(twin, `GET /wallet/balance?agent_id=${BUYER}`, { key: BUYER_KEY });
    expect(body).toEqual({ agent_id: BUYER, balance_usdc: 1000, locked_usdc: 1000, available_usdc: 0 });
  });

  test('executes twice when it is sent twice, whatever the Idempotency-Key says', async () => {
    const send = (): Promise<Response> =>
      fetch(`${twin.url}/escrow/create`, {
        method: 'POST',
        headers: { authorization: `Bearer ${BUYER_KEY}`, 'idempotency-key': 'the-same' },
        body: JSON.stringify(EXAMPLE_TERMS),
      });

    expect([(await send()).status, (await send()).status]).toEqual([201, 201]);

    const { body } = await call(twin, 'GET /escrow/list', { key: BUYER_KEY });
    expect(body['total']).toBe(2);
  });
});

describe('complete and release', () => {
  test('need no body', async () => {
    const id = await createEscrow(twin);

    expect((await call(twin, `POST /escrow/complete/${id}`, { key: SUMMARIZER_KEY })).status).toBe(200);
    expect((await call(twin, `POST /escrow/release/${id}`, { key: BUYER_KEY })).status).toBe(200);
  });

  test('release is allowed before the counterparty has completed', async () => {
    const id = await createEscrow(twin);

    const { body } = await call(twin, `POST /escrow/release/${id}`, { key: BUYER_KEY });

    expect(body).toMatchObject({ status: 'released', amount_paid_out: '49.50' });
  });
});

describe('list', () => {
  async function createThree(): Promise<string[]> {
    const ids: string[] = [];
    for (const [index, time] of ['2026-03-06T09:00:00Z', '2026-03-06T10:00:00Z', '2026-03-06T10:00:00Z'].entries()) {
      await setClock(twin, time);
      ids.push(await createEscrow(twin, { description: `number ${index}` }));
    }
    return ids;
  }

  function idsOf(body: Record<string, unknown>): unknown[] {
    return (body['escrows'] as { escrow_id: string }[]).map(({ escrow_id }) => escrow_id);
  }

  test('is sorted newest first, also within one second', async () => {
    const ids = await createThree();

    const { body } = await call(twin, 'GET /escrow/list', { key: BUYER_KEY });

    expect(idsOf(body)).toEqual(ids.toReversed());
  });

  test('is paged by limit and offset, with the total of all pages', async () => {
    const [, middle] = await createThree();

    const { body } = await call(twin, 'GET /escrow/list?limit=1&offset=1', { key: BUYER_KEY });

    expect(body).toMatchObject({ total: 3, limit: 1, offset: 1 });
    expect(idsOf(body)).toEqual([middle]);
  });

  test('is filtered by status and by role', async () => {
    const [first] = await createThree();
    await call(twin, `POST /escrow/complete/${first}`, { key: SUMMARIZER_KEY });

    const completed = await call(twin, 'GET /escrow/list?status=completed', { key: BUYER_KEY });
    const asCounterparty = await call(twin, 'GET /escrow/list?role=counterparty', { key: BUYER_KEY });
    const asCreator = await call(twin, 'GET /escrow/list?role=creator&status=all', { key: BUYER_KEY });

    expect(idsOf(completed.body)).toEqual([first]);
    expect(asCounterparty.body['total']).toBe(0);
    expect(asCreator.body['total']).toBe(3);
  });

  test('holds only escrows that the caller is a party to', async () => {
    await createThree();

    const { body } = await call(twin, 'GET /escrow/list', { key: OUTSIDER_KEY });

    expect(body).toMatchObject({ total: 0, escrows: [] });
  });

  test('shows a description of 60 characters whole', async () => {
    await createEscrow(twin, { description: 'd'.repeat(60) });

    const { body } = await call(twin, 'GET /escrow/list', { key: BUYER_KEY });

    expect(body['escrows']).toMatchObject([{ description: 'd'.repeat(60) }]);
  });
});
