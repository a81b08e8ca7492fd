import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Twin } from '../../../twin/server.ts';
import {
  BUYER,
  BUYER_KEY,
  call,
  createEscrow,
  EXAMPLE_TERMS,
  OUTSIDER_KEY,
  startExampleTwin,
  SUMMARIZER_KEY,
} from './calling.ts';

let twin: Twin;

beforeEach(async () => {
  twin = await startExampleTwin();
});
afterEach(() => twin.close());

async function refused(
  route: string,
  request: { readonly key?: string; readonly body?: unknown },
): Promise<[number, unknown]> {
  const { status, body } = await call(twin, route, request);
  expect(body).toEqual({ success: false, error: expect.any(String), message: expect.any(String) });
  return [status, body['error']];
}

describe('create', () => {
  const create = (terms: Record<string, unknown>, key = BUYER_KEY): Promise<[number, unknown]> =>
    refused('POST /escrow/create', { key, body: { ...EXAMPLE_TERMS, ...terms } });

  test.each([
    ['no amount', { amount_usd: undefined }, 'INVALID_REQUEST'],
    ['an amount that is no number', { amount_usd: 'fifty' }, 'INVALID_REQUEST'],
    ['an amount with a seventh decimal', { amount_usd: 5.1234567 }, 'INVALID_REQUEST'],
    ['less than a dollar', { amount_usd: 0.99 }, 'BELOW_MINIMUM_AMOUNT'],
    ['less than a dollar as text', { amount_usd: '0.999999' }, 'BELOW_MINIMUM_AMOUNT'],
    ['a negative amount', { amount_usd: -50 }, 'BELOW_MINIMUM_AMOUNT'],
    ['a tiny amount', { amount_usd: 1e-9 }, 'BELOW_MINIMUM_AMOUNT'],
    ['more than 10,000', { amount_usd: 10_000.01 }, 'ABOVE_MAXIMUM_AMOUNT'],
    ['more than 10,000 as text', { amount_usd: '10000.000001' }, 'ABOVE_MAXIMUM_AMOUNT'],
    ['a huge amount', { amount_usd: 1e30 }, 'ABOVE_MAXIMUM_AMOUNT'],
    ['no description', { description: undefined }, 'INVALID_REQUEST'],
    ['a blank description', { description: '  ' }, 'INVALID_REQUEST'],
    ['a description over 500 characters', { description: 'd'.repeat(501) }, 'INVALID_REQUEST'],
    ['no counterparty', { counterparty_agent_id: undefined }, 'INVALID_REQUEST'],
    ['a counterparty that is no text', { counterparty_agent_id: 7 }, 'INVALID_REQUEST'],
    ['a timeout of zero', { timeout_hours: 0 }, 'INVALID_TIMEOUT'],
    ['a timeout over 30 days', { timeout_hours: 721 }, 'INVALID_TIMEOUT'],
    ['a timeout of half hours', { timeout_hours: 1.5 }, 'INVALID_TIMEOUT'],
    ['a timeout as text', { timeout_hours: '24' }, 'INVALID_TIMEOUT'],
    ['a referral code that is no text', { referral_code: 5 }, 'INVALID_REQUEST'],
    ['metadata that is no object', { metadata: ['a'] }, 'INVALID_REQUEST'],
    ['an escrow with itself', { counterparty_agent_id: BUYER }, 'INVALID_REQUEST'],
    ['an unknown counterparty', { counterparty_agent_id: 'agent_nobody' }, 'COUNTERPARTY_NOT_FOUND'],
    ['more than the balance', { amount_usd: 1000.01 }, 'INSUFFICIENT_BALANCE'],
  ])('refuses %s', async (_, terms, code) => {
    expect(await create(terms)).toEqual([400, code]);
  });

  test('accepts a description of exactly 500 characters and a timeout of exactly 720 hours', async () => {
    const id = await createEscrow(twin, { description: 'd'.repeat(500), timeout_hours: 720 });

    expect(id).toMatch(/^esc_/);
  });

  test('names the field and the fix in its message', async () => {
    const { body } = await call(twin, 'POST /escrow/create', {
      key: BUYER_KEY,
      body: { ...EXAMPLE_TERMS, description: 'd'.repeat(501) },
    });

    expect(body['message']).toBe('description is longer than 500 characters: shorten it.');
  });

  test.each(['not json', '[1]', '"text"', 'null'])('refuses the body %s', async (body) => {
    expect(await refused('POST /escrow/create', { key: BUYER_KEY, body })).toEqual([400, 'INVALID_REQUEST']);
  });

  test('checks key, amount, description, counterparty, timeout, self, existence and balance in this order', async () => {
    const wrong = {
      amount_usd: 0.5,
      description: '',
      counterparty_agent_id: '',
      timeout_hours: 0,
    };

    expect(await create(wrong, 'wrong-key')).toEqual([401, 'UNAUTHORIZED']);
    expect(await create(wrong)).toEqual([400, 'BELOW_MINIMUM_AMOUNT']);
    const poor = { ...wrong, amount_usd: 5000 };
    expect(await messageOf(poor)).toMatch(/^description /);
    expect(await messageOf({ ...poor, description: 'd' })).toMatch(/^counterparty_agent_id is required/);
    const addressed = { ...poor, description: 'd', counterparty_agent_id: BUYER };
    expect(await create(addressed)).toEqual([400, 'INVALID_TIMEOUT']);
    expect(await messageOf({ ...addressed, timeout_hours: 1 })).toMatch(/your own agent/);
    const toNobody = { ...addressed, timeout_hours: 1, counterparty_agent_id: 'agent_nobody' };
    expect(await create(toNobody)).toEqual([400, 'COUNTERPARTY_NOT_FOUND']);
    expect(await create({ amount_usd: 5000 })).toEqual([400, 'INSUFFICIENT_BALANCE']);
  });

  async function messageOf(terms: Record<string, unknown>): Promise<unknown> {
    const { body } = await call(twin, 'POST /escrow/create', {
      key: BUYER_KEY,
      body: { ...EXAMPLE_TERMS, ...terms },
    });
    return body['message'];
  }

  test('takes no money when it refuses', async () => {
    await create({ amount_usd: 1000.01 });
    await create({ timeout_hours: 0 });

    const { body } = await call(twin, `GET /wallet/balance?agent_id=${BUYER}`, { key: BUYER_KEY });
    expect(body).toMatchObject({ available_usdc: 1000, locked_usdc: 0 });
  });
});

