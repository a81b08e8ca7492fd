import { describe, expect, test } from '@jest/globals';
import { parseEstimate, parseUsd } from '../../../../../src/money.ts';
import { createTradingClient } from '../../../../../src/purple-flea/trading-client.ts';
import type { OrderRequest } from '../../../../../src/purple-flea/trading.ts';
import type { HttpAnswer } from '../../../../../src/purple-flea/transport.ts';
import { DOCUMENTED_AGENT, ORDER_EXAMPLE, POSITIONS_EXAMPLE } from '../../../../support/documented-examples.ts';
import {
  A_REFERENCE,
  aServiceAnswering,
  anEffectRequest,
  answered,
  CANARY_CREDENTIALS,
} from '../../../../support/purple-flea.ts';

const ORDER: OrderRequest = {
  reference: A_REFERENCE,
  agentId: DOCUMENTED_AGENT,
  asset: 'BTC-USDC',
  direction: 'long',
  amount: parseUsd('50.00'),
  leverage: 1,
  metadata: ORDER_EXAMPLE.request.metadata,
};

/** A client whose service gives these answers. */
function aClient(...answers: HttpAnswer[]) {
  const { deps, requests } = aServiceAnswering('reference', ...answers);
  return { client: createTradingClient(deps, { ...CANARY_CREDENTIALS, agentId: DOCUMENTED_AGENT }), requests };
}

const place = (shown: object = {}, body = JSON.stringify(ORDER_EXAMPLE.request)) =>
  aClient(answered(201, { ...ORDER_EXAMPLE.answer, ...shown })).client.placeOrder(anEffectRequest(body));

describe('an order', () => {
  test('is written as the example, with its reference in the metadata and its amount with its cents', () => {
    const text = aClient().client.orderBody(ORDER);

    expect(JSON.parse(text)).toEqual({
      ...ORDER_EXAMPLE.request,
      metadata: { reference: A_REFERENCE, ...ORDER_EXAMPLE.request.metadata },
    });
    expect(text).toContain('"amount":50.00,');
    expect(text).toContain('"leverage":1,');
  });

  test.each(['filled', 'open'])('that is %s is what the ledger keeps', async (status) => {
    expect(await place({ status })).toEqual({
      kind: 'applied',
      result: {
        orderId: 'ord_0011223344556677',
        status,
        asset: 'BTC-USDC',
        direction: 'long',
        amountUsd: '50.00',
      },
    });
  });

  test.each([
    ['a status that is neither', { status: 'rejected' }, 'status: '],
    ['no id', { order_id: undefined }, 'order_id: '],
    ['an empty id', { order_id: '' }, 'order_id: '],
    ['another asset', { asset: 'ETH-USDC' }, 'asset is another'],
    ['another direction', { direction: 'short' }, 'direction is another'],
    ['a direction that is none', { direction: 'buy' }, 'direction: '],
    ['another amount', { amount: 49.99 }, 'amount is 49.99'],
    ['an amount that is none', { amount: null }, 'amount: '],
  ])('that shows %s is unknown', async (_case, shown, problem) => {
    expect(await place(shown)).toEqual({
      kind: 'unknown',
      reason: expect.stringContaining(`trading.order: HTTP 201, but ${problem}`),
      failure: expect.objectContaining({ operation: 'trading.order', httpStatus: 201, moneyMayHaveMoved: true }),
    });
  });

  test.each([
    [{ leverage: 0 }, 'leverage: '],
    [{ leverage: 21 }, 'leverage: '],
    [{ leverage: 1.5 }, 'leverage: '],
    [{ leverage: undefined }, 'leverage: '],
    [{ direction: 'hold' }, 'direction: '],
    [{ amount: -1 }, 'amount: '],
    [{ amount: '5e1' }, 'amount: '],
    [{ asset: '' }, 'asset: '],
    [{ agent_id: '' }, 'agent_id: '],
    [{ order_type: 'limit' }, 'order_type: '],
    [{ metadata: { confidence: 0.72 } }, 'metadata.confidence: '],
  ])('with %j is refused here, with its field', async (overrides, problem) => {
    const { client, requests } = aClient();
    const body = JSON.stringify({ ...ORDER_EXAMPLE.request, ...overrides });

    expect(await client.placeOrder(anEffectRequest(body))).toMatchObject({
      kind: 'rejected',
      reason: expect.stringContaining(`trading.order: not sent, since ${problem}`),
      failure: { moneyMayHaveMoved: false },
    });
    expect(requests).toEqual([]);
  });

  test.each([1, 20])('may have a leverage of %i', async (leverage) => {
    expect(await place({}, JSON.stringify({ ...ORDER_EXAMPLE.request, leverage }))).toMatchObject({ kind: 'applied' });
  });
});

describe('positions', () => {
  const read = (shown: object) => {
    const [row] = POSITIONS_EXAMPLE.answer.positions;
    return aClient(answered(200, { positions: [{ ...row, ...shown }] })).client.readPositions();
  };

  test('are read as the example shows them, asked for by the agent', async () => {
    const { client, requests } = aClient(answered(200, POSITIONS_EXAMPLE.answer));

    expect(await client.readPositions()).toEqual([
      {
        positionId: 'pos_0011223344556677',
        orderId: 'ord_0011223344556677',
        asset: 'BTC-USDC',
        direction: 'long',
        amount: parseUsd('50.00'),
        leverage: 1,
        entryPrice: '64250.5',
        openedAt: '2026-03-06T09:00:00.000Z',
        pnl: parseEstimate('-0.50'),
      },
    ]);
    expect(requests.map(({ url }) => url)).toEqual([`http://service${POSITIONS_EXAMPLE.path}`]);
  });

  test('may be none, and may be without a profit', async () => {
    expect(await aClient(answered(200, { positions: [] })).client.readPositions()).toEqual([]);
    expect(await read({ pnl_usdc: undefined })).toMatchObject([{ pnl: undefined }]);
  });

  test.each([
    [{ position_id: '' }, 'positions.0.position_id: '],
    [{ direction: 'buy' }, 'positions.0.direction: '],
    [{ amount: -1 }, 'positions.0.amount: '],
    [{ entry_price: 'high' }, 'positions.0.entry_price: '],
    [{ opened_at: 'today' }, 'positions.0.opened_at: '],
    [{ pnl_usdc: 'much' }, 'positions.0.pnl_usdc: '],
  ])('cannot be read with %j', async (shown, problem) => {
    await expect(read(shown)).rejects.toThrow(`trading.positions ${POSITIONS_EXAMPLE.path}: HTTP 200, but ${problem}`);
  });
});

test('a history is not to be had, and nothing is asked', async () => {
  const { client, requests } = aClient();

  expect(await client.readHistory(5)).toEqual({ kind: 'unsupported', reason: expect.stringContaining('positions') });
  expect(requests).toEqual([]);
});
