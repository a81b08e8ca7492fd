import { describe, expect, test } from '@jest/globals';
import { parseEstimate, parseUsd } from '../../../../../src/money.ts';
import { createTradingClient } from '../../../../../src/purple-flea/trading-client.ts';
import type { OrderRequest } from '../../../../../src/purple-flea/trading.ts';
import type { HttpAnswer } from '../../../../../src/purple-flea/transport.ts';
import {
  PUBLISHED_CREATOR,
  PUBLISHED_HISTORY,
  PUBLISHED_LIVE_POSITIONS,
  PUBLISHED_ORDER,
  PUBLISHED_POSITIONS,
} from '../../../../support/published-examples.ts';
import {
  A_REFERENCE,
  aServiceAnswering,
  anEffectRequest,
  answered,
  CANARY_CREDENTIALS,
} from '../../../../support/purple-flea.ts';

const ORDER: OrderRequest = {
  reference: A_REFERENCE,
  agentId: PUBLISHED_CREATOR,
  asset: 'BTC-USDC',
  direction: 'long',
  amount: parseUsd('50.00'),
  leverage: 1,
  metadata: { source: 'sagemaker' },
};

/** A client whose service gives these answers. */
function aClient(...answers: HttpAnswer[]) {
  const { deps, requests } = aServiceAnswering('published', ...answers);
  return { client: createTradingClient(deps, CANARY_CREDENTIALS), requests };
}

const place = (shown: object = {}) =>
  aClient(answered(200, { ...PUBLISHED_ORDER.answer, ...shown })).client.placeOrder(
    anEffectRequest(JSON.stringify(PUBLISHED_ORDER.request)),
  );

describe('an order', () => {
  test('is written in the words of the server, which takes neither agent nor metadata', () => {
    const text = aClient().client.orderBody(ORDER);

    expect(text).toBe('{"coin":"BTC","side":"long","size_usd":50.00,"leverage":1}');
    expect(JSON.parse(text)).toEqual(PUBLISHED_ORDER.request);
  });

  test.each([
    ['BTC-USDC', 'BTC'],
    ['TSLA', 'TSLA'],
    ['USDC-USDC', 'USDC'],
  ])('of %s names the coin %s', (asset, coin) => {
    expect(JSON.parse(aClient().client.orderBody({ ...ORDER, asset }))).toMatchObject({ coin });
  });

  test('that is open is what the ledger keeps, its asset as it was asked for', async () => {
    expect(await place()).toEqual({
      kind: 'applied',
      result: {
        orderId: PUBLISHED_ORDER.answer.order_id,
        status: 'open',
        asset: 'BTC-USDC',
        direction: 'long',
        amountUsd: '50.00',
        leverage: 1,
      },
    });
  });

  test('at a leverage that the account caps is kept with the one that it has', async () => {
    expect(await place({ leverage: 0.5 })).toMatchObject({ kind: 'applied', result: { leverage: 0.5 } });
  });

  test.each([
    [49.94, '49.94'],
    [0.01, '0.01'],
    [52.5, '52.50'],
    [50.12345678, '50.123457'],
  ])('of $50 may be filled with %p, whole lots at the price of the exchange', async (size, amountUsd) => {
    expect(await place({ size_usd: size })).toMatchObject({ kind: 'applied', result: { amountUsd } });
  });

  test.each([
    ['another status', { status: 'filled' }, 'status: '],
    ['no order id', { order_id: undefined }, 'order_id: '],
    ['an empty position id', { position_id: '' }, 'position_id: '],
    ['another coin', { coin: 'ETH' }, 'coin is another'],
    ['another side', { side: 'short' }, 'side is another'],
    ['a leverage beyond what was asked', { leverage: 2 }, 'leverage is 2'],
    ['a size far beyond', { size_usd: 52.500001 }, 'size_usd is 52.500001'],
    ['a size of nothing', { size_usd: 0 }, 'size_usd is 0.00'],
    ['a negative size', { size_usd: -50 }, 'size_usd is -50.00'],
    ['a size that is none', { size_usd: null }, 'size_usd: '],
  ])('that shows %s is unknown', async (_case, shown, problem) => {
    expect(await place(shown)).toEqual({
      kind: 'unknown',
      reason: expect.stringContaining(`trading.order: HTTP 200, but ${problem}`),
      failure: expect.objectContaining({ operation: 'trading.order', moneyMayHaveMoved: true }),
    });
  });

  test.each([
    ['trade_failed', 400],
    ['invalid_size', 400],
    ['invalid_request', 400],
    ['position_too_large', 400],
    ['wallet_not_configured', 400],
    ['daily_loss_limit_reached', 403],
    ['internal_error', 500],
  ])('that is answered with %s is unknown: the exchange may have filled it', async (error, status) => {
    const { client } = aClient(answered(status, { error, message: 'No.' }));

    expect(await client.placeOrder(anEffectRequest(JSON.stringify(PUBLISHED_ORDER.request)))).toMatchObject({
      kind: 'unknown',
      failure: { httpStatus: status, moneyMayHaveMoved: true },
    });
  });

  test.each(['unauthorized', 'invalid_key'])('that is answered with %s was not placed', async (error) => {
    const { client } = aClient(answered(401, { error }));

    expect(await client.placeOrder(anEffectRequest(JSON.stringify(PUBLISHED_ORDER.request)))).toMatchObject({
      kind: 'not-sent',
      failure: { code: 'UNAUTHORIZED' },
    });
  });

  test.each([
    [{ size_usd: 10_000.01 }, 'size_usd: above the maximum of 10000.00'],
    [{ size_usd: 0 }, 'size_usd: must be more than nothing'],
    [{ size_usd: -1 }, 'size_usd: -1 is not an amount'],
    [{ leverage: 0 }, 'leverage: '],
    [{ leverage: 21 }, 'leverage: '],
    [{ leverage: undefined }, 'leverage: '],
    [{ side: 'buy' }, 'side: '],
    [{ coin: '' }, 'coin: '],
  ])('with %j is refused here, with its field', async (overrides, problem) => {
    const { client, requests } = aClient();
    const body = JSON.stringify({ ...PUBLISHED_ORDER.request, ...overrides });

    expect(await client.placeOrder(anEffectRequest(body))).toMatchObject({
      kind: 'rejected',
      reason: expect.stringContaining(`trading.order: not sent, since ${problem}`),
      failure: { moneyMayHaveMoved: false },
    });
    expect(requests).toEqual([]);
  });
});

