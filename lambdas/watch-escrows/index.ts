import middy from '@middy/core';
import { createWatchTable } from '../../src/aws/mailbox-table.ts';
import { createEscrowClient } from '../../src/purple-flea/escrow-client.ts';
import { aws } from '../shared/aws.ts';
import { escrowEnvironment, mailboxEnvironment, readEnvironment } from '../shared/environment.ts';
import { createMailboxDeps } from '../shared/mailbox.ts';
import { createApiKeySource, createServiceDeps } from '../shared/purple-flea.ts';
import { count, log, telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const env = readEnvironment({ ...escrowEnvironment, ...mailboxEnvironment });
const service = createServiceDeps(env.ESCROW_SERVICE, env);

export const handler = middy(
  createHandler({
    ...createMailboxDeps(),
    watch: createWatchTable(aws.dynamoDb, env.MAILBOX_TABLE),
    readApiKeys: createApiKeySource(env.SECRET_NAME),
    openEscrow: (credentials) => createEscrowClient(service, credentials),
    now: () => new Date(),
    log,
    count,
  }),
).use(telemetry);
