import { describe, expect, test } from '@jest/globals';
import { ServiceUnreadableError } from '../../../../src/errors.ts';
import { clientReference, effectKey } from '../../../../src/ledger/effect-key.ts';
import type { Intent } from '../../../../src/ledger/intent.ts';
import { parseUsd } from '../../../../src/money.ts';
import type { EffectRequest } from '../../../../src/ledger/answer.ts';
import type { PlacedOrder } from '../../../../src/purple-flea/trading.ts';
import type { Market } from '../../../../src/trading/market.ts';
import { orderKey, placeOrder, type PlaceOrderDeps } from '../../../../src/trading/place-order.ts';
import type { TradeSignal } from '../../../../src/trading/trade-signal.ts';
import { afterNoon, anInvocation, MINUTE, NOON, sweep } from '../../../support/effects.ts';
import { createMemoryIntents, type MemoryIntents } from '../../../support/memory-intents.ts';
import { aMarket, aSignal, aTradable, policyOf } from '../../../support/predictions.ts';

const ORDER = { asset: 'BTC-USDC', direction: 'long', amount: parseUsd('50.00'), leverage: 1 } as const;
const PLACED: PlacedOrder = {
  orderId: 'ord_1',
  status: 'filled',
  asset: 'BTC-USDC',
  direction: 'long',
  amountUsd: '50.00',
};
const KEY = effectKey({ rule: 'prediction-trade', subject: 'prediction-1', status: 'completed' }, 'trade-order');
const OTHER = aSignal({ id: 'prediction-0' });
const OTHER_KEY = orderKey(OTHER, 'live');
const BUDGETS = { perDay: { 'trade-order': '500.00' }, perAgentAndDay: {} };
const DAY = 'trade-order/2026-03-06';

interface Asked {
  readonly signal?: Partial<TradeSignal>;
  readonly order?: typeof ORDER;
  readonly deps?: Partial<PlaceOrderDeps>;
  readonly market?: Partial<Market>;
  readonly trading?: Parameters<typeof aMarket>[0];
  readonly maxExposureUsd?: string;
}

/** A trader whose service takes every order. */
function aTrader(intents: MemoryIntents = createMemoryIntents()) {
  const sent: EffectRequest[] = [];
  const clock = { now: NOON };
  const place = ({ signal = {}, order = ORDER, deps = {}, market = {}, trading = {}, maxExposureUsd }: Asked = {}) => {
    const tradable = aTradable(aSignal(signal), order);
    const limited = { asset: order.asset, maxExposureUsd: parseUsd(maxExposureUsd ?? '1000000.00') };
    const opened = aMarket(
      {
        placeOrder: async (request) => {
          sent.push(request);
          return { kind: 'applied', result: { ...PLACED, asset: order.asset } };
        },
        ...trading,
      },
      market,
    );
    return placeOrder(
      {
        ...anInvocation({ budgets: BUDGETS, now: () => clock.now }),
        intents,
        openMarket: async () => opened,
        findUnready: async () => [],
        requestMs: 10_000,
        policy: policyOf(order),
        announcePlaced: async () => {},
        ...deps,
      },
      { ...tradable, market: limited },
    );
  };
  /** An invocation that claims the order of a signal and is then never heard of again. */
  const leaveClaimed = async (signal: Partial<TradeSignal> = {}, order = ORDER): Promise<Intent> => {
    let read = (): void => {};
    const looks = new Promise<void>((resolve) => (read = resolve));
    void place({ signal, order, trading: { readPositions: () => (read(), new Promise<never>(() => {})) } });
    await looks;
    const claimed = intents.items.get(orderKey(aSignal(signal), 'live'));
    if (claimed === undefined) throw new Error('nothing was claimed');
    return claimed;
  };
  return { intents, sent, clock, place, leaveClaimed };
}

