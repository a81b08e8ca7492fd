import middy from '@middy/core';
import { createWatchTable } from '../../src/aws/mailbox-table.ts';
import { createEscrowClient, createEscrowViewer, createEscrowViews } from '../../src/purple-flea/escrow-client.ts';
import { documents } from '../shared/clients/documents.ts';
import { escrowEnvironment, keysEnvironment, mailboxEnvironment, readEnvironment } from '../shared/environment.ts';
import { createMailboxDeps } from '../shared/mailbox.ts';
import { createKeys, createServiceDeps } from '../shared/purple-flea.ts';
import { count, log, telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const env = readEnvironment({
  ...escrowEnvironment,
  ...mailboxEnvironment,
  ...keysEnvironment,
});
const keys = createKeys(env.SECRETS);
const NO_LIST = { kind: 'unsupported', reason: 'there is no one list of the escrows that are waited for' } as const;
const service = createServiceDeps(env.ESCROW_SERVICE, env, keys);

export const handler = middy(
  createHandler({
    ...createMailboxDeps(),
    configured: env.ESCROW_SERVICE,
    viewEscrows: createEscrowViews(service),
    watch: createWatchTable(documents, env.MAILBOX_TABLE),
    openEscrows: async () => {
      const { treasury } = env.SECRETS;
      // Without a key each is read by itself: escrows of two agents are in no one list, and one dialect has none.
      if (treasury === undefined) return { ...createEscrowViewer(service), list: async () => NO_LIST };
      return createEscrowClient(service, await keys.get(treasury.agentId, ['treasury']));
    },
    now: () => new Date(),
    log,
    count,
  }),
).use(telemetry);
