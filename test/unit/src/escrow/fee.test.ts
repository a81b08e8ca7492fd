import { describe, expect, test } from '@jest/globals';
import { feeDriftOf } from '../../../../src/escrow/fee.ts';

const escrow = (amountUsd: string, feeUsd: string) => ({
  escrowId: 'esc_1',
  reference: 'pf1:a',
  amountUsd,
  feeUsd,
});

describe('a fee of one per cent', () => {
  test.each([
    ['50.00', '0.50'],
    ['10.33', '0.1033'],
    ['10.33', '0.10'],
    ['10.35', '0.1035'],
    ['1.005', '0.01005'],
    ['10000.00', '100.00'],
  ])('of $%s may be $%s, to the cent or the micro-dollar', (amountUsd, feeUsd) => {
    expect(feeDriftOf(escrow(amountUsd, feeUsd), 100)).toBeUndefined();
  });

  test.each([
    ['50.00', '0.00'],
    ['50.00', '10.00'],
    ['50.00', '0.51'],
    ['1.00', '0.02'],
  ])('of $%s is not $%s', (amountUsd, feeUsd) => {
    expect(feeDriftOf(escrow(amountUsd, feeUsd), 100)).toMatchObject({ kind: 'fee-differs', escrowId: 'esc_1' });
  });
});

test('a difference is described by both figures', () => {
  expect(feeDriftOf(escrow('50.00', '10.00'), 100)?.detail).toBe(
    'the fee on $50.00 is $10.00; 100 basis points are $0.50',
  );
});
