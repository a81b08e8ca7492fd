import { describe, expect, test } from '@jest/globals';
import { parseDecimal } from '../../../../src/inference/decimal.ts';

describe('a decimal', () => {
  test.each([
    ['0.5', 0.5],
    ['62', 62],
    ['-0.006', -0.006],
    ['+1', 1],
    ['.5', 0.5],
    ['5.', 5],
    ['1e-7', 1e-7],
    ['1.5E+3', 1500],
  ])('is read from %j', (text, value) => {
    expect(parseDecimal(text)).toBe(value);
  });

  test.each([
    '',
    ' ',
    'NaN',
    'nan',
    'Infinity',
    '-inf',
    '1e999',
    '0x10',
    '1_000',
    '1,5',
    '1 2',
    '62 ',
    '.',
    'e5',
    '1e',
    'null',
    '0b1',
  ])('is not guessed from %j', (text) => {
    expect(parseDecimal(text)).toBeUndefined();
  });
});
