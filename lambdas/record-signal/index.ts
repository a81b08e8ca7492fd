import middy from '@middy/core';
import { createSendDeadLetter } from '../../src/aws/dead-letters.ts';
import { packagePolicySchema } from '../../src/escrow/package-decision.ts';
import { aws } from '../shared/aws.ts';
import { queueEnvironment, readEnvironment } from '../shared/environment.ts';
import { createMailboxDeps } from '../shared/mailbox.ts';
import { readPolicies } from '../shared/policies.ts';
import { count, log, telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const env = readEnvironment(queueEnvironment);
const { packages } = readPolicies({ packages: packagePolicySchema });

export const handler = middy(
  createHandler({
    ...createMailboxDeps(),
    sendDeadLetter: createSendDeadLetter(aws.sqs, env.DEAD_LETTER_QUEUE_URL),
    maxReceives: env.MAX_RECEIVES,
    packages,
    log,
    count,
  }),
).use(telemetry);
