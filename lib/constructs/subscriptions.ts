import { Duration, Validations } from 'aws-cdk-lib';
import { PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import { ContextAttribute, Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { EventBridgePutEvents } from 'aws-cdk-lib/aws-scheduler-targets';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { INCOMING, OWN_SOURCE } from '../../src/events/catalogue.ts';
import type { EscrowRequestedDetail } from '../../src/events/escrow-requested.ts';
import type { Config } from '../config.ts';
import type { FoundationStack } from '../foundation-stack.ts';
import { ofOwnAccount, putEventsStatement } from '../grants.ts';
import { createAlarm } from './alarm.ts';

type Subscription = Config['escrows']['subscriptions'][number];

/** For so long, and so often at most, Scheduler tries to put a period's event on the bus. */
const MAX_EVENT_AGE = Duration.hours(24);
const RETRY_ATTEMPTS = 185;

/**
 * A schedule for each subscription, which puts `escrow.requested` on the app's bus. The request is named by the time of
 * its period, so that a period that is told twice is one request; what cannot be told is in a dead-letter queue.
 */
export class Subscriptions extends Construct {
  constructor(
    scope: Construct,
    id: string,
    {
      foundation,
      subscriptions,
    }: { readonly foundation: FoundationStack; readonly subscriptions: readonly Subscription[] },
  ) {
    super(scope, id);
    const { prefix, key, bus, alarmTopic } = foundation;
    const queueName = `${prefix}-subscriptions-dead`;
    const deadLetters = new Queue(this, 'DeadLetters', {
      queueName,
      encryption: QueueEncryption.KMS,
      encryptionMasterKey: key,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    Validations.of(deadLetters).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'It is the dead-letter queue of schedules, which are no queues.',
    });
    createAlarm(this, 'DeadLettersVisible', {
      metric: deadLetters.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(5) }),
      description: `${queueName} holds periods of subscriptions that could not be requested: their escrows were not started. See docs/workflows/escrow-requests.md.`,
      topic: alarmTopic,
    });
    const role = new Role(this, 'Role', { assumedBy: ofOwnAccount(this, 'scheduler.amazonaws.com') });
    for (const [actions, resource] of [
      [['sqs:SendMessage'], deadLetters.queueArn],
      [['kms:GenerateDataKey', 'kms:Decrypt'], key.keyArn],
    ] as const) {
      role.addToPolicy(new PolicyStatement({ actions: [...actions], resources: [resource] }));
    }
    role.addToPolicy(putEventsStatement(bus, INCOMING.escrowRequested));
    const fixedRole = Role.fromRoleArn(this, 'FixedRole', role.roleArn, { mutable: false });

    for (const subscription of subscriptions) {
      const { name, schedule } = subscription;
      new Schedule(this, name, {
        scheduleName: `${prefix}-${name}`,
        schedule: ScheduleExpression.expression(schedule),
        target: new EventBridgePutEvents(
          {
            eventBus: bus,
            source: OWN_SOURCE,
            detailType: INCOMING.escrowRequested,
            detail: ScheduleTargetInput.fromObject(requestOf(subscription)),
          },
          { role: fixedRole, deadLetterQueue: deadLetters, maxEventAge: MAX_EVENT_AGE, retryAttempts: RETRY_ATTEMPTS },
        ),
      });
    }
  }
}

/** What is asked for in every period. */
function requestOf({
  name,
  counterpartyAgentId,
  amountUsd,
  description,
  timeoutHours,
}: Subscription): EscrowRequestedDetail {
  const period = ContextAttribute.scheduledTime;
  return {
    requestId: `${name}/${period}`,
    requestedAt: period,
    counterpartyAgentId,
    amountUsd,
    description,
    timeoutHours,
  };
}
