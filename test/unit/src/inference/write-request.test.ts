import { describe, expect, test } from '@jest/globals';
import { writeRequest, type RequestFormat } from '../../../../src/inference/write-request.ts';

const FEATURES = { rsi_14: 62, momentum_5m: -0.006, tiny: 1e-7 };
const ORDER = ['momentum_5m', 'rsi_14', 'tiny'];

describe('a request', () => {
  test.each<[RequestFormat, string]>([
    [{ format: 'json' }, '{"rsi_14":62,"momentum_5m":-0.006,"tiny":1e-7}'],
    [{ format: 'csv', order: ORDER }, '-0.006,62,1e-7'],
    [{ format: 'csv', order: ['rsi_14'] }, '62'],
    [{ format: 'jsonlines', order: ORDER }, '{"features":[-0.006,62,1e-7]}'],
  ])('of %j is %s', (request, body) => {
    expect(writeRequest(FEATURES, request)).toBe(body);
  });

  test.each(['csv', 'jsonlines'] as const)(
    'in %s is not sent with a hole: the feature that lacks is named',
    (format) => {
      expect(() => writeRequest(FEATURES, { format, order: ['rsi_14', 'volume_z'] })).toThrow(
        expect.objectContaining({
          name: 'FeaturesUnusableError',
          message: 'feature volume_z is in request.order and was not read',
        }),
      );
    },
  );
});
