import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatUsd, parseUsd, type MicroUsd } from '../../../src/money.ts';
import { liquidationPrice, marginOf, pnlAt, type Position } from '../../../twin/trading/order-book.ts';
import { startTwin, type Twin } from '../../../twin/server.ts';
import { AGENTS, BUYER, BUYER_KEY, call, stoppedClock } from './calling.ts';

describe('profit and loss', () => {
  const position = (direction: 'long' | 'short', amount: string, entry: string) => ({
    direction,
    amount: parseUsd(amount),
    entryPrice: parseUsd(entry),
  });

  test.each([
    ['long', '300.00', '3000.00', '3100.07', '10.007'],
    ['short', '300.00', '3000.00', '3100.07', '-10.007'],
    ['long', '100.00', '3000.00', '3000.01', '0.000333'],
    ['short', '100.00', '3000.00', '3000.01', '-0.000333'],
    ['long', '50.00', '64250.50', '65000.00', '0.583263'],
    ['short', '50.00', '64250.50', '0.01', '49.999992'],
  ] as const)('of a %s of %s from %s to %s is %s', (direction, amount, entry, price, pnl) => {
    expect(formatUsd(pnlAt(position(direction, amount, entry), parseUsd(price)))).toBe(pnl);
  });

  test('the liquidation price is the first at which the loss is the margin', () => {
    const price = fc.bigInt({ min: 1_000_000n, max: 100_000_000_000n });
    const amount = fc.bigInt({ min: 1_000_000n, max: 10_000_000_000n });
    fc.assert(
      fc.property(
        price,
        amount,
        fc.integer({ min: 2, max: 20 }),
        fc.boolean(),
        (entryPrice, size, leverage, isLong) => {
          const held = {
            direction: isLong ? 'long' : 'short',
            amount: size as MicroUsd,
            entryPrice: entryPrice as MicroUsd,
            margin: marginOf(size as MicroUsd, leverage),
          } as Position;
          const limit = liquidationPrice(held);
          const safer = (limit + (isLong ? 1n : -1n)) as MicroUsd;
          expect(pnlAt(held, limit) + held.margin <= 0n).toBe(true);
          expect(pnlAt(held, safer) + held.margin > 0n).toBe(true);
        },
      ),
    );
  });
});

