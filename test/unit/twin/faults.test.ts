import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createApp } from '../../../twin/app.ts';
import { readInitialData } from '../../../twin/initial-data.ts';
import type { Twin } from '../../../twin/server.ts';
import { createWorld } from '../../../twin/world/world.ts';
import {
  availableTo,
  BUYER,
  BUYER_KEY,
  call,
  createEscrow,
  createPublishedEscrow,
  EXAMPLE_TERMS,
  PUBLISHED_BUYER,
  PUBLISHED_SUMMARIZER,
  REFERRER,
  REFERRER_CODE,
  send,
  setClock,
  startExampleTwin,
  startPublishedTwin,
  stoppedClock,
  SUMMARIZER,
  SUMMARIZER_KEY,
  type Answer,
} from './calling.ts';

let twin: Twin;

beforeEach(async () => {
  twin = await startExampleTwin();
});
afterEach(() => twin.close());

const CREATE = 'POST /escrow/create';

async function ask(fault: Record<string, unknown>): Promise<Answer> {
  const answer = await call(twin, 'POST /_twin/faults', { body: { route: CREATE, ...fault } });
  expect([answer.status, answer.body]).toMatchObject([201, { fired: 0 }]);
  return answer;
}

function create(signal?: AbortSignal): Promise<Response> {
  return send(twin, CREATE, { key: BUYER_KEY, body: EXAMPLE_TERMS, ...(signal !== undefined && { signal }) });
}

async function escrows(): Promise<Record<string, unknown>[]> {
  return (await call(twin, 'GET /_twin/escrows')).body['escrows'] as Record<string, unknown>[];
}

async function lastCall(): Promise<Record<string, unknown> | undefined> {
  const calls = (await call(twin, 'GET /_twin/calls')).body['calls'] as Record<string, unknown>[];
  return calls.at(-1);
}

/** What a client that waits 200 ms gets to know. */
async function outcomeOf(answer: Promise<Response>): Promise<string> {
  return answer.then(
    ({ status }) => `answer ${status}`,
    (error: Error & { cause?: { code?: string } }) => error.cause?.code ?? error.name,
  );
}

const GIVES_UP = 'TimeoutError';
const RESET = 'ECONNRESET';
const patience = (): AbortSignal => AbortSignal.timeout(200);

describe('an answer that is lost', () => {
  test.each([
    ['applied-answer-lost', 'reset', RESET, 1],
    ['applied-answer-lost', 'hang', GIVES_UP, 1],
    ['answer-lost', 'reset', RESET, 0],
    ['answer-lost', 'hang', GIVES_UP, 0],
  ])('%s by %s', async (fault, how, outcome, applied) => {
    await ask({ fault, how });

    expect(await outcomeOf(create(patience()))).toBe(outcome);
    expect(await escrows()).toHaveLength(applied);
    expect(await lastCall()).toMatchObject({ path: '/escrow/create', agent_id: BUYER, status: 0, fault });
    expect(await outcomeOf(create())).toBe('answer 201');
  });

  test('reset, before anything is read', async () => {
    await ask({ fault: 'reset' });

    expect(await outcomeOf(create())).toBe(RESET);
    expect(await escrows()).toEqual([]);
    expect(await lastCall()).toMatchObject({ path: '/escrow/create', agent_id: null, status: 0, body: null });
  });
});

