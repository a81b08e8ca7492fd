import { describe, expect, test } from '@jest/globals';
import { parseUsd } from '../../../../src/money.ts';
import { effectKey } from '../../../../src/ledger/effect-key.ts';
import { causeOfSignal, readTradeSignal, signalOfCause, SIGNAL_SOURCES } from '../../../../src/trading/trade-signal.ts';
import { anEvent } from '../../../support/lambda-events.ts';
import { aPrediction, aPriceAlert, aSignal } from '../../../support/predictions.ts';

const ALERT = {
  source: 'price-alert',
  id: 'BTC-USDC/long/rsi_oversold/2026-03-06T09:00:00Z',
  asset: 'BTC-USDC',
  direction: 'long',
  confidence: undefined,
  at: '2026-03-06T09:00:00Z',
  price: parseUsd('61000.00'),
};

describe('a trade signal', () => {
  test('is read from a prediction', () => {
    expect(readTradeSignal(anEvent('inference.completed', aPrediction()))).toEqual(aSignal());
    expect(readTradeSignal(anEvent('inference.completed', aPrediction({ price: '61000.5' })))).toEqual(
      aSignal({ price: parseUsd('61000.50') }),
    );
  });

  test('is read from a price alert, which is named by what it says', () => {
    expect(readTradeSignal(anEvent('price.alert', aPriceAlert()))).toEqual(ALERT);
  });

  test('of an alert without a time is as old as its event, and named by that: each delivery is the same signal', () => {
    const { at: _at, ...alert } = aPriceAlert();
    const event = anEvent('price.alert', alert);
    const { time } = JSON.parse(event) as { readonly time: string };

    expect(readTradeSignal(event)).toEqual({
      ...ALERT,
      at: time,
      id: `BTC-USDC/long/rsi_oversold/${time}`,
    });
  });

  test('of an alert with an id is named by that', () => {
    expect(readTradeSignal(anEvent('price.alert', aPriceAlert({ alertId: 'a-1' })))).toEqual({ ...ALERT, id: 'a-1' });
  });

  test.each([
    ['price', { price: '0.00' }, 'detail.price: must be more than nothing'],
    ['price', { price: 'much' }, 'detail.price: '],
    ['direction', { direction: 'hold' }, 'detail.direction: '],
    ['asset', { asset: '' }, 'detail.asset: '],
    ['triggered_by', { triggered_by: undefined }, 'detail.triggered_by: '],
    ['at', { at: 'yesterday' }, 'detail.at: '],
  ])('of an alert with a bad %s is refused with the field named', (_field, overrides, problem) => {
    expect(() => readTradeSignal(anEvent('price.alert', { ...aPriceAlert(), ...overrides }))).toThrow(problem);
  });

  test('is no event of another type', () => {
    expect(() => readTradeSignal(anEvent('escrow.delivered', {}))).toThrow(
      'detail-type is "escrow.delivered"; this queue takes "inference.completed" and "price.alert"',
    );
  });

  test('and its cause name each other; one id from two sources is two causes', () => {
    for (const source of SIGNAL_SOURCES) {
      expect(signalOfCause(causeOfSignal({ source, id: 'x' }))).toEqual({ source, id: 'x' });
    }
    const keys = SIGNAL_SOURCES.map((source) => effectKey(causeOfSignal({ source, id: 'x' }), 'trade-order'));
    expect(new Set(keys).size).toBe(SIGNAL_SOURCES.length);
    expect(() => signalOfCause({ rule: 'training-bonus', subject: 'x', status: 'Completed' })).toThrow(
      '"training-bonus" is no cause of an order',
    );
  });
});
