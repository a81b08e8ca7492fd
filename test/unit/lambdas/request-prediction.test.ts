import { describe, expect, test } from '@jest/globals';
import { createHandler, type Deps } from '../../../lambdas/request-prediction/handler.ts';
import type { EndpointRequest } from '../../../src/aws/endpoint.ts';
import type { InferenceCompletedDetail } from '../../../src/events/inference-completed.ts';
import type { Predictor } from '../../../src/inference/predictor.ts';
import { inert } from '../../support/inert.ts';
import { createRecorder } from '../../support/recorder.ts';

const PREDICTOR: Predictor = {
  name: 'btc',
  asset: 'BTC-USDC',
  endpointName: 'direction-model',
  features: { source: 'fixed', values: { rsi_14: 62, momentum_5m: 0.006 } },
  request: { format: 'json' },
  answer: { kind: 'direction', format: 'json' },
};
const PREDICTION: InferenceCompletedDetail = {
  predictionId: 'new-id',
  direction: 'long',
  confidence: 0.9184,
  asset: 'BTC-USDC',
  at: '2026-03-06T09:00:07.000Z',
};
const LONG = '{"direction":"long","confidence":0.9184,"model":"v7"}';

function aPredictor(answer: string, overrides: Partial<Deps> = {}) {
  const published: InferenceCompletedDetail[] = [];
  const asked: EndpointRequest[] = [];
  const handler = createHandler({
    predictor: PREDICTOR,
    readObject: inert('readObject'),
    readRecord: inert('readRecord'),
    invokeEndpoint: async (request) => {
      asked.push(request);
      return answer;
    },
    publishPrediction: async (prediction) => void published.push(prediction),
    now: () => new Date('2026-03-06T09:00:07Z'),
    newId: () => 'new-id',
    log: createRecorder().log,
    ...overrides,
  });
  return { handler, published, asked };
}

