import * as z from 'zod/mini';
import { UnusableEventError } from '../errors.ts';
import type { ModelPackageDetail } from '../events/sagemaker-states.ts';

const stage = z.object({ stage: z.string(), status: z.string() });

/**
 * What of a model package is an approval or a rejection. Stage configuration, `modelPackages`.
 *
 * - `approval-status`: that its `ModelApprovalStatus` changes to `Approved` or `Rejected`
 * - `life-cycle`: that its `ModelLifeCycle` changes to one of the stages listed, each with its status
 */
export const packagePolicySchema = z.discriminatedUnion('by', [
  z.object({ by: z.literal('approval-status') }),
  z.object({ by: z.literal('life-cycle'), approved: z.array(stage), rejected: z.array(stage) }),
]);
export type PackagePolicy = z.infer<typeof packagePolicySchema>;

/** What a change of a model package decides, if anything, and why. */
export interface PackageDecision {
  readonly type: 'approved' | 'rejected' | undefined;
  readonly reason: string;
}

/**
 * Decides what an event about a model package says. Every update of a package is announced with its status as it is, so
 * only one that changed that status says anything.
 *
 * @throws UnusableEventError where the status is none that is waited for, and the rule should not have taken the event.
 */
export function decidePackage(detail: ModelPackageDetail, policy: PackagePolicy): PackageDecision {
  const field = policy.by === 'life-cycle' ? 'ModelLifeCycle' : 'ModelApprovalStatus';
  const decision = policy.by === 'life-cycle' ? byLifeCycle(detail, policy) : byApproval(detail);
  const changed = detail.UpdatedModelPackageFields;
  if (decision.type !== undefined && changed !== undefined && !changed.includes(field)) {
    return { type: undefined, reason: `the update changed ${changed.join(', ') || 'nothing'}, and not ${field}` };
  }
  // A package can be registered as approved before it is known to be usable; another event follows when it is.
  const { ModelPackageStatus: status = 'Completed' } = detail;
  if (decision.type === 'approved' && status !== 'Completed') {
    return { type: undefined, reason: `it is approved, but ${status}` };
  }
  return decision;
}

function byApproval({ ModelApprovalStatus: approval, ModelPackageArn: arn }: ModelPackageDetail): PackageDecision {
  if (approval !== 'Approved' && approval !== 'Rejected') {
    throw new UnusableEventError(
      `detail.ModelApprovalStatus: expected Approved or Rejected, got ${JSON.stringify(approval)}`,
    );
  }
  const type = approval === 'Approved' ? 'approved' : 'rejected';
  return { type, reason: `model package ${arn} is ${approval}` };
}

function byLifeCycle(
  { ModelLifeCycle: cycle, ModelPackageArn: arn }: ModelPackageDetail,
  { approved, rejected }: Extract<PackagePolicy, { by: 'life-cycle' }>,
): PackageDecision {
  if (cycle === undefined) return { type: undefined, reason: 'it has no ModelLifeCycle' };
  const reason = `model package ${arn} is ${cycle.StageStatus} in stage ${cycle.Stage}`;
  const isOneOf = (stages: typeof approved) =>
    stages.some(({ stage: name, status }) => name === cycle.Stage && status === cycle.StageStatus);
  if (isOneOf(approved)) return { type: 'approved', reason };
  return { type: isOneOf(rejected) ? 'rejected' : undefined, reason };
}
