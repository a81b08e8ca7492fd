import middy from '@middy/core';
import { packagePolicySchema } from '../../src/escrow/package-decision.ts';
import { createMailboxDeps } from '../shared/mailbox.ts';
import { readPolicies } from '../shared/policies.ts';
import { createQueueDeps } from '../shared/queue.ts';
import { telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const { packages } = readPolicies({ packages: packagePolicySchema });

export const handler = middy(
  createHandler({
    ...createMailboxDeps(),
    ...createQueueDeps(),
    packages,
  }),
).use(telemetry);
