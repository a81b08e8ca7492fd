import { describe, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { loadConfig } from '../../lib/config.ts';
import { STAGES } from '../../lib/stages.ts';
import { METRIC_NAMESPACE, METRICS } from '../../src/observability.ts';
import { ACCOUNT, REGION, synthesizeStage } from '../support/synthesized-stage.ts';

interface Widget {
  readonly type: 'text' | 'metric' | 'alarm';
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly properties: {
    readonly title?: string;
    readonly markdown?: string;
    readonly region?: string;
    readonly alarms?: readonly string[];
    readonly states?: readonly string[];
    readonly metrics?: readonly (readonly (string | Readonly<Record<string, unknown>>)[])[];
  };
}

interface Shown {
  readonly widget: string;
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** What of AWS is shown, and what each such metric is told apart by. */
const AWS_METRICS: Readonly<Record<string, readonly string[]>> = {
  'AWS/Lambda Errors': ['FunctionName'],
  'AWS/SQS ApproximateNumberOfMessagesVisible': ['QueueName'],
  'AWS/SQS ApproximateAgeOfOldestMessage': ['QueueName'],
};

describe.each(STAGES)('the dashboard of stage %s', (stageName) => {
  const stage = synthesizeStage(stageName);
  const { prefix } = stage;
  const { mode, markets } = loadConfig(stageName).trading;
  const dashboards = stage
    .resources<{ DashboardName: string; DashboardBody: string }>('AWS::CloudWatch::Dashboard')
    .map(({ properties }) => properties);
  const { widgets } = JSON.parse(dashboards[0]?.DashboardBody ?? '') as { readonly widgets: readonly Widget[] };
  const shown = widgets.flatMap(({ properties: { title = '', metrics = [] } }): Shown[] =>
    metrics.map((row) => {
      const [namespace = '', metric = '', ...rest] = row.filter((part) => typeof part === 'string');
      const pairs = rest.flatMap((name, at) => (at % 2 === 0 ? [[name, rest[at + 1] ?? '']] : []));
      return { widget: title, namespace, metric, dimensions: Object.fromEntries(pairs) as Record<string, string> };
    }),
  );
  const names = (type: string, property: string) =>
    stage.resources<Record<string, string>>(type).map(({ properties }) => properties[property] ?? '');

  test('is one page, named after the stage', () => {
    expect(dashboards.map(({ DashboardName }) => DashboardName)).toEqual([prefix]);
    expect(widgets.length).toBeLessThanOrEqual(15);
  });

  test('begins with what it is about, and has a title on everything else', () => {
    const [first, ...others] = widgets;

    expect(first?.type).toBe('text');
    expect(first?.properties.markdown).toMatch(new RegExp(`^# ${prefix}\nTrades \\*\\*${mode}\\*\\*`));
    expect(others.map(({ properties }) => properties.title ?? '').filter((title) => title.length < 5)).toEqual([]);
    expect(new Set(others.map(({ properties }) => properties.title)).size).toBe(others.length);
  });

  test('names pages that exist', () => {
    const pages = [...(widgets[0]?.properties.markdown ?? '').matchAll(/`(docs\/[^`]+)`/g)].map(
      ([, page]) => page ?? '',
    );

    expect(pages.length).toBeGreaterThan(2);
    expect(pages.filter((page) => !existsSync(page))).toEqual([]);
  });

  test('overlaps nowhere, and is as wide as the page', () => {
    const rows = Map.groupBy(widgets, ({ y }) => y);

    for (const row of rows.values()) {
      const ordered = row.toSorted((one, other) => one.x - other.x);
      expect(ordered.map(({ x }) => x)).toEqual(
        ordered.map((_, at) => ordered.slice(0, at).reduce((sum, { width }) => sum + width, 0)),
      );
      expect(ordered.reduce((sum, { width }) => sum + width, 0)).toBe(24);
    }
  });

  test('shows nothing but metrics that are counted in the stage, and those of AWS', () => {
    const unknown = shown.filter(({ namespace, metric, dimensions }) =>
      namespace === METRIC_NAMESPACE
        ? !Object.hasOwn(METRICS, metric) || dimensions['service'] !== prefix
        : Object.keys(dimensions).join(' ') !== (AWS_METRICS[`${namespace} ${metric}`] ?? ['unknown']).join(' '),
    );

    expect(shown.length).toBeGreaterThan(20);
    expect(unknown).toEqual([]);
  });

  test('shows money with the mode that it is of, by market', () => {
    const gauges = shown.filter(({ metric }) => /(Usd|Percent)$/.test(metric));
    const assets = (name: string) =>
      gauges.filter(({ metric }) => metric === name).flatMap(({ dimensions }) => dimensions['Asset'] ?? []);

    expect(new Set(gauges.map(({ dimensions }) => dimensions['Mode']))).toEqual(new Set([mode]));
    expect(assets('ExposureUsd')).toEqual(markets.map(({ asset }) => asset));
    expect(assets('UnrealisedProfitUsd')).toEqual(markets.map(({ asset }) => asset));
    expect(gauges.filter(({ widget }) => !widget.includes(mode))).toEqual([]);
  });

  test('shows every function, every dead-letter queue and every alarm, by names that exist', () => {
    const named = (name: string, dimension: string) =>
      shown.flatMap(({ metric, dimensions }) => (metric === name ? (dimensions[dimension] ?? []) : []));
    const alarms = widgets.flatMap(({ properties }) => properties.alarms ?? []);
    const queues = names('AWS::SQS::Queue', 'QueueName');
    // The local AWS cannot have it.
    const leftOut = stageName === 'local' ? [`${prefix}-trading-SkipRate`] : [];
    const arnOf = (name: string) => `arn:aws:cloudwatch:${REGION}:${ACCOUNT}:alarm:${name}`;

    expect(named('Errors', 'FunctionName').toSorted()).toEqual(
      names('AWS::Lambda::Function', 'FunctionName').toSorted(),
    );
    expect(named('ApproximateNumberOfMessagesVisible', 'QueueName').toSorted()).toEqual(
      queues.filter((name) => name.includes('-dead')).toSorted(),
    );
    expect(queues).toContain(named('ApproximateAgeOfOldestMessage', 'QueueName')[0]);
    expect(alarms.toSorted()).toEqual(
      [...names('AWS::CloudWatch::Alarm', 'AlarmName'), ...leftOut].map(arnOf).toSorted(),
    );
    // CloudWatch shows a hundred at most.
    expect(alarms.length).toBeLessThanOrEqual(100);
  });

  test('refers to no other stack', () => {
    const templates = JSON.parse(stage.text) as readonly { readonly stack: string; readonly template: unknown }[];
    const own = templates.filter(({ stack }) => stack === `${prefix}-dashboard`);

    expect(own).toHaveLength(1);
    expect(JSON.stringify(own).includes('Fn::ImportValue')).toBe(false);
  });
});
