import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';

/** A message that is not going to be handled. */
export interface DeadLetter {
  readonly body: string;
  /** Why, for the person who finds it. Sent as the message attribute `reason`. */
  readonly reason: string;
  /** Of the original message; keeps a FIFO dead-letter queue from taking it twice. */
  readonly messageId: string;
  /** Given where the queue is FIFO. */
  readonly groupId?: string | undefined;
}

export type SendDeadLetter = (letter: DeadLetter) => Promise<void>;

const MAX_REASON = 1000;

export function createSendDeadLetter(sqs: SQSClient, queueUrl: string): SendDeadLetter {
  return async ({ body, reason, messageId, groupId }) => {
    await sqs.send(
      new SendMessageCommand({
        QueueUrl: queueUrl,
        MessageBody: body,
        MessageAttributes: { reason: { DataType: 'String', StringValue: reason.slice(0, MAX_REASON) } },
        ...(groupId === undefined ? {} : { MessageGroupId: groupId, MessageDeduplicationId: messageId }),
      }),
    );
  };
}
