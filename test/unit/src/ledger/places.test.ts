import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createHandler as createLockFunds } from '../../../../lambdas/lock-funds/handler.ts';
import { createLookForCreated } from '../../../../lambdas/shared/look-for-created.ts';
import type { Intent } from '../../../../src/ledger/intent.ts';
import type { ServicePlace } from '../../../../src/ledger/owner.ts';
import { bindPlaces } from '../../../../src/ledger/places.ts';
import { createEscrowClient } from '../../../../src/purple-flea/escrow-client.ts';
import { openToLook, openToSend, openWithWallet } from '../../../../src/purple-flea/open-client.ts';
import { PROFILES, type Credentials } from '../../../../src/purple-flea/service.ts';
import { createWalletClient } from '../../../../src/purple-flea/wallet-client.ts';
import { startTwin, type Twin } from '../../../../twin/server.ts';
import { aRequest, OWNER, TREASURY } from '../../../support/bonus-escrow.ts';
import { afterNoon, aNewIntent, aNewSkip, MINUTE, NOON } from '../../../support/effects.ts';
import { anEscrowTask } from '../../../support/escrow-task.ts';
import { timeLeft } from '../../../support/lambda-events.ts';
import { createMemoryIntents, type MemoryIntents } from '../../../support/memory-intents.ts';
import { PLACES } from '../../../support/places.ts';
import { aService } from '../../../support/purple-flea.ts';

const at = (name: string): ServicePlace => ({ baseUrl: `https://${name}.example.com`, profile: 'reference' });
const readPlaces = async () => PLACES;

describe('an intent that names no service', () => {
  test.each([
    ['escrow-create', PLACES.escrow],
    ['escrow-complete', PLACES.escrow],
    ['escrow-release', PLACES.escrow],
    ['escrow-dispute', PLACES.escrow],
    ['trade-order', PLACES.trading],
    ['transfer', PLACES.wallet],
    ['faucet-claim', PLACES.faucet],
    ['paper-order', undefined],
  ] as const)('belongs where the service was at first: %s', async (kind, service) => {
    const memory = createMemoryIntents();
    const intents = bindPlaces(memory, readPlaces);
    const { key } = await memory.prepare(aNewIntent({ kind }), NOON);

    const shown: (Intent | undefined)[] = [
      await intents.read(key),
      await intents.prepare(aNewIntent({ kind }), NOON),
      ...(await intents.list('prepared', afterNoon(MINUTE), 10)),
      ...(await intents.listSince('prepared', new Date(0), 10)).intents,
    ];

    expect(shown.map((intent) => intent?.service)).toEqual([service, service, service, service]);
  });

  test('belongs to the configured one until any was recorded', async () => {
    const memory = createMemoryIntents();
    const { key } = await memory.prepare(aNewIntent(), NOON);

    expect((await bindPlaces(memory, async () => undefined).read(key))?.service).toBeUndefined();
  });

  test.each([
    ['because it was skipped', async (memory: MemoryIntents) => (await memory.skip(aNewSkip(), NOON)).intent.key],
    [
      'and it names its own',
      async (memory: MemoryIntents) =>
        (await memory.prepare(aNewIntent({ service: at('own'), wallet: at('purse') }), NOON)).key,
    ],
  ])('is left as it is %s', async (_case, write) => {
    const memory = createMemoryIntents();
    const key = await write(memory);

    expect(await bindPlaces(memory, () => Promise.reject(new Error('asked'))).read(key)).toEqual(
      await memory.read(key),
    );
  });
});

describe.each(PROFILES)('after the services moved, in the %s dialect', (profile) => {
  const AGENTS = [
    { agentId: TREASURY, apiKey: 'key-of-treasury', balanceUsd: '1000.00' },
    { agentId: OWNER, apiKey: 'key-of-owner', balanceUsd: '0.00' },
  ];
  const keyOf = async (agentId: string): Promise<Credentials> => ({ agentId, apiKey: 'key-of-treasury' });
  let before: Twin;
  let today: Twin;
  let memory: MemoryIntents;
  let visits: number;
  const now = () => afterNoon(visits * 60 * MINUTE);
  beforeEach(async () => {
    const twin = () => startTwin({ agents: AGENTS, escrowProfile: profile, rateLimits: false, now });
    [before, today] = [await twin(), await twin()];
    memory = createMemoryIntents();
    visits = 0;
  });
  afterEach(() => Promise.all([before.close(), today.close()]));

  const placeOf = ({ url: baseUrl }: Twin): ServicePlace => ({ baseUrl, profile });
  /** A visit of the task that locks, where the services are configured so. */
  async function lock(escrow: Twin, wallet: Twin, isStopped = false) {
    visits += 1;
    const service = aService(escrow.url, { profile });
    const bound = bindPlaces(memory, async () => ({ ...PLACES, escrow: placeOf(before), wallet: placeOf(before) }));
    const { deps } = anEscrowTask(
      {},
      {
        intents: { ...memory, ...bound },
        owner: { agentId: TREASURY, ...placeOf(escrow), wallet: placeOf(wallet) },
        openEscrow: openWithWallet(openToSend(service, keyOf, createEscrowClient), placeOf(wallet)),
        readStop: async () => (isStopped ? 'reducing' : 'running'),
        now,
      },
    );
    return createLockFunds(deps)(aRequest(), timeLeft());
  }
  const stored = () => [...memory.items.values()][0];
  const lookToday = () => {
    const service = aService(today.url, { profile });
    return createLookForCreated({
      intents: memory,
      openEscrow: openToLook(service, keyOf, createEscrowClient),
      openWallet: openToLook(service, keyOf, createWalletClient),
    });
  };

  test('a lock of 0.1.0 waits for where it was recorded', async () => {
    await lock(before, before, true);
    const { service: _service, wallet: _wallet, ...earlier } = stored() as Intent;
    (memory.items as Map<string, Intent>).set(earlier.key, earlier);

    expect(await lock(today, today)).toMatchObject({
      outcome: 'not-sent',
      reason: expect.stringContaining(`${before.url} (${profile}), and the configuration names ${today.url}`),
    });
    expect(await lock(before, before)).toMatchObject({ outcome: 'applied' });
  });

  test('an escrow is found where it was sent, by the list or by the rows of the wallet of that time', async () => {
    await lock(before, before);
    const intent = stored() as Intent;

    expect(await lookToday()(intent)).toMatchObject({ kind: 'found' });
  });

  const WALLET_ALONE = {
    reference: ['is sent: the list shows it', 'applied', undefined],
    published: ['waits: its row would be missed there', 'not-sent', 'it was recorded with the wallet at '],
  } as const;
  const [what, outcome, reason] = WALLET_ALONE[profile];

  test(`a lock that was recorded with another wallet ${what}`, async () => {
    await lock(before, before, true);

    const locked = await lock(before, today);

    expect(locked.outcome).toBe(outcome);
    expect('reason' in locked ? locked.reason?.slice(0, reason?.length) : undefined).toBe(reason);
  });
});