describe('an order', () => {
  test('is sent with its reference, and recorded as it was sent', async () => {
    const { intents, sent, place } = aTrader();

    expect(await place()).toEqual({ outcome: 'applied', duplicate: false, result: PLACED });

    const reference = clientReference(KEY);
    const body =
      '{"agent_id":"agent_trader","direction":"long","amount":50.00,"asset":"BTC-USDC","order_type":"market","leverage":1,' +
      `"metadata":{"reference":"${reference}","source":"prediction","confidence":"0.72"}}`;
    expect(sent).toEqual([{ body, key: KEY, reference }]);
    const stored = intents.items.get(KEY);
    expect(stored).toMatchObject({
      kind: 'trade-order',
      reference,
      amountUsd: '50.00',
      requestBody: body,
      agentId: 'agent_trader',
      payee: 'BTC-USDC',
      expiresAt: '2026-03-06T12:10:00.000Z',
      before: { asset: 'BTC-USDC', direction: 'long', positionIds: [] },
      state: 'applied',
      result: PLACED,
    });
    expect(stored?.history.map(({ state }) => state)).toEqual(['claimed', 'sending', 'applied']);
    expect(stored).toMatchObject({ lease: undefined, lock: undefined });
  });

  test('is one for all that a sender says under one prediction id, even with another time or direction', async () => {
    const { sent, place } = aTrader();
    await place();

    for (const again of [{}, { at: '2026-03-06T09:00:30Z' }, { confidence: 0.99 }]) {
      expect(await place({ signal: again })).toMatchObject({ outcome: 'applied', duplicate: true });
    }
    expect(sent).toHaveLength(1);
  });

  test('of another prediction is another', async () => {
    const { sent, place } = aTrader();
    await place();
    await place({ signal: { id: 'prediction-2' } });

    expect(sent).toHaveLength(2);
    expect(orderKey(aSignal(), 'live')).toBe(KEY);
    expect(orderKey(aSignal({ id: 'prediction-2' }), 'live')).not.toBe(KEY);
    expect(orderKey(aSignal({ source: 'price-alert' }), 'live')).not.toBe(KEY);
    expect(orderKey(aSignal(), 'paper')).not.toBe(KEY);
  });

  test('needs the time of two requests and five seconds', async () => {
    const { intents, sent, place } = aTrader();

    await expect(place({ deps: { remainingMs: () => 24_999 } })).rejects.toThrow('24999 ms left, 25000 ms needed');
    expect(intents.items.size).toBe(0);
    expect(await place({ deps: { remainingMs: () => 25_000 } })).toMatchObject({ outcome: 'applied' });
    expect(sent).toHaveLength(1);
  });

  test('takes the slots of all its calls before it is claimed, and waits where they come late', async () => {
    const { intents, place } = aTrader();
    const wait = { reason: 'paced', retryAfterSeconds: 3 };

    expect(await place({ market: { reserve: async () => wait } })).toEqual({ outcome: 'not-sent', ...wait });
    expect(intents.items.size).toBe(0);
  });

  test('that is recorded, and not sent, is rejected where another is decided upon now', async () => {
    const { intents, sent, place } = aTrader();
    await place({
      trading: { placeOrder: async () => ({ kind: 'not-sent', reason: 'refused', retryAfterSeconds: 1 }) },
    });

    const reason = 'what was recorded is not what is decided now';
    expect(await place({ order: { ...ORDER, amount: parseUsd('80.00') } })).toEqual({
      outcome: 'rejected',
      reason,
      isNew: true,
    });
    expect(await place()).toEqual({ outcome: 'rejected', reason, isNew: false });
    expect(intents.items.get(KEY)).toMatchObject({ state: 'rejected', amountUsd: '50.00', reason });
    expect(sent).toEqual([]);
  });

  test('is told of while it is recorded, and what fails of both comes back', async () => {
    const order: string[] = [];
    const intents = createMemoryIntents(async ({ operation, when }) => {
      if (operation !== 'end') return;
      if (when === 'before') await new Promise((resolve) => setImmediate(resolve));
      order.push(`end ${when}`);
    });
    const { place } = aTrader(intents);
    await place({ deps: { announcePlaced: async () => void order.push('told') } });

    expect(order).toEqual(['told', 'end before', 'end after']);
    const down = { announcePlaced: () => Promise.reject(new Error('the bus is down')) };
    await expect(place({ signal: { id: 'prediction-2' }, deps: down })).rejects.toThrow('the bus is down');
    expect(intents.items.get(orderKey(aSignal({ id: 'prediction-2' }), 'live'))?.state).toBe('applied');
  });
});

