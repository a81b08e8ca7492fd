import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createHandler } from '../../../lambdas/place-trade/handler.ts';
import { formatUsd, parseUsd, subtractUsd, sumUsd, type MicroUsd } from '../../../src/money.ts';
import type { Position } from '../../../src/purple-flea/trading.ts';
import type { Market } from '../../../src/trading/market.ts';
import { anInvocation } from '../../support/effects.ts';
import { readFirstBeginning } from '../../support/memory-beginnings.ts';
import { aBatch, anEvent, timeLeft } from '../../support/lambda-events.ts';
import { createMemoryIntents } from '../../support/memory-intents.ts';
import { aMarket, aPrediction, aPriceAlert, aTradePolicy } from '../../support/predictions.ts';
import { createRecorder } from '../../support/recorder.ts';

const START = Date.parse('2026-03-06T09:00:00Z');
const MARKETS = ['BTC-USDC', 'ETH-USDC'];
const POLICY = aTradePolicy({
  markets: MARKETS.map((asset) => ({ asset, maxExposureUsd: parseUsd('200.00') })),
  size: { by: 'confidence', fromUsd: parseUsd('20.00'), toUsd: parseUsd('80.00') },
  maxOrderUsd: parseUsd('60.00'),
  dailyNotionalUsd: parseUsd('500.00'),
  coolDownSeconds: 0,
});
const NONE = parseUsd('0.00');

/** What an order's answer is: most arrive; a lost one may have been filled, or not. */
type Fate = 'filled' | 'lost, filled' | 'lost, not filled' | 'not sent';

interface Signal {
  readonly id: number;
  readonly asset: string;
  readonly isAlert: boolean;
  readonly direction: 'long' | 'short';
  readonly confidence: number;
  readonly fate: Fate;
}

const signal: fc.Arbitrary<Signal> = fc.record({
  id: fc.nat(12),
  asset: fc.constantFrom(...MARKETS, 'DOGE-USDC'),
  isAlert: fc.boolean(),
  direction: fc.constantFrom('long', 'long', 'long', 'short'),
  confidence: fc.integer({ min: 40, max: 100 }).map((percent) => percent / 100),
  fate: fc.constantFrom<Fate>('filled', 'filled', 'filled', 'lost, filled', 'lost, not filled', 'not sent'),
});

/** An exchange with positions, and everything that was ever filled there. */
function anExchange() {
  const positions: Position[] = [];
  const open = new Map<string, number>();
  let most = 0;

  async function place(body: string, fate: Fate) {
    const { asset, direction, amount } = JSON.parse(body) as {
      asset: string;
      direction: 'long' | 'short';
      amount: number;
    };
    const running = (open.get(asset) ?? 0) + 1;
    open.set(asset, running);
    most = Math.max(most, running);
    await turns(3);
    open.set(asset, running - 1);
    if (fate === 'not sent') return { kind: 'not-sent', reason: 'refused', retryAfterSeconds: 15 } as const;
    const id = `${positions.length}`;
    if (fate !== 'lost, not filled') {
      positions.push({
        positionId: `pos_${id}`,
        orderId: `ord_${id}`,
        asset,
        direction,
        amount: parseUsd(amount),
        leverage: 1,
        entryPrice: '1',
        openedAt: new Date(START).toISOString(),
        pnl: NONE,
      });
    }
    if (fate !== 'filled') return { kind: 'unknown', reason: 'HTTP 500' } as const;
    const result = { orderId: `ord_${id}`, status: 'filled', asset, direction, amountUsd: formatUsd(parseUsd(amount)) };
    return { kind: 'applied', result: result as never } as const;
  }

  /** Longs less shorts. */
  const net = (asset: string): MicroUsd =>
    positions
      .filter((row) => row.asset === asset)
      .reduce(
        (sum, { direction, amount }) => (direction === 'long' ? sumUsd(sum, amount) : subtractUsd(sum, amount)),
        NONE,
      );
  const total = (asset?: string): MicroUsd =>
    sumUsd(...positions.flatMap((row) => (asset === undefined || row.asset === asset ? [row.amount] : [])));
  return { positions, place, net, total, mostAtOnce: () => most };
}