describe('the Authorization header', () => {
  test.each([
    ['is missing', undefined],
    ['has an unknown key', 'Bearer nobody'],
    ['is in lower case', `bearer ${BUYER_KEY}`],
    ['has two spaces', `Bearer  ${BUYER_KEY}`],
    ['has no scheme', BUYER_KEY],
  ])('is refused where it %s', async (_, authorization) => {
    const response = await fetch(`${twin.url}/escrow/list`, {
      headers: authorization === undefined ? {} : { authorization },
    });

    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ success: false, error: 'UNAUTHORIZED' });
  });

  test('is not looked at by status', async () => {
    const id = await createEscrow(twin);

    expect((await call(twin, `GET /escrow/status/${id}`, { key: 'wrong-key' })).status).toBe(200);
  });
});

describe('complete', () => {
  test('checks key, existence, party and state in this order', async () => {
    const id = await createEscrow(twin);
    const complete = (escrow: string, key: string): Promise<[number, unknown]> =>
      refused(`POST /escrow/complete/${escrow}`, { key });
    await call(twin, `POST /escrow/complete/${id}`, { key: SUMMARIZER_KEY });

    expect(await complete('esc_0000000000000000', 'wrong-key')).toEqual([401, 'UNAUTHORIZED']);
    expect(await complete('esc_0000000000000000', OUTSIDER_KEY)).toEqual([404, 'ESCROW_NOT_FOUND']);
    expect(await complete(id, OUTSIDER_KEY)).toEqual([403, 'FORBIDDEN']);
    expect(await complete(id, BUYER_KEY)).toEqual([403, 'WRONG_PARTY']);
    expect(await complete(id, SUMMARIZER_KEY)).toEqual([409, 'INVALID_STATUS_TRANSITION']);
  });

  test('refuses a note over 1000 characters and leaves the escrow locked', async () => {
    const id = await createEscrow(twin);

    const answer = await refused(`POST /escrow/complete/${id}`, {
      key: SUMMARIZER_KEY,
      body: { completion_note: 'n'.repeat(1001) },
    });

    expect(answer).toEqual([400, 'INVALID_REQUEST']);
    expect((await call(twin, `GET /escrow/status/${id}`)).body['status']).toBe('locked');
  });
});

describe('release', () => {
  test('checks key, existence, party and state in this order', async () => {
    const id = await createEscrow(twin);
    const release = (escrow: string, key: string): Promise<[number, unknown]> =>
      refused(`POST /escrow/release/${escrow}`, { key });
    await call(twin, `POST /escrow/release/${id}`, { key: BUYER_KEY });

    expect(await release('esc_0000000000000000', 'wrong-key')).toEqual([401, 'UNAUTHORIZED']);
    expect(await release('esc_0000000000000000', OUTSIDER_KEY)).toEqual([404, 'ESCROW_NOT_FOUND']);
    expect(await release(id, OUTSIDER_KEY)).toEqual([403, 'FORBIDDEN']);
    expect(await release(id, SUMMARIZER_KEY)).toEqual([403, 'WRONG_PARTY']);
    expect(await release(id, BUYER_KEY)).toEqual([409, 'INVALID_STATUS_TRANSITION']);
  });

  test('refuses a note over 500 characters and pays nothing', async () => {
    const id = await createEscrow(twin);

    const answer = await refused(`POST /escrow/release/${id}`, {
      key: BUYER_KEY,
      body: { release_note: 'n'.repeat(501) },
    });

    expect(answer).toEqual([400, 'INVALID_REQUEST']);
    expect((await call(twin, `GET /escrow/status/${id}`)).body['status']).toBe('locked');
  });
});

