import middy from '@middy/core';
import * as z from 'zod/mini';
import { createMailboxTable } from '../../src/aws/mailbox-table.ts';
import { documents } from '../shared/clients/documents.ts';
import { readEnvironment } from '../shared/environment.ts';
import { createEscrowReadDeps } from '../shared/escrow-task.ts';
import { createIntents } from '../shared/ledger.ts';
import { telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const env = readEnvironment({ MAILBOX_TABLE: z.string(), INTENT_TABLE: z.string() });

export const handler = middy(
  createHandler({
    ...createEscrowReadDeps(),
    intents: createIntents(env.INTENT_TABLE),
    mailbox: createMailboxTable(documents, env.MAILBOX_TABLE),
    now: () => new Date(),
  }),
).use(telemetry);
