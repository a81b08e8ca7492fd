import Table from 'cli-table3';
import { IN_FLIGHT, type Samples } from './measure.ts';
import { percentile, spreadOf } from './statistics.ts';
import type { Job, Variant } from './variants.ts';

/** What is known of every variant. */
export type Results = ReadonlyMap<Variant, Samples>;

const HEAD = [
  '',
  'bundle',
  'ready, ÷ empty',
  'process start to first effect',
  'requests an event',
  'warm event, p50 / p99',
  'beyond raw requests, p50 / p99',
  'events a second, one at a time',
  `events a second, ${IN_FLIGHT} in flight`,
  'memory',
] as const;

function rowOf(variant: Variant, samples: Samples): string[] {
  const p = (values: readonly number[], share: number) => percentile(values, share);
  const beyond = (share: number) => p(samples.warmMs, share) - p(samples.rawMs, share);
  return [
    variant.name,
    variant.bundleBytes === undefined ? '-' : `${Math.round(variant.bundleBytes / 1024)} KB`,
    spread(samples.ready, (ratio) => ratio.toFixed(2)),
    spread(samples.firstEffectMs, (ms) => ms.toFixed(0), ' ms'),
    String(percentile(samples.calls, 0.5)),
    `${p(samples.warmMs, 0.5).toFixed(1)} / ${p(samples.warmMs, 0.99).toFixed(1)} ms`,
    `${beyond(0.5).toFixed(1)} / ${beyond(0.99).toFixed(1)} ms`,
    spread(samples.eventsPerSecond, (events) => events.toFixed(0)),
    spread(samples.eventsPerSecondOfMany, (events) => events.toFixed(0)),
    `${percentile(samples.rssMb, 0.5).toFixed(0)} MB`,
  ];
}

/** `median (p10 to p90)`. */
function spread(values: readonly number[], show: (value: number) => string, unit = ''): string {
  const { p10, median, p90 } = spreadOf(values);
  return `${show(median)}${unit} (${show(p10)} to ${show(p90)})`;
}

function rowsOf(job: Job, results: Results): string[][] {
  return job.variants.flatMap((variant) => {
    const samples = results.get(variant);
    return samples === undefined ? [] : [rowOf(variant, samples)];
  });
}

/** A job's table for a terminal: a variant is a column, as there are more figures than variants. */
export function terminalTable(job: Job, results: Results): string {
  const rows = rowsOf(job, results);
  const table = new Table({ style: { head: [], border: [], compact: true } });
  HEAD.forEach((title, index) => table.push([title, ...rows.map((row) => row[index] ?? '')]));
  return `${job.title}\n${table.toString()}`;
}

/** The same in Markdown. */
export function markdownTable(job: Job, results: Results): string {
  const rows = rowsOf(job, results);
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const [titles, ...figures] = HEAD.map((title, index) => [title, ...rows.map((row) => row[index] ?? '')]);
  return [
    `### ${job.title}`,
    '',
    line(titles ?? []),
    line(['---', ...rows.map(() => '---:')]),
    ...figures.map(line),
  ].join('\n');
}
