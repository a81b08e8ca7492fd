import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startTwin, type Twin } from '../../../twin/server.ts';
import { AGENTS, BUYER, BUYER_KEY, call, OUTSIDER_KEY, stoppedClock } from './calling.ts';

let twin: Twin;

beforeEach(async () => {
  twin = await startTwin({ port: 0, agents: AGENTS, now: stoppedClock });
});
afterEach(() => twin.close());

const INFO = {
  service: 'agent-trading',
  docs: 'https://trading.purpleflea.com/llms.txt',
  referral: expect.any(String),
  version: '3.0.0',
};
const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';
const ORDER = { coin: 'BTC', side: 'long', size_usd: 1000 };

const open = (body: unknown, key = BUYER_KEY) => call(twin, 'POST /v1/trade/open', { key, body });
const close = (body: unknown, key = BUYER_KEY) => call(twin, 'POST /v1/trade/close', { key, body });
const setPrice = (price: string) => call(twin, 'PUT /_twin/prices/BTC-USDC', { body: { price } });

describe('opening a position', () => {
  test('answers the fill', async () => {
    const { status, body, headers } = await open(ORDER);

    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/json; charset=UTF-8');
    expect(body).toEqual({
      position_id: expect.stringMatching(`^pos_${UUID}$`),
      order_id: expect.stringMatching(`^ord_${UUID}$`),
      coin: 'BTC',
      ticker: 'BTC',
      category: 'crypto',
      dex: 'main',
      side: 'long',
      size_usd: 1000,
      entry_price: 64250.5,
      leverage: 5,
      max_leverage: 20,
      margin_used: 200,
      liquidation_price: 51400.4,
      fee: 0.55,
      fee_breakdown: { hyperliquid: 0.35, purple_flea_builder: 0.2 },
      hl_order_id: expect.any(Number),
      execution: 'real',
      status: 'open',
      _info: INFO,
    });
  });

  test('takes margin and fee from the balance', async () => {
    await open({ ...ORDER, size_usd: 333.33, leverage: 3 });

    const { body } = await call(twin, 'GET /wallet/balance', { key: BUYER_KEY });
    // 111.11 margin, 0.18 fee
    expect(body).toEqual({ agent_id: BUYER, balance_usdc: 999.82, locked_usdc: 111.11, available_usdc: 888.71 });
  });

  test.each([
    [50, 10],
    [2.5, 2.5],
    [null, 5],
  ])('with a leverage of %s is at %d', async (leverage, used) => {
    const { body } = await open({ ...ORDER, leverage });

    expect([body['leverage'], body['margin_used']]).toEqual([used, 1000 / used]);
  });

  test('takes a coin in any case, and no more than the cap', async () => {
    const { status } = await open({ ...ORDER, coin: 'btc', size_usd: 10_000, leverage: 10 }, OUTSIDER_KEY);

    expect(status).toBe(200);
  });

  test.each([
    ['no coin', { coin: undefined }, 'invalid_request'],
    ['no side', { side: '' }, 'invalid_request'],
    ['a size of zero', { size_usd: 0 }, 'invalid_request'],
    ['a size as text', { size_usd: '1000' }, 'invalid_size'],
    ['a negative size', { size_usd: -5 }, 'invalid_size'],
    ['a size below a micro-dollar', { size_usd: 0.0000001 }, 'invalid_size'],
    ['a side it does not know', { side: 'buy' }, 'invalid_side'],
    ['a leverage below one', { leverage: 0.5 }, 'invalid_leverage'],
    ['a leverage as text', { leverage: '5' }, 'invalid_leverage'],
    ['a size over the cap', { size_usd: 10_000.01 }, 'position_too_large'],
    ['a coin it does not know', { coin: 'BTC-USDC' }, 'trade_failed'],
    ['more than the balance', { size_usd: 6000 }, 'trade_failed'],
  ])('is refused for %s', async (_, change, error) => {
    const answer = await open({ ...ORDER, ...change });

    expect([answer.status, answer.body['error']]).toEqual([400, error]);
    expect(answer.body['_info']).toEqual(INFO);
    expect((await call(twin, 'GET /_twin/orders')).body).toEqual({ orders: [] });
  });

  test('says what a request should be, and what the cap is', async () => {
    const empty = await open({});
    const large = await open({ ...ORDER, size_usd: 20_000 });

    expect(empty.body['examples']).toMatchObject({
      crypto: { coin: 'BTC', side: 'long', size_usd: 5000, leverage: 3 },
    });
    expect(large.body).toMatchObject({ max_position_usd: 10_000, message: expect.stringContaining('$10000') });
  });

  test.each(['', 'not json', '{'])('is refused for the body %j', async (body) => {
    const answer = await open(body);

    expect([answer.status, answer.body['error']]).toEqual([400, 'invalid_json']);
  });
});

