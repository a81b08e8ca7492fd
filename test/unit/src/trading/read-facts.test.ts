import { describe, expect, test } from '@jest/globals';
import { ServiceUnreadableError } from '../../../../src/errors.ts';
import { performEffect } from '../../../../src/ledger/perform-effect.ts';
import { parseUsd } from '../../../../src/money.ts';
import type { Position, Trade, TradingClient } from '../../../../src/purple-flea/trading.ts';
import { readFacts } from '../../../../src/trading/read-facts.ts';
import { anEffect, anInvocation, NOON } from '../../../support/effects.ts';
import { createMemoryIntents } from '../../../support/memory-intents.ts';
import { aMarket } from '../../../support/predictions.ts';

const ORDER = { asset: 'BTC-USDC', direction: 'long' } as const;

function aPosition(overrides: Partial<Position> = {}): Position {
  return {
    positionId: 'pos_1',
    orderId: 'ord_1',
    asset: 'BTC-USDC',
    direction: 'long',
    amount: parseUsd('50.00'),
    leverage: 1,
    entryPrice: '61000',
    openedAt: undefined,
    pnl: parseUsd('0.00'),
    ...overrides,
  };
}

function aTrade(overrides: Partial<Trade> = {}): Trade {
  return {
    tradeId: 'trd_1',
    orderId: 'ord_1',
    asset: 'BTC-USDC',
    direction: 'long',
    amount: parseUsd('50.00'),
    at: '2026-03-06T11:00:00.000Z',
    pnl: undefined,
    ...overrides,
  };
}

const negative = (text: string) => (0n - parseUsd(text)) as ReturnType<typeof parseUsd>;

/** The facts at noon, of what a service shows and a ledger holds. */
function factsOf(
  trading: Partial<TradingClient>,
  { intents = createMemoryIntents(), coolDownSeconds = 0, now = NOON } = {},
) {
  const market = aMarket(trading, { agentId: 'ag_sender' });
  return readFacts({ intents, market, coolDownSeconds, now: () => now }, ORDER);
}

const positions = (...rows: Position[]) => ({ readPositions: async () => rows });
const trades = (...rows: Trade[]) => ({ readHistory: async () => ({ kind: 'read' as const, value: rows }) });