/** Lets other work go first. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
}

async function play(signals: readonly Signal[], together: number, isShown: boolean) {
  const exchange = anExchange();
  let prepared = 0;
  // Invocations linger between what they read and what they claim, each for another time.
  const intents = createMemoryIntents(async ({ operation }) => {
    if (operation === 'take') await turns(((prepared += 1) * 37) % 90);
  });
  const recorder = createRecorder();
  const { readStop, newId } = anInvocation();
  const take = (one: Signal, receives: number) => {
    const handler = createHandler({
      findUnready: async () => [],
      readBeginning: readFirstBeginning,
      openMarket: async () =>
        aMarket({
          readPositions: async () => (isShown ? [...exchange.positions] : []),
          placeOrder: ({ body }) => exchange.place(body, receives > 1 ? 'filled' : one.fate),
        }),
      requestMs: 10_000,
      policy: POLICY,
      intents,
      budgets: { perDay: { 'trade-order': '500.00' }, perAgentAndDay: {} },
      readStop,
      now: () => new Date(START),
      newId,
      sendDeadLetter: async () => {},
      hideMessage: async () => {},
      maxReceives: 5,
      publish: (...event) => recorder.publish(...event),
      count: recorder.count,
      log: recorder.log,
    });
    const { asset, confidence, direction } = one;
    const body = one.isAlert
      ? anEvent('price.alert', aPriceAlert({ asset, direction, alertId: `a-${one.id}` }))
      : anEvent('inference.completed', aPrediction({ asset, direction, confidence, predictionId: `p-${one.id}` }));
    return handler(aBatch({ body, receives }), timeLeft(60_000));
  };
  for (let start = 0; start < signals.length; start += together) {
    const batch = signals.slice(start, start + together);
    // Each message comes twice at the same time, and what failed comes back.
    const ended = await Promise.all([...batch, ...batch].map((one) => take(one, 1)));
    const failed = [...batch, ...batch].filter((_, index) => (ended[index]?.batchItemFailures.length ?? 0) > 0);
    await Promise.all(failed.map((one) => take(one, 2)));
  }
  return { exchange, intents, recorder };
}

describe('whatever comes, in whatever order and however much at once', () => {
  test('no market, day or order passes its limit, no signal becomes two orders, and no market has two at once', async () => {
    let placed = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(signal, { maxLength: 24 }),
        fc.integer({ min: 1, max: 8 }),
        // Whether the service shows positions at once, or not at all for as long as this takes.
        fc.boolean(),
        async (signals, together, isShown) => {
          const { exchange, intents } = await play(signals, together, isShown);

          for (const asset of MARKETS) {
            const net = exchange.net(asset);
            expect((net < 0n ? 0n - net : net) <= parseUsd('200.00')).toBe(true);
          }
          expect(exchange.total('DOGE-USDC')).toBe(0n);
          expect(exchange.total() <= parseUsd('500.00')).toBe(true);
          expect(exchange.positions.every(({ amount }) => amount <= parseUsd('60.00'))).toBe(true);
          expect(exchange.mostAtOnce()).toBeLessThanOrEqual(1);
          const reserved = intents.budgets.get('trade-order/2026-03-06') ?? 0n;
          expect(reserved >= exchange.total() && reserved <= parseUsd('500.00')).toBe(true);
          const causes = new Set(signals.map(({ id, isAlert }) => `${isAlert} ${id}`));
          expect(exchange.positions.length).toBeLessThanOrEqual(causes.size);
          placed += exchange.positions.length;
        },
      ),
      { numRuns: 300 },
    );

    expect(placed).toBeGreaterThan(300);
  });

  test('a market with an order in doubt takes no other, the one beside it does', async () => {
    const one = { isAlert: false, direction: 'long', confidence: 0.9 } as const;
    const { exchange, recorder } = await play(
      [
        { ...one, id: 1, asset: 'BTC-USDC', fate: 'lost, filled' },
        { ...one, id: 2, asset: 'BTC-USDC', fate: 'filled' },
        { ...one, id: 3, asset: 'ETH-USDC', fate: 'filled' },
      ],
      1,
      true,
    );

    expect(exchange.positions.map(({ asset }) => asset)).toEqual(['BTC-USDC', 'ETH-USDC']);
    const skipped = recorder.published.filter(([type]) => type === 'trade.skipped');
    expect(skipped).toMatchObject([['trade.skipped', { signalId: 'p-2', reason: 'in-doubt' }]]);
  });
});

/** Orders that go out one after the other, ten seconds apart, at a service that shows none of them. */
async function tradeUnshown(count: number, market: Partial<Market> = {}) {
  const sent: string[] = [];
  const intents = createMemoryIntents();
  const recorder = createRecorder();
  const { readStop, newId } = anInvocation();
  for (let index = 0; index < count; index += 1) {
    const at = new Date(START + index * 10_000);
    const handler = createHandler({
      findUnready: async () => [],
      readBeginning: readFirstBeginning,
      openMarket: async () =>
        aMarket(
          {
            placeOrder: async ({ body }) => {
              sent.push(body);
              const order = { asset: 'BTC-USDC', direction: 'long', amountUsd: '50.00' } as const;
              return { kind: 'applied', result: { orderId: `ord_${sent.length}`, status: 'filled', ...order } };
            },
          },
          market,
        ),
      requestMs: 10_000,
      policy: aTradePolicy({ markets: [{ asset: 'BTC-USDC', maxExposureUsd: parseUsd('100.00') }] }),
      intents,
      budgets: { perDay: { 'trade-order': '999.00' }, perAgentAndDay: {} },
      readStop,
      newId,
      now: () => at,
      hideMessage: async () => {},
      maxReceives: 5,
      sendDeadLetter: async () => {},
      publish: recorder.publish,
      count: recorder.count,
      log: recorder.log,
    });
    const prediction = aPrediction({ predictionId: `p-${index}`, at: at.toISOString() });
    await handler(aBatch({ body: anEvent('inference.completed', prediction) }), timeLeft(60_000));
  }
  const skips = recorder.published.flatMap(([type, detail]) =>
    type === 'trade.skipped' ? [(detail as { reason: string }).reason] : [],
  );
  return { sent, skips };
}

test('orders that the service does not show yet count under the limit of their market', async () => {
  const { sent, skips } = await tradeUnshown(10);

  expect(sent).toHaveLength(2);
  expect(skips).toEqual(Array.from({ length: 8 }, () => 'exposure'));
});

test('orders whose margin the balance does not show yet count against it', async () => {
  const { sent, skips } = await tradeUnshown(2, { readBalance: async () => parseUsd('90.00') });

  expect(sent).toHaveLength(1);
  expect(skips).toEqual(['low-balance']);
});
