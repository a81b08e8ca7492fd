import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Twin } from '../../../twin/server.ts';
import {
  availableTo,
  BUYER_KEY,
  call,
  createPublishedEscrow,
  OUTSIDER_KEY,
  PUBLISHED_BUYER,
  PUBLISHED_SUMMARIZER,
  PUBLISHED_TERMS,
  startPublishedTwin,
  SUMMARIZER_KEY,
  type Sent,
} from './calling.ts';

let twin: Twin;

beforeEach(async () => {
  twin = await startPublishedTwin({ rateLimits: false });
});
afterEach(() => twin.close());

/** Status and body, less `_info`, which every refusal must have. */
async function refused(route: string, sent: Sent = {}): Promise<[number, unknown]> {
  const { status, body } = await call(twin, route, sent);
  const { _info, ...rest } = body;
  expect(_info).toMatchObject({ service: 'agent-escrow', version: '1.0.0' });
  return [status, rest];
}

const NO_KEY = {
  error: 'unauthorized',
  message: 'Bearer {casino_api_key} required. Register at casino.purpleflea.com.',
};
const INVALID_AMOUNT = { error: 'invalid_amount', message: 'Minimum escrow amount is $0.1' };
const INVALID_DESCRIPTION = { error: 'invalid_description', message: 'description is required (min 3 chars)' };
const INVALID_COUNTERPARTY = {
  error: 'invalid_counterparty',
  message: 'counterparty_agent_id must be in ag_xxx format',
};
const INTERNAL = { error: 'internal_error' };

describe('create', () => {
  const create = (terms: Record<string, unknown>, key = BUYER_KEY): Promise<[number, unknown]> =>
    refused('POST /escrow/create', { key, body: { ...PUBLISHED_TERMS, ...terms } });

  test.each([
    ['no amount', { amount_usd: undefined }, 400, INVALID_AMOUNT],
    ['less than a dime', { amount_usd: 0.09 }, 400, INVALID_AMOUNT],
    ['a negative amount', { amount_usd: -5 }, 400, INVALID_AMOUNT],
    ['an amount that is no number', { amount_usd: 'ten' }, 400, INVALID_AMOUNT],
    ['true as the amount', { amount_usd: true }, 400, INVALID_AMOUNT],
    ['a tiny amount', { amount_usd: 1e-30 }, 400, INVALID_AMOUNT],
    ['no description', { description: undefined }, 400, INVALID_DESCRIPTION],
    ['two characters', { description: ' ab ' }, 400, INVALID_DESCRIPTION],
    ['a description that is no text', { description: 7 }, 500, INTERNAL],
    ['no counterparty', { counterparty_agent_id: undefined }, 400, INVALID_COUNTERPARTY],
    ['a counterparty of another form', { counterparty_agent_id: 'agent_summarizer' }, 400, INVALID_COUNTERPARTY],
    ['a counterparty that is no text', { counterparty_agent_id: {} }, 500, INTERNAL],
    [
      'an escrow with itself',
      { counterparty_agent_id: PUBLISHED_BUYER },
      400,
      { error: 'self_escrow', message: 'Cannot create escrow with yourself' },
    ],
    [
      'an unknown counterparty',
      { counterparty_agent_id: 'ag_nobody' },
      404,
      { error: 'counterparty_not_found', message: 'Counterparty agent not found in casino' },
    ],
    [
      'more than the balance',
      { amount_usd: 1000.5 },
      402,
      {
        error: 'insufficient_balance',
        message: 'Balance $1000.00 < escrow amount $1000.50',
        balance: 1000,
      },
    ],
    [
      'a timeout that is no number',
      { timeout_hours: 'soon' },
      500,
      { error: 'internal_error', message: 'Failed to create escrow record.' },
    ],
  ])('refuses %s', async (_, terms, status, body) => {
    expect(await create(terms)).toEqual([status, body]);
    expect(await availableTo(twin, PUBLISHED_BUYER)).toBe('1000.00');
  });

  test('gives the balance as it is', async () => {
    const answer = await refused('POST /escrow/create', {
      key: SUMMARIZER_KEY,
      body: { ...PUBLISHED_TERMS, amount_usd: 5, counterparty_agent_id: PUBLISHED_BUYER },
    });

    expect(answer).toEqual([
      402,
      { error: 'insufficient_balance', message: 'Balance $0.50 < escrow amount $5.00', balance: 0.5 },
    ]);
  });

  test('debits and gives back what it cannot write', async () => {
    await create({ timeout_hours: 'soon' });

    const { entries } = (await call(twin, 'GET /_twin/ledger?since=3')).body as { entries: { reason: string }[] };
    expect(entries.map(({ reason }) => reason.replace(/: esc_[0-9a-f]{16}$/, ''))).toEqual([
      'escrow_lock',
      'escrow_create_failed_refund',
    ]);
  });

  test.each([
    ['not json', 400, INVALID_AMOUNT],
    ['', 400, INVALID_AMOUNT],
    ['"text"', 400, INVALID_AMOUNT],
    ['[1]', 400, INVALID_AMOUNT],
    ['null', 500, INTERNAL],
  ])('answers the body %p', async (body, status, expected) => {
    expect(await refused('POST /escrow/create', { key: BUYER_KEY, body })).toEqual([status, expected]);
  });

  test('checks key, amount, description, form, self, existence and balance in this order', async () => {
    const wrong = { amount_usd: 0, description: '', counterparty_agent_id: '' };

    expect(await create(wrong, 'wrong-key')).toEqual([401, NO_KEY]);
    expect(await create(wrong)).toEqual([400, INVALID_AMOUNT]);
    const poor = { ...wrong, amount_usd: 5000 };
    expect(await create(poor)).toEqual([400, INVALID_DESCRIPTION]);
    const told = { ...poor, description: 'work' };
    expect(await create(told)).toEqual([400, INVALID_COUNTERPARTY]);
    expect(await create({ ...told, counterparty_agent_id: PUBLISHED_BUYER })).toMatchObject([
      400,
      { error: 'self_escrow' },
    ]);
    expect(await create({ ...told, counterparty_agent_id: 'ag_nobody' })).toMatchObject([
      404,
      { error: 'counterparty_not_found' },
    ]);
    expect(await create({ ...told, counterparty_agent_id: PUBLISHED_SUMMARIZER })).toMatchObject([
      402,
      { error: 'insufficient_balance' },
    ]);
  });
});

