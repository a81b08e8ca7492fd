import { Stack } from 'aws-cdk-lib';
import { EventField, Rule, RuleTargetInput, type EventPattern, type IEventBus } from 'aws-cdk-lib/aws-events';
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import type { PublishedType } from '../../src/events/catalogue.ts';

const said = (name: string): string => EventField.fromPath(`$.detail.${name}`);

/** What people are told, by event: one line with the ids to act on. `stage` goes into the commands. */
function messagesOf(stage: string): readonly {
  readonly name: string;
  readonly type: PublishedType;
  readonly detail?: EventPattern['detail'];
  readonly text: string;
}[] {
  const decide = `npm run signal -- approve|reject --escrow ${said('escrowId')} --by NAME --reason TEXT --stage ${stage}`;
  return [
    {
      name: 'DecisionAsked',
      type: 'escrow.reviewed',
      detail: { decision: ['ask'], isLate: [false] },
      text: `Decide: ${said('escrowId')} waits until ${said('until')} (${said('reason')}). ${decide}`,
    },
    {
      name: 'DecisionLate',
      type: 'escrow.reviewed',
      detail: { decision: ['ask'], isLate: [true] },
      text: `LATE: decide about ${said('escrowId')} before ${said('until')}, or the configured default does. ${decide}`,
    },
    {
      name: 'LetLapse',
      type: 'escrow.reviewed',
      detail: { decision: ['let-lapse'] },
      text: `${said('escrowId')} is left to lapse: ${said('reason')}`,
    },
    {
      name: 'Disputed',
      type: 'escrow.disputed',
      text: `${said('escrowId')} is disputed: ${said('reason')}. Purple Flea's staff decide within days.`,
    },
    {
      name: 'Refunded',
      type: 'escrow.refunded',
      text: `${said('escrowId')} is refunded: nobody delivered in time, or the staff decided so.`,
    },
    {
      name: 'IntentParked',
      type: 'intent.parked',
      text: `Money in doubt: ${said('kind')} of $${said('amountUsd')} (${said('reference')}): ${said('reason')}. npm run intents -- show ${said('key')} --stage ${stage}`,
    },
    {
      name: 'TradeManual',
      type: 'trade.manual',
      text: `The order of prediction ${said('predictionId')} (${said('reference')}) may or may not stand: ${said('reason')}. Its market pauses until it is decided.`,
    },
    {
      name: 'LedgerDrifted',
      type: 'ledger.drifted',
      text: `Ledger and Purple Flea disagree (${said('kind')}): ${said('detail')}`,
    },
  ];
}

/**
 * Tells people what they may have to act on. Rules of the bus write the lines, so that no function of the money path has
 * a part in it: failing to notify touches no money.
 */
export class Notifications extends Construct {
  readonly topic: Topic;

  constructor(
    scope: Construct,
    id: string,
    props: {
      readonly prefix: string;
      readonly stage: string;
      readonly key: IKey;
      readonly bus: IEventBus;
      readonly email: string | undefined;
    },
  ) {
    super(scope, id);
    const { prefix, stage, key, bus, email } = props;
    this.topic = new Topic(this, 'Topic', {
      topicName: `${prefix}-notifications`,
      masterKey: key,
      enforceSSL: true,
    });
    if (email !== undefined) this.topic.addSubscription(new EmailSubscription(email));
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        actions: ['sns:Publish'],
        principals: [new ServicePrincipal('events.amazonaws.com')],
        resources: [this.topic.topicArn],
        conditions: { ArnLike: { 'aws:SourceArn': rulesOf(this, bus) } },
      }),
    );
    // By its ARN: a target that is the topic itself opens the key to rules of every account.
    const target = Topic.fromTopicArn(this, 'Target', this.topic.topicArn);
    for (const { name, type, detail, text } of messagesOf(stage)) {
      new Rule(this, name, {
        eventBus: bus,
        description: `Tells people of ${type}, in ${Stack.of(this).stackName}`,
        eventPattern: { detailType: [type], ...(detail === undefined ? {} : { detail }) },
        targets: [new SnsTopic(target, { message: RuleTargetInput.fromText(text) })],
      });
    }
  }
}

/** The ARN of every rule of a bus. */
function rulesOf(scope: Construct, bus: IEventBus): string {
  return Stack.of(scope).formatArn({ service: 'events', resource: 'rule', resourceName: `${bus.eventBusName}/*` });
}
