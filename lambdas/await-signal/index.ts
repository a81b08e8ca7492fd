import middy from '@middy/core';
import * as z from 'zod/mini';
import { readEnvironment } from '../shared/environment.ts';
import { createIntents } from '../shared/ledger.ts';
import { createMailboxDeps } from '../shared/mailbox.ts';
import { log, telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const env = readEnvironment({ INTENT_TABLE: z.string() });

export const handler = middy(
  createHandler({ ...createMailboxDeps(), intents: createIntents(env.INTENT_TABLE), log }),
).use(telemetry);