describe('applied-late', () => {
  test('is applied when the time has passed, although the client gave up, and dated by then', async () => {
    await ask({ fault: 'applied-late' });
    expect(await outcomeOf(create(patience()))).toBe(GIVES_UP);
    await setClock(twin, '2026-03-06T09:00:14Z');
    expect(await escrows()).toEqual([]);
    expect((await call(twin, 'GET /_twin/faults')).body['late_requests']).toEqual([
      { method: 'POST', path: '/escrow/create', at: '2026-03-06T09:00:15Z', status: null },
    ]);

    await setClock(twin, '2026-03-06T09:30:00Z');

    expect(await escrows()).toMatchObject([{ status: 'locked', created_at: '2026-03-06T09:00:15Z' }]);
    expect((await call(twin, 'GET /_twin/faults')).body['late_requests']).toMatchObject([{ status: 201 }]);
    expect((await call(twin, 'GET /_twin/calls')).body['calls']).toHaveLength(1);
  });

  test('may be refused by then, with the order of checks of any other request', async () => {
    const id = await createEscrow(twin, { timeout_hours: 1 });
    await ask({ route: 'POST /escrow/release/:id', fault: 'applied-late', afterSeconds: 3600 });
    await outcomeOf(send(twin, `POST /escrow/release/${id}`, { key: BUYER_KEY, signal: patience() }));

    await setClock(twin, '2026-03-06T11:00:00Z');

    // Refunded and released fall due in the same second: the timer comes first.
    expect(await escrows()).toMatchObject([{ status: 'refunded' }]);
    expect((await call(twin, 'GET /_twin/faults')).body['late_requests']).toMatchObject([{ status: 409 }]);
  });

  test('comes in its place among the timers', async () => {
    const id = await createEscrow(twin, { timeout_hours: 2 });
    await ask({ route: 'POST /escrow/complete/:id', fault: 'applied-late', afterSeconds: 7199 });
    await outcomeOf(send(twin, `POST /escrow/complete/${id}`, { key: SUMMARIZER_KEY, signal: patience() }));

    await setClock(twin, '2026-03-07T09:00:00Z');

    expect(await escrows()).toMatchObject([
      { status: 'auto_released', completed_at: '2026-03-06T10:59:59Z', released_at: '2026-03-06T12:59:59Z' },
    ]);
  });

  test('is forgotten with the rules', async () => {
    await ask({ fault: 'applied-late' });
    await outcomeOf(create(patience()));

    await call(twin, 'DELETE /_twin/faults');
    await setClock(twin, '2026-03-06T10:00:00Z');

    expect(await escrows()).toEqual([]);
  });
});

describe('an error', () => {
  test.each([
    ['error-500-applied', 500, 'SERVER_ERROR', 1],
    ['error-500', 500, 'SERVER_ERROR', 0],
    ['error-400-applied', 400, 'INVALID_REQUEST', 1],
    ['rate-limited', 429, 'RATE_LIMITED', 0],
  ])('%s', async (fault, status, error, applied) => {
    await ask({ fault });

    const answer = await call(twin, CREATE, { key: BUYER_KEY, body: EXAMPLE_TERMS });

    expect(answer.status).toBe(status);
    expect(answer.body).toEqual({ success: false, error, message: expect.any(String) });
    expect(answer.headers.get('retry-after')).toBeNull();
    expect(await escrows()).toHaveLength(applied);
    expect(await lastCall()).toMatchObject({ status, error, fault });
  });

  test('error-400-applied of trading says that the trade failed, or what it is told to say', async () => {
    const route = 'POST /trading/order';
    const order = { agent_id: BUYER, direction: 'long', amount: 5, asset: 'ETH-USDC', order_type: 'market' };
    await ask({ route, fault: 'error-400-applied' });
    await ask({ route, fault: 'error-400-applied', code: 'EXCHANGE_DOWN' });

    const codes = [];
    for (let sent = 0; sent < 2; sent += 1) {
      codes.push((await call(twin, route, { key: BUYER_KEY, body: order })).body['error']);
    }

    expect(codes).toEqual(['TRADE_FAILED', 'EXCHANGE_DOWN']);
    expect((await call(twin, 'GET /_twin/orders')).body['orders']).toHaveLength(2);
  });

  test.each([7, 'Fri, 06 Mar 2026 09:01:00 GMT'])('rate-limited with Retry-After %p', async (retryAfter) => {
    await ask({ fault: 'rate-limited', retryAfter });

    expect((await create()).headers.get('retry-after')).toBe(String(retryAfter));
  });
});

