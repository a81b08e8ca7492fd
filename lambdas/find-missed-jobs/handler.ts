import type { StartExecution } from '../../src/aws/executions.ts';
import type { CompletedJob, DescribeTrainingJob, ListCompletedJobs } from '../../src/aws/training-jobs.ts';
import { bonusCause, startOfBonus } from '../../src/escrow/bonus-request.ts';
import { decideBonus } from '../../src/escrow/bonus.ts';
import { ruleFor, type BonusPolicy } from '../../src/escrow/bonus-rules.ts';
import { effectKey } from '../../src/ledger/effect-key.ts';
import type { IntentStore } from '../../src/ledger/intent.ts';
import { announce, type AnnounceDeps } from '../shared/announce.ts';

export interface Deps extends AnnounceDeps {
  readonly listCompletedJobs: ListCompletedJobs;
  readonly describeTrainingJob: DescribeTrainingJob;
  readonly intents: IntentStore;
  readonly startExecution: StartExecution;
  readonly policy: BonusPolicy;
  readonly now: () => Date;
}

/** EventBridge delivers what it delivers at all within a day; jobs are looked for a little longer. */
const LOOK_BACK_MS = 26 * 3_600_000;

/** An event may still be on its way. */
const SETTLING_MS = 15 * 60_000;

/**
 * Every hour: looks for completed training jobs whose event never came, and starts their bonuses. SageMaker's events are
 * delivered as best they can be. A job that has an intent, or earns nothing, is left alone.
 */
export function createHandler(deps: Deps) {
  return async () => {
    const now = deps.now().getTime();
    const { jobs, isAll } = await deps.listCompletedJobs(new Date(now - LOOK_BACK_MS), new Date(now - SETTLING_MS));
    let started = 0;
    for (const job of jobs) if (await startIfMissed(deps, job)) started += 1;
    if (!isAll) deps.log.warn('more completed jobs than one run can look at', { looked: jobs.length });
    deps.log.info('missed jobs', { looked: jobs.length, started });
    return { looked: jobs.length, started, isAll };
  };
}

async function startIfMissed(deps: Deps, listed: CompletedJob): Promise<boolean> {
  const rule = ruleFor(listed.name, undefined, deps.policy);
  if (rule === undefined) return false;
  if ((await deps.intents.read(effectKey(bonusCause(listed), 'escrow-create'))) !== undefined) return false;
  const job = await deps.describeTrainingJob(listed.name);
  const decision = decideBonus(job, rule);
  if (decision.outcome !== 'bonus') return false;

  const { executionName, request, announcement } = startOfBonus(job, decision, rule);
  if ((await deps.startExecution(executionName, { request })) === 'already-started') return false;
  deps.count('MissedJobs');
  deps.count('BonusesStarted');
  await announce(deps, 'bonus.started', announcement);
  return true;
}
