import { describe, expect, test } from '@jest/globals';
import { createHandler } from '../../../lambdas/release-funds/handler.ts';
import { SecretUnusableError, ServiceUnreadableError } from '../../../src/errors.ts';
import { effectKey } from '../../../src/ledger/effect-key.ts';
import type { EscrowClient, EscrowView, ReleasedEscrow } from '../../../src/purple-flea/escrow.ts';
import {
  aDeliveredState,
  aRequest,
  aReviewedState,
  aView,
  ESCROW_ID,
  REFERENCE,
  TREASURY,
} from '../../support/bonus-escrow.ts';
import { anEscrowTask } from '../../support/escrow-task.ts';
import { inert } from '../../support/inert.ts';
import { timeLeft } from '../../support/lambda-events.ts';

const RELEASED: ReleasedEscrow = {
  escrowId: ESCROW_ID,
  status: 'released',
  amountUsd: '50.00',
  feeUsd: '0.50',
  paidOutUsd: '49.50',
};
const KEY = effectKey(aRequest().cause, 'escrow-release');

/** A service that shows these statuses, one after the other, and answers releases so. */
function aClient(statuses: EscrowView['status'][], release: EscrowClient['release']) {
  const released: string[] = [];
  const client: Partial<EscrowClient> = {
    readStatus: async () => aView({ status: statuses.shift() ?? 'locked' }),
    release: async (escrowId, request) => {
      released.push(request.body);
      return release(escrowId, request);
    },
  };
  return { client, released };
}

describe('a payment', () => {
  test('is made once with the reason of the review, and said once', async () => {
    const { client, released } = aClient(['completed', 'released'], async () => ({
      kind: 'applied',
      result: RELEASED,
    }));
    const { deps, recorder } = anEscrowTask(client);
    const handler = createHandler(deps);

    const outcome = { outcome: 'applied', ...RELEASED };
    expect([await handler(aReviewedState(), timeLeft()), await handler(aReviewedState(), timeLeft())]).toEqual([
      outcome,
      outcome,
    ]);

    expect(released).toEqual(['{"release_note":"delivered by registry"}']);
    expect(recorder.published).toEqual([
      [
        'escrow.released',
        { escrowId: ESCROW_ID, reference: REFERENCE, amountUsd: '50.00', feeUsd: '0.50', paidOutUsd: '49.50' },
      ],
    ]);
    expect(recorder.counted).toEqual({ EscrowsReleased: 1 });
  });

  test('of which the service keeps another fee is a drift', async () => {
    const result = { ...RELEASED, feeUsd: '10.00', paidOutUsd: '40.00' };
    const { client } = aClient(['completed', 'released'], async () => ({ kind: 'applied', result }));
    const { deps, recorder } = anEscrowTask(client);

    expect(await createHandler(deps)(aReviewedState(), timeLeft())).toMatchObject({ outcome: 'applied' });

    const detail = 'the fee on $50.00 is $10.00; 100 basis points are $0.50';
    const drift = { agentId: TREASURY, kind: 'fee-differs', escrowId: ESCROW_ID, reference: REFERENCE, detail };
    expect(recorder.published[0]).toEqual(['ledger.drifted', drift]);
    expect(recorder.counted).toEqual({ EscrowsReleased: 1, LedgerDrifts: 1 });
  });

  test('in doubt is left to the sweeper, and is sent once', async () => {
    const { client, released } = aClient(['locked', 'locked'], async () => ({ kind: 'unknown', reason: 'HTTP 500' }));
    const { deps, recorder } = anEscrowTask(client);
    const handler = createHandler(deps);
    const reason = 'HTTP 500; afterwards the escrow is locked';

    const outcome = { outcome: 'pending', reason, key: KEY };
    expect([await handler(aReviewedState(), timeLeft()), await handler(aReviewedState(), timeLeft())]).toEqual([
      outcome,
      outcome,
    ]);

    expect(released).toHaveLength(1);
    expect(recorder.published).toEqual([]);
    expect(recorder.counted).toEqual({});
  });

  test.each(['refunded', 'auto_released', 'disputed'] as const)(
    'of an escrow that is %s meanwhile was overtaken, and is not sent',
    async (status) => {
      const { client, released } = aClient([status, status], () => Promise.reject(new Error('not expected')));
      const { deps, recorder } = anEscrowTask(client);

      expect(await createHandler(deps)(aReviewedState(), timeLeft())).toEqual({
        outcome: 'overtaken',
        reason: `the escrow is ${status}; the escrow is ${status}`,
      });
      expect(released).toEqual([]);
      expect(recorder.published).toEqual([]);
      expect(recorder.counted).toEqual(status === 'refunded' ? { DecisionsMissed: 1 } : {});
    },
  );

  test('that is refused for an escrow that was disputed between reading and paying was overtaken', async () => {
    const { client } = aClient(['completed', 'disputed', 'disputed'], async () => ({
      kind: 'rejected',
      reason: 'HTTP 409 INVALID_STATUS_TRANSITION',
    }));
    const { deps } = anEscrowTask(client);

    expect(await createHandler(deps)(aReviewedState(), timeLeft())).toEqual({
      outcome: 'overtaken',
      reason: 'HTTP 409 INVALID_STATUS_TRANSITION; the escrow is disputed',
    });
  });

  test.each(['locked', 'completed', 'unrecognized'] as const)(
    'that is refused for an escrow that is %s still is rejected as data',
    async (status) => {
      const { client } = aClient(['locked', status, status], async () => ({ kind: 'rejected', reason: 'HTTP 403' }));
      const { deps, recorder } = anEscrowTask(client);

      expect(await createHandler(deps)(aReviewedState(), timeLeft())).toEqual({
        outcome: 'rejected',
        reason: 'HTTP 403',
      });
      expect(recorder.published).toEqual([]);
    },
  );

  test('that is refused leaves it to the workflow to look, where the escrow cannot be read then', async () => {
    const views = [aView(), aView()];
    const unreadable = new ServiceUnreadableError('status of esc_1: HTTP 503', { retryAfterSeconds: 7 });
    const readStatus = async () => views.shift() ?? Promise.reject(unreadable);
    const { deps } = anEscrowTask({ readStatus, release: async () => ({ kind: 'rejected', reason: 'HTTP 403' }) });

    expect(await createHandler(deps)(aReviewedState(), timeLeft())).toEqual({
      outcome: 'overtaken',
      reason: 'status of esc_1: HTTP 503',
    });
  });

  test('waits where the escrow cannot be read', async () => {
    const readStatus = () => Promise.reject(new ServiceUnreadableError('status of esc_1: HTTP 500'));
    const { deps } = anEscrowTask({ readStatus });

    expect(await createHandler(deps)(aReviewedState(), timeLeft())).toEqual({
      outcome: 'not-sent',
      reason: 'status of esc_1: HTTP 500',
      retryAfterSeconds: 15,
    });
  });

  test('waits by the name of a secret that cannot be used, with nothing claimed', async () => {
    const unusable = new SecretUnusableError('secret PurpleFleaApiKey: is not JSON');
    const { deps, intents } = anEscrowTask({}, { openEscrow: () => Promise.reject(unusable) });

    expect(await createHandler(deps)(aReviewedState(), timeLeft())).toEqual({
      outcome: 'not-sent',
      reason: unusable.message,
      retryAfterSeconds: 15,
    });
    expect([...intents.items.values()]).toEqual([expect.objectContaining({ state: 'prepared', fence: 0 })]);
  });

  test.each([
    ['before a review', aDeliveredState(), 'review'],
    [
      'after a review that did not release',
      { ...aReviewedState(), review: { decision: 'stop', reason: 'amount is 51.00' } },
      'decision',
    ],
    ['without an escrow', { ...aReviewedState(), escrow: {} }, 'escrowId'],
  ])('is a fault %s', async (_case, state, field) => {
    const { deps, intents } = anEscrowTask();

    await expect(createHandler(deps)(state, timeLeft())).rejects.toThrow(field);
    expect(intents.items.size).toBe(0);
  });
});

