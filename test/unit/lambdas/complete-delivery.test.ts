import { describe, expect, test } from '@jest/globals';
import { createHandler } from '../../../lambdas/complete-delivery/handler.ts';
import { SecretUnusableError } from '../../../src/errors.ts';
import type { Answer } from '../../../src/ledger/answer.ts';
import { effectKey } from '../../../src/ledger/effect-key.ts';
import type { CompletedEscrow } from '../../../src/purple-flea/escrow.ts';
import { recordedOwner, type IntentOwner } from '../../../src/ledger/owner.ts';
import { aDeliveredState, aRequest, aView, ESCROW_ID, OWNER, REFERENCE } from '../../support/bonus-escrow.ts';
import { anEscrowClient, anEscrowTask, OWNED } from '../../support/escrow-task.ts';
import { inert } from '../../support/inert.ts';
import { timeLeft } from '../../support/lambda-events.ts';

const KEY = effectKey(aRequest().cause, 'escrow-complete');

function aTask(answer: Answer<CompletedEscrow>) {
  const sent: [IntentOwner, string][] = [];
  const task = anEscrowTask(
    {},
    {
      holdsKeyOf: async (agentId) => agentId === OWNER,
      openEscrow: async ({ agentId, service }) =>
        anEscrowClient({
          readStatus: async () => aView(),
          complete: async (_escrowId, { body }) => {
            sent.push([{ agentId, service }, body]);
            return answer;
          },
        }),
    },
  );
  return { ...task, sent };
}

describe('a delivery', () => {
  test('is recorded once with the key held for the counterparty, and said once', async () => {
    const { deps, sent, recorder } = aTask({ kind: 'applied', result: { escrowId: ESCROW_ID, status: 'completed' } });
    const handler = createHandler(deps);

    const outcome = { outcome: 'applied' };
    expect([await handler(aDeliveredState(), timeLeft()), await handler(aDeliveredState(), timeLeft())]).toEqual([
      outcome,
      outcome,
    ]);

    const body = '{"completion_note":"model v7","delivery_url":"https://registry.example.com/churn/7"}';
    expect(sent).toEqual([[recordedOwner({ ...OWNED, agentId: OWNER }), body]]);
    expect(recorder.published).toEqual([['escrow.completed', { escrowId: ESCROW_ID, reference: REFERENCE }]]);
    expect(recorder.counted).toEqual({});
  });

  test('is left to a counterparty whose key is not held', async () => {
    const { deps, intents, recorder } = anEscrowTask({}, { openEscrow: inert('openEscrow') });

    expect(await createHandler(deps)(aDeliveredState(), timeLeft())).toEqual({ outcome: 'left-to-counterparty' });
    expect(intents.items.size).toBe(0);
    expect(recorder.published).toEqual([]);
  });

  test('in doubt is left to the sweeper, and is sent once', async () => {
    const { deps, sent, recorder, intents } = aTask({ kind: 'unknown', reason: 'HTTP 500 SERVER_ERROR' });
    const handler = createHandler(deps);

    const outcome = { outcome: 'pending' };
    expect([await handler(aDeliveredState(), timeLeft()), await handler(aDeliveredState(), timeLeft())]).toEqual([
      outcome,
      outcome,
    ]);

    expect(sent).toHaveLength(1);
    expect(intents.items.get(KEY)).toMatchObject({ kind: 'escrow-complete', agentId: OWNER, state: 'unknown' });
    expect(recorder.counted).toEqual({});
    expect(recorder.published).toEqual([]);
  });

  test.each<[Answer<CompletedEscrow>, string]>([
    [{ kind: 'rejected', reason: 'HTTP 403 WRONG_PARTY' }, 'rejected'],
    [{ kind: 'not-sent', reason: 'refused', retryAfterSeconds: 15 }, 'not-sent'],
  ])('that was not recorded is no fault: %j', async (answer, outcome) => {
    const { deps, recorder } = aTask(answer);

    expect(await createHandler(deps)(aDeliveredState(), timeLeft())).toEqual({ outcome });
    expect(recorder.published).toEqual([]);
    expect(recorder.counted).toEqual({});
  });
});

describe('a delivery for which it cannot be known whether the key is held', () => {
  const complete = (thrown: Error) => {
    const { deps } = anEscrowTask({}, { holdsKeyOf: () => Promise.reject(thrown) });
    return createHandler(deps)(aDeliveredState(), timeLeft());
  };

  test('waits for the sweeper, and the review goes on', async () => {
    const unusable = new SecretUnusableError('secret keys: has no value');
    const { deps, intents } = anEscrowTask({}, { holdsKeyOf: () => Promise.reject(unusable) });

    expect(await createHandler(deps)(aDeliveredState(), timeLeft())).toEqual({ outcome: 'not-sent' });
    expect(intents.items.get(KEY)).toMatchObject({
      agentId: OWNER,
      escrowId: ESCROW_ID,
      state: 'prepared',
      fence: 0,
      waitsFor: 'secret',
    });
  });

  test('is a fault where that is one of our own', async () => {
    await expect(complete(new TypeError('x is not a function'))).rejects.toThrow(TypeError);
  });
});
