import { Duration, Stack } from 'aws-cdk-lib';
import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { EventField, Rule, RuleTargetInput, type IEventBus, type IRuleTarget } from 'aws-cdk-lib/aws-events';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Topic, type ITopic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { NOBODY_DECIDED } from '../../src/escrow/review.ts';
import { OWN_SOURCE, type PublishedType } from '../../src/events/catalogue.ts';
import type { Stage } from '../stages.ts';
import { ofOwnAccount } from '../grants.ts';
import { pascalCase, prefixOf } from '../names.ts';
import { createAlarm } from './alarm.ts';
import { chatMessage, SlackChat, type SlackChannel } from './slack-chat.ts';

/** One kind of line that people get. */
interface Notice {
  /** Kebab-case; the rule is `<prefix>-notify-<name>`, and the title in a chat the same in words. */
  readonly name: string;
  readonly type: PublishedType;
  /** What else of the event's detail has to be so. */
  readonly detail?: Readonly<Record<string, readonly unknown[]>>;
  /** With fields of the event in it. See `noticesOf` for which may be. */
  readonly text: string;
}

/** A field of the event's detail. */
const field = (name: string) => EventField.fromPath(`$.detail.${name}`);

/** There may be many of it, and nothing has to be done about it: a stage may leave it out. A skip is no line at all. */
const ORDER_PLACED: Notice = {
  name: 'trade-placed',
  type: 'trade.placed',
  text: `Order ${field('orderId')} stands (${field('mode')}): ${field('direction')} $${field('amountUsd')} of ${field('asset')}.`,
};

/**
 * What people are told, and what they can do about it. EventBridge puts values into a text as they are, so that a
 * quotation mark would spoil it: only ids and what this project words itself are in a line, never what a person or a
 * service wrote. That is a command away.
 */
function noticesOf(stage: Stage, tellsOrders: boolean): readonly Notice[] {
  const escrowId = field('escrowId');
  const decide = `npm run signal -- approve --escrow ${escrowId} --by NAME --reason TEXT --stage ${stage} (or reject)`;
  const story = `npm run escrow -- show ${escrowId} --stage ${stage}`;
  const intent = `npm run intents -- show ${field('key')} --stage ${stage}`;
  return [
    {
      name: 'decision-asked',
      type: 'escrow.reviewed',
      detail: { decision: ['ask'], isLate: [false] },
      text: `Decide over escrow ${escrowId}: ${field('reason')}. Do: ${decide}. If nobody does, you are told again at ${field('until')}.`,
    },
    {
      name: 'decision-late',
      type: 'escrow.reviewed',
      detail: { decision: ['ask'], isLate: [true] },
      text: `LATE: decide over escrow ${escrowId}: ${field('reason')}. Do: ${decide}. If nobody does, the default decides at ${field('until')}.`,
    },
    {
      name: 'default-decided',
      type: 'escrow.reviewed',
      detail: { reason: [{ prefix: NOBODY_DECIDED }] },
      text: `The default decided over escrow ${escrowId}: ${field('decision')}; ${field('reason')}. See: ${story}.`,
    },
    {
      name: 'escrow-disputed',
      type: 'escrow.disputed',
      text: `Escrow ${escrowId} (${field('reference')}) is disputed: the staff of Purple Flea decide. Tell them what you know. See why: ${story}.`,
    },
    {
      name: 'escrow-refunded',
      type: 'escrow.refunded',
      text: `Escrow ${escrowId} was refunded: its amount is back, and the counterparty got nothing. See why: ${story}.`,
    },
    {
      name: 'escrow-auto-released',
      type: 'escrow.auto-released',
      text: `Escrow ${escrowId} (${field('reference')}) was paid by silence: nobody decided before its deadline. See why: ${story}.`,
    },
    {
      name: 'intent-parked',
      type: 'intent.parked',
      text: `Money in doubt: ${field('kind')} of $${field('amountUsd')} (${field('reference')}). See what was tried: ${intent}. Look at Purple Flea, then say what you found: npm run intents -- resolve ${field('key')} --applied ID (or --not-applied) --operator NAME --evidence TEXT --reason TEXT --stage ${stage}.`,
    },
    {
      name: 'trade-manual',
      type: 'trade.manual',
      text: `The order ${field('reference')} may or may not stand, and no other goes out in its market until somebody decides. Find its key: npm run intents -- list --stage ${stage}. Look at Purple Flea, then: npm run intents -- resolve KEY --applied ID (or --not-applied) --operator NAME --evidence TEXT --reason TEXT --stage ${stage}.`,
    },
    {
      name: 'bonus-withheld',
      type: 'bonus.skipped',
      detail: { reason: ['metric-missing', 'metric-implausible'] },
      text: `Training job ${field('trainingJobName')} got no bonus by rule ${field('rule')}: ${field('reason')}. Check the metric definitions of the job, and metric and plausible range of the rule in the file of stage ${stage}. What was measured: the event bonus.skipped in the log of start-bonus.`,
    },
    ...(tellsOrders ? [ORDER_PLACED] : []),
    {
      name: 'ledger-drifted',
      type: 'ledger.drifted',
      text: `Ledger and Purple Flea disagree over agent ${field('agentId')}: ${field('kind')}; escrow: ${escrowId}; reference: ${field('reference')}; intent: ${field('key')}. What it means is in docs/workflows/money-once.md. If a payment may be missing or double, stop new money first: aws ssm put-parameter --overwrite --name /${prefixOf(stage)}/stop --value reducing.`,
    },
  ];
}