describe('a claim', () => {
  test('comes before every look, and the snapshot before the order', async () => {
    const steps: string[] = [];
    const intents = createMemoryIntents(({ operation, when }) => void (when === 'before' && steps.push(operation)));
    const { place } = aTrader(intents);
    const note =
      <Value>(step: string, value: Value) =>
      async () => (steps.push(step), value);
    await place({
      market: { readBalance: note('balance', parseUsd('1000.00')) },
      trading: {
        readPositions: note('positions', []),
        readHistory: note('history', { kind: 'read', value: [] } as const),
        placeOrder: note('order', { kind: 'applied', result: PLACED } as const),
      },
    });

    expect(steps).toEqual(['take', 'positions', 'history', 'balance', 'readLastOrder', 'send', 'order', 'end']);
  });

  test('is given back where the market cannot be read, and made again', async () => {
    const { intents, place } = aTrader();
    const readPositions = () => Promise.reject(new ServiceUnreadableError('trading.positions: HTTP 500'));

    expect(await place({ trading: { readPositions } })).toMatchObject({ outcome: 'not-sent' });
    expect(intents.items.get(KEY)).toMatchObject({ state: 'prepared', fence: 1, lock: undefined, reserved: undefined });
    expect([intents.budgets.get(DAY), intents.locks.size]).toEqual([0n, 0]);
    expect(await place()).toMatchObject({ outcome: 'applied' });
    expect(intents.items.get(KEY)).toMatchObject({ fence: 2 });
  });

  test('is given back, and the fault thrown, where the look fails otherwise', async () => {
    const { intents, place } = aTrader();

    await expect(place({ trading: { readPositions: () => Promise.reject(new TypeError('x')) } })).rejects.toThrow(
      TypeError,
    );
    expect(intents.items.get(KEY)?.state).toBe('prepared');
  });

  test('of a crashed invocation is taken over by its redelivery, with a new fence and a new part of the budget', async () => {
    const { intents, sent, place, leaveClaimed } = aTrader();
    const claimed = await leaveClaimed();
    expect(intents.budgets.get(DAY)).toBe(50_000_000n);

    expect(await place()).toMatchObject({ outcome: 'applied', duplicate: false });
    expect(intents.items.get(KEY)).toMatchObject({ state: 'applied', fence: claimed.fence + 1 });
    expect(intents.budgets.get(DAY)).toBe(50_000_000n);
    expect(sent).toHaveLength(1);
  });

  test('that is taken over after midnight gives its day back its part', async () => {
    const { intents, clock, place, leaveClaimed } = aTrader();
    clock.now = new Date('2026-03-06T23:59:59.000Z');
    await leaveClaimed();
    clock.now = new Date('2026-03-07T00:01:00.000Z');

    expect(await place()).toMatchObject({ outcome: 'applied' });
    expect(intents.budgets.get(DAY)).toBe(0n);
    expect(intents.budgets.get('trade-order/2026-03-07')).toBe(50_000_000n);
  });

  test('that lost its market to a redelivery sends nothing, and its message comes back', async () => {
    const { sent, place } = aTrader();
    let redelivered: Promise<unknown> | undefined;
    const readPositions = async () => {
      redelivered ??= place();
      await redelivered;
      return [];
    };

    expect(await place({ trading: { readPositions } })).toMatchObject({ outcome: 'applied', duplicate: true });
    expect(await redelivered).toMatchObject({ outcome: 'applied', duplicate: false });
    expect(sent).toHaveLength(1);
  });

  test('of another is no doubt: the order waits, leaves its intent, and frees the market once the lease is over', async () => {
    const { intents, sent, clock, place, leaveClaimed } = aTrader();
    const { lease } = await leaveClaimed({ id: 'prediction-0' });

    expect(await place()).toMatchObject({ outcome: 'not-sent' });
    expect(intents.items.get(KEY)).toMatchObject({ state: 'prepared', fence: 0 });
    expect(lease).toEqual({ until: afterNoon(6 * MINUTE).toISOString(), fence: 1 });
    clock.now = afterNoon(6 * MINUTE - 1);
    expect(await place()).toMatchObject({ outcome: 'not-sent' });
    clock.now = afterNoon(6 * MINUTE);
    expect(await place()).toMatchObject({ outcome: 'applied' });
    expect(intents.items.get(OTHER_KEY)).toMatchObject({ state: 'prepared', lock: undefined });
    expect(intents.budgets.get(DAY)).toBe(50_000_000n);
    expect(sent).toHaveLength(1);
  });

  test('whose lease was over, and that was freed, sends nothing', async () => {
    const { sent, clock, place } = aTrader();
    const readPositions = async () => {
      clock.now = afterNoon(7 * MINUTE);
      expect(await place({ signal: { id: 'prediction-0' } })).toMatchObject({ outcome: 'applied' });
      clock.now = NOON;
      return [];
    };

    await place({ trading: { readPositions } });
    expect(sent.map(({ key }) => key)).toEqual([OTHER_KEY]);
  });

  test('that nobody comes back for is freed by the sweeper, after its lease', async () => {
    const { intents, leaveClaimed } = aTrader();
    await leaveClaimed();

    await sweep(intents, afterNoon(6 * MINUTE - 1));
    expect(intents.items.get(KEY)?.state).toBe('claimed');
    await sweep(intents, afterNoon(6 * MINUTE + 1));
    expect(intents.items.get(KEY)).toMatchObject({ state: 'prepared', lock: undefined, lease: undefined });
    expect([intents.budgets.get(DAY), intents.locks.size]).toEqual([0n, 0]);
  });

  test('of a ledger that was restored may have been sent: it is in doubt, whoever comes to it', async () => {
    const began = afterNoon(MINUTE).toISOString();
    const restored = { readBeginning: async () => began };
    const signal = { at: afterNoon(5 * MINUTE).toISOString() };

    const redelivered = aTrader();
    await redelivered.leaveClaimed(signal);
    redelivered.clock.now = afterNoon(5 * MINUTE);
    expect(await redelivered.place({ signal, deps: restored })).toMatchObject({ outcome: 'pending' });
    expect(redelivered.intents.items.get(KEY)).toMatchObject({
      state: 'unknown',
      lock: 'market/agent_trader/BTC-USDC',
    });

    const swept = aTrader();
    await swept.leaveClaimed(signal);
    await sweep(swept.intents, afterNoon(5 * MINUTE), undefined, { readBeginning: async () => began });
    expect(swept.intents.items.get(KEY)?.state).not.toBe('prepared');

    const beside = aTrader();
    await beside.leaveClaimed({ id: 'prediction-0', ...signal });
    beside.clock.now = afterNoon(5 * MINUTE);
    expect(await beside.place({ signal, deps: restored })).toMatchObject({ outcome: 'not-sent' });
    expect(beside.intents.items.get(OTHER_KEY)?.state).toBe('claimed');
  });

  test.each(['unknown', 'manual'] as const)(
    'is refused while another order of its market is %s; in another market it is not',
    async (state) => {
      const { intents, sent, place } = aTrader();
      const lost = { placeOrder: async () => ({ kind: 'unknown', reason: 'lost' }) as const };
      await place({ signal: { id: 'prediction-0' }, trading: lost });
      const doubt = await intents.read(OTHER_KEY);
      if (state === 'manual' && doubt !== undefined) await intents.move(doubt, { state, note: 'nobody knows' }, NOON);

      expect(await place()).toMatchObject({ outcome: 'skipped', reason: 'in-doubt' });
      const elsewhere = { ...ORDER, asset: 'ETH-USDC' } as unknown as typeof ORDER;
      expect(await place({ signal: { id: 'prediction-9' }, order: elsewhere })).toMatchObject({ outcome: 'applied' });
      expect(sent).toHaveLength(1);
    },
  );

  test('keeps the day: what is claimed elsewhere may come back, what was sent does not', async () => {
    const budgets = { perDay: { 'trade-order': '80.00' }, perAgentAndDay: {} };
    const elsewhere = { ...ORDER, asset: 'ETH-USDC' } as unknown as typeof ORDER;
    const policy = {
      ...policyOf(ORDER),
      markets: [ORDER, elsewhere].map(({ asset }) => ({ asset, maxExposureUsd: parseUsd('1000.00') })),
    };
    const { intents, place, leaveClaimed } = aTrader();
    const claimed = await leaveClaimed({ id: 'prediction-0' }, elsewhere);

    expect(await place({ deps: { budgets, policy } })).toMatchObject({ outcome: 'not-sent' });
    expect(intents.items.get(KEY)).toMatchObject({ state: 'prepared' });
    await intents.send(claimed, {}, NOON);
    expect(await place({ deps: { budgets, policy } })).toEqual({
      outcome: 'skipped',
      reason: 'daily-notional',
      detail: '$50.00 today and $50.00 more exceed $80.00',
      isNew: true,
    });
    expect(intents.items.get(KEY)).toMatchObject({ state: 'skipped', skip: { reason: 'daily-notional' } });
  });

  test('of the same market whose lease is over is freed before the day counts as used up', async () => {
    const budgets = { perDay: { 'trade-order': '80.00' }, perAgentAndDay: {} };
    const { clock, place, leaveClaimed } = aTrader();
    await leaveClaimed({ id: 'prediction-0' });

    expect(await place({ deps: { budgets } })).toMatchObject({ outcome: 'not-sent' });
    clock.now = afterNoon(6 * MINUTE);
    expect(await place({ deps: { budgets } })).toMatchObject({ outcome: 'applied' });
  });

  test('that a day had no room for is made again where that day is over by then', async () => {
    const budgets = { perDay: { 'trade-order': '50.00' }, perAgentAndDay: {} };
    const midnight = new Date('2026-03-07T00:00:00.000Z');
    let takes = 0;
    const intents = createMemoryIntents(({ operation, when }) => {
      if (operation === 'take' && when === 'after' && (takes += 1) === 2) clock.now = midnight;
    });
    const { clock, place } = aTrader(intents);
    clock.now = new Date('2026-03-06T23:59:59.000Z');
    await place({ signal: { id: 'prediction-0' }, deps: { budgets } });

    expect(await place({ deps: { budgets } })).toMatchObject({ outcome: 'applied' });
  });

  test('that another invocation took over and gave back lets its message come back', async () => {
    const { intents, sent, place } = aTrader();
    const unreadable = () => Promise.reject(new ServiceUnreadableError('trading.positions: HTTP 500'));
    let redelivered: Promise<unknown> | undefined;
    const readPositions = async () => {
      redelivered ??= place({ trading: { readPositions: unreadable } });
      await redelivered;
      return [];
    };

    expect(await place({ trading: { readPositions } })).toMatchObject({ outcome: 'not-sent' });
    expect(intents.items.get(KEY)).toMatchObject({ state: 'prepared', fence: 2 });
    expect(sent).toEqual([]);
  });

  test('counts its own part once: an order that just fits the day is placed', async () => {
    const budgets = { perDay: { 'trade-order': '50.00' }, perAgentAndDay: {} };
    const { place } = aTrader();

    expect(await place({ deps: { budgets } })).toMatchObject({ outcome: 'applied' });
    expect(await place({ signal: { id: 'prediction-2' }, deps: { budgets } })).toMatchObject({
      outcome: 'skipped',
      reason: 'daily-notional',
    });
  });
});

