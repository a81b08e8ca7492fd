import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createKeyRing, type KeySources } from '../../../src/aws/key-ring.ts';
import { parseUsd } from '../../../src/money.ts';
import { createEscrowClient, escrowBodies } from '../../../src/purple-flea/escrow-client.ts';
import { openToSend } from '../../../src/purple-flea/open-client.ts';
import { PROFILES } from '../../../src/purple-flea/service.ts';
import type { TradingClient } from '../../../src/purple-flea/trading.ts';
import { createTradingClient } from '../../../src/purple-flea/trading-client.ts';
import { createWalletClient } from '../../../src/purple-flea/wallet-client.ts';
import { startTwin, type Twin } from '../../../twin/server.ts';
import { A_REFERENCE, aService, anEffectRequest } from '../../support/purple-flea.ts';
import { call } from './calling.ts';

const TREASURY = 'ag_platform_treasury';
const TRADER = 'ag_trader';
const SECRETS = new Map([
  ['Main', `{"apiKey":"pf_local_treasury","agentId":"${TREASURY}"}`],
  ['Trading', `{"apiKey":"pf_local_trader","agentId":"${TRADER}"}`],
]);
const MAIN = { agentId: TREASURY, secretName: 'Main' };
const ONE_FOR_ALL: KeySources = { treasury: MAIN, trading: MAIN, wallet: MAIN };
const OF_ITS_OWN: KeySources = { ...ONE_FOR_ALL, trading: { agentId: TRADER, secretName: 'Trading' } };

describe.each(PROFILES)('trading with a registration of its own, in %s', (profile) => {
  let twin: Twin;
  beforeEach(async () => {
    twin = await startTwin({ escrowProfile: profile, registrations: { trading: [TRADER] } });
  });
  afterEach(() => twin.close());

  /** The clients as functions open them, with the keys of some secrets. */
  async function open(sources: KeySources) {
    const service = aService(twin.url, { profile });
    const keys = createKeyRing(sources, async (name) => SECRETS.get(name));
    const trader = { agentId: sources.trading?.agentId ?? '' };
    const treasury = { agentId: TREASURY };
    return {
      trading: await openToSend(service, (id) => keys.get(id, ['trading']), createTradingClient)(trader),
      wallet: await openToSend(service, (id) => keys.get(id, ['wallet']), createWalletClient)(treasury),
      escrow: await openToSend(service, (id) => keys.get(id, ['treasury']), createEscrowClient)(treasury),
    };
  }

  const anOrder = (trading: TradingClient, agentId: string) =>
    anEffectRequest(
      trading.orderBody({
        reference: A_REFERENCE,
        agentId,
        asset: 'BTC-USDC',
        direction: 'long',
        amount: parseUsd('10.00'),
        leverage: 1,
        metadata: {},
      }),
    );
  const aLock = () =>
    anEffectRequest(
      escrowBodies(profile).create({
        reference: A_REFERENCE,
        amount: parseUsd('50.00'),
        description: `${A_REFERENCE} a bonus`,
        counterpartyAgentId: 'ag_model_owner_churn',
        timeoutHours: 24,
        metadata: {},
      }),
    );

  test('refuses the one key for all, which the other services take', async () => {
    const { trading, wallet, escrow } = await open(ONE_FOR_ALL);

    await expect(trading.readPositions()).rejects.toThrow('401');
    expect(await trading.placeOrder(anOrder(trading, TREASURY))).toMatchObject({
      kind: 'not-sent',
      waitsFor: 'secret',
    });
    expect(await wallet.readBalance()).toMatchObject({ available: 1_000_000_000n });
    expect(await escrow.create(aLock())).toMatchObject({ kind: 'applied' });
  });

  test('takes the key of its own, while the others go on with theirs', async () => {
    const { trading, wallet, escrow } = await open(OF_ITS_OWN);

    expect(await trading.placeOrder(anOrder(trading, TRADER))).toMatchObject({ kind: 'applied' });
    expect(await trading.readPositions()).toHaveLength(1);
    expect(await wallet.readBalance()).toMatchObject({ available: 1_000_000_000n });
    expect(await escrow.create(aLock())).toMatchObject({ kind: 'applied' });
  });

  test('has a key that no other service takes, until its registrations end', async () => {
    const { status } = await call(twin, 'POST /escrow/create', { key: 'pf_local_trader', body: aLock().body });
    expect(status).toBe(401);

    expect((await call(twin, 'PUT /_twin/registrations', { body: { trading: [] } })).body).toEqual({ trading: [] });

    expect(await (await open(ONE_FOR_ALL)).trading.readPositions()).toEqual([]);
    expect((await call(twin, 'PUT /_twin/registrations', { body: { trading: ['ag_nobody'] } })).status).toBe(400);
  });
});
