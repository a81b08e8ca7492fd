import { describe, expect, test } from '@jest/globals';
import { announce, announceParked } from '../../../../lambdas/shared/announce.ts';
import type { Intent } from '../../../../src/ledger/intent.ts';
import { aNewIntent } from '../../../support/effects.ts';
import { createRecorder } from '../../../support/recorder.ts';

const PARKED: Intent = {
  ...aNewIntent(),
  state: 'manual',
  fence: 1,
  reason: 'HTTP 500 SERVER_ERROR',
  createdAt: '2026-03-06T12:00:00.000Z',
  updatedAt: '2026-03-06T12:00:00.000Z',
  history: [],
};

describe('what was done', () => {
  test('is said on the bus', async () => {
    const recorder = createRecorder();

    await announce(recorder, 'escrow.refunded', { escrowId: 'esc_1' });

    expect(recorder.published).toEqual([['escrow.refunded', { escrowId: 'esc_1' }]]);
    expect(recorder.counted).toEqual({});
  });

  test('stays done where the bus is down: that is counted, not thrown', async () => {
    const recorder = createRecorder({ failsToPublish: true });

    await announce(recorder, 'escrow.refunded', { escrowId: 'esc_1' });

    expect(recorder.counted).toEqual({ PublishFailures: 1 });
  });
});

describe('an effect that only a person can settle', () => {
  test('is counted and said', async () => {
    const recorder = createRecorder();

    await announceParked(recorder, PARKED);

    const { key, reference, kind, amountUsd, reason } = PARKED;
    expect(recorder.counted).toEqual({});
    expect(recorder.published).toEqual([['intent.parked', { key, reference, kind, amountUsd, reason }]]);
  });

  test('is counted for the alarm even where the bus is down', async () => {
    const recorder = createRecorder({ failsToPublish: true });

    await announceParked(recorder, PARKED);

    expect(recorder.counted).toEqual({ PublishFailures: 1 });
  });
});
