import type { RolePolicy } from '../../../local/role-policies.ts';
import type { RecordedAccess } from './recorder.ts';

/** One thing that a function may do. */
export interface Grant {
  readonly functionName: string;
  readonly action: string;
  readonly resource: string;
}

/**
 * Grants that no function uses by a call of its own, so that no run can show their use: Lambda and Lambda's poller use
 * those of logs and of receiving, and KMS's are used by the services that hold the data. They are asserted on the templates.
 */
const USED_BY_OTHERS =
  /^(kms:|logs:|xray:|sqs:(ReceiveMessage|DeleteMessage|ChangeMessageVisibility|GetQueueAttributes|GetQueueUrl)$)/;

/**
 * What the pacer needs where calls queue up, which the flows do not make them do: a lane that is far ahead is read, and a
 * promised slot is given back.
 */
const FOR_QUEUED_CALLS =
  /-(check-readiness|check-status|measure-positions|review-delivery|watch-escrows) dynamodb:GetItem on .*-intents$|-(complete-delivery|lock-funds) dynamodb:DeleteItem on .*-intents$/;

/** Every grant of every function that its own calls can use. */
export function grantsIn(policies: readonly RolePolicy[]): Grant[] {
  return policies.flatMap(({ functionName, statements }) =>
    statements.flatMap(({ Action, Resource }) =>
      [Action].flat().flatMap((action) =>
        [Resource]
          .flat()
          .filter(() => !USED_BY_OTHERS.test(action))
          .map((resource) => ({ functionName, action, resource })),
      ),
    ),
  );
}

/** Whether an access is of the kind that a grant allows. */
export function allows(grant: Grant, access: Omit<RecordedAccess, 'denied'>): boolean {
  if (grant.functionName !== access.functionName || grant.action !== access.action) return false;
  return access.resource === undefined || grant.resource === '*' || matches(grant.resource, access.resource);
}

/** `*` and `?` on either side stand for text: a secret's ARN ends in characters that a call does not name. */
function matches(granted: string, asked: string): boolean {
  const toPattern = (arn: string) =>
    new RegExp(
      `^${arn
        .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
        .replaceAll('*', '.*')
        .replaceAll('?', '.')}$`,
    );
  return toPattern(granted).test(asked) || toPattern(asked).test(granted);
}

/** A grant or an access in words. */
export function describe({ functionName, action, resource }: Grant | RecordedAccess): string {
  return `${functionName} ${action}${resource === undefined ? '' : ` on ${resource}`}`;
}

/** Whether a grant is used only where calls of Purple Flea queue up. */
export function isForQueuedCalls(grant: Grant): boolean {
  return FOR_QUEUED_CALLS.test(describe(grant));
}