describe('without a cool-down', () => {
  test('an order is placed although a clock that is ahead dated the one before it', async () => {
    const { clock, place } = aTrader();
    clock.now = afterNoon(4 * MINUTE);
    await place({ signal: { id: 'prediction-0' } });
    clock.now = NOON;

    expect(await place()).toMatchObject({ outcome: 'applied', duplicate: false });
  });
});

describe('right before it is sent', () => {
  /** Something happens while the market is looked at. */
  const meanwhile = (act: () => void) => ({
    readPositions: async () => {
      act();
      return [];
    },
  });

  test.each<[string, (trader: ReturnType<typeof aTrader>, deps: { stop: string; left: number }) => void, object]>([
    ['the stop', (_, deps) => (deps.stop = 'reducing'), { outcome: 'not-sent', reason: 'the stop is on "reducing"' }],
    ['the time left', (_, deps) => (deps.left = 14_999), { outcome: 'not-sent' }],
    ['the age of the look', ({ clock }) => (clock.now = afterNoon(20_001)), { outcome: 'not-sent' }],
    ['the expiry', ({ clock }) => (clock.now = afterNoon(10 * MINUTE)), { outcome: 'rejected', isNew: true }],
  ])('%s is looked at again, and what was claimed is given back', async (_what, act, expected) => {
    const trader = aTrader();
    const { intents, sent, place } = trader;
    const world = { stop: 'running', left: 60_000 };
    const deps = { readStop: async () => world.stop as 'running', remainingMs: () => world.left };

    expect(await place({ deps, trading: meanwhile(() => act(trader, world)) })).toMatchObject(expected);
    expect(sent).toEqual([]);
    expect([intents.budgets.get(DAY), intents.locks.size]).toEqual([0n, 0]);
  });

  test('the age of the signal is looked at again: what became stale meanwhile is skipped', async () => {
    const { intents, sent, clock, place } = aTrader();
    const policy = { ...policyOf(ORDER), maxAgeSeconds: 3 * 3600 };
    const trading = meanwhile(() => (clock.now = afterNoon(1_000)));

    expect(await place({ deps: { policy }, trading })).toMatchObject({ outcome: 'skipped', reason: 'stale' });
    expect(intents.items.get(KEY)).toMatchObject({ state: 'skipped', skip: { reason: 'stale' } });
    expect(sent).toEqual([]);
  });

  test('the day is looked at again: the next one has its own limit', async () => {
    const { intents, sent, clock, place } = aTrader();
    clock.now = new Date('2026-03-06T23:59:59.000Z');
    const trading = meanwhile(() => (clock.now = new Date('2026-03-07T00:00:00.000Z')));

    expect(await place({ trading })).toMatchObject({
      outcome: 'not-sent',
      reason: 'the day ended since it was claimed',
    });
    expect(intents.budgets.get(DAY)).toBe(0n);
    expect(await place()).toMatchObject({ outcome: 'applied' });
    expect(intents.budgets.get('trade-order/2026-03-07')).toBe(50_000_000n);
    expect(sent).toHaveLength(1);
  });
});

