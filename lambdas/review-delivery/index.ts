import middy from '@middy/core';
import { createEscrowReadDeps } from '../shared/escrow-task.ts';
import { telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

export const handler = middy(createHandler({ ...createEscrowReadDeps(), now: () => new Date() })).use(telemetry);
