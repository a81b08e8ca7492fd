import { clientReference, effectKey } from '../ledger/effect-key.ts';
import type { TooOldCause } from '../ledger/beginnings.ts';
import type { NewSkip } from '../ledger/intent.ts';
import type { TrainingJob } from './bonus.ts';
import { bonusCause } from './bonus-request.ts';
import type { BonusRule } from './bonus-rules.ts';
import type { LifecycleRequest } from './lifecycle-input.ts';
import { bonusRule } from './rule-terms.ts';

/** The record of an escrow that is not made, because its cause is too old; with what would start it. */
export function skipOf(request: LifecycleRequest, { reason, detail, rule, causedAt }: TooOldCause): NewSkip {
  const { cause, counterpartyAgentId: payee, amountUsd } = request;
  const key = effectKey(cause, 'escrow-create');
  return {
    key,
    kind: 'escrow-create',
    reference: clientReference(key),
    cause,
    payee,
    amountUsd,
    skip: { reason, rule, causedAt, input: JSON.stringify({ request }) },
    note: detail,
  };
}

/** The record of a job that earned nothing. */
export function skipOfNothing(
  job: TrainingJob,
  rule: BonusRule,
  { reason, detail }: { readonly reason: string; readonly detail: string },
): NewSkip {
  const cause = bonusCause(job);
  const key = effectKey(cause, 'escrow-create');
  return {
    key,
    kind: 'escrow-create',
    reference: clientReference(key),
    cause,
    payee: rule.payee,
    amountUsd: '0.00',
    skip: { reason, rule: bonusRule(rule.name), causedAt: job.endedAt.toISOString() },
    note: detail,
  };
}
