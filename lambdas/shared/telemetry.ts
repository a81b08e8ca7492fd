import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { MiddlewareObj } from '@middy/core';
import { METRIC_NAMESPACE, type Count, type Gauge, type Log, type MetricName } from '../../src/observability.ts';
import { mapStackTraces } from './stack-traces.ts';

mapStackTraces();

const logger = new Logger();
const metrics = new Metrics({ namespace: METRIC_NAMESPACE });

export const log: Log = {
  info: (message, fields) => logger.info(message, fields),
  warn: (message, fields) => logger.warn(message, fields),
  error: (message, fields) => logger.error(message, fields),
};

export const count: Count = (metric, value = 1) => {
  metrics.addMetric(metric, unitOf(metric), value);
};

/** One line of the log each: dimensions hold for all metrics of a line. */
export const gauge: Gauge = ({ dimensions, values }) => {
  const line = new Metrics({ namespace: METRIC_NAMESPACE });
  for (const [name, value] of Object.entries(dimensions)) line.addDimension(name, value);
  for (const [metric, value] of Object.entries(values)) line.addMetric(metric, unitOf(metric as MetricName), value);
  line.publishStoredMetrics();
};

/** CloudWatch has no unit for money. */
function unitOf(metric: MetricName) {
  if (metric.endsWith('Seconds')) return MetricUnit.Seconds;
  if (metric.endsWith('Percent')) return MetricUnit.Percent;
  return metric.endsWith('Usd') ? MetricUnit.NoUnit : MetricUnit.Count;
}

const flush = () => {
  if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
};
const flushMetrics: MiddlewareObj = { after: flush, onError: flush };

/** The middleware of every function: request ids on log lines, metrics flushed at the end. */
export const telemetry = [injectLambdaContext(logger), flushMetrics];
