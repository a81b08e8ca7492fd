import { PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  type Message,
} from '@aws-sdk/client-sqs';
import type { Clients } from './clients.ts';

/** An event as it passed over the app's bus. */
export interface SeenEvent {
  readonly id: string;
  readonly source: string;
  readonly 'detail-type': string;
  readonly time: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Listens to a bus without touching the deployed stacks. Once this returns, no event is missed. */
export async function openBusTap(clients: Clients, busName: string): Promise<BusTap> {
  const QueueUrl = await createTap(clients, busName);
  return async function* follow(stop) {
    while (!stop.aborted) {
      for (const message of await receive(clients, QueueUrl, stop)) {
        await clients.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
        yield JSON.parse(message.Body ?? '{}') as SeenEvent;
      }
    }
  };
}

/** Yields each event once, until `stop` is aborted. */
export type BusTap = (stop: AbortSignal) => AsyncGenerator<SeenEvent>;

async function createTap({ sqs, events }: Clients, busName: string): Promise<string> {
  const name = `${busName}-tap-${process.pid}`;
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
  if (QueueUrl === undefined) throw new Error('the tap queue has no URL');
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  const EventPattern = JSON.stringify({ source: [{ prefix: '' }] });
  await events.send(new PutRuleCommand({ Name: name, EventBusName: busName, EventPattern }));
  await events.send(
    new PutTargetsCommand({
      Rule: name,
      EventBusName: busName,
      Targets: [{ Id: 'tap', Arn: Attributes?.['QueueArn'] }],
    }),
  );
  return QueueUrl;
}

async function receive({ sqs }: Clients, QueueUrl: string, stop: AbortSignal): Promise<Message[]> {
  try {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 2 }),
      { abortSignal: stop },
    );
    return Messages;
  } catch (error) {
    if (stop.aborted) return [];
    throw error;
  }
}