describe('positions', () => {
  test("are read out of the server's table", async () => {
    const { client, requests } = aClient(answered(200, PUBLISHED_POSITIONS.answer));

    expect(await client.readPositions()).toEqual([
      {
        positionId: PUBLISHED_POSITIONS.answer.positions[0].id,
        asset: 'BTC-USDC',
        direction: 'short',
        amount: parseUsd('50.00'),
        leverage: 5,
        entryPrice: '64250.5',
        openedAt: '2026-03-06T09:00:00.000Z',
        pnl: parseUsd('0.50'),
      },
    ]);
    expect(requests.map(({ url }) => url)).toEqual(['http://service/v1/trade/positions']);
  });

  test('are read as the exchange shows them, which knows no id and no time', async () => {
    const { client } = aClient(answered(200, PUBLISHED_LIVE_POSITIONS.answer));

    expect(await client.readPositions()).toEqual([
      {
        positionId: undefined,
        asset: 'ETH-USDC',
        direction: 'long',
        amount: parseUsd('49.94'),
        leverage: 1,
        entryPrice: '2497.1',
        openedAt: undefined,
        pnl: parseEstimate('-0.937'),
      },
    ]);
  });

  test('have the id of the server where the exchange shows one that it opened', async () => {
    const [row] = PUBLISHED_LIVE_POSITIONS.answer.positions;
    const { client } = aClient(answered(200, { source: 'hyperliquid', positions: [{ ...row, position_id: 'pos_1' }] }));

    expect(await client.readPositions()).toMatchObject([{ positionId: 'pos_1' }]);
  });

  test.each([
    [{ source: 'cache' }, 'source: '],
    [{ positions: undefined }, 'positions: '],
    [{ positions: [{ ...PUBLISHED_POSITIONS.answer.positions[0], sizeUsd: 'much' }] }, 'positions.0.sizeUsd: '],
    [{ positions: [{ ...PUBLISHED_POSITIONS.answer.positions[0], openedAt: 'today' }] }, 'positions.0.openedAt: '],
    [{ source: 'hyperliquid' }, 'positions.0.position_id: '],
  ])('cannot be read with %j', async (shown, problem) => {
    const { client } = aClient(answered(200, { ...PUBLISHED_POSITIONS.answer, ...shown }));

    await expect(client.readPositions()).rejects.toThrow(
      `trading.positions /v1/trade/positions: HTTP 200, but ${problem}`,
    );
  });
});

describe('the history', () => {
  test('is of what was bought and sold, with what that brought', async () => {
    const { client, requests } = aClient(answered(200, PUBLISHED_HISTORY.answer));
    const [sold, bought] = PUBLISHED_HISTORY.answer.trades;

    expect(await client.readHistory()).toEqual({
      kind: 'read',
      value: [
        {
          tradeId: sold.id,
          orderId: sold.orderId,
          asset: 'BTC-USDC',
          direction: 'short',
          amount: parseUsd('50.00'),
          at: '2026-03-06T10:00:00.000Z',
          pnl: parseUsd('0.58'),
        },
        {
          tradeId: bought.id,
          orderId: bought.orderId,
          asset: 'BTC-USDC',
          direction: 'long',
          amount: parseUsd('50.00'),
          at: '2026-03-06T09:00:00.000Z',
          pnl: undefined,
        },
      ],
    });
    expect(requests.map(({ url }) => url)).toEqual([`http://service${PUBLISHED_HISTORY.path}`]);
  });

  test.each([
    [5, 5],
    [200, 200],
    [201, 200],
    [10_000, 200],
  ])('of the last %i is asked for as %i', async (limit, asked) => {
    const { client, requests } = aClient(answered(200, { trades: [] }));

    expect(await client.readHistory(limit)).toEqual({ kind: 'read', value: [] });
    expect(requests.map(({ url }) => url)).toEqual([`http://service/v1/trade/history?limit=${asked}`]);
  });

  test.each([
    [{ side: 'long' }, 'trades.0.side: '],
    [{ id: '' }, 'trades.0.id: '],
    [{ sizeUsd: undefined }, 'trades.0.sizeUsd: '],
    [{ createdAt: null }, 'trades.0.createdAt: '],
  ])('cannot be read with %j', async (shown, problem) => {
    const trades = [{ ...PUBLISHED_HISTORY.answer.trades[0], ...shown }];

    await expect(aClient(answered(200, { trades })).client.readHistory()).rejects.toThrow(problem);
  });
});
