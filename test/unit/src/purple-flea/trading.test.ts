import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parseUsd } from '../../../../src/money.ts';
import { createTradingClient, orderBody } from '../../../../src/purple-flea/trading.ts';
import { startTwin } from '../../../../twin/server.ts';
import { AGENTS, call, OUTSIDER, OUTSIDER_KEY, SUMMARIZER, SUMMARIZER_KEY } from '../../twin/calling.ts';
import { aService, CANARY_CREDENTIALS } from '../../../support/purple-flea.ts';
import {
  answer,
  answerFrom,
  resetAfterRequest,
  silence,
  startScriptedServer,
  truncated,
  type Reply,
  type ScriptedServer,
} from '../../../support/scripted-server.ts';
import { allTextOf, CANARY } from '../../../support/secrecy.ts';

const ORDER = {
  asset: 'BTC-USDC',
  direction: 'long',
  amount: parseUsd('50.00'),
  leverage: 1,
  metadata: { source: 'sagemaker', confidence: '0.72', reference: 'pf1:aaaaaaaaaaaaaaaaaaaa' },
} as const;
const BODY = orderBody(ORDER, 'agent_trader');

const FILLED = {
  order_id: 'ord_0011223344556677',
  status: 'filled',
  asset: 'BTC-USDC',
  direction: 'long',
  amount: 50,
  leverage: 1,
  entry_price: 64250.5,
  fee: 0.025,
  created_at: '2026-03-06T09:00:00Z',
};

let server: ScriptedServer;

beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(() => server.close());

function placeOrder({ totalMs = 5_000, random = (): number => 0 } = {}) {
  return createTradingClient(aService(server.url, { totalMs, random }), CANARY_CREDENTIALS).placeOrder(BODY, 'the-key');
}

test('the body of an order has the amount as a JSON number and always a leverage', () => {
  expect(BODY).toBe(
    '{"agent_id":"agent_trader","direction":"long","amount":50.00,"asset":"BTC-USDC","order_type":"market","leverage":1,' +
      '"metadata":{"source":"sagemaker","confidence":"0.72","reference":"pf1:aaaaaaaaaaaaaaaaaaaa"}}',
  );
});

