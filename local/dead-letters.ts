import { ListQueuesCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clients } from './clients.ts';

/** A message that no function could use. */
export interface DeadLetter {
  /** The name of its dead-letter queue. */
  readonly queue: string;
  readonly reason: string;
  /** Of the event in it; undefined where it is none. */
  readonly detailType: string | undefined;
}

const PAUSE_MS = 1_000;

/** Looks into every dead-letter queue of the stage, leaves all messages there, and yields each once, until `stop` is aborted. */
export async function* watchDeadLetters({ sqs }: Pick<Clients, 'sqs'>, stop: AbortSignal): AsyncGenerator<DeadLetter> {
  const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({}));
  const watched = QueueUrls.filter((url) => /-dead(\.fifo)?$/.test(url));
  const seen = new Set<string>();
  while (!stop.aborted) {
    for (const QueueUrl of watched) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl,
          MaxNumberOfMessages: 10,
          // It stays visible to whoever redrives it.
          VisibilityTimeout: 0,
          MessageAttributeNames: ['reason'],
        }),
      );
      for (const { MessageId = '', Body = '', MessageAttributes } of Messages) {
        if (seen.has(MessageId)) continue;
        seen.add(MessageId);
        const queue = QueueUrl.split('/').at(-1) ?? QueueUrl;
        const reason = MessageAttributes?.['reason']?.StringValue ?? 'no function took it';
        yield { queue, reason, detailType: detailTypeOf(Body) };
      }
    }
    await sleep(PAUSE_MS, undefined, { signal: stop }).catch(() => undefined);
  }
}

function detailTypeOf(body: string): string | undefined {
  try {
    const event = JSON.parse(body) as { readonly 'detail-type'?: string } | null;
    return event?.['detail-type'];
  } catch {
    return undefined;
  }
}
