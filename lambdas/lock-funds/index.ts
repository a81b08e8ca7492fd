import middy from '@middy/core';
import { createEscrowTaskDeps } from '../shared/escrow-task.ts';
import { telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

export const handler = middy(createHandler(createEscrowTaskDeps('treasury'))).use(telemetry);