test('both ways of having no key', async () => {
  const none = await call(twin, 'GET /v1/trade/positions');
  const wrong = await call(twin, 'GET /v1/trade/positions', { key: 'nobody' });

  expect([none.status, none.body]).toEqual([
    401,
    { error: 'unauthorized', message: 'Provide Authorization: Bearer <api_key>', _info: INFO },
  ]);
  expect([wrong.status, wrong.body]).toEqual([401, { error: 'invalid_key', _info: INFO }]);
});

test('an unknown path of the trading server', async () => {
  const { status, body } = await call(twin, 'POST /v1/trade/limit', { key: BUYER_KEY });

  expect([status, body]).toEqual([
    404,
    {
      error: 'not_found',
      message: 'POST /v1/trade/limit not found',
      docs: '/v1/docs',
      openapi: '/openapi.json',
      _info: INFO,
    },
  ]);
});

describe('closing a position', () => {
  test('answers what it won, in cents', async () => {
    const { body: opened } = await open({ ...ORDER, side: 'short' });
    await setPrice('63000.00');

    const { status, body } = await close({ position_id: opened['position_id'] });

    expect(status).toBe(200);
    expect(body).toEqual({
      position_id: opened['position_id'],
      coin: 'BTC',
      ticker: 'BTC',
      side: 'short',
      entry_price: 64250.5,
      exit_price: 63000,
      size_usd: 1000,
      leverage: 5,
      // 1250.50 / 64250.50 of 1000 is 19.462883; the percentage is the price's own
      pnl: 19.46,
      pnl_percent: -1.95,
      fee: 0.55,
      hl_order_id: expect.any(Number),
      execution: 'real',
      status: 'closed',
      _info: INFO,
    });
    const wallet = await call(twin, 'GET /wallet/balance', { key: BUYER_KEY });
    expect(wallet.body['available_usdc']).toBe(1018.362883);
  });

  test('costs no more than there is', async () => {
    const poor = await startTwin({
      port: 0,
      agents: [{ agentId: BUYER, apiKey: BUYER_KEY, balanceUsd: '100.55' }],
      now: stoppedClock,
    });
    try {
      const { body } = await call(poor, 'POST /v1/trade/open', { key: BUYER_KEY, body: { ...ORDER, leverage: 10 } });
      await call(poor, 'PUT /_twin/prices/BTC-USDC', { body: { price: '57835.00' } });
      const closed = await call(poor, 'POST /v1/trade/close', {
        key: BUYER_KEY,
        body: { position_id: body['position_id'] },
      });

      // 99.851363 of the margin is lost; 0.148637 is left for a fee of 0.55
      expect(closed.body).toMatchObject({ pnl: -99.85, fee: 0.148637 });
      expect((await call(poor, 'GET /_twin/ledger')).body).toMatchObject({ conserved: true, agents_usd: '0.00' });
    } finally {
      await poor.close();
    }
  });

  test('is refused without an id, for an unknown one, for the second time and for another agent', async () => {
    const { body } = await open(ORDER);
    const id = body['position_id'];

    const noId = await close({});
    const unknown = await close({ position_id: 'pos_none' });
    const other = await close({ position_id: id }, OUTSIDER_KEY);
    await close({ position_id: id });
    const again = await close({ position_id: id });

    expect([noId.status, noId.body]).toEqual([400, { error: 'provide position_id', _info: INFO }]);
    for (const answer of [unknown, other, again]) {
      expect([answer.status, answer.body]).toEqual([404, { error: 'position_not_found', _info: INFO }]);
    }
  });

  test('works for a position of the documented dialect', async () => {
    const order = { agent_id: BUYER, direction: 'long', amount: 50, asset: 'BTC-USDC', order_type: 'market' };
    await call(twin, 'POST /trading/order', { key: BUYER_KEY, body: order });
    const { body } = await call(twin, `GET /trading/positions?agent_id=${BUYER}`, { key: BUYER_KEY });
    const [position] = body['positions'] as { position_id: string }[];

    expect((await close(position)).status).toBe(200);
  });
});