describe('orders of one market that the service does not show yet', () => {
  const ofDirection = (id: string, direction: 'long' | 'short', usd: string) => ({
    signal: { id },
    order: { ...ORDER, direction, amount: parseUsd(usd) } as unknown as typeof ORDER,
    maxExposureUsd: '100.00',
    deps: { budgets: { perDay: {}, perAgentAndDay: {} } },
  });

  test('hold its limit on either side, whatever their directions', async () => {
    const { place } = aTrader();

    expect(await place(ofDirection('one', 'long', '100.00'))).toMatchObject({ outcome: 'applied' });
    expect(await place(ofDirection('two', 'short', '60.00'))).toMatchObject({ outcome: 'applied' });
    expect(await place(ofDirection('three', 'long', '100.00'))).toMatchObject({
      outcome: 'skipped',
      reason: 'exposure',
    });
    expect(await place(ofDirection('four', 'long', '60.00'))).toMatchObject({ outcome: 'applied' });
    expect(await place(ofDirection('five', 'long', '0.01'))).toMatchObject({ outcome: 'skipped', reason: 'exposure' });
  });

  test('are reckoned with no longer than it may be that late: others may have closed what they opened', async () => {
    const { clock, place } = aTrader();

    for (let turn = 0; turn < 40; turn += 1) {
      clock.now = afterNoon(turn * 5 * MINUTE);
      const order = ofDirection(`turn-${turn}`, turn % 2 === 0 ? 'long' : 'short', '50.00');
      expect([turn, await place(order)]).toMatchObject([turn, { outcome: 'applied' }]);
    }
  });

  test('keep their part of the free balance', async () => {
    const { place } = aTrader();

    for (let turn = 0; turn < 20; turn += 1) {
      const order = ofDirection(`turn-${turn}`, turn % 2 === 0 ? 'long' : 'short', '50.00');
      expect(await place(order)).toMatchObject({ outcome: 'applied' });
    }
    expect(await place(ofDirection('more', 'long', '50.00'))).toMatchObject({
      outcome: 'skipped',
      reason: 'low-balance',
    });
  });
});
