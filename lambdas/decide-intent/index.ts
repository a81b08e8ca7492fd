import middy from '@middy/core';
import * as z from 'zod/mini';
import { checkKeys } from '../../src/aws/check-keys.ts';
import { createContinueExecution, createDescribeExecutions, createStartExecution } from '../../src/aws/executions.ts';
import { createMailboxTable } from '../../src/aws/mailbox-table.ts';
import { placesOf } from '../../src/ledger/places.ts';
import { createEscrowClient } from '../../src/purple-flea/escrow-client.ts';
import { createKeyProbe } from '../../src/purple-flea/key-probe.ts';
import { openToLook } from '../../src/purple-flea/open-client.ts';
import { serviceSchema } from '../../src/purple-flea/service.ts';
import { createWalletClient } from '../../src/purple-flea/wallet-client.ts';
import { jsonText } from '../../src/schemas.ts';
import { documents } from '../shared/clients/documents.ts';
import { createExecutionDeps } from '../shared/executions.ts';
import { createBeginnings } from '../shared/beginnings.ts';
import {
  escrowEnvironment,
  keysEnvironment,
  readEnvironment,
  tradingEnvironment,
  treasuryEnvironment,
} from '../shared/environment.ts';
import { createEscrowReadDeps } from '../shared/escrow-task.ts';
import { createIntents } from '../shared/ledger.ts';
import { createLookForCreated } from '../shared/look-for-created.ts';
import { createKeys, createServiceDeps, readCounterparties, walletKeyOf } from '../shared/purple-flea.ts';
import { telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const env = readEnvironment({
  ...escrowEnvironment,
  ...keysEnvironment,
  ...treasuryEnvironment,
  ...tradingEnvironment,
  WALLET_SERVICE: jsonText(serviceSchema),
  FAUCET_SERVICE: jsonText(serviceSchema),
  INTENT_TABLE: z.string(),
  MAILBOX_TABLE: z.string(),
  STATE_MACHINE_ARN: z.string(),
});
const keys = createKeys(env.SECRETS);
const intents = createIntents(env.INTENT_TABLE);
const executions = createExecutionDeps(env);
const escrow = createServiceDeps(env.ESCROW_SERVICE, env, keys);
const wallet = createServiceDeps(env.WALLET_SERVICE, env, keys);
const trading = createServiceDeps(env.TRADING_SERVICE, env, keys);

export const handler = middy(
  createHandler({
    ...createEscrowReadDeps(),
    intents,
    openLook: () =>
      createLookForCreated({
        intents,
        openEscrow: openToLook(escrow, (id) => keys.get(id, ['treasury', 'predecessor']), createEscrowClient),
        openWallet: openToLook(wallet, walletKeyOf(keys, env), createWalletClient),
      }),
    payers: [env.SECRETS.treasury, env.SECRETS.predecessor].flatMap((source) => source?.agentId ?? []),
    checkKeys: () =>
      checkKeys({
        sources: env.SECRETS,
        keys,
        listCounterparties: () => readCounterparties(env.SECRETS),
        probe: createKeyProbe({ escrow, wallet, trading }),
      }),
    places: placesOf(env),
    beginnings: createBeginnings(env.INTENT_TABLE),
    mailbox: createMailboxTable(documents, env.MAILBOX_TABLE),
    startExecution: createStartExecution(executions),
    continueExecution: createContinueExecution(executions),
    describeExecutions: createDescribeExecutions(executions),
    now: () => new Date(),
  }),
).use(telemetry);
