import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { SendDeadLetter } from '../../src/aws/dead-letters.ts';
import type { HideMessage } from '../../src/aws/hidden-messages.ts';
import { describeError, TryLaterError, UnusableEventError } from '../../src/errors.ts';
import { homeOf, type Home } from '../../src/events/origin.ts';
import type { Count, Log } from '../../src/observability.ts';

export interface QueueDeps {
  readonly sendDeadLetter: SendDeadLetter;
  readonly hideMessage: HideMessage;
  /** How often a message may fail, at least, before it is given up. */
  readonly maxReceives: number;
  readonly now: () => Date;
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

/** How a queue goes on with a message that comes back. */
interface Pauses {
  /** Before the second delivery; each further pause is twice as long, up to the most. */
  readonly firstSeconds: number;
  readonly mostSeconds: number;
  /** A message that fails is given up when it is older than this. */
  readonly patienceSeconds: number;
}

/** Where order counts, what waits holds up those behind it, for whom seconds matter. */
const ORDERED: Pauses = { firstSeconds: 2, mostSeconds: 15, patienceSeconds: 120 };

/** A fault of AWS's may last for some minutes. */
const UNORDERED: Pauses = { firstSeconds: 15, mostSeconds: 360, patienceSeconds: 1_500 };

/**
 * A queue's handler: each message by itself, failures reported one by one. A message that can never be handled goes to the
 * dead-letter queue at once. One that fails comes back after growing pauses, and goes there at the end. One that merely has
 * to wait (`TryLaterError`) comes back when its wait is over, however often; it is never given up for that.
 */
export function consumeQueue(
  deps: QueueDeps,
  handleMessage: (message: Message, remainingMs: () => number) => Promise<void>,
) {
  return async (event: SQSEvent, context: { getRemainingTimeInMillis(): number }): Promise<SQSBatchResponse> => {
    const handleRecord = async (record: SQSRecord) => {
      const { receives, pauses } = stateOf(record);
      try {
        const home = homeOf(record.eventSourceARN);
        await handleMessage({ body: record.body, redelivered: receives > 1, home }, () =>
          context.getRemainingTimeInMillis(),
        );
      } catch (error) {
        const reason = describeError(error);
        if (error instanceof TryLaterError)
          deps.log.warn('message waits', { messageId: record.messageId, receives, reason });
        else deps.log.error('message failed', { messageId: record.messageId, receives, reason });
        if (!isGivenUp(deps, record, error)) {
          const asked = error instanceof TryLaterError ? error.retryAfterSeconds : undefined;
          await hide(deps, record, asked ?? Math.min(pauses.firstSeconds * 2 ** (receives - 1), pauses.mostSeconds));
          throw error;
        }
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

function stateOf({ attributes }: SQSRecord): { readonly receives: number; readonly pauses: Pauses } {
  return {
    receives: Number(attributes.ApproximateReceiveCount),
    pauses: attributes.MessageGroupId === undefined ? UNORDERED : ORDERED,
  };
}

/** Receives alone do not tell how often a message failed: it may have waited before. So its age counts as well. */
function isGivenUp({ maxReceives, now }: QueueDeps, record: SQSRecord, error: unknown): boolean {
  if (error instanceof UnusableEventError) return true;
  if (error instanceof TryLaterError) return false;
  const { receives, pauses } = stateOf(record);
  const ageSeconds = (now().getTime() - Number(record.attributes.SentTimestamp)) / 1000;
  return receives >= maxReceives && ageSeconds >= pauses.patienceSeconds;
}

/** Where that fails, the message comes back when the queue's own time is over. */
async function hide({ hideMessage, log }: QueueDeps, record: SQSRecord, seconds: number): Promise<void> {
  try {
    await hideMessage(record.receiptHandle, seconds);
  } catch (error) {
    log.warn('pause not set', { messageId: record.messageId, reason: describeError(error) });
  }
}
