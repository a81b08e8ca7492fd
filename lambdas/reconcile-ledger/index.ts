import middy from '@middy/core';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import { createBaselineTable } from '../../src/aws/baseline-table.ts';
import { underPresentNames } from '../../src/reconciliation/baseline.ts';
import { createPublisher } from '../../src/aws/publisher.ts';
import { placeOf } from '../../src/ledger/owner.ts';
import { createEscrowClient } from '../../src/purple-flea/escrow-client.ts';
import { openToSend } from '../../src/purple-flea/open-client.ts';
import { serviceSchema } from '../../src/purple-flea/service.ts';
import { createTradingClient } from '../../src/purple-flea/trading-client.ts';
import { createWalletClient } from '../../src/purple-flea/wallet-client.ts';
import { jsonText } from '../../src/schemas.ts';
import { documents } from '../shared/clients/documents.ts';
import { eventBridge } from '../shared/clients/event-bridge.ts';
import {
  escrowEnvironment,
  keysEnvironment,
  readEnvironment,
  tradingEnvironment,
  treasuryEnvironment,
} from '../shared/environment.ts';
import { createIntents } from '../shared/ledger.ts';
import { readPolicies, symbolPolicies } from '../shared/policies.ts';
import { createKeys, createServiceDeps, walletKeyOf } from '../shared/purple-flea.ts';
import { count, log, telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const env = readEnvironment({
  ...escrowEnvironment,
  ...tradingEnvironment,
  ...keysEnvironment,
  ...treasuryEnvironment,
  WALLET_SERVICE: jsonText(serviceSchema),
  INTENT_TABLE: z.string(),
  EVENT_BUS: z.string(),
});
const { symbols } = readPolicies(symbolPolicies);
const keys = createKeys(env.SECRETS);
const { predecessor } = env.SECRETS;
const tradesItself = env.SECRETS.trading?.agentId === env.AGENT_ID;
const escrow = createServiceDeps(env.ESCROW_SERVICE, env, keys);
const wallet = createServiceDeps(env.WALLET_SERVICE, env, keys);
const trading = createServiceDeps({ ...env.TRADING_SERVICE, symbols }, env, keys);

const openTrading = openToSend(
  trading,
  (agentId) => keys.get(agentId, ['trading', 'predecessor']),
  createTradingClient,
);

const baselines = createBaselineTable(documents, env.INTENT_TABLE);

export const handler = middy(
  createHandler({
    intents: createIntents(env.INTENT_TABLE),
    baselines: {
      ...baselines,
      read: async (agentId) =>
        underPresentNames(await baselines.read(agentId), { escrow: env.ESCROW_SERVICE, wallet: env.WALLET_SERVICE }),
    },
    agentIds: predecessor === undefined ? [env.AGENT_ID] : [env.AGENT_ID, predecessor.agentId],
    places: { escrow: placeOf(env.ESCROW_SERVICE), wallet: placeOf(env.WALLET_SERVICE) },
    openEscrow: openToSend(escrow, (agentId) => keys.get(agentId, ['treasury', 'predecessor']), createEscrowClient),
    openWallet: openToSend(wallet, walletKeyOf(keys, env), createWalletClient),
    openTrading: async (owner) => (tradesItself ? openTrading(owner) : undefined),
    publish: createPublisher(eventBridge, env.EVENT_BUS),
    now: () => new Date(),
    sleep,
    log,
    count,
  }),
).use(telemetry);
