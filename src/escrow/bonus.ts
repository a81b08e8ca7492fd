import { decimalOf, isAbove, isBelow, showMeasured } from '../measure.ts';
import type { BonusRule } from './bonus-rules.ts';

/** What the decision is made from; of SageMaker's `DescribeTrainingJob`. */
export interface TrainingJob {
  readonly name: string;
  readonly arn: string;
  readonly status: string;
  readonly createdAt: Date;
  /** When its training ended; when it was created where SageMaker does not say. */
  readonly endedAt: Date;
  readonly finalMetrics: readonly { readonly name: string; readonly value: number }[];
  /** ARN of the job that started this one, such as a tuning job. */
  readonly parentArn?: string | undefined;
}

/** Why a job earns nothing by its rule. */
export const NO_BONUS = ['not-completed', 'child-job', 'metric-missing', 'metric-implausible', 'below-tiers'] as const;

/** A job that earns nothing, and why. */
export interface NoBonus {
  readonly outcome: (typeof NO_BONUS)[number];
  readonly detail: string;
}

export type BonusDecision =
  | {
      readonly outcome: 'bonus';
      readonly amountUsd: string;
      readonly value: number;
      readonly reason: string;
    }
  | NoBonus;

/**
 * Decides what a training job has earned by its rule. A missing metric is its own outcome, not a metric of zero, and a
 * child of another job earns nothing: a tuning job would be paid once a trial.
 */
export function decideBonus(job: TrainingJob, rule: BonusRule): BonusDecision {
  if (job.status !== 'Completed') return { outcome: 'not-completed', detail: `the job is ${job.status}` };
  if (job.parentArn !== undefined) return { outcome: 'child-job', detail: `the job is part of ${job.parentArn}` };
  const measured = job.finalMetrics.find((metric) => metric.name === rule.metric);
  if (measured === undefined) {
    const found = job.finalMetrics.map((metric) => metric.name).join(', ') || 'none';
    return { outcome: 'metric-missing', detail: `no final metric ${rule.metric}; the job has: ${found}` };
  }
  return decideByValue(measured.value, rule);
}

function decideByValue(value: number, { metric, direction, plausible, tiers }: BonusRule): BonusDecision {
  const { min, max } = plausible;
  const shown = `${metric} ${showMeasured(value)}`;
  if (!Number.isFinite(value) || isBelow(value, min) || isAbove(value, max)) {
    return { outcome: 'metric-implausible', detail: `${shown} is not from ${min} to ${max}` };
  }
  const isHigher = direction === 'higher';
  const ranked = tiers.toSorted((one, other) => (isHigher ? 1 : -1) * (one.beyond - other.beyond));
  const earned = ranked.findLast(({ beyond }) => (isHigher ? isAbove : isBelow)(value, beyond));
  if (earned === undefined) {
    const detail = `${shown} is not ${isHigher ? 'above' : 'below'} ${ranked[0]?.beyond}`;
    return { outcome: 'below-tiers', detail };
  }
  const reason = `${shown} ${isHigher ? '>' : '<'} ${earned.beyond}`;
  return { outcome: 'bonus', amountUsd: earned.amountUsd, value: decimalOf(value), reason };
}