describe('a bad answer', () => {
  test('malformed', async () => {
    await ask({ fault: 'malformed' });

    const answer = await create();

    expect(answer.status).toBe(200);
    const text = await answer.text();
    expect(text).toMatch(/^\{"success":true,"escrow_id":"esc_/);
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
    expect(await escrows()).toHaveLength(1);
  });

  test('truncated', async () => {
    await ask({ fault: 'truncated' });

    const answer = await create();

    expect(answer.status).toBe(201);
    expect(Number(answer.headers.get('content-length'))).toBeGreaterThan(300);
    await expect(answer.text()).rejects.toThrow(/terminated/);
    expect(await escrows()).toHaveLength(1);
  });

  test('slow-body', async () => {
    await ask({ fault: 'slow-body', bytesPerSecond: 1000 });

    const started = performance.now();
    const answer = await create();
    const body = JSON.parse(await answer.text()) as Record<string, unknown>;

    expect(performance.now() - started).toBeGreaterThan(250);
    expect(body).toMatchObject({ status: 'locked', amount_usd: '50.00' });
  });

  test('slow-body, given up', async () => {
    await ask({ fault: 'slow-body', bytesPerSecond: 1 });

    const answer = await create(patience());

    await expect(answer.text()).rejects.toThrow(/aborted/);
    expect(await escrows()).toHaveLength(1);
  });

  test('wrong-id', async () => {
    await ask({ fault: 'wrong-id' });

    const { status, body } = await call(twin, CREATE, { key: BUYER_KEY, body: EXAMPLE_TERMS });

    expect(status).toBe(201);
    expect(body['escrow_id']).toMatch(/^esc_[0-9a-f]{16}$/);
    expect(body['escrow_id']).not.toBe((await escrows())[0]?.['escrow_id']);
  });

  test('wrong-amount, as text and as number', async () => {
    const id = await createEscrow(twin);
    await ask({ fault: 'wrong-amount' });
    await ask({ fault: 'wrong-amount', route: 'POST /escrow/release/:id' });
    await ask({ fault: 'wrong-amount', route: 'POST /trading/order' });

    const created = await call(twin, CREATE, { key: BUYER_KEY, body: EXAMPLE_TERMS });
    const released = await call(twin, `POST /escrow/release/${id}`, { key: BUYER_KEY });
    const order = { agent_id: BUYER, direction: 'long', amount: 5, asset: 'ETH-USDC', order_type: 'market' };
    const ordered = await call(twin, 'POST /trading/order', { key: BUYER_KEY, body: order });

    expect(created.body['amount_usd']).toBe('51.00');
    expect(released.body['amount_paid_out']).toBe('50.50');
    expect(ordered.body['amount']).toBe(6);
  });

  test('wrong-amount leaves a refusal as it is', async () => {
    await ask({ fault: 'wrong-amount' });

    const { status, body } = await call(twin, CREATE, { key: BUYER_KEY, body: { ...EXAMPLE_TERMS, amount_usd: 5000 } });

    expect([status, body['error']]).toEqual([400, 'INSUFFICIENT_BALANCE']);
  });

  test('stale-list and short-list', async () => {
    const old = await createEscrow(twin);
    await call(twin, 'POST /_twin/clock', { body: { advanceSeconds: 60 } });
    const fresh = await createEscrow(twin);
    await ask({ route: 'GET /escrow/list', fault: 'stale-list', secondsAgo: 59 });
    await ask({ route: 'GET /escrow/list', fault: 'short-list', rows: 1 });
    const list = async () => (await call(twin, 'GET /escrow/list', { key: BUYER_KEY })).body;

    expect(await list()).toMatchObject({ total: 1, escrows: [{ escrow_id: old }] });
    expect(await list()).toMatchObject({ total: 2, escrows: [{ escrow_id: fresh }] });
    expect(await list()).toMatchObject({ total: 2, escrows: [{ escrow_id: fresh }, { escrow_id: old }] });
  });
});

describe('stuck-funded', () => {
  const RELEASE = 'POST /escrow/release/:id';

  describe('in the published dialect', () => {
    beforeEach(async () => {
      await twin.close();
      twin = await startPublishedTwin();
    });

    const release = (id: string) => call(twin, `POST /escrow/release/${id}`, { key: BUYER_KEY });

    test('pays, says that it failed, pays no more, and is refunded as well', async () => {
      const id = await createPublishedEscrow(twin, { amount_usd: 10 });
      await ask({ route: RELEASE, fault: 'stuck-funded' });

      const [first, second] = [await release(id), await release(id)];

      const failed = { error: 'release_failed', message: 'Failed to release funds. Contact support.' };
      expect([first.status, first.body]).toMatchObject([500, failed]);
      expect([second.status, second.body]).toMatchObject([500, failed]);
      expect((await call(twin, `GET /escrow/${id}`)).body).toMatchObject({ status: 'funded', released_at: null });
      expect(await availableTo(twin, PUBLISHED_SUMMARIZER)).toBe('10.40');
      await setClock(twin, '2026-03-08T09:00:00Z');
      expect((await call(twin, `GET /escrow/${id}`)).body).toMatchObject({ status: 'refunded' });
      expect(await availableTo(twin, PUBLISHED_BUYER)).toBe('999.90');
      expect((await call(twin, 'GET /_twin/ledger')).body).toMatchObject({
        fees_usd: '0.10',
        sources: { losses_usd: '-9.90' },
        locked_in_escrow_usd: '0.00',
        conserved: true,
      });
    });

    test('stays funded for ever where a referrer was paid', async () => {
      const id = await createPublishedEscrow(twin, { amount_usd: 10, referral_code: REFERRER_CODE });
      await ask({ route: RELEASE, fault: 'stuck-funded' });
      await release(id);

      await setClock(twin, '2026-03-20T09:00:00Z');

      expect((await call(twin, `GET /escrow/${id}`)).body).toMatchObject({ status: 'funded' });
      expect((await release(id)).status).toBe(500);
      expect(await availableTo(twin, PUBLISHED_BUYER)).toBe('999.90');
      expect(await availableTo(twin, REFERRER)).toBe('0.015');
      expect((await call(twin, 'GET /_twin/ledger')).body).toMatchObject({
        sources: { losses_usd: '-9.90' },
        locked_in_escrow_usd: '0.085',
        conserved: true,
      });
    });

    test.each([
      ['creator', '1000.00', '-10.00'],
      ['counterparty', '990.00', '0.00'],
    ])('can be disputed and decided for the %s', async (inFavourOf, buyer, losses) => {
      const id = await createPublishedEscrow(twin, { amount_usd: 10 });
      await ask({ route: RELEASE, fault: 'stuck-funded' });
      await release(id);
      await call(twin, `POST /escrow/dispute/${id}`, { key: BUYER_KEY });

      await call(twin, `POST /_twin/escrows/${id}/resolve`, { body: { inFavourOf } });

      expect(await availableTo(twin, PUBLISHED_BUYER)).toBe(buyer);
      expect(await availableTo(twin, PUBLISHED_SUMMARIZER)).toBe('10.40');
      expect((await call(twin, 'GET /_twin/ledger')).body).toMatchObject({
        sources: { losses_usd: losses },
        locked_in_escrow_usd: '0.00',
        conserved: true,
      });
    });

    test('does nothing to a release that is refused', async () => {
      const id = await createPublishedEscrow(twin);
      await ask({ route: RELEASE, fault: 'stuck-funded' });

      const { status } = await call(twin, `POST /escrow/release/${id}`, { key: SUMMARIZER_KEY });

      expect(status).toBe(403);
      expect((await release(id)).status).toBe(200);
    });

    test('other faults answer in this dialect', async () => {
      await ask({ fault: 'error-500' });
      await ask({ fault: 'rate-limited' });
      await ask({ fault: 'error-400-applied' });
      await ask({ fault: 'error-500', route: 'POST /v1/trade/open' });

      const answers = [await call(twin, CREATE), await call(twin, CREATE), await call(twin, CREATE)];

      expect(answers.map(({ status, body }) => [status, body['error']])).toEqual([
        [500, 'internal_error'],
        [429, 'rate_limited'],
        [400, 'invalid_request'],
      ]);
      expect((await call(twin, 'POST /v1/trade/open')).body['error']).toBe('internal_error');
    });
  });

  test('in the reference a locked one is refunded whole, at the cost of the service', async () => {
    const id = await createEscrow(twin);
    await ask({ route: RELEASE, fault: 'stuck-funded' });
    await call(twin, `POST /escrow/release/${id}`, { key: BUYER_KEY });

    await setClock(twin, '2026-03-08T09:00:00Z');

    expect((await call(twin, `GET /escrow/status/${id}`)).body).toMatchObject({ status: 'refunded' });
    expect([await availableTo(twin, BUYER), await availableTo(twin, SUMMARIZER)]).toEqual(['1000.00', '49.50']);
    expect((await call(twin, 'GET /_twin/ledger')).body).toMatchObject({
      sources: { losses_usd: '-50.00' },
      fees_usd: '0.50',
      conserved: true,
    });
  });

  test('in the reference a completed one is auto-released without a second payment', async () => {
    const id = await createEscrow(twin);
    await call(twin, `POST /escrow/complete/${id}`, { key: SUMMARIZER_KEY });
    await ask({ route: RELEASE, fault: 'stuck-funded' });

    const { status, body } = await call(twin, `POST /escrow/release/${id}`, { key: BUYER_KEY });

    expect([status, body['error']]).toEqual([500, 'SERVER_ERROR']);
    await setClock(twin, '2026-03-08T09:00:00Z');
    expect((await call(twin, `GET /escrow/status/${id}`)).body).toMatchObject({ status: 'auto_released' });
    expect(await availableTo(twin, SUMMARIZER)).toBe('49.50');
    expect((await call(twin, 'GET /_twin/ledger')).body).toMatchObject({ fees_usd: '0.50', conserved: true });
  });
});

describe('rules', () => {
  test('fire as often as they say, and are listed with how often they did', async () => {
    await ask({ fault: 'error-500', count: 2 });
    await ask({ fault: 'rate-limited', count: null });

    const statuses = [];
    for (let sent = 0; sent < 5; sent += 1) statuses.push((await create()).status);

    expect(statuses).toEqual([500, 500, 429, 429, 429]);
    expect((await call(twin, 'GET /_twin/faults')).body['faults']).toEqual([
      { route: CREATE, count: 2, probability: 1, seed: 1, fault: 'error-500', fired: 2 },
      { route: CREATE, count: null, probability: 1, seed: 1, fault: 'rate-limited', fired: 3 },
    ]);
    await call(twin, 'DELETE /_twin/faults');
    expect((await create()).status).toBe(201);
  });

  test('hit only their own route', async () => {
    await ask({ route: 'POST /escrow/release/:id', fault: 'error-500' });

    expect((await create()).status).toBe(201);
    expect((await call(twin, 'POST /escrow/release/esc_1')).body['error']).toBe('SERVER_ERROR');
  });

  test.each([
    [{}, /^route: .*; fault must be one of applied-answer-lost, .*Send for example/],
    [{ route: CREATE, fault: 'explode' }, /fault must be one of/],
    [{ route: 'escrow', fault: 'reset' }, /^route: expected a method and a path/],
    [{ route: 'GET /_twin/clock', fault: 'reset' }, /^route: only routes of Purple Flea/],
    [{ route: CREATE, fault: 'reset', count: 0 }, /^count: /],
    [{ route: CREATE, fault: 'reset', probability: 2 }, /^probability: /],
    [{ route: CREATE, fault: 'answer-lost', how: 'softly' }, /^how: .*"reset"\|"hang"/],
    [{ route: CREATE, fault: 'rate-limited', retryAfter: 'soon' }, /^retryAfter: expected a number of seconds/],
    [{ route: CREATE, fault: 'reset', afterSeconds: 3 }, /afterSeconds/],
    [{ route: CREATE, fault: 'stuck-funded' }, /release\/:id" alone/],
    [{ route: CREATE, fault: 'short-list' }, /goes with a GET/],
  ])('%j is refused with the field and an example', async (body, reason) => {
    const answer = await call(twin, 'POST /_twin/faults', { body });

    expect([answer.status, answer.body['error']]).toEqual([400, 'INVALID_REQUEST']);
    expect(answer.body['message']).toMatch(reason);
  });
});

test('a fault of the connection is an error where there is no connection', async () => {
  const world = createWorld(readInitialData(), { escrowProfile: 'reference', realNow: stoppedClock });
  const app = createApp(world);
  const body = JSON.stringify({ route: CREATE, fault: 'applied-answer-lost' });
  await app.fetch(new Request('http://twin/_twin/faults', { method: 'POST', body }));

  await expect(async () =>
    app.fetch(new Request('http://twin/escrow/create', { method: 'POST', body: '{}' })),
  ).rejects.toThrow('the fault applied-answer-lost needs a connection: send the request over HTTP');
});
