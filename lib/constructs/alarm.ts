import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Metric, Stats, TreatMissingData, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { METRIC_NAMESPACE, type MetricName } from '../../src/observability.ts';

export interface AlarmProps {
  readonly metric: IMetric;
  /** What it means and what to do; the mail's text. */
  readonly description: string;
  /** Fires above it. Zero where nothing is given. */
  readonly above?: number;
  /** How many of the metric's periods in a row it has to be above; one where nothing is given. */
  readonly periods?: number;
  readonly topic: ITopic;
}

/** An alarm of the pipeline: fires when the metric rises above a value, says nothing where there is no data. */
export function createAlarm(
  scope: Construct,
  id: string,
  { metric, description, above = 0, periods = 1, topic }: AlarmProps,
): Alarm {
  const alarm = new Alarm(scope, id, {
    alarmName: nameOf(scope, id),
    metric,
    alarmDescription: description,
    threshold: above,
    evaluationPeriods: periods,
    comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });
  alarm.addAlarmAction(new SnsAction(topic));
  return alarm;
}

/** An alarm that fires where something that has to happen was not counted in so many of the metric's periods in a row. */
export function createAbsenceAlarm(
  scope: Construct,
  id: string,
  { metric, description, periods = 1, topic }: Omit<AlarmProps, 'above'>,
): Alarm {
  const alarm = new Alarm(scope, id, {
    alarmName: nameOf(scope, id),
    metric,
    alarmDescription: description,
    threshold: 1,
    evaluationPeriods: periods,
    comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
    treatMissingData: TreatMissingData.BREACHING,
  });
  alarm.addAlarmAction(new SnsAction(topic));
  return alarm;
}

/** Where an alarm is in the app: known to other stacks without a reference, and readable in a mail or a chat. */
function nameOf(scope: Construct, id: string): string {
  return `${scope.node.path}/${id}`.replaceAll('/', '-');
}

/** A metric that the functions of one stage count; `service` is the dimension Powertools adds. */
export function pipelineMetric(metricName: MetricName, prefix: string, statistic: string = Stats.SUM): Metric {
  return new Metric({
    namespace: METRIC_NAMESPACE,
    metricName,
    dimensionsMap: { service: prefix },
    statistic,
    period: Duration.minutes(5),
  });
}

/** How things stand, as the functions of one stage publish it with further dimensions: the highest of each period. */
export function gaugeMetric(
  metricName: MetricName,
  prefix: string,
  dimensions: Readonly<Record<string, string>>,
  statistic: string = Stats.MAXIMUM,
): Metric {
  const metric = pipelineMetric(metricName, prefix, statistic);
  return metric.with({ dimensionsMap: { ...metric.dimensions, ...dimensions } });
}