describe('a prediction', () => {
  test('is asked for with the configured features, put on the bus and handed back', async () => {
    const { handler, published, asked } = aPredictor(LONG);

    expect(await handler({})).toEqual(PREDICTION);
    expect(asked).toEqual([
      {
        endpointName: 'direction-model',
        contentType: 'application/json',
        accept: 'application/json',
        body: '{"rsi_14":62,"momentum_5m":0.006}',
      },
    ]);
    expect(published).toEqual([PREDICTION]);
  });

  test('says the price where a feature is one', async () => {
    const { handler } = aPredictor(LONG, {
      predictor: {
        ...PREDICTOR,
        features: { source: 'fixed', values: { rsi_14: 62, close: 61000.1234567 } },
        priceFeature: 'close',
      },
    });

    expect(await handler({})).toEqual({ ...PREDICTION, price: '61000.123457' });
    await expect(handler({ features: { rsi_14: 62 } })).rejects.toThrow(
      'priceFeature: there is no feature close; there are rsi_14',
    );
    await expect(handler({ features: { close: 0 } })).rejects.toThrow(
      'priceFeature: close is 0; a price is more than nothing',
    );
    expect(await handler({ features: { close: 4e-7 } })).toEqual(PREDICTION);
  });

  test('is asked for and understood in the formats of the configuration', async () => {
    const { handler, asked } = aPredictor('0.17', {
      predictor: {
        ...PREDICTOR,
        request: { format: 'csv', order: ['momentum_5m', 'rsi_14'] },
        answer: { kind: 'probability-of-long', format: 'jsonlines', shortBelow: 0.4, longFrom: 0.6 },
      },
      invokeEndpoint: async (request) => {
        asked.push(request);
        return '{"score":0.17}';
      },
    });

    expect(await handler({})).toMatchObject({ direction: 'short', confidence: 0.83 });
    expect(asked).toMatchObject([{ contentType: 'text/csv', accept: 'application/jsonlines', body: '0.006,62' }]);
  });

  test('bears the id of its period, the same in every run of it, and the time of the answer', async () => {
    const { handler, published } = aPredictor(LONG, { newId: inert('newId') });

    await handler({ scheduledTime: '2026-03-06T09:00:00Z' });
    await handler({ scheduledTime: '2026-03-06T09:00:00Z' });
    await handler({ scheduledTime: '2026-03-06T09:05:00Z' });

    expect(published.map(({ predictionId }) => predictionId)).toEqual([
      'btc/BTC-USDC/2026-03-06T09:00:00Z',
      'btc/BTC-USDC/2026-03-06T09:00:00Z',
      'btc/BTC-USDC/2026-03-06T09:05:00Z',
    ]);
    expect(published[0]?.at).toBe('2026-03-06T09:00:07.000Z');
  });

  test('bears the id that it was asked for under by hand, so that a repeat is the same', async () => {
    const { handler } = aPredictor('{"direction":"hold","confidence":0}', { newId: inert('newId') });

    expect(await handler({ predictionId: 'mine' })).toMatchObject({ predictionId: 'mine', direction: 'hold' });
  });

  test('is about what is given by hand, and no source is read then', async () => {
    const features = { source: 's3', bucket: 'features', key: 'btc.json' } as const;
    const { handler, asked } = aPredictor(LONG, { predictor: { ...PREDICTOR, features } });

    expect(await handler({ asset: 'ETH-USDC', features: { rsi_14: 20 } })).toMatchObject({ asset: 'ETH-USDC' });
    expect(asked).toMatchObject([{ body: '{"rsi_14":20}' }]);
  });

  test('is asked for with what the source has at each run', async () => {
    const { handler, asked } = aPredictor(LONG, {
      predictor: { ...PREDICTOR, features: { source: 's3', bucket: 'features', key: 'btc.json', maxAgeSeconds: 60 } },
      readObject: async (bucket, key) => ({
        text: JSON.stringify({ [`${bucket}/${key}`]: 1 }),
        modifiedAt: new Date('2026-03-06T08:59:30Z'),
      }),
    });

    await handler({ scheduledTime: '2026-03-06T09:00:00Z' });

    expect(asked).toMatchObject([{ body: '{"features/btc.json":1}' }]);
  });

  test.each([
    [{ features: {} }, 'there must be at least one feature'],
    [{ features: { rsi_14: '62' } }, 'rsi_14'],
    [{ features: { rsi_14: null } }, 'rsi_14'],
    [{ asset: '' }, 'asset'],
    [{ predictionId: '' }, 'predictionId'],
    [{ predictionId: 'x'.repeat(201) }, 'predictionId'],
    [{ scheduledTime: '<aws.scheduler.scheduled-time>' }, 'scheduledTime'],
    [{ predictionID: 'mine' }, 'predictionID'],
    [null, 'object'],
  ])('is refused before the model is asked: %j', async (input, problem) => {
    const { handler, published } = aPredictor(LONG, { invokeEndpoint: inert('invokeEndpoint') });

    await expect(handler(input)).rejects.toThrow(problem);
    expect(published).toEqual([]);
  });

  test('is refused before the model is asked where the features are stale', async () => {
    const { handler, published } = aPredictor(LONG, {
      predictor: { ...PREDICTOR, features: { source: 's3', bucket: 'features', key: 'btc.json', maxAgeSeconds: 60 } },
      readObject: async () => ({ text: '{"rsi_14":62}', modifiedAt: new Date('2026-03-06T08:59:00Z') }),
      invokeEndpoint: inert('invokeEndpoint'),
    });

    await expect(handler({})).rejects.toThrow(
      's3://features/btc.json: the features are stale: 67 s old; maxAgeSeconds is 60',
    );
    expect(published).toEqual([]);
  });

  test('is not guessed from an answer that is none: that is a fault', async () => {
    const { handler, published } = aPredictor('{"direction":"up","confidence":0.9}');

    await expect(handler({})).rejects.toMatchObject({ name: 'AnswerUnusableError' });
    expect(published).toEqual([]);
  });

  test('that cannot be published is a fault', async () => {
    const { handler } = aPredictor(LONG, {
      publishPrediction: () => Promise.reject(new Error('the bus is down')),
    });

    await expect(handler({})).rejects.toThrow('the bus is down');
  });
});
