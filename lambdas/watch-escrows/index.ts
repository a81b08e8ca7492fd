import middy from '@middy/core';
import { createWatchTable } from '../../src/aws/mailbox-table.ts';
import { createEscrowClient } from '../../src/purple-flea/escrow-client.ts';
import { openToSend } from '../../src/purple-flea/open-client.ts';
import { aws } from '../shared/aws.ts';
import {
  escrowEnvironment,
  keysEnvironment,
  mailboxEnvironment,
  readEnvironment,
  treasuryEnvironment,
} from '../shared/environment.ts';
import { createMailboxDeps } from '../shared/mailbox.ts';
import { createKeys, createServiceDeps } from '../shared/purple-flea.ts';
import { count, log, telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const env = readEnvironment({
  ...escrowEnvironment,
  ...mailboxEnvironment,
  ...keysEnvironment,
  ...treasuryEnvironment,
});
const keys = createKeys(env.SECRETS);
const service = createServiceDeps(env.ESCROW_SERVICE, env);

export const handler = middy(
  createHandler({
    ...createMailboxDeps(),
    watch: createWatchTable(aws.dynamoDb, env.MAILBOX_TABLE),
    agentId: env.AGENT_ID,
    openEscrow: openToSend(service, (agentId) => keys.get(agentId, ['treasury']), createEscrowClient),
    now: () => new Date(),
    log,
    count,
  }),
).use(telemetry);
