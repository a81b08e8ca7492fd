import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseUsd } from '../../../../src/money.ts';
import { anEvent } from '../../../support/lambda-events.ts';
import { afterMorning, aRecordedSignal, eventOf, isoAt, readRecording } from '../../../support/what-if.ts';

describe('a recording', () => {
  test('has a signal for each prediction and alert, with the time on the bus', () => {
    const prediction = aRecordedSignal(5, { at: isoAt(afterMorning(4)) });
    const alert = aRecordedSignal(7, { source: 'price-alert', confidence: undefined, direction: 'short' });
    const { signals, unusable } = readRecording(`${eventOf(prediction)}\n${eventOf(alert, '64000.50')}\n`);

    expect(unusable).toBe(0);
    expect(signals).toEqual([prediction, { ...alert, price: parseUsd('64000.50') }]);
  });

  test('takes an alert without a name and a time by the time on the bus, as the pipeline does', () => {
    const event = anEvent('price.alert', { asset: 'BTC-USDC', direction: 'long', price: '1.00', triggered_by: 'rsi' });

    expect(readRecording(event).signals).toMatchObject([
      { id: 'BTC-USDC/long/rsi/2026-03-06T09:00:00Z', at: '2026-03-06T09:00:00Z', takenAt: afterMorning(0) },
    ]);
  });

  test('counts events of other types by type and leaves them aside', () => {
    const types = ['trade.placed', 'bonus.started', 'trade.placed', 'SageMaker Training Job State Change'];
    const { signals, others, unusable } = readRecording(types.map((type) => anEvent(type, {})).join('\n'));

    expect(signals).toEqual([]);
    expect(unusable).toBe(0);
    expect(Object.fromEntries(others)).toEqual({
      'trade.placed': 2,
      'bonus.started': 1,
      'SageMaker Training Job State Change': 1,
    });
  });

  test.each([
    [
      'no id',
      anEvent('price.alert', {}, { id: undefined }),
      'event.id: Invalid input: expected string, received undefined',
    ],
    ['a time in words', anEvent('price.alert', {}, { time: 'yesterday' }), 'event.time: Invalid ISO datetime'],
    ['a detail as text', anEvent('price.alert', '{}'), 'event.detail: Invalid input: expected object, received string'],
    ['a confidence above 1', eventOf(aRecordedSignal(0, { confidence: 72 })), 'detail.confidence: must be from 0 to 1'],
    ['a price of nothing', eventOf(aRecordedSignal(0), '0.00'), 'detail.price: must be more than nothing'],
    [
      'no event at all',
      'hello',
      'not a JSON object; expected EventBridge events, one a line, one after another, or in an array',
    ],
  ])('counts an event with %s as unusable and says where and why', (_, line, reason) => {
    const { signals, unusable, problems } = readRecording(`${eventOf(aRecordedSignal(0))}\n${line}\n`, 50, 'x.jsonl');

    expect(signals).toHaveLength(1);
    expect(unusable).toBe(1);
    expect(problems).toEqual([`x.jsonl:2: ${reason}`]);
  });

  test('says the first five of what is unusable and counts the rest', () => {
    const { unusable, problems } = readRecording('no\n'.repeat(7));

    expect(unusable).toBe(7);
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual(
      [1, 2, 3, 4, 5].map((line) => `events.jsonl:${line}:`),
    );
  });

  test('is in the order of time on the bus, then of when signals were true, then of what they say, whatever the order of lines', () => {
    const inOrder = [
      aRecordedSignal(0),
      aRecordedSignal(5, { id: 'b', at: isoAt(afterMorning(1)) }),
      aRecordedSignal(5, { id: 'a', at: isoAt(afterMorning(2)) }),
      aRecordedSignal(5, { id: 'b', at: isoAt(afterMorning(2)) }),
      aRecordedSignal(5, { id: 'b', at: isoAt(afterMorning(2)), asset: 'ETH-USDC' }),
      aRecordedSignal(5, { id: 'b', at: isoAt(afterMorning(2)), asset: 'ETH-USDC', direction: 'short' }),
      aRecordedSignal(5, {
        id: 'b',
        at: isoAt(afterMorning(2)),
        asset: 'ETH-USDC',
        direction: 'short',
        confidence: 0.9,
      }),
      aRecordedSignal(5, {
        id: 'a',
        at: isoAt(afterMorning(2)),
        source: 'price-alert',
        confidence: undefined,
        price: '1.00',
      }),
      aRecordedSignal(5, {
        id: 'a',
        at: isoAt(afterMorning(2)),
        source: 'price-alert',
        confidence: undefined,
        price: '2.00',
      }),
      aRecordedSignal(6),
    ];
    const lines = inOrder.map((signal) => eventOf(signal, signal.price === parseUsd('2.00') ? '2.00' : '1.00'));

    fc.assert(
      fc.property(fc.shuffledSubarray(lines, { minLength: lines.length }), (shuffled) => {
        expect(readRecording(shuffled.join('\n')).signals).toEqual(
          inOrder.map((signal) => ({ ...signal, price: signal.price ?? parseUsd('1.00') })),
        );
      }),
      { numRuns: 30 },
    );
  });
});
