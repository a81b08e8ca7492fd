import { describe, expect, test } from '@jest/globals';
import { runInNewContext } from 'node:vm';
import { loadConfig } from '../../lib/config.ts';
import { METRICS } from '../../src/observability.ts';
import { alarmTopicOf, synthesizeStage } from '../support/synthesized-stage.ts';

interface MathAlarm {
  readonly AlarmName: string;
  readonly AlarmDescription: string;
  readonly AlarmActions: readonly string[];
  readonly Threshold: number;
  readonly EvaluationPeriods: number;
  readonly Metrics?: readonly {
    readonly Id: string;
    readonly Expression?: string;
    readonly ReturnData: boolean;
    readonly MetricStat?: {
      readonly Metric: { readonly MetricName: string; readonly Dimensions: unknown };
      readonly Period: number;
      readonly Stat: string;
    };
  }[];
}

/** Metric math, as far as the alarm goes, reads like JavaScript. A metric without data is undefined. */
function evaluate(expression: string, values: Readonly<Record<string, number | undefined>>): number {
  return runInNewContext(expression, {
    ...values,
    IF: (condition: boolean, yes: number, no: number) => (condition ? yes : no),
    FILL: (value: number | undefined, filling: number) => value ?? filling,
  }) as number;
}

describe.each(['dev', 'prod'] as const)('the alarms on signals of stage %s', (stageName) => {
  const stage = synthesizeStage(stageName);
  const alarms = stage.resources<MathAlarm>('AWS::CloudWatch::Alarm').map(({ properties }) => properties);
  const alarm = alarms.find(({ AlarmName }) => AlarmName === `${stage.prefix}-trading-SkipRate`);
  const metrics = alarm?.Metrics ?? [];

  /** Whether it fires in an hour in which so many were counted. */
  function firesAt(counted: Readonly<Record<string, number>>): boolean {
    const values: Record<string, number | undefined> = {};
    for (const { Id, MetricStat } of metrics) {
      if (MetricStat !== undefined) values[Id] = counted[MetricStat.Metric.MetricName];
    }
    for (const id of ['refused', 'asked']) {
      values[id] = evaluate(metrics.find(({ Id }) => Id === id)?.Expression ?? '', values);
    }
    const result = metrics.find(({ ReturnData }) => ReturnData)?.Expression ?? '';
    return evaluate(result, values) > (alarm?.Threshold ?? 0);
  }

  test('are over what is counted in one hour, in this stage', () => {
    const counted = metrics.flatMap(({ MetricStat }) => MetricStat ?? []);

    expect(counted.map(({ Metric }) => Metric.MetricName).toSorted()).toEqual([
      'SignalsHeld',
      'TradesPlaced',
      'TradesSkipped',
    ]);
    expect(counted.filter(({ Metric }) => !Object.hasOwn(METRICS, Metric.MetricName))).toEqual([]);
    for (const { Metric, Period, Stat } of counted) {
      expect([Metric.Dimensions, Period, Stat]).toEqual([[{ Name: 'service', Value: stage.prefix }], 3600, 'Sum']);
    }
    expect(alarm).toMatchObject({ EvaluationPeriods: 1, AlarmActions: [alarmTopicOf(stage).arn] });
  });

  test.each([
    ['20 skipped and none placed', { TradesSkipped: 20 }, true],
    ['39 skipped and one placed', { TradesSkipped: 39, TradesPlaced: 1 }, true],
  ])('fire where nearly all were skipped: %s', (_, counted, expected) => {
    expect(firesAt(counted)).toBe(expected);
  });

  test.each([
    ['nothing', {}],
    ['too few to say', { TradesSkipped: 19 }],
    ['one in twenty was placed', { TradesSkipped: 38, TradesPlaced: 2 }],
    ['the model holds all day', { TradesSkipped: 60, SignalsHeld: 60 }],
    ['the model holds, and one was skipped', { TradesSkipped: 60, SignalsHeld: 59 }],
    ['all were placed', { TradesPlaced: 40 }],
  ])('are silent otherwise: %s', (_, counted) => {
    expect(firesAt(counted)).toBe(false);
  });

  test('say what is wrong and what to do', () => {
    const textOf = (id: string) =>
      alarms.find(({ AlarmName }) => AlarmName === `${stage.prefix}-trading-${id}`)?.AlarmDescription;
    const { mode, dailyLossUsd, maxAgeSeconds } = loadConfig(stageName).trading;

    expect(textOf('SkipRate')).toContain(`npm run doctor -- --stage ${stageName}`);
    expect(textOf('SignalsStale')).toContain(`older than ${maxAgeSeconds} s`);
    expect(textOf('SignalsStale')).toContain(`${stage.prefix}-trade-signals.fifo`);
    expect(textOf('DailyLossReached')).toContain(
      `${mode}), realised and open, has reached the limit of $${dailyLossUsd}`,
    );
  });

  test('have names that can be read, none of them twice', () => {
    const names = alarms.map(({ AlarmName }) => AlarmName);

    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !/^purple-flea-[a-z]+-(foundation|escrow|trading)(-[A-Z]\w+)+$/.test(name))).toEqual(
      [],
    );
  });
});
