import middy from '@middy/core';
import * as z from 'zod/mini';
import { readEnvironment } from '../shared/environment.ts';
import { createEscrowReadDeps } from '../shared/escrow-task.ts';
import { createIntents } from '../shared/ledger.ts';
import { telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const env = readEnvironment({ INTENT_TABLE: z.string() });

export const handler = middy(
  createHandler({ ...createEscrowReadDeps(), intents: createIntents(env.INTENT_TABLE), now: () => new Date() }),
).use(telemetry);
