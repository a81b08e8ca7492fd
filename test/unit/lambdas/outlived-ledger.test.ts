import { describe, expect, test } from '@jest/globals';
import { createHandler as createLockFunds } from '../../../lambdas/lock-funds/handler.ts';
import { createHandler as createReleaseFunds } from '../../../lambdas/release-funds/handler.ts';
import { clientReference, effectKey } from '../../../src/ledger/effect-key.ts';
import type { EscrowClient } from '../../../src/purple-flea/escrow.ts';
import {
  aDeliveredState,
  aRequest,
  aReviewedState,
  aView,
  ESCROW_ID,
  OWNER,
  REFERENCE,
  TREASURY,
} from '../../support/bonus-escrow.ts';
import { leaveUnknown } from '../../support/effects.ts';
import { anEscrowTask } from '../../support/escrow-task.ts';
import { timeLeft } from '../../support/lambda-events.ts';

/** The job of the examples began at 8:10 and ended at 8:31; its delivery is dated in the state. */
const ENDED = '2026-03-06T08:31:00.000Z';
const CAUSE = aRequest().cause;
const DELIVERED = Date.parse(aDeliveredState().delivery.at);
const before = (moment: number): string => new Date(moment - 60_000).toISOString();
const after = (moment: number): string => new Date(moment + 60_000).toISOString();

/** A task of a ledger that began then, and what it sent. */
function aTask(began: string) {
  const sent: string[] = [];
  let isReleased = false;
  const client: Partial<EscrowClient> = {
    readStatus: async () => aView({ status: isReleased ? 'released' : 'completed' }),
    release: async () => {
      sent.push('release');
      isReleased = true;
      return {
        kind: 'applied',
        result: { escrowId: ESCROW_ID, status: 'released', amountUsd: '50.00', feeUsd: '0.50', paidOutUsd: '49.50' },
      };
    },
    create: async () => {
      sent.push('create');
      return { kind: 'unknown', reason: 'the answer was lost' };
    },
  };
  return { ...anEscrowTask(client, { readBeginning: async () => began }), sent };
}

describe('an execution that is older than the ledger', () => {
  test.each([
    ['ended before the ledger began', { causedAt: ENDED }, '2026-03-06T08:32:00.000Z', []],
    ['ended after it, however early it began', { causedAt: ENDED }, '2026-03-06T08:30:00.000Z', ['create']],
    ['has no known end and began before it', {}, '2026-03-06T08:30:00.000Z', []],
    ['has no known end and began after it', {}, '2026-03-06T08:00:00.000Z', ['create']],
  ])('locks at once nothing but for a job that %s', async (_case, change, began, expected) => {
    const { deps, sent } = aTask(began);

    expect(await createLockFunds(deps)({ ...aRequest(), ...change }, timeLeft())).toMatchObject({ outcome: 'pending' });
    expect(sent).toEqual(expected);
  });

  test.each([
    ['its delivery came before the ledger', after(DELIVERED), { outcome: 'pending' }, []],
    ['its delivery came after that', before(DELIVERED), { outcome: 'applied' }, ['release']],
  ])('pays at once or not: %s', async (_case, began, outcome, expected) => {
    const { deps, sent } = aTask(began);
    const state = { ...aDeliveredState(), ...aReviewedState() };

    expect(await createReleaseFunds(deps)(state, timeLeft())).toMatchObject(outcome);
    expect(sent).toEqual(expected);
  });

  const at = '2026-03-06T12:30:00.000Z';
  test.each([
    ['delivered', { delivery: { signal: 'delivered', at } }, ['release']],
    ['approved', { decision: { signal: 'approved', at } }, ['release']],
    ['rejected', { decision: { signal: 'rejected', at } }, ['release']],
    ['changed, as the first wait ended', { delivery: { signal: 'changed', at } }, []],
    ['changed, as the second wait ended', { decision: { signal: 'changed', at } }, []],
    ['silent until a deadline', { decision: { signal: 'deadline', deadlineAt: at } }, []],
  ])('pays at once or not where after the beginning it was %s', async (_case, heard, expected) => {
    const { deps, sent } = aTask('2026-03-06T12:00:00.000Z');

    await createReleaseFunds(deps)({ ...aReviewedState(), ...heard }, timeLeft());
    expect(sent).toEqual(expected);
  });

  test('pays at once what this ledger locked itself, however old the delivery is', async () => {
    const began = after(DELIVERED);
    const { deps, intents, sent } = aTask(began);
    const creation = await leaveUnknown(
      intents,
      {
        key: effectKey(CAUSE, 'escrow-create'),
        kind: 'escrow-create',
        reference: clientReference(REFERENCE),
        cause: CAUSE,
        agentId: TREASURY,
        payee: OWNER,
        amountUsd: '50.00',
        requestBody: '{}',
        expiresAt: '2026-03-20T00:00:00.000Z',
      },
      new Date(after(Date.parse(began))),
    );
    const result = { escrowId: ESCROW_ID };
    await intents.move(creation, { state: 'applied', note: 'found', result }, new Date(after(Date.parse(began))));

    const state = { ...aDeliveredState(), ...aReviewedState() };
    expect(await createReleaseFunds(deps)(state, timeLeft())).toMatchObject({ outcome: 'applied' });
    expect(sent).toEqual(['release']);
  });
});