describe('the Authorization header', () => {
  test.each([
    ['is missing', {}],
    ['has an unknown key', { authorization: 'Bearer nobody' }],
    ['is in lower case', { authorization: `bearer ${BUYER_KEY}` }],
    ['has two spaces', { authorization: `Bearer  ${BUYER_KEY}` }],
    ['is another header', { 'x-api-key': BUYER_KEY }],
  ])('is refused where it %s', async (_, headers) => {
    const body = PUBLISHED_TERMS;

    expect(await refused('POST /escrow/create', { headers, body })).toEqual([401, NO_KEY]);
    for (const action of ['complete', 'release', 'dispute']) {
      expect(await refused(`POST /escrow/${action}/esc_1`, { headers })).toEqual([401, { error: 'unauthorized' }]);
    }
  });
});

describe.each([
  ['complete', SUMMARIZER_KEY, BUYER_KEY, 'Only the counterparty can mark the task complete'],
  ['release', BUYER_KEY, SUMMARIZER_KEY, 'Only the escrow creator can release funds'],
  ['dispute', BUYER_KEY, OUTSIDER_KEY, 'Only escrow participants can dispute'],
])('%s', (action, key, wrongKey, message) => {
  test('refuses an unknown id, the wrong party, and a second time', async () => {
    const id = await createPublishedEscrow(twin);
    const act = (escrow: string, caller: string) => refused(`POST /escrow/${action}/${escrow}`, { key: caller });

    const unknown = action === 'dispute' ? {} : { message: 'Escrow not found' };
    expect(await act('esc_0000000000000000', wrongKey)).toEqual([404, { error: 'not_found', ...unknown }]);
    expect(await act(id, wrongKey)).toEqual([403, { error: 'forbidden', message }]);
    expect((await call(twin, `POST /escrow/${action}/${id}`, { key })).status).toBe(200);
    const state = { complete: 'completed', release: 'released', dispute: 'disputed' }[action];
    expect(await act(id, key)).toEqual([
      409,
      { error: 'invalid_status', message: `Cannot ${action} escrow in status '${state}'` },
    ]);
    expect(await act(id, wrongKey)).toEqual([403, { error: 'forbidden', message }]);
  });
});

test.each(['complete', 'release', 'dispute'])('%s is refused after a refund', async (action) => {
  const id = await createPublishedEscrow(twin, { timeout_hours: 1 });
  await call(twin, 'POST /_twin/clock', { body: { advanceSeconds: 3600 } });

  const key = action === 'complete' ? SUMMARIZER_KEY : BUYER_KEY;
  expect(await refused(`POST /escrow/${action}/${id}`, { key })).toEqual([
    409,
    { error: 'invalid_status', message: `Cannot ${action} escrow in status 'refunded'` },
  ]);
});

test.each(['null', '{"reason": 7}'])('dispute fails on the body %s and changes nothing', async (body) => {
  const id = await createPublishedEscrow(twin);

  expect(await refused(`POST /escrow/dispute/${id}`, { key: BUYER_KEY, body })).toEqual([500, INTERNAL]);
  expect((await call(twin, `GET /escrow/${id}`)).body['status']).toBe('funded');
});

describe('paths', () => {
  test.each([
    'GET /escrow/status/esc_1',
    'POST /escrow/esc_1/release',
    'POST /escrow/cancel/esc_1',
    'POST /api/escrow/create',
    'GET /escrow/create/',
    'GET /health/',
    'DELETE /escrow/esc_1',
    'POST /health',
    'GET /no/such/path',
  ])('%s is not found', async (route) => {
    expect(await refused(route, { key: BUYER_KEY })).toEqual([404, { error: 'not_found' }]);
  });

  test.each(['GET /escrow/list', 'GET /escrow/esc_1', 'GET /escrow/create'])(
    '%s is an unknown escrow',
    async (route) => {
      expect(await refused(route, { key: BUYER_KEY })).toEqual([
        404,
        { error: 'not_found', message: 'Escrow not found' },
      ]);
    },
  );
});
