import { Duration, Stack } from 'aws-cdk-lib';
import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { Rule, type EventPattern, type IEventBus } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { EVENTS_TARGET_QUEUE_SAME_ACCOUNT } from 'aws-cdk-lib/cx-api';
import { Construct } from 'constructs';
import { allowOn } from '../grants.ts';
import { pascalCase } from '../names.ts';
import { createAlarm } from './alarm.ts';
import type { PipelineFunction } from './pipeline-function.ts';

/** How often a message may fail, at least, before the function gives it up, with its reason. */
export const MAX_RECEIVES = 5;

/**
 * How often the queue delivers a message before it gives it up by itself, which SQS allows at most: what merely waits is
 * received again and again, and only a function that never gets to its end leaves a message that far.
 */
export const MOST_RECEIVES = 1000;

/** Six times the longest timeout of the functions that take messages, as Lambda advises. */
const VISIBILITY_TIMEOUT = Duration.minutes(6);

/**
 * Where order counts, a message whose function crashed holds up those behind it for so long: only a little longer than the
 * function may run. What waits or fails sets its own time.
 */
const ORDERED_VISIBILITY_TIMEOUT = Duration.seconds(90);

/** Which events a rule takes, and from where. */
export interface EventSourceProps {
  /** Kebab-case; the rule is `<prefix>-<name>`. */
  readonly name: string;
  readonly bus: IEventBus;
  readonly pattern: EventPattern;
  /** For queues in which order counts: what shares a group is handled one at a time, in the order of its arrival. */
  readonly fifoGroup?: string;
}

/** The queue, named like its first rule: `<prefix>-<name>`, its dead-letter queue `<prefix>-<name>-dead`. */
export interface EventQueueProps extends EventSourceProps {
  readonly prefix: string;
  readonly key: IKey;
  readonly alarmTopic: ITopic;
}

/**
 * A rule that puts events into a queue of its own, with a dead-letter queue and alarms. A bus's own delivery gives up
 * silently; a queue does not.
 */
export class EventQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;
  private readonly key: IKey;
  private readonly prefix: string;
  private readonly alarmTopic: ITopic;

  constructor(scope: Construct, id: string, props: EventQueueProps) {
    super(scope, id);
    // Without it, a queue with a key of its own takes messages from the rules of any account.
    this.node.setContext(EVENTS_TARGET_QUEUE_SAME_ACCOUNT, true);
    const { name, prefix, key, fifoGroup, alarmTopic } = props;
    this.key = key;
    this.prefix = prefix;
    this.alarmTopic = alarmTopic;
    const suffix = fifoGroup === undefined ? '' : '.fifo';
    const shared = {
      encryption: QueueEncryption.KMS,
      encryptionMasterKey: key,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      ...(fifoGroup === undefined ? {} : { fifo: true, contentBasedDeduplication: true }),
    };
    this.deadLetters = new Queue(this, 'DeadLetters', { ...shared, queueName: `${prefix}-${name}-dead${suffix}` });
    this.queue = new Queue(this, 'Queue', {
      ...shared,
      queueName: `${prefix}-${name}${suffix}`,
      visibilityTimeout: fifoGroup === undefined ? VISIBILITY_TIMEOUT : ORDERED_VISIBILITY_TIMEOUT,
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: MOST_RECEIVES },
    });

    this.addRule(this, props);

    createAlarm(this, 'DeadLettersVisible', {
      metric: this.deadLetters.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(5) }),
      description: `${prefix}-${name}-dead${suffix} holds messages. Read the attribute "reason", mend the cause, then redrive them.`,
      topic: alarmTopic,
    });
    createAlarm(this, 'OldestMessage', {
      metric: this.queue.metricApproximateAgeOfOldestMessage({ period: Duration.minutes(5) }),
      description: `${prefix}-${name}${suffix} is not being emptied: its oldest message has waited for over 30 minutes.`,
      above: 1800,
      topic: alarmTopic,
    });
  }

  /** Puts further events into the queue: those of a pattern, from any bus. `name` is kebab-case and the stage's own. */
  addSource(source: EventSourceProps): void {
    this.addRule(new Construct(this, pascalCase(source.name)), source);
  }

  private addRule(scope: Construct, { name, bus, pattern, fifoGroup }: EventSourceProps): void {
    const target = new SqsQueue(this.queue, fifoGroup === undefined ? {} : { messageGroupId: fifoGroup });
    const ruleName = `${this.prefix}-${name}`;
    const eventPattern = bus.eventBusName === 'default' ? { ...this.home, ...pattern } : pattern;
    new Rule(scope, 'Rule', { ruleName, eventBus: bus, eventPattern, targets: [target] });
    createAlarm(scope, 'FailedInvocations', {
      metric: new Metric({
        namespace: 'AWS/Events',
        metricName: 'FailedInvocations',
        dimensionsMap: {
          RuleName: ruleName,
          ...(bus.eventBusName === 'default' ? {} : { EventBusName: bus.eventBusName }),
        },
        statistic: Stats.SUM,
        period: Duration.minutes(5),
      }),
      description: `Events do not get from rule ${ruleName} into its queue: look at the queue's policy and the key's. They are lost after a day.`,
      topic: this.alarmTopic,
    });
  }

  /** On the default bus there may be events of other accounts and regions, about things of the same names. */
  private get home(): Pick<EventPattern, 'account' | 'region'> {
    const { account, region } = Stack.of(this);
    return { account: [account], region: [region] };
  }

  /** Environment that `lambdas/shared/consume-queue.ts` reads. */
  get environment(): Readonly<Record<'QUEUE_URL' | 'DEAD_LETTER_QUEUE_URL' | 'MAX_RECEIVES', string>> {
    return {
      QUEUE_URL: this.queue.queueUrl,
      DEAD_LETTER_QUEUE_URL: this.deadLetters.queueUrl,
      MAX_RECEIVES: String(MAX_RECEIVES),
    };
  }

  /** Lets a function take the messages, `batchSize` at a time, and put unusable ones aside. */
  feed(handler: PipelineFunction, batchSize: number): void {
    handler.addEventSource(new SqsEventSource(this.queue, { batchSize, reportBatchItemFailures: true }));
    allowOn(handler, ['sqs:SendMessage'], this.deadLetters.queueArn);
    allowOn(handler, ['kms:GenerateDataKey', 'kms:Decrypt'], this.key.keyArn);
  }
}
