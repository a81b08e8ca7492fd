import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Twin } from '../../../twin/server.ts';
import {
  BUYER,
  BUYER_KEY,
  call,
  createEscrow,
  OUTSIDER,
  startExampleTwin,
  SUMMARIZER,
  SUMMARIZER_KEY,
} from './calling.ts';

let twin: Twin;

beforeEach(async () => {
  twin = await startExampleTwin();
});
afterEach(() => twin.close());

describe('the balance', () => {
  test('is what is free and what is locked', async () => {
    await createEscrow(twin, { amount_usd: 250 });

    const { text } = await call(twin, `GET /wallet/balance?agent_id=${BUYER}`, { key: BUYER_KEY });

    expect(text).toBe(`{"agent_id":"${BUYER}","balance_usdc":1000.00,"locked_usdc":250.00,"available_usdc":750.00}`);
  });

  test("is the caller's own where no agent is named, and nobody else's", async () => {
    const own = await call(twin, 'GET /wallet/balance', { key: SUMMARIZER_KEY });
    const other = await call(twin, `GET /wallet/balance?agent_id=${OUTSIDER}`, { key: BUYER_KEY });
    const noKey = await call(twin, `GET /wallet/balance?agent_id=${BUYER}`);

    expect(own.body).toMatchObject({ agent_id: SUMMARIZER, balance_usdc: 0 });
    expect([other.status, other.body['error']]).toEqual([403, 'FORBIDDEN']);
    expect([noKey.status, noKey.body['error']]).toEqual([401, 'UNAUTHORIZED']);
  });
});

describe('a transfer', () => {
  const TRANSFER = { from_agent: BUYER, to_agent: SUMMARIZER, amount: 12.5, memo: 'pipeline-bonus score=0.913' };
  const send = (change: Record<string, unknown> = {}) =>
    call(twin, 'POST /wallet/transfer', { key: BUYER_KEY, body: { ...TRANSFER, ...change } });
  const balances = async () => {
    const { body } = await call(twin, 'GET /_twin/agents');
    return (body['agents'] as { balance_usd: string }[]).map(({ balance_usd }) => balance_usd);
  };

  test('moves the money at once', async () => {
    const { status, body } = await send();

    expect([status, body]).toEqual([
      200,
      {
        success: true,
        tx_id: expect.stringMatching(/^tx_[0-9a-f]{16}$/),
        ...TRANSFER,
        created_at: '2026-03-06T09:00:00Z',
      },
    ]);
    expect(await balances()).toEqual(['987.50', '12.50', '20000.00']);
    const books = await call(twin, 'GET /_twin/ledger?since=2');
    expect(books.body).toMatchObject({
      conserved: true,
      entries: [
        {
          from: `agent:${BUYER}`,
          to: `agent:${SUMMARIZER}`,
          amount_usd: '12.50',
          reason: 'agent_payment',
          reference: body['tx_id'],
        },
      ],
    });
  });

  test('twice pays twice, whatever Idempotency-Key is sent', async () => {
    for (let i = 0; i < 2; i++) {
      await fetch(`${twin.url}/wallet/transfer`, {
        method: 'POST',
        headers: { authorization: `Bearer ${BUYER_KEY}`, 'idempotency-key': 'the-same' },
        body: JSON.stringify(TRANSFER),
      });
    }

    expect(await balances()).toEqual(['975.00', '25.00', '20000.00']);
  });

  test('may be a cent, a text, and the whole balance', async () => {
    const cent = await send({ amount: 0.01, memo: undefined });
    const rest = await send({ amount: '999.99' });

    expect([cent.status, cent.body['memo'], rest.status]).toEqual([200, null, 200]);
    expect(await balances()).toEqual(['0.00', '1000.00', '20000.00']);
  });

  test.each([
    ['another sender', { from_agent: OUTSIDER }, 403, 'FORBIDDEN'],
    ['no sender', { from_agent: undefined }, 400, 'INVALID_REQUEST'],
    ['no recipient', { to_agent: ' ' }, 400, 'INVALID_REQUEST'],
    ['no amount', { amount: undefined }, 400, 'INVALID_REQUEST'],
    ['an amount that is none', { amount: 'ten' }, 400, 'INVALID_REQUEST'],
    ['less than a cent', { amount: 0.009999 }, 400, 'BELOW_MINIMUM_AMOUNT'],
    ['nothing', { amount: 0 }, 400, 'BELOW_MINIMUM_AMOUNT'],
    ['a negative amount', { amount: -1 }, 400, 'BELOW_MINIMUM_AMOUNT'],
    ['a memo that is no text', { memo: 5 }, 400, 'INVALID_REQUEST'],
    ['itself', { to_agent: BUYER }, 400, 'INVALID_REQUEST'],
    ['a recipient it does not know', { to_agent: 'agent_nobody' }, 404, 'RECIPIENT_NOT_FOUND'],
    ['more than the balance', { amount: 1000.01 }, 400, 'INSUFFICIENT_BALANCE'],
  ])('is refused for %s', async (_, change, status, error) => {
    const answer = await send(change);

    expect([answer.status, answer.body['error'], answer.body['success']]).toEqual([status, error, false]);
    expect(await balances()).toEqual(['1000.00', '0.00', '20000.00']);
  });

  test('is refused without a key', async () => {
    const { status, body } = await call(twin, 'POST /wallet/transfer', { body: TRANSFER });

    expect([status, body['error']]).toEqual([401, 'UNAUTHORIZED']);
  });
});
