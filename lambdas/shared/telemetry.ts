import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { MiddlewareObj } from '@middy/core';
import { METRIC_NAMESPACE, type Count, type Log } from '../../src/observability.ts';

const logger = new Logger();
const metrics = new Metrics({ namespace: METRIC_NAMESPACE });

export const log: Log = {
  info: (message, fields) => logger.info(message, fields),
  warn: (message, fields) => logger.warn(message, fields),
  error: (message, fields) => logger.error(message, fields),
};

export const count: Count = (metric, value = 1) => {
  metrics.addMetric(metric, metric.endsWith('Seconds') ? MetricUnit.Seconds : MetricUnit.Count, value);
};

const flush = () => {
  if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
};
const flushMetrics: MiddlewareObj = { after: flush, onError: flush };

/** The middleware of every function: request ids on log lines, metrics flushed at the end. */
export const telemetry = [injectLambdaContext(logger), flushMetrics];
