import type { DescribeTrainingJob } from '../../src/aws/training-jobs.ts';
import { ruleFor, type BonusPolicy } from '../../src/escrow/bonus-rules.ts';
import { TRAINING_JOB_STATE_CHANGE } from '../../src/events/catalogue.ts';
import { parseEvent } from '../../src/events/envelope.ts';
import { trainingJobEventSchema } from '../../src/events/training-job.ts';
import { beginBonus, type BeginBonusDeps } from '../shared/begin-bonus.ts';
import { consumeQueue, type QueueDeps } from '../shared/consume-queue.ts';

export interface Deps extends QueueDeps, BeginBonusDeps {
  readonly describeTrainingJob: DescribeTrainingJob;
  readonly policy: BonusPolicy;
}

/** Turns a finished training job into one execution of the escrow lifecycle, or into a recorded "no". */
export function createHandler(deps: Deps) {
  return consumeQueue(deps, async ({ body, redelivered }) => {
    const { detail, time } = parseEvent(body, TRAINING_JOB_STATE_CHANGE, trainingJobEventSchema);
    const name = detail.TrainingJobName;
    const rule = ruleFor(name, undefined, deps.policy);
    if (rule === undefined) {
      deps.count('JobsNotOurs');
      deps.log.info('no bonus rule is for this job', { trainingJobName: name });
      return;
    }
    await beginBonus(deps, await deps.describeTrainingJob(name), rule, { eventTime: time, redelivered });
  });
}
