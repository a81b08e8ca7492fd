import { describe, expect, test } from '@jest/globals';
import { announce, announceParked } from '../../../../lambdas/shared/announce.ts';
import type { ParkedOutcome } from '../../../../src/ledger/perform-effect.ts';
import { createRecorder } from '../../../support/recorder.ts';

const PARKED: ParkedOutcome = {
  outcome: 'manual',
  reason: 'HTTP 500 SERVER_ERROR',
  parkedNow: true,
  intent: { key: 'k', reference: 'pf1:aaaaaaaaaaaaaaaaaaaa', kind: 'escrow-create', amountUsd: '50.00' },
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

describe('an effect in doubt', () => {
  test('is counted and said by the call that parked it', async () => {
    const recorder = createRecorder();

    await announceParked(recorder, PARKED);

    expect(recorder.counted).toEqual({ IntentsParked: 1 });
    expect(recorder.published).toEqual([['intent.parked', { ...PARKED.intent, reason: PARKED.reason }]]);
  });

  test('is not said again by calls that find it parked', async () => {
    const recorder = createRecorder();

    await announceParked(recorder, { ...PARKED, parkedNow: false });

    expect(recorder.counted).toEqual({});
    expect(recorder.published).toEqual([]);
  });

  test('is counted for the alarm even where the bus is down', async () => {
    const recorder = createRecorder({ failsToPublish: true });

    await announceParked(recorder, PARKED);

    expect(recorder.counted).toEqual({ IntentsParked: 1, PublishFailures: 1 });
  });
});
