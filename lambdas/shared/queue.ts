import { createSendDeadLetter } from '../../src/aws/dead-letters.ts';
import { createHideMessage } from '../../src/aws/hidden-messages.ts';
import { sqs } from './clients/sqs.ts';
import type { QueueDeps } from './consume-queue.ts';
import { queueEnvironment, readEnvironment } from './environment.ts';
import { count, log } from './telemetry.ts';

/** What taking messages from the function's queue needs, from the environment. */
export function createQueueDeps(): QueueDeps {
  const env = readEnvironment(queueEnvironment);
  return {
    sendDeadLetter: createSendDeadLetter(sqs, env.DEAD_LETTER_QUEUE_URL),
    hideMessage: createHideMessage(sqs, env.QUEUE_URL),
    maxReceives: env.MAX_RECEIVES,
    now: () => new Date(),
    log,
    count,
  };
}
