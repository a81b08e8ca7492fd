import { describe, expect, test } from '@jest/globals';
import { composeSignal } from '../../../operations/compose-signal.ts';
import { readSignal } from '../../../src/escrow/read-signal.ts';
import { anEvent } from '../../support/lambda-events.ts';

const SAID = { by: 'ann', reason: 'reviewed it' };
const AT = '2026-03-06T09:00:00Z';

const home = { account: '000000000000', region: 'us-east-1' };

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
    [
      'approve',
      { ...SAID, request: 'labels-7', milestone: 'draft' },
      'request:labels-7/draft',
      { type: 'approved', at: AT, ...SAID },
    ],
    [
      'deliver',
      { by: 'ann', request: 'labels-7' },
      'request:labels-7',
      { type: 'delivered', at: AT, deliveredBy: 'ann' },
    ],
    ['deliver', { by: 'ann', escrow: 'esc_1' }, 'escrow:esc_1', { type: 'delivered', at: AT, deliveredBy: 'ann' }],
  ])('%s makes an event that the pipeline reads as what was meant', (command, options, address, signal) => {
    const { detailType, detail } = composeSignal(command, options);

    expect(readSignal(anEvent(detailType, detail), { home, packages: { by: 'approval-status' } })).toEqual({
      kind: 'signal',
      address,
      signal,
    });
  });

  test.each([
    ['approve', { ...SAID }, '--escrow, --job or --request: give one of the three'],
    ['approve', { ...SAID, escrow: 'esc_1', job: 'churn-1' }, '--escrow, --job or --request: give one of the three'],
    ['approve', { ...SAID, job: 'churn-1', milestone: 'draft' }, '--milestone: goes with --request'],
    ['approve', { ...SAID, request: 'a/b' }, '--request: expected 1 to 100 of'],
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
