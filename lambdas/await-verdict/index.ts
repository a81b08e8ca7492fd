import middy from '@middy/core';
import * as z from 'zod/mini';
import { createIntentTable } from '../../src/aws/intent-table.ts';
import { documents } from '../shared/clients/documents.ts';
import { readEnvironment } from '../shared/environment.ts';
import { createMailboxDeps } from '../shared/mailbox.ts';
import { log, telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const env = readEnvironment({ INTENT_TABLE: z.string() });

export const handler = middy(
  createHandler({
    ...createMailboxDeps(),
    intents: createIntentTable(documents, env.INTENT_TABLE),
    now: () => new Date(),
    log,
  }),
).use(telemetry);
