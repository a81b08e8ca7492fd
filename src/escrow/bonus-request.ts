import { UnusableEventError } from '../errors.ts';
import type { PublishedEvents } from '../events/catalogue.ts';
import { effectKey, type Cause } from '../ledger/effect-key.ts';
import { findPayee, type BonusDecision, type BonusPolicy, type TrainingJob } from './bonus.ts';
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

/** @throws UnusableEventError where no agent is configured for the job. */
export function startOfBonus(
  job: TrainingJob,
  decision: Extract<BonusDecision, { outcome: 'bonus' }>,
  policy: BonusPolicy,
): BonusStart {
  const counterpartyAgentId = findPayee(job.name, policy);
  if (counterpartyAgentId === undefined) {
    throw new UnusableEventError(
      `no agent is configured for training job "${job.name}": add a bonus.payees entry whose jobNamePrefix matches it, deploy, and redrive this message`,
    );
  }
  const { amountUsd, value, reason } = decision;
  const cause = bonusCause(job);
  const executionName = effectKey(cause, 'escrow-create');
  return {
    executionName,
    request: {
      cause,
      counterpartyAgentId,
      amountUsd,
      timeoutHours: policy.timeoutHours,
      description: `Bonus for training job ${job.name}: ${reason}`,
      address: trainingJobAddress(job.name),
      gate: policy.gate,
      guard: policy.guard,
    },
    announcement: {
      trainingJobName: job.name,
      metric: policy.metric,
      value,
      amountUsd,
      reason,
      reference: referenceFor(cause),
      executionName,
    },
  };
}
