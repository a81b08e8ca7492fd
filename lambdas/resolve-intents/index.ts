import middy from '@middy/core';
import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { createPaperBookTable } from '../../src/aws/paper-book-table.ts';
import type { KeyRole } from '../../src/aws/key-ring.ts';
import { createPlaceTable } from '../../src/aws/place-table.ts';
import { createPublisher } from '../../src/aws/publisher.ts';
import { createRoundTable } from '../../src/aws/round-table.ts';
import { placesOf } from '../../src/ledger/places.ts';
import { RESOLVE_DEFAULTS } from '../../src/ledger/resolve-intents.ts';
import { createEscrowClient, createEscrowViews } from '../../src/purple-flea/escrow-client.ts';
import { createFaucetClient } from '../../src/purple-flea/faucet-client.ts';
import { serviceSchema } from '../../src/purple-flea/service.ts';
import { openToLook } from '../../src/purple-flea/open-client.ts';
import { createTradingClient } from '../../src/purple-flea/trading-client.ts';
import { createWalletClient } from '../../src/purple-flea/wallet-client.ts';
import { jsonText } from '../../src/schemas.ts';
import { documents } from '../shared/clients/documents.ts';
import { eventBridge } from '../shared/clients/event-bridge.ts';
import { createBeginnings } from '../shared/beginnings.ts';
import {
  escrowEnvironment,
  keysEnvironment,
  readEnvironment,
  tradingEnvironment,
  treasuryEnvironment,
} from '../shared/environment.ts';
import { createIntents, createReadStop } from '../shared/ledger.ts';
import { createMailboxDeps } from '../shared/mailbox.ts';
import { createOpenSender } from '../shared/open-sender.ts';
import { ledgerPolicies, readPolicies, symbolPolicies } from '../shared/policies.ts';
import { createKeys, createServiceDeps, walletKeyOf } from '../shared/purple-flea.ts';
import { count, log, telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const env = readEnvironment({
  ...escrowEnvironment,
  ...tradingEnvironment,
  ...keysEnvironment,
  ...treasuryEnvironment,
  WALLET_SERVICE: jsonText(serviceSchema),
  FAUCET_SERVICE: jsonText(serviceSchema),
  INTENT_TABLE: z.string(),
  STOP_PARAMETER: z.string(),
  EVENT_BUS: z.string(),
});
const { symbols, budgets } = readPolicies({ ...symbolPolicies, ...ledgerPolicies });
const beginnings = createBeginnings(env.INTENT_TABLE);
const places = createPlaceTable(documents, env.INTENT_TABLE);
const configured = placesOf(env);
const keys = createKeys(env.SECRETS);
const keyIn =
  (...roles: KeyRole[]) =>
  (agentId: string) =>
    keys.get(agentId, roles);
const escrow = createServiceDeps(env.ESCROW_SERVICE, env, keys);
const wallet = createServiceDeps(env.WALLET_SERVICE, env, keys);
const trading = createServiceDeps({ ...env.TRADING_SERVICE, symbols }, env, keys);
const faucet = createServiceDeps(env.FAUCET_SERVICE, env, keys);

export const handler = middy(
  createHandler({
    ...createMailboxDeps(),
    openSender: createOpenSender(escrow, keys, configured.wallet),
    viewEscrows: createEscrowViews(escrow),
    holdsKeyOf: async (agentId) => (await keys.find(agentId, ['counterparties'])) !== undefined,
    requestMs: env.REQUEST_TIMEOUT_MS,
    openEscrow: openToLook(escrow, keyIn('treasury', 'predecessor', 'counterparties'), createEscrowClient),
    openWallet: openToLook(wallet, walletKeyOf(keys, env), createWalletClient),
    openTrading: openToLook(trading, keyIn('trading', 'predecessor'), createTradingClient),
    openFaucet: openToLook(faucet, keyIn('treasury', 'predecessor', 'counterparties'), createFaucetClient),
    intents: createIntents(env.INTENT_TABLE),
    places: configured,
    readBeginnings: async () => {
      await places.record(configured);
      return beginnings.read();
    },
    paperBooks: createPaperBookTable(documents, env.INTENT_TABLE),
    publish: createPublisher(eventBridge, env.EVENT_BUS),
    round: createRoundTable(documents, env.INTENT_TABLE),
    policy: RESOLVE_DEFAULTS,
    readStop: createReadStop(env.STOP_PARAMETER),
    budgets,
    now: () => new Date(),
    newId: randomUUID,
    log,
    count,
  }),
).use(telemetry);
