import { describe, expect, test } from '@jest/globals';
import { clientReference, effectKey } from '../../../../src/ledger/effect-key.ts';
import { parseUsd } from '../../../../src/money.ts';
import type { EffectRequest } from '../../../../src/ledger/answer.ts';
import type { PlacedOrder } from '../../../../src/purple-flea/trading.ts';
import { orderKey, placeOrder } from '../../../../src/trading/place-order.ts';
import { anInvocation } from '../../../support/effects.ts';
import { createMemoryIntents } from '../../../support/memory-intents.ts';
import { aMarket, aSignal, emptySnapshot, tradeFacts } from '../../../support/predictions.ts';

const ORDER = { asset: 'BTC-USDC', direction: 'long', amount: parseUsd('50.00'), leverage: 1 } as const;
const PLACED: PlacedOrder = {
  orderId: 'ord_1',
  status: 'filled',
  asset: 'BTC-USDC',
  direction: 'long',
  amountUsd: '50.00',
};
const KEY = effectKey({ rule: 'prediction-trade', subject: 'prediction-1', status: 'completed' }, 'trade-order');

const seenEmpty = (overrides?: Parameters<typeof emptySnapshot>[0]) => ({
  snapshot: emptySnapshot(overrides),
  facts: tradeFacts(),
});