/** A topic as the target of a rule. CDK's own would let every rule of AWS publish to the topic. */
function topicTarget(topic: ITopic, input: RuleTargetInput): IRuleTarget {
  return { bind: () => ({ arn: topic.topicArn, input, targetResource: topic }) };
}

/** An encrypted topic that only the rules of the notifications may publish to. */
function createLineTopic(scope: Construct, id: string, topicName: string, prefix: string, key: IKey): Topic {
  const topic = new Topic(scope, id, { topicName, masterKey: key, enforceSSL: true });
  topic.addToResourcePolicy(
    new PolicyStatement({
      actions: ['sns:Publish'],
      principals: [ofOwnAccount(scope, 'events.amazonaws.com')],
      resources: [topic.topicArn],
      conditions: {
        ArnLike: {
          'aws:SourceArn': Stack.of(scope).formatArn({
            service: 'events',
            resource: `rule/${prefix}/${prefix}-notify-*`,
          }),
        },
      },
    }),
  );
  return topic;
}

/** What the notifications of a stage are made of. */
export interface NotificationsProps {
  readonly stage: Stage;
  readonly bus: IEventBus;
  /** Its policy has to let rules of the account use it. */
  readonly key: IKey;
  readonly email: string | undefined;
  /** Whether every order that is placed is a line. */
  readonly tellsOrders: boolean;
  /** The Slack channel that gets the lines and the alarms too, if there is one. */
  readonly chat: SlackChannel | undefined;
  readonly alarmTopic: ITopic;
}

/**
 * Tells people what they have to act on, a line an event. Rules do that, beside the flows: whether a line arrives changes
 * nothing of what is done with money.
 */
export class Notifications extends Construct {
  readonly topic: Topic;

  constructor(
    scope: Construct,
    id: string,
    { stage, bus, key, email, tellsOrders, chat, alarmTopic }: NotificationsProps,
  ) {
    super(scope, id);
    const prefix = prefixOf(stage);
    this.topic = createLineTopic(this, 'Topic', `${prefix}-notifications`, prefix, key);
    if (email !== undefined) this.topic.addSubscription(new EmailSubscription(email));

    // A chat drops plain text without a word: it gets the lines as messages, from a topic of their own.
    const chatTopic =
      chat === undefined ? undefined : createLineTopic(this, 'ChatTopic', `${prefix}-chat`, prefix, key);
    if (chat !== undefined && chatTopic !== undefined) {
      void new SlackChat(this, 'Chat', { prefix, channel: chat, topics: [alarmTopic, chatTopic] });
    }
    for (const notice of noticesOf(stage, tellsOrders)) {
      const targets = [
        topicTarget(this.topic, RuleTargetInput.fromText(notice.text)),
        ...(chatTopic === undefined ? [] : [topicTarget(chatTopic, chatMessage(prefix, notice.name, notice.text))]),
      ];
      this.addRule(notice, { prefix, bus, alarmTopic, targets });
    }
  }

  private addRule(
    { name, type, detail }: Notice,
    {
      prefix,
      bus,
      alarmTopic,
      targets,
    }: {
      readonly prefix: string;
      readonly bus: IEventBus;
      readonly alarmTopic: ITopic;
      readonly targets: IRuleTarget[];
    },
  ): void {
    const ruleName = `${prefix}-notify-${name}`;
    const home = new Construct(this, pascalCase(name));
    new Rule(home, 'Rule', {
      ruleName,
      eventBus: bus,
      eventPattern: {
        source: [OWN_SOURCE],
        detailType: [type],
        ...(detail === undefined ? {} : { detail }),
      },
      targets,
    });
    createAlarm(home, 'FailedInvocations', {
      metric: new Metric({
        namespace: 'AWS/Events',
        metricName: 'FailedInvocations',
        dimensionsMap: { RuleName: ruleName, EventBusName: bus.eventBusName },
        statistic: Stats.SUM,
        period: Duration.minutes(5),
      }),
      description: `People were not told of something: events do not get from rule ${ruleName} into its topic. Look at the topic's policy and the key's; what happened is in the archive of the bus.`,
      topic: alarmTopic,
    });
  }
}
