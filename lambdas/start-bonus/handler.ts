import type { StartExecution } from '../../src/aws/executions.ts';
import type { DescribeTrainingJob } from '../../src/aws/training-jobs.ts';
import { decideBonus, type BonusPolicy } from '../../src/escrow/bonus.ts';
import { startOfBonus } from '../../src/escrow/bonus-request.ts';
import { TRAINING_JOB_STATE_CHANGE } from '../../src/events/catalogue.ts';
import { parseEvent } from '../../src/events/envelope.ts';
import { trainingJobEventSchema } from '../../src/events/training-job.ts';
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

    const { executionName, request, announcement } = startOfBonus(job, decision, deps.policy);
    const start = await deps.startExecution(executionName, { request });
    if (start === 'already-started' && !redelivered) {
      deps.log.info('duplicate event', { trainingJobName: job.name, executionName });
      return;
    }
    deps.count('BonusesStarted');
    await announce(deps, 'bonus.started', announcement);
  });
}
