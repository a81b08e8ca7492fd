import type { DescribeTrainingJob, ReadTags } from '../../src/aws/training-jobs.ts';
import { UnusableEventError } from '../../src/errors.ts';
import type { BonusPolicy } from '../../src/escrow/bonus-rules.ts';
import { findRule } from '../../src/escrow/find-rule.ts';
import { TRAINING_JOB_STATE_CHANGE } from '../../src/events/catalogue.ts';
import { parseEvent } from '../../src/events/envelope.ts';
import { refuseForeign } from '../../src/events/origin.ts';
import { textTags } from '../../src/events/tags.ts';
import { trainingJobEventSchema } from '../../src/events/training-job.ts';
import { beginBonus, type BeginBonusDeps } from '../shared/begin-bonus.ts';
import { consumeQueue, type QueueDeps } from '../shared/consume-queue.ts';

export interface Deps extends QueueDeps, BeginBonusDeps {
  readonly describeTrainingJob: DescribeTrainingJob;
  readonly readTags: ReadTags;
  readonly policy: BonusPolicy;
}

/** Turns a finished training job into one execution of the escrow lifecycle, or into a recorded "no". */
export function createHandler(deps: Deps) {
  return consumeQueue(deps, async ({ body, redelivered, home }) => {
    const event = parseEvent(body, TRAINING_JOB_STATE_CHANGE, trainingJobEventSchema);
    const { TrainingJobName: name, TrainingJobArn: arn, Tags } = event.detail;
    const refuse = () => refuseForeign(event, home, { field: 'detail.TrainingJobArn', arn });
    const known = { name, tags: Tags === undefined ? undefined : textTags(Tags) };
    const rule = await findRule(known, deps.policy, async () => {
      refuse();
      return deps.readTags(arn);
    });
    if (rule === undefined) {
      deps.count('JobsNotOurs');
      deps.log.info('no bonus rule is for this job', { trainingJobName: name });
      return;
    }
    refuse();
    const job = await deps.describeTrainingJob(name);
    if (job.arn.toLowerCase() !== arn.toLowerCase()) {
      throw new UnusableEventError(`detail.TrainingJobArn: is "${arn}", but training job "${name}" is ${job.arn}`);
    }
    await beginBonus(deps, job, rule, { eventTime: event.time, redelivered });
  });
}
