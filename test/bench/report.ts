import type { Goal } from './goals.ts';
import type { Service } from './link.ts';
import { DELAYS, IN_FLIGHT, type Measured } from './measure.ts';
import { inSequence, operationsOf, readyRatio, requests, workOf, type Results } from './results.ts';
import { describeSpread, medianOf, percentile } from './statistics.ts';
import type { Job, Variant } from './variants.ts';

/** Rows of texts; the first is the head. */
export interface Grid {
  readonly title: string;
  readonly rows: readonly (readonly string[])[];
}

const NOTHING = '-';
const SERVICES: readonly Service[] = ['AWS', 'Purple Flea'];
const DELAYED = `${DELAYS.AWS} / ${DELAYS['Purple Flea']} ms`;

/** What is shown of a variant, from all rounds. */
const ROWS: readonly (readonly [title: string, show: (rounds: readonly Measured[], variant: Variant) => string])[] = [
  ['bundle', (_, { bundleBytes }) => (bundleBytes === undefined ? NOTHING : `${Math.ceil(bundleBytes / 1024)} KB`)],
  ['ready', (rounds) => `${medianOf(rounds.flatMap(({ starts }) => starts.map(({ ms }) => ms))).toFixed(0)} ms`],
  ['ready, ÷ empty', (rounds) => describeSpread(rounds.map(readyRatio), (ratio) => ratio.toFixed(2))],
  [`process start to first effect, ${DELAYED}`, ofWork((works) => spreadMs(works.map((work) => work.firstEffectMs)))],
  [
    `warm event, p50 / p95, ${DELAYED}`,
    ofWork((works) =>
      percentiles(
        works.flatMap(({ delayed }) => delayed.map(({ ms }) => ms)),
        0,
      ),
    ),
  ],
  [
    'warm event, p50 / p95, no delays',
    ofWork((works) =>
      percentiles(
        works.flatMap(({ undelayedMs }) => undelayedMs),
        1,
      ),
    ),
  ],
  [`requests, ${SERVICES.join(' + ')}`, counts(requests, ' + ')],
  [`in sequence, ${SERVICES.join(', ')}`, counts(inSequence, ', ')],
  [
    `events a second, ${IN_FLIGHT} in flight, no delays`,
    ofWork((works) =>
      describeSpread(
        works.map((work) => work.eventsPerSecond),
        (events) => events.toFixed(0),
      ),
    ),
  ],
  ['memory at its peak', (rounds) => `${medianOf(rounds.map(({ peakMb }) => peakMb)).toFixed(0)} MB`],
];

function ofWork(show: (works: readonly ReturnType<typeof workOf>[]) => string) {
  return (rounds: readonly Measured[]) => (hasWork(rounds) ? show(rounds.map(workOf)) : NOTHING);
}

function counts(figure: typeof inSequence, between: string) {
  return (rounds: readonly Measured[]) =>
    hasWork(rounds) ? SERVICES.map((service) => medianOf(rounds.map(figure(service)))).join(between) : NOTHING;
}

function hasWork(rounds: readonly Measured[]): boolean {
  return rounds.every(({ work }) => work !== undefined);
}

function spreadMs(values: readonly number[]): string {
  return describeSpread(values, (ms) => ms.toFixed(0), ' ms');
}

function percentiles(values: readonly number[], digits: number): string {
  return `${medianOf(values).toFixed(digits)} / ${percentile(values, 0.95).toFixed(digits)} ms`;
}

/** A job's figures: a variant is a column, as there are more figures than variants. */
export function figuresOf({ title, variants }: Job, results: Results): Grid {
  const head = ['', ...variants.map(({ name }) => name)];
  const rows = ROWS.map(([what, show]) => [
    what,
    ...variants.map((variant) => show(results.get(variant) ?? [], variant)),
  ]);
  return { title, rows: [head, ...rows] };
}

/** What one event of a job requests, by service and operation. */
export function requestsOf({ title, variants }: Job, results: Results): Grid {
  const working = variants.filter((variant) => hasWork(results.get(variant) ?? []));
  const operations = working.map((variant) => operationsOf(results.get(variant) ?? []));
  const names = [...new Set(operations.flatMap((counted) => [...counted.keys()]))].toSorted();
  const rows = names.map((name) => [name, ...operations.map((counted) => String(counted.get(name) ?? 0))]);
  return { title: `${title}: requests`, rows: [['', ...working.map(({ name }) => name)], ...rows] };
}

export function goalsOf(goals: readonly Goal[]): Grid {
  const rows = goals.map(({ what, goal, found }) => [
    what,
    goal,
    found?.text ?? 'not measured',
    found === undefined ? NOTHING : found.isReached ? 'yes' : '**no**',
  ]);
  return { title: 'Goals', rows: [['what', 'goal', 'came out', 'reached'], ...rows] };
}

export function asMarkdown({ title, rows: [head = [], ...rows] }: Grid): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = line(head.map((_, column) => (column === 0 ? '---' : '---:')));
  return [`### ${title}`, '', line(head), rule, ...rows.map(line)].join('\n');
}
