import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createHandler as createLockFunds } from '../../../../lambdas/lock-funds/handler.ts';
import { createHandler as createReleaseFunds } from '../../../../lambdas/release-funds/handler.ts';
import { createLookForCreated } from '../../../../lambdas/shared/look-for-created.ts';
import { escrowAddress } from '../../../../src/escrow/mailbox.ts';
import { watchEscrows } from '../../../../src/escrow/watch.ts';
import type { IntentStore } from '../../../../src/ledger/intent.ts';
import { bindPlaces, placesOf, unreadElsewhere } from '../../../../src/ledger/places.ts';
import { createEscrowClient, createEscrowViews } from '../../../../src/purple-flea/escrow-client.ts';
import { lockedEscrowSchema } from '../../../../src/purple-flea/escrow.ts';
import { openToLook, openToSend, openWithWallet } from '../../../../src/purple-flea/open-client.ts';
import { PROFILES, type Credentials, type ServiceDeps } from '../../../../src/purple-flea/service.ts';
import { createWalletClient } from '../../../../src/purple-flea/wallet-client.ts';
import { startTwin, type Twin } from '../../../../twin/server.ts';
import { aRequest, OWNER, TREASURY } from '../../../support/bonus-escrow.ts';
import { afterNoon, MINUTE, sweep } from '../../../support/effects.ts';
import { anEscrowTask } from '../../../support/escrow-task.ts';
import { timeLeft } from '../../../support/lambda-events.ts';
import { createMemoryIntents, type MemoryIntents } from '../../../support/memory-intents.ts';
import { createMemoryMailbox, createTasks } from '../../../support/memory-mailbox.ts';
import { ownerAt } from '../../../support/owners.ts';
import { aService } from '../../../support/purple-flea.ts';

/** The name of before: nobody answers there any more. */
const BEFORE = 'https://escrow.before.example.com';
const KEY: Credentials = { agentId: TREASURY, apiKey: 'key-of-treasury' };
const AGENTS = [
  { ...KEY, balanceUsd: '1000.00' },
  { agentId: OWNER, apiKey: 'key-of-owner', balanceUsd: '0.00' },
];

interface Options {
  /** Whether the services are said to be the same. */
  readonly isSame?: boolean;
  readonly lost?: 'request' | 'answer';
  readonly stop?: boolean;
  /** Where the service is that answers. */
  readonly at?: Twin;
}

const LOST = { kind: 'lost', reason: 'timed out' } as const;

