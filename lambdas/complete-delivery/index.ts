import middy from '@middy/core';
import { ROLES_TO_SEND } from '../../src/aws/key-ring.ts';
import { createEscrowTaskDeps } from '../shared/escrow-task.ts';
import { telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const deps = createEscrowTaskDeps(...ROLES_TO_SEND['escrow-complete']);
const holdsKeyOf = async (agentId: string) => (await deps.keys.find(agentId, ['counterparties'])) !== undefined;

export const handler = middy(createHandler({ ...deps, holdsKeyOf })).use(telemetry);
