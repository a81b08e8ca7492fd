import type { PublishedEvents } from '../events/catalogue.ts';
import { effectKey, type Cause } from '../ledger/effect-key.ts';
import type { BonusDecision, TrainingJob } from './bonus.ts';
import type { BonusRule } from './bonus-rules.ts';
import { referenceFor } from './escrow-effects.ts';
import type { LifecycleRequest } from './lifecycle-input.ts';
import { trainingJobAddress } from './mailbox.ts';

/** The execution that a bonus starts, and what is said of it. */
export interface BonusStart {
  /** The effect key: a second start under it is the same execution. */
  readonly executionName: string;
  readonly request: LifecycleRequest;
  readonly announcement: PublishedEvents['bonus.started'];
}

/** The cause of a completed job's bonus. Names may be used again, so the time of creation belongs to it. */
export function bonusCause(job: Pick<TrainingJob, 'arn' | 'createdAt'>): Cause & { createdAt: string } {
  return { rule: 'training-bonus', subject: job.arn, createdAt: job.createdAt.toISOString(), status: 'Completed' };
}

/** The start of what a job has earned by its rule. */
export function startOfBonus(
  job: TrainingJob,
  decision: Extract<BonusDecision, { outcome: 'bonus' }>,
  rule: BonusRule,
): BonusStart {
  const { amountUsd, value, reason } = decision;
  const cause = bonusCause(job);
  const executionName = effectKey(cause, 'escrow-create');
  return {
    executionName,
    request: {
      cause,
      causedAt: job.endedAt.toISOString(),
      counterpartyAgentId: rule.payee,
      amountUsd,
      timeoutHours: rule.timeoutHours,
      description: `Bonus for training job ${job.name}: ${reason}`,
      address: trainingJobAddress(job.name),
      gate: rule.gate,
      guard: rule.guard,
    },
    announcement: {
      trainingJobName: job.name,
      rule: rule.name,
      metric: rule.metric,
      value,
      amountUsd,
      reason,
      reference: referenceFor(cause),
      executionName,
    },
  };
}
