import { ListRulesCommand, ListTargetsByRuleCommand, TestEventPatternCommand } from '@aws-sdk/client-eventbridge';
import type { Rule, Target } from '@aws-sdk/client-eventbridge';
import { GetQueueUrlCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { randomUUID } from 'node:crypto';
import type { Clients } from './clients.ts';
import { ACCOUNT, REGION } from './emulator.ts';

/** An event of an AWS service, as it is before a bus takes it. */
export interface AwsEvent {
  readonly busName: string;
  /** `aws.sagemaker`, for example. */
  readonly source: string;
  readonly detailType: string;
  readonly detail: object;
  /** ARNs of what it is about. */
  readonly resources?: readonly string[];
}

/**
 * Delivers an event of an AWS service, which a bus takes from AWS alone: asks EventBridge which of the deployed rules
 * match, and sends the whole event to the queues that are their targets.
 *
 * @returns the names of the rules that took it.
 * @throws Error if no rule takes it, or if a rule's target is anything but a queue that gets the whole event.
 */
export async function deliverAwsEvent(clients: Clients, event: AwsEvent): Promise<string[]> {
  const { busName, source, detailType, resources = [], detail } = event;
  const time = `${new Date().toISOString().slice(0, 19)}Z`;
  const id = randomUUID();
  const envelope = { version: '0', id, 'detail-type': detailType, source, account: ACCOUNT, time, region: REGION };
  const text = JSON.stringify({ ...envelope, resources, detail });

  const rules = await listRules(clients, busName);
  const matching: string[] = [];
  for (const { Name, EventPattern } of rules) {
    const { Result } = await clients.events.send(new TestEventPatternCommand({ EventPattern, Event: text }));
    if (Result === true && Name !== undefined) matching.push(Name);
  }
  if (matching.length === 0) {
    const asked = rules.map(({ Name }) => Name).join(', ');
    throw new Error(
      `no deployed rule takes this event (${source}, "${detailType}"); rules of bus ${busName}: ${asked || 'none'}`,
    );
  }
  for (const rule of matching) await sendToTargets(clients, busName, rule, text);
  return matching;
}

/** The enabled rules of a bus that match events; those with a schedule alone do not. */
async function listRules({ events }: Clients, EventBusName: string): Promise<Rule[]> {
  const found: Rule[] = [];
  let NextToken: string | undefined;
  do {
    const page = await events.send(new ListRulesCommand({ EventBusName, NextToken }));
    found.push(...(page.Rules ?? []));
    ({ NextToken } = page);
  } while (NextToken !== undefined);
  return found.filter(({ EventPattern, State }) => EventPattern !== undefined && State !== 'DISABLED');
}

async function sendToTargets(clients: Clients, EventBusName: string, rule: string, text: string): Promise<void> {
  const { Targets = [] } = await clients.events.send(new ListTargetsByRuleCommand({ EventBusName, Rule: rule }));
  if (Targets.length === 0) throw new Error(`rule ${rule} takes this event and has no target`);
  for (const target of Targets) {
    const QueueName = queueOf(rule, target);
    const MessageGroupId = target.SqsParameters?.MessageGroupId;
    const { QueueUrl } = await clients.sqs.send(new GetQueueUrlCommand({ QueueName }));
    await clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: text, MessageGroupId }));
  }
}

/** The queue that gets the whole event. What EventBridge would rewrite, or hand to something else, is refused. */
function queueOf(rule: string, { Id, Arn = '', Input, InputPath, InputTransformer }: Target): string {
  if (Input !== undefined || InputPath !== undefined || InputTransformer !== undefined) {
    throw new Error(`target ${Id} of rule ${rule} changes the event on its way, which cannot be played here`);
  }
  const [, , service, , , name] = Arn.split(':');
  if (service !== 'sqs' || name === undefined) {
    throw new Error(`target ${Id} of rule ${rule} is no queue (${Arn}), and so cannot be played here`);
  }
  return name;
}
