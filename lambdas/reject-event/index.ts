import middy from '@middy/core';
import { createQueueDeps } from '../shared/queue.ts';
import { telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

export const handler = middy(
  createHandler({
    ...createQueueDeps(),
  }),
).use(telemetry);
