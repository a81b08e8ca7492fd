import middy from '@middy/core';
import * as z from 'zod/mini';
import { createStartExecution } from '../../src/aws/executions.ts';
import { createIntentTable } from '../../src/aws/intent-table.ts';
import { createPublisher } from '../../src/aws/publisher.ts';
import { createDescribeTrainingJob, createReadTags } from '../../src/aws/training-jobs.ts';
import { bonusPolicySchema } from '../../src/escrow/bonus-rules.ts';
import { documents } from '../shared/clients/documents.ts';
import { eventBridge } from '../shared/clients/event-bridge.ts';
import { sageMaker } from '../shared/clients/sage-maker.ts';
import { createExecutionDeps } from '../shared/executions.ts';
import { createBeginnings } from '../shared/beginnings.ts';
import { readEnvironment } from '../shared/environment.ts';
import { readPolicies } from '../shared/policies.ts';
import { createQueueDeps } from '../shared/queue.ts';
import { telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const env = readEnvironment({
  EVENT_BUS: z.string(),
  INTENT_TABLE: z.string(),
  STATE_MACHINE_ARN: z.string(),
});
const { bonus } = readPolicies({ bonus: bonusPolicySchema });

export const handler = middy(
  createHandler({
    describeTrainingJob: createDescribeTrainingJob(sageMaker),
    intents: createIntentTable(documents, env.INTENT_TABLE),
    readBeginnings: createBeginnings(env.INTENT_TABLE).read,
    readTags: createReadTags(sageMaker),
    startExecution: createStartExecution(createExecutionDeps(env)),
    publish: createPublisher(eventBridge, env.EVENT_BUS),
    ...createQueueDeps(),
    policy: bonus,
  }),
).use(telemetry);
