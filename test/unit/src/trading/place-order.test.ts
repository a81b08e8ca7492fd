import { describe, expect, test } from '@jest/globals';
import { clientReference, effectKey } from '../../../../src/ledger/effect-key.ts';
import { parseUsd } from '../../../../src/money.ts';
import type { EffectRequest } from '../../../../src/ledger/answer.ts';
import type { PlacedOrder } from '../../../../src/purple-flea/trading.ts';
import { orderKey, placeOrder } from '../../../../src/trading/place-order.ts';
import { anInvocation } from '../../../support/effects.ts';
import { createMemoryIntents } from '../../../support/memory-intents.ts';
import { aPrediction, aTradingClient } from '../../../support/predictions.ts';

const ORDER = { asset: 'BTC-USDC', direction: 'long', amount: parseUsd('50.00'), leverage: 1 } as const;
const PLACED: PlacedOrder = {
  orderId: 'ord_1',
  status: 'filled',
  asset: 'BTC-USDC',
  direction: 'long',
  amountUsd: '50.00',
};
const KEY = effectKey({ rule: 'prediction-trade', subject: 'prediction-1', status: 'completed' }, 'trade-order');

function aTrader() {
  const intents = createMemoryIntents();
  const sent: EffectRequest[] = [];
  const trading = aTradingClient({
    placeOrder: async (request) => {
      sent.push(request);
      return { kind: 'applied', result: PLACED };
    },
  });
  const place = (prediction = aPrediction()) =>
    placeOrder({ ...anInvocation({ intents }), trading, requestMs: 10_000 }, prediction, ORDER, 'agent_trader');
  return { intents, sent, place };
}

describe('an order', () => {
  test('is sent with its reference, and recorded as it was sent', async () => {
    const { intents, sent, place } = aTrader();

    expect(await place()).toEqual({ outcome: 'applied', duplicate: false, result: PLACED });

    const reference = clientReference(KEY);
    const body =
      '{"agent_id":"agent_trader","direction":"long","amount":50.00,"asset":"BTC-USDC","order_type":"market","leverage":1,' +
      `"metadata":{"reference":"${reference}","source":"sagemaker","confidence":"0.72"}}`;
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
      expect(await place(aPrediction(again))).toMatchObject({ outcome: 'applied', duplicate: true });
    }
    expect(sent).toHaveLength(1);
  });

  test('of another prediction is another', async () => {
    const { sent, place } = aTrader();
    await place();
    await place(aPrediction({ predictionId: 'prediction-2' }));

    expect(sent).toHaveLength(2);
    expect(orderKey({ predictionId: 'prediction-1' })).toBe(KEY);
    expect(orderKey({ predictionId: 'prediction-2' })).not.toBe(KEY);
  });

  test('needs the time of five requests, for the snapshot is two and is taken twice, and five seconds', async () => {
    const { intents, sent, place } = aTrader();
    const trading = aTradingClient();
    const deps = { ...anInvocation({ intents, remainingMs: () => 54_999 }), trading, requestMs: 10_000 };

    await expect(placeOrder(deps, aPrediction(), ORDER, 'agent_trader')).rejects.toThrow(
      '54999 ms left, 55000 ms needed',
    );
    expect(await place()).toMatchObject({ outcome: 'applied' });
    expect(sent).toHaveLength(1);
  });

  test.each(['unknown', 'manual'] as const)(
    'waits while another of its market is %s, whose fill it could be taken for; in another market it does not',
    async (state) => {
      const { intents, sent, place } = aTrader();
      const lost = aTradingClient({ placeOrder: async () => ({ kind: 'unknown', reason: 'lost' }) });
      const first = aPrediction({ predictionId: 'prediction-0' });
      const deps = { ...anInvocation({ intents }), trading: lost, requestMs: 10_000 };
      await placeOrder(deps, first, ORDER, 'agent_trader');
      const doubt = await intents.read(orderKey(first));
      if (state === 'manual' && doubt !== undefined) {
        await intents.move(doubt, { state, note: 'nobody knows' }, deps.now());
      }

      expect(await place()).toMatchObject({ outcome: 'not-sent', retryAfterSeconds: state === 'manual' ? 3600 : 60 });
      expect(sent).toHaveLength(0);
      const elsewhere = {
        ...deps,
        trading: aTradingClient({ placeOrder: async () => ({ kind: 'applied', result: PLACED }) }),
      };
      const other = aPrediction({ predictionId: 'prediction-9' });
      expect(await placeOrder(elsewhere, other, { ...ORDER, asset: 'ETH-USDC' }, 'agent_trader')).toMatchObject({
        outcome: 'applied',
      });

      const stored = await intents.read(orderKey(first));
      if (stored !== undefined)
        await intents.move(stored, { state: 'applied', note: 'found', result: PLACED }, deps.now());
      expect(await place()).toMatchObject({ outcome: 'applied' });
    },
  );
});
