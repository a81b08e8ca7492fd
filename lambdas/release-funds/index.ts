import middy from '@middy/core';
import { ROLES_TO_SEND } from '../../src/aws/key-ring.ts';
import { createEscrowTaskDeps } from '../shared/escrow-task.ts';
import { telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

export const handler = middy(createHandler(createEscrowTaskDeps(...ROLES_TO_SEND['escrow-release']))).use(telemetry);
