import type { Publish, PublishedEvents, PublishedType } from '../../src/events/catalogue.ts';
import type { Count, Gauge, Gauges, Log, MetricName } from '../../src/observability.ts';

/** What a handler said to the outside: events, metrics, and (for the search for secrets only) log lines. */
export interface Recorder {
  readonly publish: Publish;
  readonly count: Count;
  readonly gauge: Gauge;
  readonly log: Log;
  /** Type and detail of every event, in order. */
  readonly published: [PublishedType, PublishedEvents[PublishedType]][];
  /** Sums by metric; one that was never counted is not in it. */
  readonly counted: Partial<Record<MetricName, number>>;
  /** In the order in which they were published. */
  readonly gauged: Gauges[];
  readonly logged: unknown[];
}

/** @param failsToPublish makes every event an error, as a bus that is down does. */
export function createRecorder({ failsToPublish = false } = {}): Recorder {
  const published: Recorder['published'] = [];
  const counted: Partial<Record<MetricName, number>> = {};
  const gauged: Gauges[] = [];
  const logged: unknown[] = [];
  const line = (message: string, fields: unknown) => void logged.push([message, fields]);
  return {
    published,
    counted,
    gauged,
    logged,
    gauge: (gauges) => void gauged.push(gauges),
    log: { info: line, warn: line, error: line },
    count: (metric, value = 1) => {
      counted[metric] = (counted[metric] ?? 0) + value;
    },
    publish: async (type, detail) => {
      if (failsToPublish) throw new Error('the bus is down');
      published.push([type, detail]);
    },
  };
}
