import * as z from 'zod/mini';
import { UnusableEventError } from '../../src/errors.ts';
import { INCOMING, PUBLISHED } from '../../src/events/catalogue.ts';
import { jsonText } from '../../src/schemas.ts';
import { consumeQueue, type QueueDeps } from '../shared/consume-queue.ts';

const eventSchema = jsonText(z.looseObject({ 'detail-type': z.string(), source: z.string() }));

/** Takes what nobody on the app's bus has a use for, so that a misspelt event is found in a queue and not lost. */
export function createHandler(deps: QueueDeps) {
  return consumeQueue(deps, async ({ body }) => {
    const event = z.safeParse(eventSchema, body);
    const detailType = event.success ? event.data['detail-type'] : 'none';
    if (event.success && Object.hasOwn(PUBLISHED, detailType)) {
      throw new UnusableEventError(
        `"${detailType}" from source "${event.data.source}": the pipeline alone says that; this bus takes from others: ${Object.values(INCOMING).join(', ')}`,
      );
    }
    throw new UnusableEventError(
      `unknown detail-type "${detailType}"; this bus takes: ${Object.values(INCOMING).join(', ')}`,
    );
  });
}
