import type { StartExecution } from '../../src/aws/executions.ts';
import type { DescribeTrainingJob } from '../../src/aws/training-jobs.ts';
import { UnusableEventError } from '../../src/errors.ts';
import { decideBonus, findPayee, type BonusPolicy, type TrainingJob } from '../../src/escrow/bonus.ts';
import { referenceFor } from '../../src/escrow/escrow-effects.ts';
import type { LifecycleRequest } from '../../src/escrow/lifecycle-input.ts';
import { trainingJobAddress } from '../../src/escrow/mailbox.ts';
import { TRAINING_JOB_STATE_CHANGE } from '../../src/events/catalogue.ts';
import { parseEvent } from '../../src/events/envelope.ts';
import { trainingJobEventSchema } from '../../src/events/training-job.ts';
import { effectKey, type Cause } from '../../src/ledger/effect-key.ts';
import { announce, type AnnounceDeps } from '../shared/announce.ts';
import { consumeQueue, type QueueDeps } from '../shared/consume-queue.ts';

export interface Deps extends QueueDeps, AnnounceDeps {
  readonly describeTrainingJob: DescribeTrainingJob;
  readonly startExecution: StartExecution;
  readonly policy: BonusPolicy;
}

/** Turns a finished training job into one execution of the escrow lifecycle, or into a recorded "no". */
export function createHandler(deps: Deps) {
  return consumeQueue(deps, async ({ body, redelivered }) => {
    const { detail } = parseEvent(body, TRAINING_JOB_STATE_CHANGE, trainingJobEventSchema);
    const job = await deps.describeTrainingJob(detail.TrainingJobName);
    const decision = decideBonus(job, deps.policy);
    if (decision.outcome !== 'bonus') {
      deps.count(decision.outcome === 'metric-missing' ? 'MetricMissing' : 'BonusesSkipped');
      await announce(deps, 'bonus.skipped', {
        trainingJobName: job.name,
        reason: decision.outcome,
        detail: decision.detail,
      });
      return;
    }

    const cause = causeOf(job);
    const executionName = effectKey(cause, 'escrow-create');
    const request: LifecycleRequest = {
      cause,
      counterpartyAgentId: payeeOf(job, deps.policy),
      amountUsd: decision.amountUsd,
      timeoutHours: deps.policy.timeoutHours,
      description: `Bonus for training job ${job.name}: ${decision.reason}`,
      address: trainingJobAddress(job.name),
    };
    const start = await deps.startExecution(executionName, { request });
    if (start === 'already-started' && !redelivered) {
      deps.log.info('duplicate event', { trainingJobName: job.name, executionName });
      return;
    }
    deps.count('BonusesStarted');
    await announce(deps, 'bonus.started', {
      trainingJobName: job.name,
      metric: deps.policy.metric,
      value: decision.value,
      amountUsd: decision.amountUsd,
      reason: decision.reason,
      reference: referenceFor(cause),
      executionName,
    });
  });
}

function causeOf(job: TrainingJob): Cause & { createdAt: string } {
  return { rule: 'training-bonus', subject: job.arn, createdAt: job.createdAt.toISOString(), status: job.status };
}

function payeeOf(job: TrainingJob, policy: BonusPolicy): string {
  const agentId = findPayee(job.name, policy);
  if (agentId !== undefined) return agentId;
  throw new UnusableEventError(
    `no agent is configured for training job "${job.name}": add a bonus.payees entry whose jobNamePrefix matches it, deploy, and redrive this message`,
  );
}
