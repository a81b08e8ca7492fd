import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import middy from '@middy/core';
import * as z from 'zod/mini';
import { createPublisher } from '../../src/aws/publisher.ts';
import { createEscrowClient } from '../../src/purple-flea/escrow.ts';
import { escrowEnvironment, readEnvironment } from '../shared/environment.ts';
import { createApiKeySource, createServiceDeps } from '../shared/purple-flea.ts';
import { count, log, telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const env = readEnvironment({ ...escrowEnvironment, EVENT_BUS: z.string() });
const service = createServiceDeps(env.ESCROW_SERVICE, env);

export const handler = middy(
  createHandler({
    readApiKeys: createApiKeySource(env.SECRET_NAME),
    openEscrow: (credentials) => createEscrowClient(service, credentials),
    publish: createPublisher(new EventBridgeClient({}), env.EVENT_BUS),
    log,
    count,
  }),
).use(telemetry);
