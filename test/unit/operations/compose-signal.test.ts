import { describe, expect, test } from '@jest/globals';
import { composeSignal } from '../../../operations/compose-signal.ts';
import { readSignal } from '../../../src/escrow/read-signal.ts';
import { anEvent } from '../../support/lambda-events.ts';

const SAID = { by: 'ann', reason: 'reviewed it' };
const AT = '2026-03-06T09:00:00Z';

describe('the command', () => {
  test.each([
    ['approve', { ...SAID, escrow: 'esc_1' }, 'escrow:esc_1', { type: 'approved', at: AT, ...SAID }],
    ['reject', { ...SAID, job: 'churn-1' }, 'training-job:churn-1', { type: 'rejected', at: AT, ...SAID }],
    [
      'deliver',
      { ...SAID, job: 'churn-1' },
      'training-job:churn-1',
      { type: 'delivered', at: AT, deliveredBy: 'ann', note: 'reviewed it' },
    ],
    ['deliver', { by: 'ann', escrow: 'esc_1' }, 'escrow:esc_1', { type: 'delivered', at: AT, deliveredBy: 'ann' }],
  ])('%s makes an event that the pipeline reads as what was meant', (command, options, address, signal) => {
    const { detailType, detail } = composeSignal(command, options);

    expect(readSignal(anEvent(detailType, detail))).toEqual({ kind: 'signal', address, signal });
  });

  test.each([
    ['approve', { ...SAID }, '--escrow or --job: give one of the two'],
    ['approve', { ...SAID, escrow: 'esc_1', job: 'churn-1' }, '--escrow or --job: give one of the two'],
    ['approve', { escrow: 'esc_1', by: 'ann' }, '--reason: is missing'],
    ['reject', { escrow: 'esc_1', reason: 'x' }, '--by: is missing'],
    ['reject', { escrow: 'esc_1', by: 'ann', reason: '' }, '--reason: Too small'],
    ['reject', { job: 'x'.repeat(64), ...SAID }, '--job: Too big'],
    ['deliver', { escrow: 'esc_1' }, '--by: is missing'],
    ['release', SAID, 'there is no command "release"; allowed: approve, reject, deliver'],
  ])('%s %j is refused by the name of the option', (command, options, message) => {
    expect(() => composeSignal(command, options)).toThrow(message);
  });
});
