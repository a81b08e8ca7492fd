import * as z from 'zod/mini';
import { isAbove, isBelow, showMeasured } from '../measure.ts';

/** As long as the names of SageMaker's metrics. */
export const MAX_METRIC_NAME = 255;

const rule = z
  .strictObject({
    /** Name of a value in `metrics` of `escrow.delivered`. */
    metric: z.string().check(z.minLength(1), z.maxLength(MAX_METRIC_NAME)),
    atLeast: z.optional(z.number()),
    atMost: z.optional(z.number()),
  })
  .check(
    z.refine(({ atLeast, atMost }) => (atLeast === undefined) !== (atMost === undefined), {
      message: 'give either atLeast or atMost',
      path: ['atLeast'],
    }),
  );

/**
 * What turns a delivery into a release or a dispute. Stage configuration, `gate`.
 *
 * - `auto`: the rule decides; without one, whoever may say `escrow.delivered` approves by saying so
 * - `person`: somebody approves or rejects
 * - `auto-then-person`: what passes the rule is released, about the rest somebody decides
 */
export const gateSchema = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('auto'), rule: z.optional(rule) }),
  z.strictObject({ mode: z.literal('person') }),
  z.strictObject({ mode: z.literal('auto-then-person'), rule }),
]);
export type Gate = z.infer<typeof gateSchema>;

/** Of less than this nothing is left of a quarter once the minute's sweep and a function have run. */
const MIN_ALERT_HOURS = 0.25;

export const DEFAULT_DECISIONS = ['release', 'dispute', 'let-lapse'] as const;
const defaultDecision = z.enum(DEFAULT_DECISIONS);

/**
 * What happens before silence moves the money of a delivery that nobody decided about. Stage configuration, `guard`.
 * People are told `alertHours` before (or a quarter of the whole time, if that is less); a quarter of that before the
 * deadline `default` decides: the same for every escrow, or by its status. Silence pays a completed escrow and refunds a
 * locked one, so to let a completed one lapse is to pay it.
 */
export const guardSchema = z.strictObject({
  alertHours: z.number().check(z.minimum(MIN_ALERT_HOURS), z.maximum(72)),
  default: z.union([defaultDecision, z.strictObject({ locked: defaultDecision, completed: defaultDecision })], {
    error: `expected one of ${DEFAULT_DECISIONS.join(', ')}, or one each for locked and completed`,
  }),
});
export type Guard = z.infer<typeof guardSchema>;

/** What a guard decides if nobody else does. */
export function defaultOf({ default: chosen }: Guard, status: 'locked' | 'completed'): z.infer<typeof defaultDecision> {
  return typeof chosen === 'string' ? chosen : chosen[status];
}

/** What a metric may be called in a request or a configuration: its name is in lines that people get. */
export const METRIC_NAME = /^[\w .:/@%()+-]{1,255}$/;

/** A gate as it comes from outside; executions of earlier releases may carry other names. */
export const requestedGateSchema = gateSchema.check(
  z.refine((gate) => metricsOf(gate).every((name) => METRIC_NAME.test(name)), {
    error: 'expected 1 to 255 of A-Z a-z 0-9 _ blank . : / @ % ( ) + -',
    path: ['rule', 'metric'],
  }),
);

/** The metrics that a gate goes by. */
export function metricsOf(gate: Gate): readonly string[] {
  return gate.mode === 'person' || gate.rule === undefined ? [] : [gate.rule.metric];
}

/** What a gate makes of a delivery by itself. */
export type GateResult =
  | { readonly kind: 'passed' | 'failed'; readonly reason: string }
  /** Somebody has to decide. */
  | { readonly kind: 'person'; readonly reason: string };

/** @param metrics as the delivery says them. */
export function passGate(gate: Gate, metrics: Readonly<Record<string, number>>): GateResult {
  if (gate.mode === 'person') return { kind: 'person', reason: 'a person decides about every delivery' };
  if (gate.rule === undefined) return { kind: 'passed', reason: 'whoever delivers approves' };
  const { metric, atLeast, atMost } = gate.rule;
  const measured = Object.hasOwn(metrics, metric) ? metrics[metric] : undefined;
  const shown = METRIC_NAME.test(metric) ? metric : "the gate's metric";
  const wanted = atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`;
  if (measured === undefined || Number.isNaN(measured)) {
    return { kind: 'person', reason: `the delivery does not say ${shown}` };
  }
  const isPassed =
    (atLeast === undefined || !isBelow(measured, atLeast)) && (atMost === undefined || !isAbove(measured, atMost));
  const reason = `${shown} is ${showMeasured(measured)}, ${wanted} is wanted`;
  if (isPassed) return { kind: 'passed', reason };
  return { kind: gate.mode === 'auto' ? 'failed' : 'person', reason };
}
