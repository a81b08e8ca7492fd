import type { CompletedJob, DescribeTrainingJob, ListCompletedJobs, ReadTags } from '../../src/aws/training-jobs.ts';
import { describeError } from '../../src/errors.ts';
import { bonusCause } from '../../src/escrow/bonus-request.ts';
import { asksForTags, ruleFor, type BonusPolicy } from '../../src/escrow/bonus-rules.ts';
import { findRule } from '../../src/escrow/find-rule.ts';
import { effectKey } from '../../src/ledger/effect-key.ts';
import { beginBonus, type BeginBonusDeps } from '../shared/begin-bonus.ts';

export interface Deps extends BeginBonusDeps {
  readonly listCompletedJobs: ListCompletedJobs;
  readonly describeTrainingJob: DescribeTrainingJob;
  readonly readTags: ReadTags;
  readonly policy: BonusPolicy;
}

/** EventBridge delivers what it delivers at all within a day; jobs are looked for a little longer. */
const LOOK_BACK_MS = 26 * 3_600_000;

/** An event may still be on its way. */
const SETTLING_MS = 15 * 60_000;

/**
 * Every hour: looks for completed training jobs whose event never came, and starts their bonuses. SageMaker's events are
 * delivered as best they can be. A job that the ledger knows, be it as skipped, is left alone; one that is paid nothing is
 * recorded. One that fails keeps none of the others: it is looked at again in an hour.
 */
export function createHandler(deps: Deps) {
  return async () => {
    const now = deps.now().getTime();
    const { jobs, isAll } = await deps.listCompletedJobs(new Date(now - LOOK_BACK_MS), new Date(now - SETTLING_MS));
    let started = 0;
    const failed: string[] = [];
    for (const job of jobs) {
      try {
        if (await startIfMissed(deps, job)) started += 1;
      } catch (error) {
        const reason = describeError(error);
        deps.log.error('missed job not settled', { trainingJobName: job.name, reason });
        failed.push(`${job.name}: ${reason}`);
      }
    }
    if (!isAll) deps.log.warn('more completed jobs than one run can look at', { looked: jobs.length });
    deps.log.info('missed jobs', { looked: jobs.length, started });
    if (failed.length > 0) throw new Error(`${failed.length} jobs not settled, the first: ${failed[0]}`);
    return { looked: jobs.length, started, isAll };
  };
}

async function startIfMissed(deps: Deps, listed: CompletedJob): Promise<boolean> {
  if (ruleFor(listed.name, undefined, deps.policy) === undefined && !asksForTags(deps.policy)) return false;
  if ((await deps.intents.read(effectKey(bonusCause(listed), 'escrow-create'))) !== undefined) return false;
  const rule = await findRule(listed, deps.policy, () => deps.readTags(listed.arn));
  if (rule === undefined) return false;
  const job = await deps.describeTrainingJob(listed.name);
  if ((await beginBonus(deps, job, rule, { redelivered: false })) !== 'started') return false;
  deps.count('MissedJobs');
  return true;
}