describe('dispute', () => {
  const dispute = (escrow: string, key: string, body: unknown = { reason: 'Too short.' }): Promise<[number, unknown]> =>
    refused(`POST /escrow/dispute/${escrow}`, { key, body });

  test('checks key, existence, party, state and reason in this order', async () => {
    const id = await createEscrow(twin);
    await call(twin, `POST /escrow/release/${id}`, { key: BUYER_KEY });

    expect(await dispute('esc_0000000000000000', 'wrong-key')).toEqual([401, 'UNAUTHORIZED']);
    expect(await dispute('esc_0000000000000000', OUTSIDER_KEY)).toEqual([404, 'ESCROW_NOT_FOUND']);
    expect(await dispute(id, OUTSIDER_KEY)).toEqual([403, 'FORBIDDEN']);
    expect(await dispute(id, SUMMARIZER_KEY, {})).toEqual([409, 'INVALID_STATUS_TRANSITION']);
  });

  test.each([
    ['no reason', {}],
    ['a blank reason', { reason: ' ' }],
    ['a reason over 2000 characters', { reason: 'r'.repeat(2001) }],
    ['evidence that is no text', { reason: 'r', evidence_url: 7 }],
  ])('refuses %s and leaves the escrow as it is', async (_, body) => {
    const id = await createEscrow(twin);

    expect(await dispute(id, BUYER_KEY, body)).toEqual([400, 'INVALID_REQUEST']);
    expect((await call(twin, `GET /escrow/status/${id}`)).body['status']).toBe('locked');
  });

  test('accepts a reason of exactly 2000 characters', async () => {
    const id = await createEscrow(twin);

    const { status } = await call(twin, `POST /escrow/dispute/${id}`, {
      key: BUYER_KEY,
      body: { reason: 'r'.repeat(2000) },
    });

    expect(status).toBe(200);
  });

  test('says whether it is disputed already, auto-released, or refunded', async () => {
    const id = await createEscrow(twin);
    await call(twin, `POST /escrow/dispute/${id}`, { key: BUYER_KEY, body: { reason: 'r' } });
    const autoReleased = await createEscrow(twin, { timeout_hours: 1 });
    await call(twin, `POST /escrow/complete/${autoReleased}`, { key: SUMMARIZER_KEY });
    const refunded = await createEscrow(twin, { timeout_hours: 1 });
    await call(twin, 'POST /_twin/clock', { body: { advanceSeconds: 3600 } });

    expect(await dispute(id, SUMMARIZER_KEY)).toEqual([409, 'ALREADY_DISPUTED']);
    expect(await dispute(autoReleased, BUYER_KEY)).toEqual([409, 'DISPUTE_WINDOW_CLOSED']);
    expect(await dispute(refunded, BUYER_KEY)).toEqual([409, 'INVALID_STATUS_TRANSITION']);
  });

  test('leaves nothing that the parties can do', async () => {
    const id = await createEscrow(twin);
    await call(twin, `POST /escrow/dispute/${id}`, { key: SUMMARIZER_KEY, body: { reason: 'r' } });

    expect(await refused(`POST /escrow/complete/${id}`, { key: SUMMARIZER_KEY })).toEqual([
      409,
      'INVALID_STATUS_TRANSITION',
    ]);
    expect(await refused(`POST /escrow/release/${id}`, { key: BUYER_KEY })).toEqual([409, 'INVALID_STATUS_TRANSITION']);
  });
});

describe('reads', () => {
  test('of an unknown escrow say which id was asked for', async () => {
    const { status, body } = await call(twin, 'GET /escrow/status/esc_xxxxxxxxxxxxxxxx');

    expect(status).toBe(404);
    expect(body).toEqual({
      success: false,
      error: 'ESCROW_NOT_FOUND',
      message: 'No escrow found with ID esc_xxxxxxxxxxxxxxxx',
    });
  });

  test.each(['status=open', 'role=payer', 'limit=0', 'limit=101', 'limit=ten', 'offset=-1', 'offset=1.5'])(
    'refuse the list query %s',
    async (query) => {
      expect(await refused(`GET /escrow/list?${query}`, { key: BUYER_KEY })).toEqual([400, 'INVALID_REQUEST']);
    },
  );

  test.each(['POST /escrow/esc_1/release', 'GET /escrow/esc_1', 'POST /health', 'GET /health/', 'GET /'])(
    'and actions of other dialects, like %s, are not found',
    async (route) => {
      expect(await refused(route, { key: BUYER_KEY })).toEqual([404, 'NOT_FOUND']);
    },
  );
});
