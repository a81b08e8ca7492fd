import type { SQSEvent, SQSRecord } from 'aws-lambda';

/** When the messages of batches were sent (09:00), and when nobody is patient with them any more. */
export const SENT_AT = new Date('2026-03-06T09:00:00Z');
export const LONG_AFTER = new Date('2026-03-06T10:00:00Z');

/** One message in a batch. */
export interface MessageOptions {
  readonly body: string;
  /** How often the queue has delivered it, this time included. */
  readonly receives?: number;
  readonly messageId?: string;
  /** Given for messages of a FIFO queue. */
  readonly groupId?: string | undefined;
}

/** A batch as Lambda hands it over. */
export function aBatch(...messages: MessageOptions[]): SQSEvent {
  return { Records: messages.map(aRecord) };
}

function aRecord({ body, receives = 1, messageId = 'message-1', groupId }: MessageOptions): SQSRecord {
  return {
    messageId,
    receiptHandle: `receipt of ${messageId}`,
    body,
    attributes: {
      ApproximateReceiveCount: String(receives),
      SentTimestamp: String(SENT_AT.getTime()),
      SenderId: 'events.amazonaws.com',
      ApproximateFirstReceiveTimestamp: '1772787600100',
      ...(groupId === undefined ? {} : { MessageGroupId: groupId }),
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:queue',
    awsRegion: 'us-east-1',
  };
}

/** The text of an EventBridge event. `undefined` in the overrides leaves a field out. */
export function anEvent(
  detailType: string,
  detail: unknown,
  overrides: Readonly<Record<string, unknown>> = {},
): string {
  return JSON.stringify({
    version: '0',
    id: '7bf73129-1428-4cd3-a780-95db273d1602',
    'detail-type': detailType,
    source: 'my.source',
    account: '000000000000',
    time: '2026-03-06T09:00:00Z',
    region: 'us-east-1',
    resources: [],
    detail,
    ...overrides,
  });
}

/** A Lambda context with so much time left. */
export function timeLeft(milliseconds = 60_000): { getRemainingTimeInMillis(): number } {
  return { getRemainingTimeInMillis: () => milliseconds };
}

/** The answer of a queue's handler where every message was taken. */
export const ALL_TAKEN = { batchItemFailures: [] };

/** The answer where these messages come back. */
export function comingBack(...messageIds: string[]): { batchItemFailures: { itemIdentifier: string }[] } {
  return { batchItemFailures: messageIds.map((itemIdentifier) => ({ itemIdentifier })) };
}