describe('the facts of a decision', () => {
  test('of an empty account speak against nothing', async () => {
    const nothing = { longUsd: '0.00', shortUsd: '0.00', marginUsd: '0.00' };
    const since = NOON.toISOString();
    expect(await factsOf({})).toEqual({
      at: NOON,
      facts: {
        available: parseUsd('1000.00'),
        exposure: 0n,
        profitToday: 0n,
        isDayShown: true,
        lastOrderAt: undefined,
      },
      snapshot: { ...ORDER, positionIds: [] },
      reckoning: {
        least: 0n,
        most: 0n,
        available: parseUsd('1000.00'),
        unshown: { since, now: nothing, before: nothing },
      },
    });
  });

  test('count the open positions of the market, longs less shorts, and no other', async () => {
    const { facts, snapshot } = await factsOf(
      positions(
        aPosition(),
        aPosition({ positionId: 'pos_2', direction: 'short', amount: parseUsd('20.00') }),
        aPosition({ positionId: 'pos_3', asset: 'ETH-USDC' }),
      ),
    );

    expect(facts.exposure).toBe(parseUsd('30.00'));
    expect(snapshot.positionIds).toEqual(['pos_1', 'pos_2']);
  });

  test("count today's realised profit, and what open positions of all markets stand at", async () => {
    const { facts, snapshot } = await factsOf({
      ...positions(aPosition({ pnl: parseUsd('1.00') }), aPosition({ asset: 'ETH-USDC', pnl: negative('4.00') })),
      ...trades(
        aTrade({ pnl: negative('7.50') }),
        aTrade({ tradeId: 'trd_2', asset: 'ETH-USDC', pnl: parseUsd('2.00') }),
        aTrade({ tradeId: 'trd_3', pnl: negative('99.00'), at: '2026-03-05T23:59:59.999Z' }),
        aTrade({ tradeId: 'trd_4' }),
      ),
    });

    expect(facts.profitToday).toBe(negative('8.50'));
    expect(snapshot.tradeIds).toEqual(['trd_1', 'trd_3', 'trd_4']);
  });

  test('reckon with the whole margin where the service does not show what a position stands at', async () => {
    const { facts } = await factsOf(
      positions(aPosition({ pnl: undefined }), aPosition({ positionId: 'pos_2', pnl: undefined, leverage: 3 })),
    );

    expect(facts.profitToday).toBe(negative('66.666667'));
  });

  test('find the last order in the cool-down, in the ledger, in fills and in positions; of this market alone', async () => {
    const intents = createMemoryIntents();
    const order = anEffect({ kind: 'trade-order', payee: 'BTC-USDC', subject: 'one' });
    const elsewhere = anEffect({ kind: 'trade-order', payee: 'ETH-USDC', subject: 'two' });
    for (const effect of [order, elsewhere]) {
      await performEffect(anInvocation({ intents }), effect, async () => ({ kind: 'applied', result: { id: 'x' } }));
    }
    const later = new Date(NOON.getTime() + 30_000);
    const options = { intents, coolDownSeconds: 60, now: later };

    expect((await factsOf({}, options)).facts.lastOrderAt).toBe(NOON.toISOString());
    expect((await factsOf({}, { ...options, coolDownSeconds: 29 })).facts.lastOrderAt).toBeUndefined();
    const at = new Date(NOON.getTime() + 10_000).toISOString();
    expect((await factsOf(trades(aTrade({ at })), options)).facts.lastOrderAt).toBe(at);
    expect((await factsOf(positions(aPosition({ openedAt: at })), options)).facts.lastOrderAt).toBe(at);
    const other = aPosition({ openedAt: at, asset: 'ETH-USDC' });
    expect((await factsOf(positions(other), options)).facts.lastOrderAt).toBe(NOON.toISOString());
  });

  /** A long order of $50.00 on $80.00 of exposure, applied at noon. */
  async function anOrderNotShown(kind: 'trade-order' | 'paper-order' = 'trade-order') {
    const intents = createMemoryIntents();
    const expected = { exposureUsd: '130.00', availableUsd: '950.00' };
    const order = anEffect({ kind, payee: 'BTC-USDC', lookBefore: async () => ({ ...ORDER, expected }) });
    const result = { orderId: 'ord_9', status: 'filled', ...ORDER, amountUsd: '50.00' };
    await performEffect(anInvocation({ intents }), order, async () => ({ kind: 'applied', result }));
    return intents;
  }
  const after = (minutes: number) => new Date(NOON.getTime() + minutes * 60_000);

  test('reckon for a quarter of an hour with an order that the service does not show', async () => {
    const intents = await anOrderNotShown();

    const early = await factsOf(positions(aPosition()), { intents, now: after(14) });
    expect(early.facts).toMatchObject({ exposure: parseUsd('130.00'), available: parseUsd('950.00') });
    const late = await factsOf(positions(aPosition()), { intents, now: after(15) });
    expect(late.facts).toMatchObject({ exposure: parseUsd('50.00'), available: parseUsd('1000.00') });
  });

  test('go by the service where it leaves less room than the last order', async () => {
    const intents = await anOrderNotShown();
    const large = positions(aPosition({ amount: parseUsd('200.00') }));

    expect((await factsOf(large, { intents, now: after(1) })).facts.exposure).toBe(parseUsd('200.00'));
    const short = { ...ORDER, direction: 'short' } as const;
    const market = aMarket(positions(), { agentId: 'ag_sender', readBalance: async () => parseUsd('10.00') });
    const { facts } = await readFacts({ intents, market, coolDownSeconds: 0, now: () => after(1) }, short);
    expect(facts).toMatchObject({ exposure: 0n, available: parseUsd('10.00') });
  });

  test('say when the history is cut off within the day', async () => {
    const today = Array.from({ length: 200 }, (_, index) => aTrade({ tradeId: `trd_${index}` }));
    const yesterday = aTrade({ tradeId: 'trd_0', at: '2026-03-05T23:59:59.999Z' });

    expect((await factsOf(trades(...today))).facts.isDayShown).toBe(false);
    expect((await factsOf(trades(...today.slice(1)))).facts.isDayShown).toBe(true);
    expect((await factsOf(trades(...today.slice(1), yesterday))).facts.isDayShown).toBe(true);
  });

  test('are none where the service cannot be read', async () => {
    const unreadable = () => Promise.reject(new ServiceUnreadableError('trading.positions: HTTP 500'));

    await expect(factsOf({ readPositions: unreadable })).rejects.toThrow('trading.positions: HTTP 500');
  });
});