describe('an order', () => {
  test('is posted once, with the recorded body, key and idempotency key', async () => {
    server.script(answer(201, FILLED));

    await placeOrder();

    expect(server.requests).toEqual([
      {
        method: 'POST',
        path: '/trading/order',
        body: BODY,
        headers: expect.objectContaining({ authorization: `Bearer ${CANARY}`, 'idempotency-key': 'the-key' }),
      },
    ]);
  });

  test.each(['filled', 'open'])('that is %s is applied', async (status) => {
    server.script(answer(201, { ...FILLED, status }));

    expect(await placeOrder()).toEqual({
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

  test('is rejected by 401 UNAUTHORIZED alone: any other refusal may come after the exchange filled it', async () => {
    const kinds: [number, string][] = [];
    for (let status = 400; status < 500; status += 1) {
      server.script(answer(status, { error: 'UNAUTHORIZED', message: 'No.' }));
      kinds.push([status, (await placeOrder()).kind]);
    }

    expect(kinds.filter(([, kind]) => kind !== 'unknown')).toEqual([
      [401, 'rejected'],
      [429, 'not-sent'],
    ]);
    expect(server.requests).toHaveLength(100);
  });

  test.each(['INSUFFICIENT_BALANCE', 'INVALID_SIZE', 'UNKNOWN_ASSET', 'trade_failed', 'FORBIDDEN'])(
    'is unknown after 400 %s',
    async (error) => {
      server.script(answer(400, { error }));

      expect(await placeOrder()).toEqual({ kind: 'unknown', reason: `HTTP 400 ${error}` });
    },
  );

  test.each<[string, Reply, string]>([
    ['401 without a code', answer(401), 'HTTP 401 without a code'],
    ['500', answer(500, { error: 'UNAUTHORIZED' }), 'HTTP 500 UNAUTHORIZED'],
    ['502', answer(502, '<html>'), 'HTTP 502 without a code'],
    ['a redirect', answer(308, '', { location: '/trading/order' }), 'HTTP 308 without a code'],
    [
      'a status that is neither filled nor open',
      answer(201, { ...FILLED, status: 'rejected' }),
      'HTTP 201, but status: ',
    ],
    ['no order id', answer(201, { ...FILLED, order_id: '' }), 'HTTP 201, but order_id: '],
    ['another asset', answer(201, { ...FILLED, asset: 'ETH-USDC' }), 'HTTP 201, but asset is another'],
    ['another direction', answer(201, { ...FILLED, direction: 'short' }), 'HTTP 201, but direction is another'],
    ['another amount', answer(201, { ...FILLED, amount: 49.99 }), 'HTTP 201, but amount is 49.99'],
    ['broken JSON', answer(201, '{"order_id":"ord_1"'), 'HTTP 201, but '],
    ['a truncated body', truncated(201, JSON.stringify(FILLED)), 'aborted'],
    ['a reset', resetAfterRequest, 'ECONNRESET'],
  ])('is unknown after %s', async (_case, reply, reason) => {
    server.script(reply);

    expect(await placeOrder()).toEqual({ kind: 'unknown', reason: expect.stringContaining(reason) });
    expect(server.requests).toHaveLength(1);
  });

  test('is unknown after silence', async () => {
    server.script(silence);

    expect(await placeOrder({ totalMs: 100 })).toEqual({
      kind: 'unknown',
      reason: 'no complete answer within 100 ms',
    });
  });

  test.each([
    [{}, 0.5, 90],
    [{ 'retry-after': '3' }, 0.5, 3],
    [{ 'retry-after': '9000' }, 0.5, 900],
  ])('is not sent at a rate limit with %j', async (headers, random, retryAfterSeconds) => {
    server.script(answer(429, { error: 'RATE_LIMITED' }, headers));

    expect(await placeOrder({ random: () => random })).toMatchObject({ kind: 'not-sent', retryAfterSeconds });
  });

  test('is not sent where the connection is refused', async () => {
    await server.close();

    expect(await placeOrder()).toMatchObject({ kind: 'not-sent', retryAfterSeconds: 15 });
  });

  test('shows the key nowhere, even where the service quotes it', async () => {
    for (const status of [201, 400, 401]) {
      server.script(
        answerFrom(status, ({ headers }) => ({
          ...FILLED,
          error: headers.authorization,
          amount: headers.authorization,
        })),
      );

      expect(allTextOf(await placeOrder())).not.toContain(CANARY);
    }
  });
});

describe('with the twin', () => {
  test('an order is filled, and one that it refuses is unknown', async () => {
    const twin = await startTwin({ agents: AGENTS });
    try {
      const place = (apiKey: string, agentId: string) =>
        createTradingClient(aService(twin.url), { apiKey, agentId }).placeOrder(orderBody(ORDER, agentId), 'k');

      expect(await place(OUTSIDER_KEY, OUTSIDER)).toMatchObject({
        kind: 'applied',
        result: { status: 'filled', amountUsd: '50.00' },
      });
      expect(await place(SUMMARIZER_KEY, SUMMARIZER)).toEqual({
        kind: 'unknown',
        reason: 'HTTP 400 INSUFFICIENT_BALANCE',
      });
      expect(await place('nobody', OUTSIDER)).toEqual({ kind: 'rejected', reason: 'HTTP 401 UNAUTHORIZED' });
      expect((await call(twin, 'GET /_twin/orders')).body).toMatchObject({
        orders: [{ agent_id: OUTSIDER, amount: 50, metadata: ORDER.metadata }],
      });
    } finally {
      await twin.close();
    }
  });
});