describe('a payment whose escrow is past its deadline', () => {
  const late = { now: () => new Date('2026-03-13T09:00:01Z') };
  const readStatus = async () => aView({ status: 'refunded' });

  test('and that was held back is rejected where silence settled it, as nobody is to send it any more', async () => {
    const { deps, intents } = anEscrowTask({ readStatus }, { ...late, readStop: async () => 'halted' });

    await createHandler(deps)(aReviewedState(), timeLeft());

    expect(intents.items.get(KEY)).toMatchObject({ state: 'rejected', reason: 'the escrow is refunded' });
  });

  test('and that was held back goes on waiting where the escrow is frozen: the staff may lift that', async () => {
    const frozen = async () => aView({ status: 'disputed' });
    const { deps, intents } = anEscrowTask({ readStatus: frozen }, { ...late, readStop: async () => 'halted' });

    expect(await createHandler(deps)(aReviewedState(), timeLeft())).toMatchObject({ outcome: 'overtaken' });
    expect(intents.items.get(KEY)).toMatchObject({ state: 'prepared', waitsFor: 'stop' });
  });

  test('and that was held back was overtaken where silence settled it', async () => {
    const { deps, recorder } = anEscrowTask({ readStatus }, { ...late, readStop: async () => 'halted' });

    expect(await createHandler(deps)(aReviewedState(), timeLeft())).toEqual({
      outcome: 'overtaken',
      reason: 'the stop is on "halted"; the escrow is refunded',
    });
    expect(recorder.counted).toEqual({ DecisionsMissed: 1 });
  });

  test.each([
    [
      'its last wait ended then, and it could not be read',
      { escrow: { settlesAt: '2026-04-01T09:00:00Z' }, review: {} },
    ],
    ['it was completed meanwhile', { escrow: {}, review: { settlesAt: '2026-04-01T09:00:00.000Z' } }],
  ])('by its state alone, since %s, waits for what holds it back', async (_why, { escrow, review }) => {
    const { deps } = anEscrowTask({ readStatus: inert('readStatus') }, { ...late, readStop: async () => 'halted' });
    const before = aReviewedState();
    const state = { ...before, escrow: { ...before.escrow, ...escrow }, review: { ...before.review, ...review } };

    expect(await createHandler(deps)(state, timeLeft())).toMatchObject({ outcome: 'not-sent', retryAfterSeconds: 15 });
  });

  test('and that is in doubt waits for its verdict all the same', async () => {
    const views = [aView()];
    const { deps } = anEscrowTask(
      {
        readStatus: async () => views.shift() ?? aView({ status: 'refunded' }),
        release: async () => ({ kind: 'unknown', reason: 'HTTP 500' }),
      },
      late,
    );

    expect(await createHandler(deps)(aReviewedState(), timeLeft())).toMatchObject({ outcome: 'pending' });
  });
});
