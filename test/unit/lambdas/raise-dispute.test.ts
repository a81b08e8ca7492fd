import { describe, expect, test } from '@jest/globals';
import { createHandler } from '../../../lambdas/raise-dispute/handler.ts';
import { createHandler as createReleaseFunds } from '../../../lambdas/release-funds/handler.ts';
import { SecretUnusableError, ServiceUnreadableError } from '../../../src/errors.ts';
import { effectKey } from '../../../src/ledger/effect-key.ts';
import type { EscrowClient, EscrowView } from '../../../src/purple-flea/escrow.ts';
import {
  aDeliveredState,
  aRejectedState,
  aRequest,
  aReviewedState,
  aView,
  ESCROW_ID,
  REFERENCE,
} from '../../support/bonus-escrow.ts';
import { anEscrowTask } from '../../support/escrow-task.ts';
import { timeLeft } from '../../support/lambda-events.ts';

const KEY = effectKey(aRequest().cause, 'escrow-dispute');
const DISPUTED = { escrowId: ESCROW_ID, status: 'disputed', disputeId: 'dis_1' } as const;

/** A service that shows these statuses, one after the other and then the last, and answers disputes so. */
function aClient(statuses: EscrowView['status'][], dispute: EscrowClient['dispute']) {
  const disputed: string[] = [];
  const client: Partial<EscrowClient> = {
    readStatus: async () => aView({ status: (statuses.length > 1 ? statuses.shift() : statuses[0]) ?? 'locked' }),
    dispute: async (escrowId, request) => {
      disputed.push(request.body);
      return dispute(escrowId, request);
    },
  };
  return { client, disputed };
}

const notExpected = () => Promise.reject(new Error('not expected'));

describe('a dispute', () => {
  test.each(['locked', 'completed'] as const)(
    'of an escrow that is %s is raised once with the reason of the review, and said once',
    async (status) => {
      const { client, disputed } = aClient([status, 'disputed'], async () => ({ kind: 'applied', result: DISPUTED }));
      const { deps, recorder } = anEscrowTask(client);
      const handler = createHandler(deps);

      const outcome = { outcome: 'applied', escrowId: ESCROW_ID, status: 'disputed' };
      expect([await handler(aRejectedState(), timeLeft()), await handler(aRejectedState(), timeLeft())]).toEqual([
        outcome,
        outcome,
      ]);

      expect(disputed).toEqual(['{"reason":"rejected by ada: no such model"}']);
      const said = { escrowId: ESCROW_ID, reference: REFERENCE, reason: 'rejected by ada: no such model' };
      expect(recorder.published).toEqual([['escrow.disputed', said]]);
      expect(recorder.counted).toEqual({ EscrowsDisputed: 1 });
    },
  );

  test('of an escrow that is disputed already needs no call', async () => {
    const { client, disputed } = aClient(['disputed'], notExpected);
    const { deps } = anEscrowTask(client);

    expect(await createHandler(deps)(aRejectedState(), timeLeft())).toMatchObject({ outcome: 'applied' });
    expect(disputed).toEqual([]);
  });

  test('that was lifted is not raised again, and left to a person', async () => {
    const { client, disputed } = aClient(['locked', 'disputed', 'completed'], async () => ({
      kind: 'applied',
      result: DISPUTED,
    }));
    const { deps } = anEscrowTask(client);
    const handler = createHandler(deps);
    await handler(aRejectedState(), timeLeft());

    expect(await handler(aRejectedState(), timeLeft())).toEqual({
      outcome: 'manual',
      key: KEY,
      reason: 'it was disputed before, and is completed again',
    });
    expect(disputed).toHaveLength(1);
  });

  test('in doubt is left to the sweeper, and is sent once', async () => {
    const { client, disputed } = aClient(['locked'], async () => ({ kind: 'unknown', reason: 'HTTP 500' }));
    const { deps, recorder } = anEscrowTask(client);
    const handler = createHandler(deps);

    const outcome = { outcome: 'pending', reason: 'HTTP 500; afterwards the escrow is locked', key: KEY };
    expect([await handler(aRejectedState(), timeLeft()), await handler(aRejectedState(), timeLeft())]).toEqual([
      outcome,
      outcome,
    ]);

    expect(disputed).toHaveLength(1);
    expect(recorder.published).toEqual([]);
    expect(recorder.counted).toEqual({});
  });

  test.each(['released', 'auto_released', 'refunded'] as const)(
    'of an escrow that is %s meanwhile was overtaken, and is not sent',
    async (status) => {
      const { client, disputed } = aClient([status], notExpected);
      const { deps, recorder } = anEscrowTask(client);

      expect(await createHandler(deps)(aRejectedState(), timeLeft())).toEqual({
        outcome: 'overtaken',
        reason: `the escrow is ${status}; the escrow is ${status}`,
      });
      expect(disputed).toEqual([]);
      expect(recorder.published).toEqual([]);
    },
  );

  test('that is refused for an escrow that is open still is rejected', async () => {
    const { client } = aClient(['locked'], async () => ({ kind: 'rejected', reason: 'HTTP 403 WRONG_PARTY' }));
    const { deps } = anEscrowTask(client);

    expect(await createHandler(deps)(aRejectedState(), timeLeft())).toEqual({
      outcome: 'rejected',
      reason: 'HTTP 403 WRONG_PARTY',
    });
  });

  test('never goes out beside a release that is in doubt', async () => {
    const { client, disputed } = aClient(['locked'], notExpected);
    const release: EscrowClient['release'] = async () => ({ kind: 'unknown', reason: 'HTTP 500' });
    const { deps } = anEscrowTask({ ...client, release });
    await createReleaseFunds(deps)(aReviewedState(), timeLeft());

    const { outcome } = await createHandler(deps)(aRejectedState(), timeLeft());

    expect(['not-sent', 'rejected']).toContain(outcome);
    expect(disputed).toEqual([]);
  });

  test('waits where the escrow cannot be read', async () => {
    const readStatus = () => Promise.reject(new ServiceUnreadableError('status of esc_1: HTTP 500'));
    const { deps } = anEscrowTask({ readStatus });

    expect(await createHandler(deps)(aRejectedState(), timeLeft())).toEqual({
      outcome: 'not-sent',
      reason: 'status of esc_1: HTTP 500',
      retryAfterSeconds: 15,
    });
  });

  test('waits by the name of a secret that cannot be used, with nothing claimed', async () => {
    const unusable = new SecretUnusableError('secret PurpleFleaApiKey: is not JSON');
    const { deps, intents } = anEscrowTask({}, { openEscrow: () => Promise.reject(unusable) });

    expect(await createHandler(deps)(aRejectedState(), timeLeft())).toEqual({
      outcome: 'not-sent',
      reason: unusable.message,
      retryAfterSeconds: 15,
    });
    expect([...intents.items.values()]).toEqual([expect.objectContaining({ state: 'prepared', fence: 0 })]);
  });

  test.each([
    ['before a review', aDeliveredState(), 'review'],
    ['after a review that released', aReviewedState(), 'decision'],
    ['without an escrow', { ...aRejectedState(), escrow: {} }, 'escrowId'],
  ])('is a fault %s', async (_case, state, field) => {
    const { deps, intents } = anEscrowTask();

    await expect(createHandler(deps)(state, timeLeft())).rejects.toThrow(field);
    expect(intents.items.size).toBe(0);
  });
});