describe('a position over time', () => {
  let twin: Twin;

  beforeEach(async () => {
    twin = await startTwin({ port: 0, agents: AGENTS, now: stoppedClock });
  });
  afterEach(() => twin.close());

  const setPrice = (body: unknown) => call(twin, 'PUT /_twin/prices/ETH-USDC', { body });
  const wait = (advanceSeconds: number) => call(twin, 'POST /_twin/clock', { body: { advanceSeconds } });
  const order = (terms: Record<string, unknown>) =>
    call(twin, 'POST /trading/order', {
      key: BUYER_KEY,
      body: { agent_id: BUYER, asset: 'ETH-USDC', order_type: 'market', direction: 'long', amount: 300, ...terms },
    });
  const close = (id: unknown) => call(twin, 'POST /v1/trade/close', { key: BUYER_KEY, body: { position_id: id } });
  const openPositions = async () =>
    (await call(twin, `GET /trading/positions?agent_id=${BUYER}`, { key: BUYER_KEY })).body['positions'] as Record<
      string,
      unknown
    >[];
  const allPositions = async () =>
    (await call(twin, 'GET /v1/trade/positions?status=all', { key: BUYER_KEY })).body['positions'] as Record<
      string,
      unknown
    >[];
  const available = async () =>
    (await call(twin, 'GET /wallet/balance', { key: BUYER_KEY })).body['available_usdc'] as number;
  const books = async () => (await call(twin, 'GET /_twin/ledger')).body;

  test('follows the price, and is paid what it won', async () => {
    await setPrice({
      path: [
        { afterSeconds: 0, price: '3000.00' },
        { afterSeconds: 3600, price: '3600.00' },
      ],
    });
    await order({ leverage: 3 });
    expect(await available()).toBe(899.85);

    await wait(1800);
    const [position] = await openPositions();
    expect(position).toMatchObject({ entry_price: 3000, mark_price: 3300, pnl_usdc: 30 });

    const closed = await close(position?.['position_id']);

    // 100 margin + 30 profit - 0.17 fee (5.5 basis points of 300, in cents)
    expect(closed.body).toMatchObject({ exit_price: 3300, pnl: 30, pnl_percent: 10, fee: 0.17, status: 'closed' });
    expect(await available()).toBe(1029.68);
    expect(await openPositions()).toEqual([]);
    expect(await books()).toMatchObject({
      conserved: true,
      locked_in_margin_usd: '0.00',
      fees_usd: '0.32',
      sources: { market_usd: '-30.00' },
    });
  });

  test('loses its loss to the market, and gets the rest of the margin back', async () => {
    await setPrice({ price: '3000.00' });
    await order({ direction: 'short', leverage: 2 });
    await setPrice({ price: '3100.07' });
    const [position] = await openPositions();
    expect(position?.['pnl_usdc']).toBe(-10.007);

    await close(position?.['position_id']);

    expect(await available()).toBe(989.673);
    const { entries, ...totals } = await books();
    expect(totals).toMatchObject({ conserved: true, sources: { market_usd: '10.007' } });
    expect((entries as { reason: string; amount_usd: string }[]).slice(2)).toMatchObject([
      { from: `agent:${BUYER}`, to: 'fees', amount_usd: '0.15', reason: 'trade_fee' },
      { from: `agent:${BUYER}`, amount_usd: '150.00', reason: 'margin_lock' },
      { to: 'market', amount_usd: '10.007', reason: 'trade_loss' },
      { to: `agent:${BUYER}`, amount_usd: '139.993', reason: 'margin_release' },
      { from: `agent:${BUYER}`, to: 'fees', amount_usd: '0.17', reason: 'trade_fee' },
    ]);
  });

  test('is liquidated when its loss reaches the margin, even if nobody looks until the price has recovered', async () => {
    await setPrice({
      path: [
        { afterSeconds: 0, price: '3000.00' },
        { afterSeconds: 4000, price: '2600.00' },
        { afterSeconds: 8000, price: '3200.00' },
      ],
    });
    await order({ leverage: 10 });
    await wait(2999);
    expect(await openPositions()).toMatchObject([{ mark_price: 2700.1, pnl_usdc: -29.99 }]);

    await wait(5001);

    expect(await openPositions()).toEqual([]);
    expect(await allPositions()).toMatchObject([
      { status: 'liquidated', unrealized_pnl: -30, liquidationPrice: 2700, closedAt: 1_767_228_600 },
    ]);
    expect(await available()).toBe(969.85);
    expect(await books()).toMatchObject({
      conserved: true,
      locked_in_margin_usd: '0.00',
      sources: { market_usd: '30.00' },
    });
    const history = await call(twin, 'GET /v1/trade/history', { key: BUYER_KEY });
    expect(history.body['trades']).toMatchObject([
      { side: 'sell', price: 2700, fee: 0, realizedPnl: -30 },
      { side: 'buy', price: 3000, fee: 0.15, realizedPnl: 0 },
    ]);
  });

  test('is liquidated by a price that is set, and loses no more than its margin', async () => {
    await setPrice({ price: '3000.00' });
    const { body } = await order({ direction: 'short', leverage: 20 });
    await setPrice({ price: '9000.00' });

    const closed = await close((await allPositions())[0]?.['id']);

    expect(body['status']).toBe('filled');
    expect([closed.status, closed.body['error']]).toEqual([404, 'position_not_found']);
    expect(await available()).toBe(984.85);
    expect(await books()).toMatchObject({ conserved: true, sources: { market_usd: '15.00' } });
  });

  test('that a new path saves is not liquidated', async () => {
    await setPrice({
      path: [
        { afterSeconds: 0, price: '3000.00' },
        { afterSeconds: 1000, price: '2000.00' },
      ],
    });
    await order({ leverage: 10 });
    await wait(200);
    await setPrice({ price: '3000.00' });
    await wait(2000);

    expect(await openPositions()).toMatchObject([{ pnl_usdc: 0 }]);
  });

  test('is liquidated by a twin that was started anew', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'twin-'));
    const file = join(folder, 'state.jsonl');
    const order300 = { agent_id: BUYER, asset: 'ETH-USDC', order_type: 'market', direction: 'long', amount: 300 };
    const path = [
      { afterSeconds: 0, price: '3000.00' },
      { afterSeconds: 1000, price: '2000.00' },
    ];
    try {
      const first = await startTwin({ port: 0, agents: AGENTS, now: stoppedClock, file });
      await call(first, 'PUT /_twin/prices/ETH-USDC', { body: { path } });
      await call(first, 'POST /trading/order', { key: BUYER_KEY, body: { ...order300, leverage: 10 } });
      await first.close();

      const second = await startTwin({ port: 0, agents: AGENTS, now: stoppedClock, file });
      await call(second, 'POST /_twin/clock', { body: { advanceSeconds: 300 } });
      const { body } = await call(second, 'GET /v1/trade/positions?status=all', { key: BUYER_KEY });
      await second.close();

      expect(body['positions']).toMatchObject([{ status: 'liquidated', closedAt: 1_767_225_900 }]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test('trading neither makes nor loses money, whatever the prices do', async () => {
  const micros = (min: number, max: number) =>
    fc.integer({ min, max }).map((value) => formatUsd(BigInt(value) as MicroUsd));
  const step = fc.oneof(
    fc.record({ price: micros(1, 9_000_000_000) }),
    fc.record({
      path: fc.tuple(micros(1, 9_000_000_000), micros(1, 9_000_000_000)).map(([from, to]) => [
        { afterSeconds: 0, price: from },
        { afterSeconds: 600, price: to },
      ]),
    }),
    fc.record({ advanceSeconds: fc.integer({ min: -900, max: 900 }) }),
    fc.record({
      coin: fc.constant('ETH'),
      side: fc.constantFrom('long', 'short'),
      size_usd: fc.integer({ min: 1, max: 900 }),
      leverage: fc.constantFrom(1, 2.5, 10),
    }),
    fc.record({ close: fc.nat(4) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      const twin = await startTwin({ port: 0, agents: AGENTS, now: stoppedClock, rateLimits: false });
      try {
        const opened: unknown[] = [];
        for (const body of steps) {
          if ('advanceSeconds' in body) await call(twin, 'POST /_twin/clock', { body });
          else if ('coin' in body) {
            const answer = await call(twin, 'POST /v1/trade/open', { key: BUYER_KEY, body });
            if (answer.status === 200) opened.push(answer.body['position_id']);
          } else if ('close' in body) {
            await call(twin, 'POST /v1/trade/close', { key: BUYER_KEY, body: { position_id: opened[body.close] } });
          } else await call(twin, 'PUT /_twin/prices/ETH-USDC', { body });
        }
        const { body } = await call(twin, 'GET /_twin/ledger');
        const { body: log } = await call(twin, 'GET /_twin/calls');
        expect(body['conserved']).toBe(true);
        expect((log['calls'] as { status: number }[]).filter(({ status }) => status >= 500)).toEqual([]);
      } finally {
        await twin.close();
      }
    }),
    { numRuns: 60 },
  );
}, 30_000);
