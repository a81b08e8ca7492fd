import * as z from 'zod/mini';
import { isAbove } from '../measure.ts';
import { gateSchema, guardSchema } from './gate.ts';

/** Which training jobs earn what, and for whom. Stage configuration, `bonus`. */
export const bonusPolicySchema = z.object({
  /** Name of the final metric, as in `FinalMetricDataList`. */
  metric: z.string().check(z.minLength(1)),
  /** Strictly above `above`, `amountUsd` (decimal USD) is earned; the highest tier passed counts. */
  tiers: z.array(z.object({ above: z.number(), amountUsd: z.string() })).check(z.minLength(1)),
  /** How long the lock may wait for the delivery. */
  timeoutHours: z.int(),
  gate: gateSchema,
  guard: guardSchema,
  /** Who is paid, by the training job's name: the longest matching prefix wins. */
  payees: z.array(z.object({ jobNamePrefix: z.string(), agentId: z.string() })),
});
export type BonusPolicy = z.infer<typeof bonusPolicySchema>;
type BonusTier = BonusPolicy['tiers'][number];

/** What the decision is made from; of SageMaker's `DescribeTrainingJob`. */
export interface TrainingJob {
  readonly name: string;
  readonly arn: string;
  readonly status: string;
  readonly createdAt: Date;
  readonly finalMetrics: readonly { readonly name: string; readonly value: number }[];
}

export type BonusDecision =
  | {
      readonly outcome: 'bonus';
      readonly amountUsd: string;
      readonly value: number;
      readonly reason: string;
    }
  | { readonly outcome: 'not-completed' | 'below-tiers' | 'metric-missing'; readonly detail: string };

/** Decides what a training job has earned. A missing metric is its own outcome, not a metric of zero. */
export function decideBonus(job: TrainingJob, policy: BonusPolicy): BonusDecision {
  if (job.status !== 'Completed') {
    return { outcome: 'not-completed', detail: `the job is ${job.status}` };
  }
  const measured = job.finalMetrics.find((metric) => metric.name === policy.metric);
  if (measured === undefined || !Number.isFinite(measured.value)) {
    const found = job.finalMetrics.map((metric) => metric.name).join(', ') || 'none';
    return { outcome: 'metric-missing', detail: `no final metric ${policy.metric}; the job has: ${found}` };
  }
  const shown = Number(measured.value.toPrecision(6));
  const tier = policy.tiers
    .filter((candidate) => isAbove(measured.value, candidate.above))
    .reduce<BonusTier | undefined>(
      (best, next) => (best === undefined || next.above > best.above ? next : best),
      undefined,
    );
  if (tier === undefined) {
    const lowest = Math.min(...policy.tiers.map((candidate) => candidate.above));
    return { outcome: 'below-tiers', detail: `${policy.metric} ${shown} is not above ${lowest}` };
  }
  return {
    outcome: 'bonus',
    amountUsd: tier.amountUsd,
    value: shown,
    reason: `${policy.metric} ${shown} > ${tier.above}`,
  };
}

/** The agent that a job's bonus goes to, or undefined where none is configured. */
export function findPayee(jobName: string, policy: BonusPolicy): string | undefined {
  const [best] = policy.payees
    .filter((payee) => jobName.startsWith(payee.jobNamePrefix))
    .toSorted((one, other) => other.jobNamePrefix.length - one.jobNamePrefix.length);
  return best?.agentId;
}
