import { describe, expect, test } from '@jest/globals';
import { planRequest } from '../../src/escrow/escrow-request.ts';
import { parseEvent } from '../../src/events/envelope.ts';
import { escrowRequestedSchema } from '../../src/events/escrow-requested.ts';
import { subscribed } from '../support/configured-stages.ts';
import { aRequestEvent, aRequestPolicy } from '../support/escrow-requests.ts';
import {
  describeStatement,
  statementsOf,
  synthesizeStage,
  type PolicyProperties,
} from '../support/synthesized-stage.ts';

interface ScheduleProperties {
  readonly Name: string;
  readonly ScheduleExpression: string;
  readonly ScheduleExpressionTimezone?: string;
  readonly FlexibleTimeWindow: unknown;
  readonly State: string;
  readonly Target: {
    readonly Arn: string;
    readonly RoleArn: string;
    readonly Input: string;
    readonly EventBridgeParameters?: unknown;
    readonly DeadLetterConfig?: { readonly Arn: string };
    readonly RetryPolicy: unknown;
  };
}

describe('the schedules of subscriptions', () => {
  const stage = synthesizeStage('prod', {}, subscribed);
  const schedules = stage
    .resources<ScheduleProperties>('AWS::Scheduler::Schedule')
    .map(({ properties }) => properties)
    .filter(({ Target }) => Target.EventBridgeParameters !== undefined);

  test('are one each, at its times, and put a request on the bus of the app', () => {
    expect(
      schedules.map(({ Name, ScheduleExpression, Target }) => [Name, ScheduleExpression, stage.shorten(Target.Arn)]),
    ).toEqual([
      ['purple-flea-prod-labels', 'cron(0 6 ? * MON *)', 'events:event-bus/pipeline'],
      ['purple-flea-prod-hosting', 'rate(30 days)', 'events:event-bus/pipeline'],
    ]);
    for (const schedule of schedules) {
      expect(schedule).toMatchObject({
        State: 'ENABLED',
        ScheduleExpressionTimezone: 'Etc/UTC',
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: { EventBridgeParameters: { DetailType: 'escrow.requested', Source: 'purple-flea-pipeline' } },
      });
    }
  });

  test('name the request by the time of the period, which is the same however often one is told', () => {
    expect(schedules.map(({ Target }) => JSON.parse(Target.Input) as unknown)).toEqual([
      {
        requestId: 'labels/<aws.scheduler.scheduled-time>',
        requestedAt: '<aws.scheduler.scheduled-time>',
        counterpartyAgentId: 'ag_labeler',
        amountUsd: '10.00',
        description: 'Labels of the week: "all"',
        timeoutHours: 48,
      },
      expect.objectContaining({ requestId: 'hosting/<aws.scheduler.scheduled-time>', amountUsd: '25.00' }),
    ]);
  });

  test('put what is taken: one escrow a period, with a key of its own', () => {
    const namesAt = (time: string) =>
      schedules.flatMap(({ Target }) => {
        const detail: unknown = JSON.parse(Target.Input.replaceAll('<aws.scheduler.scheduled-time>', time));
        const event = parseEvent(aRequestEvent(detail), 'escrow.requested', escrowRequestedSchema);
        const { starts } = planRequest(event.detail, event.time, aRequestPolicy());
        return starts.map(({ executionName }) => executionName);
      });

    const [first, again, next] = ['2026-03-02T06:00:00Z', '2026-03-02T06:00:00Z', '2026-03-03T06:00:00Z'].map(namesAt);

    expect(first).toHaveLength(2);
    expect(again).toEqual(first);
    expect(new Set([...(first ?? []), ...(next ?? [])]).size).toBe(4);
  });

  test('try for a day, and leave what cannot be told in a dead-letter queue of their own, which is encrypted and alarms', () => {
    const [queue] = stage
      .resources<Record<string, unknown>>('AWS::SQS::Queue')
      .filter(({ properties }) => properties['QueueName'] === 'purple-flea-prod-subscriptions-dead');
    const [key] = stage.resources('AWS::KMS::Key');
    const alarms = stage
      .resources<{ Dimensions?: { Value: string }[]; Threshold: number }>('AWS::CloudWatch::Alarm')
      .filter(({ properties }) =>
        properties.Dimensions?.some(({ Value }) => Value === 'purple-flea-prod-subscriptions-dead'),
      );

    for (const { Target } of schedules) {
      expect(Target.DeadLetterConfig).toEqual({ Arn: queue?.arn });
      expect(Target.RetryPolicy).toEqual({ MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 86_400 });
    }
    expect(queue?.properties).toMatchObject({ KmsMasterKeyId: key?.arn, MessageRetentionPeriod: 14 * 24 * 3600 });
    expect(alarms.map(({ properties }) => properties.Threshold)).toEqual([0]);
    const policies = stage
      .resources<PolicyProperties>('AWS::SQS::QueuePolicy')
      .filter(({ properties }) => properties.Queues?.some((url) => url.endsWith('subscriptions-dead')));
    expect(policies.flatMap(({ properties }) => properties.PolicyDocument.Statement)).toMatchObject([
      { Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
    ]);
  });

  test('have a role that may put events on the bus and messages into that queue, and nothing else', () => {
    const [role] = new Set(schedules.map(({ Target }) => Target.RoleArn));

    expect(statementsOf(stage, role ?? '').map((statement) => describeStatement(stage, statement))).toEqual([
      'sqs:SendMessage on sqs:subscriptions-dead',
      'kms:Decrypt kms:GenerateDataKey on kms:key/data',
      'events:PutEvents on events:event-bus/pipeline',
    ]);
  });
});

test('without one there is neither a schedule nor a queue for them', () => {
  const stage = synthesizeStage('prod');

  expect(stage.text).not.toContain('subscriptions-dead');
  expect(stage.text).not.toContain('EventBridgeParameters');
});
