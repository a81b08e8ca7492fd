import { describe, expect, test } from '@jest/globals';
import { loadConfig } from '../../lib/config.ts';
import { STAGES } from '../../lib/stages.ts';
import { describeStatement, statementsOf, synthesizeStage } from '../support/synthesized-stage.ts';

interface ScheduleProperties {
  readonly ScheduleExpression: string;
  readonly State: string;
  readonly FlexibleTimeWindow: unknown;
  readonly Target: {
    readonly Arn: string;
    readonly RoleArn: string;
    readonly Input?: string;
    readonly RetryPolicy: unknown;
  };
}

describe.each(STAGES)('the schedules of stage %s', (stageName) => {
  const stage = synthesizeStage(stageName);
  const { predictors } = loadConfig(stageName).trading;
  const schedules = stage.resources<ScheduleProperties>('AWS::Scheduler::Schedule').map(({ properties }) => properties);
  const rates = Object.fromEntries(
    schedules.map(({ Target, ScheduleExpression }) => [stage.shorten(Target.Arn), ScheduleExpression]),
  );

  test('run the two sweepers every minute, the look for missed jobs every hour, the reconciliation every day, the measuring every five minutes, and each predictor as configured, if at all', () => {
    const asked = predictors.flatMap(({ name, everyMinutes }) =>
      everyMinutes === undefined
        ? []
        : [[`lambda:function:request-prediction-${name}`, `rate(${everyMinutes} minutes)`]],
    );

    expect(rates).toEqual({
      'lambda:function:deliver-deadlines': 'rate(1 minute)',
      'lambda:function:watch-escrows': 'rate(1 minute)',
      'lambda:function:find-missed-jobs': 'rate(1 hour)',
      'lambda:function:measure-positions': 'rate(5 minutes)',
      'lambda:function:reconcile-ledger': 'rate(1 day)',
      'lambda:function:resolve-intents': 'rate(1 minute)',
      ...Object.fromEntries(asked),
    });
  });

  test('ask no model as shipped: the features of an example are never news', () => {
    expect(Object.keys(rates).filter((target) => target.includes('request-prediction'))).toEqual([]);
  });

  test('pass a predictor the time of its period, which is the same however often it is told, and the sweepers nothing', () => {
    for (const { Target } of schedules) {
      const input: unknown = Target.Input === undefined ? undefined : JSON.parse(Target.Input);
      expect(input).toEqual(
        Target.Arn.includes('-request-prediction-') ? { scheduledTime: '<aws.scheduler.scheduled-time>' } : undefined,
      );
    }
  });

  test('run on time and leave a run that failed to the next', () => {
    for (const schedule of schedules) {
      expect(schedule).toMatchObject({
        State: 'ENABLED',
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: { RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 } },
      });
    }
  });

  test('each have a role that may invoke the one function and nothing else', () => {
    const roles = schedules.map(({ Target }) => Target.RoleArn);

    expect(new Set(roles).size).toBe(schedules.length);
    for (const { Target } of schedules) {
      expect(statementsOf(stage, Target.RoleArn).map((statement) => describeStatement(stage, statement))).toEqual([
        `lambda:InvokeFunction on ${stage.shorten(Target.Arn)}`,
      ]);
    }
  });
});
