import { describe, expect, test } from '@jest/globals';
import { predictDirection } from '../../../twin/sagemaker/direction-model.ts';
import { readInitialData } from '../../../twin/initial-data.ts';

const model = readInitialData().endpoints.get('direction-model');
if (model === undefined) throw new Error('direction-model is not among the endpoints');

const EVEN = { momentum_5m: 0, momentum_1h: 0, rsi_14: 50, volume_z: 0, funding_rate: 0.0001 };

describe('the direction model', () => {
  test('computes what the worked example computes by hand', () => {
    // Standardised 1, 1, 1, 0.5, 0; scores long 2.7, short -2.3, hold 0.2; exponentials 14.8797, 0.1003, 1.2214.
    const features = { momentum_5m: 0.004, momentum_1h: 0.01, rsi_14: 65, volume_z: 0.5, funding_rate: 0.0001 };

    expect(predictDirection(model, features)).toEqual({
      kind: 'prediction',
      direction: 'long',
      confidence: 0.9184,
      probabilities: { long: 0.9184, short: 0.0062, hold: 0.0754 },
    });
  });

  test('holds in a market that does nothing', () => {
    // All standardised 0; scores 0, 0, 0.6: e^0.6 / (e^0.6 + 2) = 1.8221 / 3.8221.
    expect(predictDirection(model, EVEN)).toMatchObject({ kind: 'prediction', direction: 'hold', confidence: 0.4767 });
  });

  test('goes short in a falling market', () => {
    const falling = { ...EVEN, momentum_5m: -0.004, momentum_1h: -0.02, rsi_14: 28, volume_z: 1 };

    expect(predictDirection(model, falling)).toMatchObject({ kind: 'prediction', direction: 'short' });
  });

  test('stays finite for features far beyond anything seen', () => {
    const extreme = { ...EVEN, momentum_5m: 1e308, momentum_1h: 1e308 };

    expect(predictDirection(model, extreme)).toMatchObject({
      kind: 'prediction',
      direction: 'long',
      confidence: 0.9999,
    });
  });

  test('ignores fields that it was not trained on', () => {
    expect(predictDirection(model, { ...EVEN, asset: 'BTC-USDC' })).toEqual(predictDirection(model, EVEN));
  });

  test.each([
    ['a missing feature', { ...EVEN, rsi_14: undefined }, /^feature rsi_14 must be a number/],
    ['a feature as text', { ...EVEN, volume_z: '0.5' }, /^feature volume_z must be a number, got "0.5"/],
    ['a feature without an end', { ...EVEN, volume_z: Infinity }, /^feature volume_z must be a number/],
    ['a list', [0.004], /JSON object/],
    ['nothing', null, /JSON object/],
  ])('cannot score %s', (_, input, reason) => {
    expect(predictDirection(model, input)).toEqual({
      kind: 'unusable-input',
      reason: expect.stringMatching(reason),
    });
  });
});