function aTrader() {
  const intents = createMemoryIntents();
  const sent: EffectRequest[] = [];
  const market = aMarket({
    placeOrder: async (request) => {
      sent.push(request);
      return { kind: 'applied', result: PLACED };
    },
  });
  const place = async (signal = aSignal()) => {
    const { agentId } = market;
    const last = await intents.readLastOrder({ kind: 'trade-order', agentId, payee: ORDER.asset });
    const seen = seenEmpty(last === undefined ? {} : { lastOrder: last.intentKey });
    return placeOrder({ ...anInvocation({ intents }), market, requestMs: 10_000 }, signal, ORDER, seen);
  };
  return { intents, sent, place };
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
    expect(intents.items.get(KEY)).toMatchObject({
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
  });

  test('is one for all that a sender says under one prediction id, even with another time or direction', async () => {
    const { sent, place } = aTrader();
    await place();

    for (const again of [{}, { at: '2026-03-06T09:00:30Z' }, { direction: 'short' as const }, { confidence: 0.99 }]) {
      expect(await place(aSignal(again))).toMatchObject({ outcome: 'applied', duplicate: true });
    }
    expect(sent).toHaveLength(1);
  });

  test('of another prediction is another', async () => {
    const { sent, place } = aTrader();
    await place();
    await place(aSignal({ id: 'prediction-2' }));

    expect(sent).toHaveLength(2);
    expect(orderKey(aSignal(), 'live')).toBe(KEY);
    expect(orderKey(aSignal({ id: 'prediction-2' }), 'live')).not.toBe(KEY);
    expect(orderKey(aSignal({ source: 'price-alert' }), 'live')).not.toBe(KEY);
    expect(orderKey(aSignal(), 'paper')).not.toBe(KEY);
  });

  test('needs the time of three requests, for the market is read once more, and five seconds', async () => {
    const { intents, sent, place } = aTrader();
    const deps = { ...anInvocation({ intents, remainingMs: () => 34_999 }), market: aMarket(), requestMs: 10_000 };

    await expect(placeOrder(deps, aSignal(), ORDER, seenEmpty())).rejects.toThrow('34999 ms left, 35000 ms needed');
    expect(await place()).toMatchObject({ outcome: 'applied' });
    expect(sent).toHaveLength(1);
  });

  test('that is recorded, and not sent, is rejected where another is decided upon now', async () => {
    const { intents, sent, place } = aTrader();
    const stopped = { ...anInvocation({ intents }), readStop: async () => 'halted' as const };
    const other = { ...ORDER, amount: parseUsd('80.00') };
    await placeOrder({ ...stopped, market: aMarket(), requestMs: 10_000 }, aSignal(), other, seenEmpty());

    const reason = 'what was recorded is not what is decided now';
    expect(await place()).toEqual({ outcome: 'rejected', reason });
    expect(intents.items.get(KEY)).toMatchObject({ state: 'rejected', amountUsd: '80.00', reason });
    expect(sent).toEqual([]);
  });

  test('is not sent where the market under its lock is not the one that was decided upon', async () => {
    const intents = createMemoryIntents();
    const position = { positionId: 'pos_1', orderId: 'ord_0', asset: 'BTC-USDC', direction: 'long' } as const;
    const opened = {
      ...position,
      amount: parseUsd('50.00'),
      leverage: 1,
      entryPrice: '61000',
      openedAt: undefined,
      pnl: undefined,
    };
    const market = aMarket({ readPositions: async () => [opened] });
    const deps = { ...anInvocation({ intents }), market, requestMs: 10_000 };

    expect(await placeOrder(deps, aSignal(), ORDER, seenEmpty())).toMatchObject({
      outcome: 'not-sent',
      reason: 'something else changed there just before',
    });
    expect(intents.items.get(KEY)).toMatchObject({ state: 'prepared', fence: 1 });
  });

  test('is not sent where another was placed after the decision, though the service does not show it yet', async () => {
    const { intents, sent, place } = aTrader();
    await place(aSignal({ id: 'prediction-0' }));
    const deps = { ...anInvocation({ intents }), market: aMarket(), requestMs: 10_000 };

    expect(await placeOrder(deps, aSignal(), ORDER, seenEmpty())).toMatchObject({
      outcome: 'not-sent',
      reason: 'something else changed there just before',
    });
    expect(sent).toHaveLength(1);
  });

  test('is sent whatever happens in other markets', async () => {
    const elsewhere = {
      positionId: 'pos_1',
      orderId: 'ord_0',
      asset: 'ETH-USDC',
      direction: 'long',
      amount: parseUsd('50.00'),
      leverage: 1,
      entryPrice: '3000',
      openedAt: undefined,
      pnl: undefined,
    } as const;
    const market = aMarket({
      readPositions: async () => [elsewhere],
      placeOrder: async () => ({ kind: 'applied', result: PLACED }),
    });
    const deps = { ...anInvocation(), market, requestMs: 10_000 };

    expect(await placeOrder(deps, aSignal(), ORDER, seenEmpty())).toMatchObject({ outcome: 'applied' });
  });

  test.each(['unknown', 'manual'] as const)(
    'waits while another of its market is %s, whose fill it could be taken for; in another market it does not',
    async (state) => {
      const { intents, sent, place } = aTrader();
      const lost = aMarket({ placeOrder: async () => ({ kind: 'unknown', reason: 'lost' }) });
      const first = aSignal({ id: 'prediction-0' });
      const deps = { ...anInvocation({ intents }), market: lost, requestMs: 10_000 };
      await placeOrder(deps, first, ORDER, seenEmpty());
      const doubt = await intents.read(orderKey(first, 'live'));
      if (state === 'manual' && doubt !== undefined) {
        await intents.move(doubt, { state, note: 'nobody knows' }, deps.now());
      }

      expect(await place()).toMatchObject({ outcome: 'not-sent', retryAfterSeconds: state === 'manual' ? 600 : 60 });
      expect(sent).toHaveLength(0);
      const elsewhere = {
        ...deps,
        market: aMarket({ placeOrder: async () => ({ kind: 'applied', result: PLACED }) }),
      };
      const other = aSignal({ id: 'prediction-9', asset: 'ETH-USDC' });
      const seen = seenEmpty({ asset: 'ETH-USDC' });
      expect(await placeOrder(elsewhere, other, { ...ORDER, asset: 'ETH-USDC' }, seen)).toMatchObject({
        outcome: 'applied',
      });

      const stored = await intents.read(orderKey(first, 'live'));
      if (stored !== undefined)
        await intents.move(stored, { state: 'applied', note: 'found', result: PLACED }, deps.now());
      expect(await place()).toMatchObject({ outcome: 'applied' });
    },
  );
});
