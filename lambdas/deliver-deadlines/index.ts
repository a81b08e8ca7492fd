import middy from '@middy/core';
import { createMailboxDeps } from '../shared/mailbox.ts';
import { count, log, telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

export const handler = middy(createHandler({ ...createMailboxDeps(), now: () => new Date(), log, count })).use(
  telemetry,
);