describe.each(PROFILES)('a service that has another name now, in the %s dialect', (profile) => {
  let twin: Twin;
  let another: Twin;
  let memory: MemoryIntents;
  let minute = 0;
  beforeEach(async () => {
    minute = 0;
    memory = createMemoryIntents();
    const start = () =>
      startTwin({
        agents: AGENTS,
        escrowProfile: profile,
        rateLimits: false,
        now: () => afterNoon(minute * MINUTE),
      });
    [twin, another] = await Promise.all([start(), start()]);
  });
  afterEach(() => Promise.all([twin.close(), another.close()]));

  /** The stage, under the name of today, or as it was under the one of before. */
  function aStage(under: 'before' | 'today', { isSame = true, lost, stop = false, at = twin }: Options = {}) {
    const plain = aService(at.url, { profile });
    const toTwin: ServiceDeps['transport'] = async (request) => {
      const isLost = lost !== undefined && request.method === 'POST';
      if (isLost && lost === 'request') return LOST;
      const answer = await plain.transport({ ...request, url: request.url.replace(BEFORE, at.url) });
      return isLost ? LOST : answer;
    };
    const service: ServiceDeps =
      under === 'before'
        ? { ...plain, service: { baseUrl: BEFORE, profile }, transport: toTwin }
        : { ...plain, service: { ...plain.service, ...(isSame ? { formerBaseUrls: [BEFORE] } : {}) } };
    const named = { escrow: service.service, wallet: service.service };
    const intents: IntentStore = bindPlaces(memory, async () => undefined, named);
    const place = { baseUrl: service.service.baseUrl, profile };
    const { deps } = anEscrowTask(
      {},
      {
        intents: { ...memory, ...intents },
        owner: { ...ownerAt(service, KEY), wallet: place },
        openEscrow: openWithWallet(
          openToSend(service, async () => KEY, createEscrowClient),
          place,
        ),
        viewEscrows: createEscrowViews(service),
        readStop: async () => (stop ? 'halted' : 'running'),
        now: () => afterNoon(minute * MINUTE),
      },
    );
    const lookFor = createLookForCreated({
      intents,
      openEscrow: openToLook(service, async () => KEY, createEscrowClient),
      openWallet: openToLook(service, async () => KEY, createWalletClient),
    });
    const { service: now } = service;
    const places = placesOf({ ESCROW_SERVICE: now, TRADING_SERVICE: now, WALLET_SERVICE: now, FAUCET_SERVICE: now });
    return {
      intents,
      service,
      lock: (request = aRequest()) => createLockFunds(deps)(request, timeLeft()),
      release: (escrow: unknown) =>
        createReleaseFunds(deps)(
          {
            request: aRequest(),
            escrow,
            review: {
              decision: 'release',
              reason: 'seen',
              status: 'locked',
              deadlineAt: afterNoon(600 * MINUTE).toISOString(),
            },
          },
          timeLeft(),
        ),
      sweepAt: (later: number) => {
        minute = later;
        return sweep(intents, afterNoon(later * MINUTE), undefined, { lookFor: unreadElsewhere(lookFor, places) });
      },
    };
  }

  const only = () => [...memory.items.values()][0];
  const countEscrows = async (at = twin) => {
    const response = await fetch(`${at.url}/_twin/escrows`);
    return ((await response.json()) as { readonly escrows: readonly unknown[] }).escrows.length;
  };

  test('is sent what was recorded under the one of before', async () => {
    await aStage('before', { stop: true }).lock();
    minute = 60;

    expect(await aStage('today').lock()).toMatchObject({ outcome: 'applied' });
    expect(only()?.service?.baseUrl).toBe(BEFORE);
  });

  test('is sent nothing of that where it is another service', async () => {
    await aStage('before', { stop: true }).lock();
    minute = 60;

    expect(await aStage('today', { isSame: false }).lock()).toMatchObject({
      reason: expect.stringContaining(BEFORE),
    });
    expect(await countEscrows()).toBe(0);
  });

  test('is looked at for what was lost under the one of before, and not sent that again', async () => {
    await aStage('before', { lost: 'answer' }).lock();
    const today = aStage('today');

    expect(await today.sweepAt(20)).toMatchObject({ settled: [{ state: 'applied' }] });
    expect(await today.lock()).toMatchObject({ outcome: 'applied' });
    expect(await countEscrows()).toBe(1);
  });

  const aCause = (subject: string) => aRequest({ cause: { ...aRequest().cause, subject } });

  test('is sent again what two looks there do not show, once', async () => {
    await aStage('before').lock(aCause('a job'));
    await aStage('before', { lost: 'request' }).lock();
    const today = aStage('today');
    await today.sweepAt(16);
    await today.sweepAt(22);

    expect([...memory.items.values()].map(({ state }) => state)).toEqual(['applied', 'prepared']);
    expect(await today.lock()).toMatchObject({ outcome: 'applied' });
    expect(await countEscrows()).toBe(2);
  });

  test('is not sent again what it does not show, where no escrow of before shows that it is the same', async () => {
    await aStage('before', { lost: 'request' }).lock();
    const today = aStage('today');
    await today.lock(aCause('another job'));
    await today.sweepAt(30);
    await today.sweepAt(40);

    expect(await today.lock()).toMatchObject({ outcome: 'pending' });
    await today.sweepAt(26 * 60);
    expect(await today.lock()).toMatchObject({ outcome: 'manual', reason: expect.stringContaining('former name') });
  });

  test('is not sent again what was lost at a service that is another in truth', async () => {
    await aStage('before').lock(aCause('a job'));
    minute = 1;
    await aStage('before', { lost: 'answer' }).lock();
    await aStage('before', { stop: true }).lock(aCause('a job that waits'));
    minute = 10;
    await aStage('today', { isSame: false, at: another }).lock(aCause('another job'));
    const mistaken = aStage('today', { at: another });
    expect(await mistaken.lock(aCause('a job that waits'))).toMatchObject({ outcome: 'applied' });
    await mistaken.sweepAt(30);
    await mistaken.sweepAt(40);

    expect(await mistaken.lock()).toMatchObject({ outcome: 'pending' });
    expect([await countEscrows(), await countEscrows(another)]).toEqual([2, 2]);
    await mistaken.sweepAt(26 * 60);
    expect(await mistaken.lock()).toMatchObject({
      outcome: 'manual',
      reason: expect.stringContaining('is missing'),
    });
  });

  test('settles an escrow that was made under the one of before', async () => {
    const locked = await aStage('before').lock();
    minute = 60;

    const escrow = lockedEscrowSchema.parse(locked);
    expect(await aStage('today').release(escrow)).toMatchObject({ outcome: 'applied' });
  });

  test('is where such an escrow is watched, in the one list', async () => {
    const escrow = lockedEscrowSchema.parse(await aStage('before').lock());
    const { service } = aStage('today');
    const mailbox = createMemoryMailbox();
    const tasks = createTasks(['token-1']);
    const { escrowId } = escrow;
    const asked = {
      addresses: [escrowAddress(escrowId)] as const,
      takes: ['changed'] as const,
      notBefore: afterNoon(0).toISOString(),
    };
    await mailbox.putWait({ taskToken: 'token-1', ...asked, deadlineAt: afterNoon(600 * MINUTE).toISOString() });

    const run = await watchEscrows({
      mailbox,
      resume: tasks.resume,
      watch: {
        listWatched: async () => [
          { escrowId, status: 'completed', since: afterNoon(0).toISOString(), service: { baseUrl: BEFORE, profile } },
        ],
        readRound: async () => undefined,
        writeRound: async () => {},
      },
      escrow: createEscrowClient(service, KEY),
      configured: service.service,
      viewEscrows: createEscrowViews(service),
      now: () => afterNoon(MINUTE),
      remainingMs: () => 60_000,
    });

    expect(run).toMatchObject({ watched: 1, changed: 1, failed: [] });
    expect(run.unread).toBeUndefined();
  });
});
