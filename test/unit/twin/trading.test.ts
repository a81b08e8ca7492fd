import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Twin } from '../../../twin/server.ts';
import { BUYER, BUYER_KEY, call, OUTSIDER, startExampleTwin, SUMMARIZER, SUMMARIZER_KEY } from './calling.ts';

let twin: Twin;

beforeEach(async () => {
  twin = await startExampleTwin();
});
afterEach(() => twin.close());

const ORDER = {
  agent_id: BUYER,
  direction: 'long',
  amount: 50,
  asset: 'BTC-USDC',
  order_type: 'market',
  metadata: { source: 'sagemaker', confidence: 0.72 },
};

describe('a market order', () => {
  test('is filled at once, with numbers in its answer', async () => {
    const { status, body } = await call(twin, 'POST /trading/order', { key: BUYER_KEY, body: ORDER });

    expect(status).toBe(201);
    expect(body).toEqual({
      order_id: expect.stringMatching(/^ord_[0-9a-f]{16}$/),
      status: 'filled',
      asset: 'BTC-USDC',
      direction: 'long',
      amount: 50,
      leverage: 1,
      entry_price: 64250.5,
      fee: 0.025,
      created_at: '2026-03-06T09:00:00Z',
    });
  });

  test('writes its amounts as exact decimal text', async () => {
    const { text } = await call(twin, 'POST /trading/order', { key: BUYER_KEY, body: { ...ORDER, amount: 33.33 } });

    expect(text).toContain('"amount":33.33,');
    expect(text).toContain('"entry_price":64250.50,');
    expect(text).toContain('"fee":0.016665,');
  });

  test('takes margin and a fee of five basis points from the balance', async () => {
    await call(twin, 'POST /trading/order', { key: BUYER_KEY, body: { ...ORDER, leverage: 3 } });

    const wallet = await call(twin, `GET /wallet/balance?agent_id=${BUYER}`, { key: BUYER_KEY });
    const agents = await call(twin, 'GET /_twin/agents');

    expect(wallet.text).toBe(
      `{"agent_id":"${BUYER}","balance_usdc":999.975,"locked_usdc":16.666667,"available_usdc":983.308333}`,
    );
    expect(agents.body).toMatchObject({ fees_usd: '0.025', locked_in_margin_usd: '16.666667', conserved: true });
  });

  test('may cost exactly the whole balance', async () => {
    const order = { ...ORDER, amount: 19_801.980198, leverage: 20 };
    const { status } = await call(twin, 'POST /trading/order', { key: BUYER_KEY, body: order });

    expect(status).toBe(201);
    const { body } = await call(twin, `GET /wallet/balance?agent_id=${BUYER}`, { key: BUYER_KEY });
    expect(body['available_usdc']).toBe(0);
  });

  test.each([
    ['another agent', { agent_id: OUTSIDER }, 403, 'FORBIDDEN'],
    ['no agent', { agent_id: undefined }, 400, 'INVALID_REQUEST'],
    ['no size', { amount: undefined }, 400, 'INVALID_SIZE'],
    ['a size of one dollar', { amount: 1 }, 400, 'INVALID_SIZE'],
    ['a size over 50,000', { amount: 50_000.01 }, 400, 'INVALID_SIZE'],
    ['a negative size', { amount: -50 }, 400, 'INVALID_SIZE'],
    ['a size as text', { amount: '50.00' }, 400, 'INVALID_SIZE'],
    ['a direction it does not know', { direction: 'hold' }, 400, 'INVALID_DIRECTION'],
    ['an asset it does not know', { asset: 'BTC-PERP' }, 400, 'UNKNOWN_ASSET'],
    ['a limit order', { order_type: 'limit' }, 400, 'INVALID_REQUEST'],
    ['a leverage of zero', { leverage: 0 }, 400, 'INVALID_LEVERAGE'],
    ['a leverage over 20', { leverage: 21 }, 400, 'INVALID_LEVERAGE'],
    ['a broken leverage', { leverage: 2.5 }, 400, 'INVALID_LEVERAGE'],
    ['metadata that is no object', { metadata: 'x' }, 400, 'INVALID_REQUEST'],
    ['more than the balance', { amount: 1000 }, 400, 'INSUFFICIENT_BALANCE'],
  ])('is refused for %s', async (_, change, status, error) => {
    const answer = await call(twin, 'POST /trading/order', { key: BUYER_KEY, body: { ...ORDER, ...change } });

    expect([answer.status, answer.body['error']]).toEqual([status, error]);
    expect((await call(twin, 'GET /_twin/orders')).body).toEqual({ orders: [] });
  });

  test('is refused without a key', async () => {
    const { status, body } = await call(twin, 'POST /trading/order', { body: ORDER });

    expect([status, body['error']]).toEqual([401, 'UNAUTHORIZED']);
  });
});

describe('positions', () => {
  test('are what the agent holds, and nobody else', async () => {
    const order = await call(twin, 'POST /trading/order', {
      key: BUYER_KEY,
      body: { ...ORDER, direction: 'short', asset: 'SOL-USDC', leverage: 5 },
    });

    const mine = await call(twin, `GET /trading/positions?agent_id=${BUYER}`, { key: BUYER_KEY });
    const others = await call(twin, `GET /trading/positions?agent_id=${SUMMARIZER}`, { key: SUMMARIZER_KEY });

    expect(mine.body).toEqual({
      agent_id: BUYER,
      count: 1,
      positions: [
        {
          position_id: expect.stringMatching(/^pos_[0-9a-f]{16}$/),
          order_id: order.body['order_id'],
          asset: 'SOL-USDC',
          direction: 'short',
          amount: 50,
          leverage: 5,
          entry_price: 148.375,
          mark_price: 148.375,
          pnl_usdc: 0,
          opened_at: '2026-03-06T09:00:00Z',
        },
      ],
    });
    expect(others.body).toEqual({ agent_id: SUMMARIZER, count: 0, positions: [] });
  });
});

test('positions are shown only to their agent', async () => {
  const noKey = await call(twin, `GET /trading/positions?agent_id=${BUYER}`);
  const noAgent = await call(twin, 'GET /trading/positions', { key: BUYER_KEY });
  const other = await call(twin, `GET /trading/positions?agent_id=${OUTSIDER}`, { key: BUYER_KEY });

  expect([noKey.status, noKey.body['error']]).toEqual([401, 'UNAUTHORIZED']);
  expect([noAgent.status, noAgent.body['error']]).toEqual([400, 'INVALID_REQUEST']);
  expect([other.status, other.body['error']]).toEqual([403, 'FORBIDDEN']);
});

test('there is no history in this dialect', async () => {
  const { status, body } = await call(twin, `GET /trading/history?agent_id=${BUYER}`, { key: BUYER_KEY });

  expect([status, body['error']]).toEqual([404, 'NOT_FOUND']);
});

test('the same order twice is two orders', async () => {
  for (let i = 0; i < 2; i++) await call(twin, 'POST /trading/order', { key: BUYER_KEY, body: ORDER });

  const { body } = await call(twin, `GET /trading/positions?agent_id=${BUYER}`, { key: BUYER_KEY });
  expect(body['count']).toBe(2);
});