describe('looking back', () => {
  test('positions are rows of a table, the open ones or all', async () => {
    const first = await open(ORDER);
    const second = await open({ ...ORDER, coin: 'ETH', side: 'short', leverage: 2 });
    await setPrice('65000.00');
    await close({ position_id: first.body['position_id'] });

    const opened = await call(twin, 'GET /v1/trade/positions', { key: BUYER_KEY });
    const all = await call(twin, 'GET /v1/trade/positions?status=all', { key: BUYER_KEY });
    const others = await call(twin, 'GET /v1/trade/positions', { key: OUTSIDER_KEY });

    expect(opened.body).toEqual({
      positions: [
        {
          id: second.body['position_id'],
          agentId: BUYER,
          coin: 'ETH',
          side: 'short',
          sizeUsd: 1000,
          entryPrice: 3120.25,
          leverage: 2,
          marginUsed: 500,
          liquidationPrice: 4680.375,
          unrealizedPnl: 0,
          status: 'open',
          hlOrderId: String(second.body['hl_order_id']),
          openedAt: 1_767_225_600,
          closedAt: null,
          ticker: 'ETH',
          current_price: 3120.25,
          unrealized_pnl: 0,
        },
      ],
      count: 1,
      source: 'database',
      _info: INFO,
    });
    expect(all.body['positions']).toMatchObject([
      { coin: 'ETH', status: 'open' },
      { coin: 'BTC', status: 'closed', unrealizedPnl: 11.67, unrealized_pnl: 11.67, closedAt: 1_767_225_600 },
    ]);
    expect(others.body).toMatchObject({ positions: [], count: 0 });
  });

  test('the history has a row for each fill, newest first', async () => {
    const { body } = await open(ORDER);
    await setPrice('65000.00');
    await close({ position_id: body['position_id'] });

    const history = await call(twin, 'GET /v1/trade/history', { key: BUYER_KEY });
    const one = await call(twin, 'GET /v1/trade/history?limit=1', { key: BUYER_KEY });
    const strange = await call(twin, 'GET /v1/trade/history?limit=many', { key: BUYER_KEY });

    const fill = { agentId: BUYER, coin: 'BTC', sizeUsd: 1000, fee: 0.55, createdAt: 1_767_225_600 };
    expect(history.body).toEqual({
      trades: [
        {
          ...fill,
          id: expect.stringMatching(`^trd_${UUID}$`),
          orderId: expect.any(String),
          side: 'sell',
          price: 65_000,
          realizedPnl: 11.67,
        },
        { ...fill, id: expect.any(String), orderId: body['order_id'], side: 'buy', price: 64250.5, realizedPnl: 0 },
      ],
      count: 2,
      _info: INFO,
    });
    expect(one.body).toMatchObject({ trades: [{ side: 'sell' }], count: 1 });
    expect(strange.body['count']).toBe(2);
  });
});
