import type { StartExecution } from '../../src/aws/executions.ts';
import type { DescribeTrainingJob } from '../../src/aws/training-jobs.ts';
import { decideBonus } from '../../src/escrow/bonus.ts';
import { startOfBonus } from '../../src/escrow/bonus-request.ts';
import { ruleFor, type BonusPolicy } from '../../src/escrow/bonus-rules.ts';
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

const METRIC_OF = {
  'not-completed': 'BonusesSkipped',
  'child-job': 'BonusesSkipped',
  'below-tiers': 'BonusesSkipped',
  'metric-missing': 'MetricMissing',
  'metric-implausible': 'MetricImplausible',
} as const;

/** Turns a finished training job into one execution of the escrow lifecycle, or into a recorded "no". */
export function createHandler(deps: Deps) {
  return consumeQueue(deps, async ({ body, redelivered }) => {
    const { detail } = parseEvent(body, TRAINING_JOB_STATE_CHANGE, trainingJobEventSchema);
    const name = detail.TrainingJobName;
    const rule = ruleFor(name, undefined, deps.policy);
    if (rule === undefined) {
      deps.count('JobsNotOurs');
      deps.log.info('no bonus rule is for this job', { trainingJobName: name });
      return;
    }
    const job = await deps.describeTrainingJob(name);
    const decision = decideBonus(job, rule);
    if (decision.outcome !== 'bonus') {
      const { outcome: reason } = decision;
      deps.count(METRIC_OF[reason]);
      const skipped = { trainingJobName: name, rule: rule.name, reason, detail: decision.detail };
      await announce(deps, 'bonus.skipped', skipped);
      return;
    }

    const { executionName, request, announcement } = startOfBonus(job, decision, rule);
    const start = await deps.startExecution(executionName, { request });
    if (start === 'already-started' && !redelivered) {
      deps.log.info('duplicate event', { trainingJobName: job.name, executionName });
      return;
    }
    deps.count('BonusesStarted');
    await announce(deps, 'bonus.started', announcement);
  });
}
