import { describe, expect, test } from '@jest/globals';
import { createHandler, type Deps } from '../../../lambdas/request-prediction/handler.ts';
import type { InferenceCompleted } from '../../../src/events/inference-completed.ts';
import { inert } from '../../support/inert.ts';
import { createRecorder } from '../../support/recorder.ts';

const INPUT = { asset: 'BTC-USDC', features: { rsi_14: 62, momentum_5m: 0.006 } };
const PREDICTION: InferenceCompleted = {
  predictionId: 'new-id',
  direction: 'long',
  confidence: 0.9184,
  asset: 'BTC-USDC',
  at: '2026-03-06T09:00:00.000Z',
};

function aPredictor(answer: unknown, overrides: Partial<Deps> = {}) {
  const published: InferenceCompleted[] = [];
  const asked: unknown[] = [];
  const handler = createHandler({
    invokeEndpoint: async (features) => {
      asked.push(features);
      return answer;
    },
    publishPrediction: async (prediction) => void published.push(prediction),
    now: () => new Date('2026-03-06T09:00:00Z'),
    newId: () => 'new-id',
    log: createRecorder().log,
    ...overrides,
  });
  return { handler, published, asked };
}

describe('a prediction', () => {
  test('is asked for with the features, put on the bus and handed back', async () => {
    const { handler, published, asked } = aPredictor({ direction: 'long', confidence: 0.9184, model: 'v7' });

    expect(await handler(INPUT)).toEqual(PREDICTION);
    expect(asked).toEqual([INPUT.features]);
    expect(published).toEqual([PREDICTION]);
  });

  test('bears the id that it was asked for under, so that a repeat is the same', async () => {
    const { handler } = aPredictor({ direction: 'hold', confidence: 0 }, { newId: inert('newId') });

    expect(await handler({ ...INPUT, predictionId: 'mine' })).toMatchObject({
      predictionId: 'mine',
      direction: 'hold',
    });
  });

  test.each([
    [{ ...INPUT, features: {} }, 'must name at least one feature'],
    [{ asset: 'BTC-USDC' }, 'features'],
    [{ ...INPUT, features: { rsi_14: '62' } }, 'rsi_14'],
    [{ ...INPUT, features: { rsi_14: null } }, 'rsi_14'],
    [{ ...INPUT, asset: '' }, 'asset'],
    [{ features: INPUT.features }, 'asset'],
    [{ ...INPUT, predictionId: '' }, 'predictionId'],
    [null, 'object'],
  ])('is refused before the model is asked: %j', async (input, problem) => {
    const { handler, published } = aPredictor({}, { invokeEndpoint: inert('invokeEndpoint') });

    await expect(handler(input)).rejects.toThrow(problem);
    expect(published).toEqual([]);
  });

  test.each([
    [{ direction: 'up', confidence: 0.9 }],
    [{ direction: 'long' }],
    [{ direction: 'long', confidence: 90 }],
    [{ direction: 'long', confidence: '0.9' }],
    [{ direction: 'long', confidence: NaN }],
    [['long', 0.9]],
    [null],
    ['long'],
  ])('is not guessed from the answer %j: that is a fault', async (answer) => {
    const { handler, published } = aPredictor(answer);

    await expect(handler(INPUT)).rejects.toMatchObject({ name: '$ZodError' });
    expect(published).toEqual([]);
  });

  test('that cannot be published is a fault', async () => {
    const { handler } = aPredictor(
      { direction: 'long', confidence: 0.9 },
      { publishPrediction: () => Promise.reject(new Error('the bus is down')) },
    );

    await expect(handler(INPUT)).rejects.toThrow('the bus is down');
  });
});
