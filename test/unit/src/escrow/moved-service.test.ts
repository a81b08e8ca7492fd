import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createHandler as createAwaitSignal } from '../../../../lambdas/await-signal/handler.ts';
import { createHandler as createCheckStatus } from '../../../../lambdas/check-status/handler.ts';
import { createHandler as createReviewDelivery } from '../../../../lambdas/review-delivery/handler.ts';
import { lockFunds } from '../../../../src/escrow/escrow-effects.ts';
import { lifecycleInputSchema } from '../../../../src/escrow/lifecycle-input.ts';
import { escrowAddress } from '../../../../src/escrow/mailbox.ts';
import { createEscrowClient, createEscrowViews } from '../../../../src/purple-flea/escrow-client.ts';
import { lockedEscrowSchema, type LockedEscrow } from '../../../../src/purple-flea/escrow.ts';
import { openToSend } from '../../../../src/purple-flea/open-client.ts';
import { PROFILES } from '../../../../src/purple-flea/service.ts';
import { startTwin, type Twin } from '../../../../twin/server.ts';
import { aRequest, OWNER, TREASURY } from '../../../support/bonus-escrow.ts';
import { afterNoon, MINUTE } from '../../../support/effects.ts';
import { anEscrowTask } from '../../../support/escrow-task.ts';
import { createMemoryIntents, type MemoryIntents } from '../../../support/memory-intents.ts';
import { createMemoryMailbox } from '../../../support/memory-mailbox.ts';
import { ownerAt } from '../../../support/owners.ts';
import { aService } from '../../../support/purple-flea.ts';
import { createRecorder } from '../../../support/recorder.ts';

const AGENTS = [
  { agentId: TREASURY, apiKey: 'key-of-treasury', balanceUsd: '1000.00' },
  { agentId: OWNER, apiKey: 'key-of-owner', balanceUsd: '0.00' },
];

describe.each(PROFILES)('an escrow that was made before the service moved, in the %s dialect', (profile) => {
  let before: Twin;
  let today: Twin;
  let intents: MemoryIntents;
  let escrow: LockedEscrow;
  const now = () => afterNoon(MINUTE);
  beforeEach(async () => {
    const twin = () => startTwin({ agents: AGENTS, escrowProfile: profile, rateLimits: false, now });
    [before, today] = [await twin(), await twin()];
    intents = createMemoryIntents();
    const service = aService(before.url, { profile });
    const { deps } = anEscrowTask(
      {},
      {
        intents,
        owner: ownerAt(service, { agentId: TREASURY }),
        openEscrow: openToSend(
          service,
          async (agentId) => ({ agentId, apiKey: 'key-of-treasury' }),
          createEscrowClient,
        ),
      },
    );
    const locked = await lockFunds({ ...deps, remainingMs: () => 60_000 }, lifecycleInputSchema.parse(aRequest()));
    escrow = lockedEscrowSchema.parse(locked.outcome === 'applied' ? locked.result : undefined);
  });
  afterEach(() => Promise.all([before.close(), today.close()]));

  /** A task that reads, where the stage names the new address. */
  function aTask() {
    const recorder = createRecorder();
    const viewEscrows = createEscrowViews(aService(today.url, { profile }));
    const { deps } = anEscrowTask({}, { intents, recorder, viewEscrows, now });
    return { deps: { ...deps, mailbox: createMemoryMailbox() }, recorder };
  }
  const state = () => ({ request: aRequest({ gate: { mode: 'person' } }), escrow });

  test('is read there', async () => {
    const { deps, recorder } = aTask();

    expect(await createCheckStatus(deps)(state())).toMatchObject({ status: 'locked', escrowId: escrow.escrowId });
    expect(await createReviewDelivery(deps)(state())).toMatchObject({ decision: 'ask', status: 'locked' });
    expect(recorder.counted).toEqual({});
  });

  test.each([
    ['nobody answers there', () => before.close()],
    ['another server answers there, and has no such escrow', () => replaceBefore()],
  ])('goes on waiting, with a metric, while %s', async (_case, happen) => {
    await happen();
    const { deps, recorder } = aTask();

    const checked = await createCheckStatus(deps)(state());
    const reviewed = await createReviewDelivery(deps)(state());

    expect(checked).toMatchObject({ status: 'locked', unreadSince: now().toISOString() });
    expect(reviewed).toMatchObject({ decision: 'ask', status: 'locked', unreadSince: now().toISOString() });
    expect(recorder.counted).toEqual({ EscrowsUnread: 2 });
  });

  async function replaceBefore(): Promise<void> {
    const { port } = new URL(before.url);
    await before.close();
    before = await startTwin({ agents: AGENTS, escrowProfile: profile, rateLimits: false, now, port: Number(port) });
  }

  test('is watched there', async () => {
    const mailbox = createMemoryMailbox();
    const { log } = createRecorder();

    await createAwaitSignal({ mailbox, resume: async () => true, intents, log })({
      awaits: 'delivery',
      taskToken: 'token-1',
      state: state(),
    });

    expect(await mailbox.findWait(escrowAddress(escrow.escrowId))).toMatchObject({
      service: { baseUrl: before.url, profile },
    });
  });
});
