import middy from '@middy/core';
import { createMailboxDeps } from '../shared/mailbox.ts';
import { log, telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

export const handler = middy(createHandler({ ...createMailboxDeps(), log })).use(telemetry);
