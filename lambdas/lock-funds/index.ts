import middy from '@middy/core';
import { ROLES_TO_SEND } from '../../src/aws/key-ring.ts';
import { placeOf } from '../../src/ledger/owner.ts';
import { openWithWallet } from '../../src/purple-flea/open-client.ts';
import { serviceSchema } from '../../src/purple-flea/service.ts';
import { jsonText } from '../../src/schemas.ts';
import { readEnvironment } from '../shared/environment.ts';
import { createEscrowTaskDeps } from '../shared/escrow-task.ts';
import { telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const env = readEnvironment({ WALLET_SERVICE: jsonText(serviceSchema) });
const wallet = placeOf(env.WALLET_SERVICE);
const deps = createEscrowTaskDeps(...ROLES_TO_SEND['escrow-create']);

export const handler = middy(
  createHandler({
    ...deps,
    owner: { ...deps.owner, wallet },
    openEscrow: openWithWallet(deps.openEscrow, wallet),
  }),
).use(telemetry);
