import { ChangeMessageVisibilityCommand, type SQSClient } from '@aws-sdk/client-sqs';

/** Has the queue deliver a message again after so many seconds, once the function has reported it as failed. */
export type HideMessage = (receiptHandle: string, seconds: number) => Promise<void>;

/** SQS hides no message for longer than 12 hours. */
const MAX_SECONDS = 43_200;

export function createHideMessage(sqs: SQSClient, queueUrl: string): HideMessage {
  return async (ReceiptHandle, seconds) => {
    const VisibilityTimeout = Math.min(Math.max(0, Math.ceil(seconds)), MAX_SECONDS);
    await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl: queueUrl, ReceiptHandle, VisibilityTimeout }));
  };
}
