import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { SendDeadLetter } from '../../src/aws/dead-letters.ts';
import { describeError, UnusableEventError } from '../../src/errors.ts';
import { homeOf, type Home } from '../../src/events/origin.ts';
import type { Count, Log } from '../../src/observability.ts';

export interface QueueDeps {
  readonly sendDeadLetter: SendDeadLetter;
  /** How often the queue delivers a message before it gives up on it. */
  readonly maxReceives: number;
  readonly log: Log;
  readonly count: Count;
}

/** One message of a queue. */
export interface Message {
  readonly body: string;
  /** True where the queue has delivered this very message before: an earlier run may have got half-way. */
  readonly redelivered: boolean;
  /** Where the queue is, and so this pipeline. */
  readonly home: Home;
}

/**
 * A queue's handler: each message by itself, failures reported one by one. A message that can never be handled goes
 * to the dead-letter queue at once, one that failed to the last goes there at the end, both with the reason.
 */
export function consumeQueue(
  deps: QueueDeps,
  handleMessage: (message: Message, remainingMs: () => number) => Promise<void>,
) {
  return async (event: SQSEvent, context: { getRemainingTimeInMillis(): number }): Promise<SQSBatchResponse> => {
    const handleRecord = async (record: SQSRecord) => {
      const receives = Number(record.attributes.ApproximateReceiveCount);
      try {
        const home = homeOf(record.eventSourceARN);
        await handleMessage({ body: record.body, redelivered: receives > 1, home }, () =>
          context.getRemainingTimeInMillis(),
        );
      } catch (error) {
        const reason = describeError(error);
        deps.log.error('message failed', { messageId: record.messageId, receives, reason });
        if (!(error instanceof UnusableEventError) && receives < deps.maxReceives) throw error;
        await deps.sendDeadLetter({
          body: record.body,
          reason,
          messageId: record.messageId,
          groupId: record.attributes.MessageGroupId,
        });
        deps.count('EventsRejected');
      }
    };
    return processPartialResponse(event, handleRecord, new BatchProcessor(EventType.SQS), {
      throwOnFullBatchFailure: false,
    });
  };
}
