import type { StartExecution } from '../../src/aws/executions.ts';
import { decideBonus, type NoBonus, type TrainingJob } from '../../src/escrow/bonus.ts';
import { bonusCause, startOfBonus } from '../../src/escrow/bonus-request.ts';
import type { BonusRule } from '../../src/escrow/bonus-rules.ts';
import { bonusRule } from '../../src/escrow/rule-terms.ts';
import { skipOf, skipOfNothing } from '../../src/escrow/skip-escrow.ts';
import { findTooOld, type ReadBeginnings, type TooOldCause } from '../../src/ledger/beginnings.ts';
import { effectKey } from '../../src/ledger/effect-key.ts';
import type { IntentStore } from '../../src/ledger/intent.ts';
import type { MetricName } from '../../src/observability.ts';
import { announce, type AnnounceDeps } from './announce.ts';

export interface BeginBonusDeps extends AnnounceDeps {
  readonly intents: Pick<IntentStore, 'read' | 'skip'>;
  readonly readBeginnings: ReadBeginnings;
  readonly startExecution: StartExecution;
  readonly now: () => Date;
}

/** How the job was brought here. */
export interface Arrival {
  /** The time of its event, if one brought it (ISO 8601). */
  readonly eventTime?: string;
  /** The same message came before: an earlier run may have got half-way. */
  readonly redelivered: boolean;
}

const METRIC_OF: Readonly<Record<NoBonus['outcome'], MetricName>> = {
  'not-completed': 'BonusesSkipped',
  'child-job': 'BonusesSkipped',
  'below-tiers': 'BonusesSkipped',
  'metric-missing': 'MetricMissing',
  'metric-implausible': 'MetricImplausible',
};

/** What SageMaker does not change any more. */
const FINAL = new Set(['Completed', 'Failed', 'Stopped']);

/**
 * Starts the bonus of one job, or records once why it gets none: that it earned nothing, or that it ended before the
 * ledger or its rule began. What was recorded is not decided again.
 */
export async function beginBonus(
  deps: BeginBonusDeps,
  job: TrainingJob,
  rule: BonusRule,
  { eventTime, redelivered }: Arrival,
): Promise<'started' | 'skipped' | 'known'> {
  const known = await deps.intents.read(effectKey(bonusCause(job), 'escrow-create'));
  if (known?.state === 'skipped') return 'known';
  const times = [job.endedAt.toISOString(), ...(eventTime === undefined ? [] : [eventTime])];
  const tooOld = findTooOld(await deps.readBeginnings(), bonusRule(rule.name), times);
  const decision = decideBonus(job, rule);
  if (decision.outcome !== 'bonus') return recordNothing(deps, job, rule, decision, tooOld !== undefined);

  const { executionName, request, announcement } = startOfBonus(job, decision, rule);
  if (tooOld !== undefined && known === undefined) {
    const { isNew } = await deps.intents.skip(skipOf(request, tooOld), deps.now());
    return isNew ? announcePast(deps, job, rule, tooOld, announcement) : 'known';
  }
  const start = await deps.startExecution(executionName, { request });
  if (start === 'already-started' && !redelivered) {
    deps.log.info('bonus is known', { trainingJobName: job.name, executionName });
    return 'known';
  }
  deps.count('BonusesStarted');
  await announce(deps, 'bonus.started', announcement);
  return 'started';
}

/** A job that goes on may still earn something: that it has not completed is no record. */
async function recordNothing(
  deps: BeginBonusDeps,
  job: TrainingJob,
  rule: BonusRule,
  { outcome: reason, detail }: NoBonus,
  isPast: boolean,
): Promise<'skipped' | 'known'> {
  if (FINAL.has(job.status)) {
    const { isNew } = await deps.intents.skip(skipOfNothing(job, rule, { reason, detail }), deps.now());
    if (!isNew) return 'known';
  }
  // What the past lacks is no alarm.
  deps.count(isPast ? 'BonusesSkipped' : METRIC_OF[reason]);
  await announce(deps, 'bonus.skipped', { trainingJobName: job.name, rule: rule.name, reason, detail });
  return 'skipped';
}

async function announcePast(
  deps: BeginBonusDeps,
  { name: trainingJobName }: TrainingJob,
  { name: rule }: BonusRule,
  { reason, detail }: TooOldCause,
  { amountUsd, executionName: key }: { readonly amountUsd: string; readonly executionName: string },
): Promise<'skipped'> {
  deps.count('PastSkipped');
  await announce(deps, 'bonus.skipped', { trainingJobName, rule, reason, detail, amountUsd, key });
  return 'skipped';
}
