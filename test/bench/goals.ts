import { delayedMs, eventsPerSecond, firstEffectMs, inSequence, ratios, readyRatio, requests } from './results.ts';
import type { Figure, Results } from './results.ts';
import { describeSpread, medianOf } from './statistics.ts';
import { PLAIN, type Bench, type Job, type Variant } from './variants.ts';

/** Something that is to be reached, and what came out. */
export interface Goal {
  readonly what: string;
  readonly goal: string;
  /** Undefined where it was not measured: without a baseline. */
  readonly found: { readonly text: string; readonly isReached: boolean } | undefined;
}

const KB = 1024;
const LARGEST_BUNDLE_KB = 500;

/** What a trade is to be, and whether it is. @param baseline a revision that was measured in the same rounds. */
export function judge({ jobs }: Bench, results: Results, baseline: string | undefined): readonly Goal[] {
  const [trade] = jobs;
  const ours = named(trade, undefined);
  const roundsOf = (variant: Variant | undefined) => (variant && results.get(variant)) ?? [];
  const count = (figure: Figure) => medianOf(roundsOf(ours).map(figure));
  const ratioTo = (name: string | undefined, figure: Figure) =>
    name === undefined ? [] : ratios(roundsOf(ours), roundsOf(named(trade, name)), figure);
  const largest = Math.max(...jobs.map((job) => (named(job, undefined)?.bundleBytes ?? Infinity) / KB));

  const before = `÷ ${baseline ?? 'a baseline'}`;
  return [
    atMost(`warm trade, p50, ${before}`, 0.68, ratioTo(baseline, delayedMs)),
    atMost(`warm trade, p50, ÷ ${PLAIN}`, 2.2, ratioTo(PLAIN, delayedMs)),
    atMost('requests of a trade', 9, [count(requests())], 0),
    atMost('of them in sequence at Purple Flea', 2, [count(inSequence('Purple Flea'))], 0),
    atMost(`process start to first order, ${before}`, 0.8, ratioTo(baseline, firstEffectMs)),
    atMost(`ready, ÷ ${PLAIN}`, 1.35, ratioTo(PLAIN, readyRatio)),
    atMost('the larger bundle, in KB', LARGEST_BUNDLE_KB, [largest], 0),
    atLeast(`events a second, 16 in flight, no delays, ${before}`, 1, ratioTo(baseline, eventsPerSecond)),
  ];
}

/** A variant by its name; the function of this project without one. */
function named({ variants }: Job, name: string | undefined): Variant | undefined {
  return name === undefined ? variants[0] : variants.find((variant) => variant.name === name);
}

function atMost(what: string, limit: number, values: readonly number[], digits = 2): Goal {
  return { what, goal: `≤ ${limit}`, found: find(values, digits, (median) => median <= limit) };
}

function atLeast(what: string, limit: number, values: readonly number[]): Goal {
  return { what, goal: `≥ ${limit}`, found: find(values, 2, (median) => median >= limit) };
}

/** The median decides. */
function find(values: readonly number[], digits: number, holds: (median: number) => boolean): Goal['found'] {
  if (values.length === 0) return undefined;
  const show = (value: number) => value.toFixed(digits);
  const text = values.length === 1 ? show(medianOf(values)) : describeSpread(values, show);
  return { text, isReached: holds(medianOf(values)) };
}
