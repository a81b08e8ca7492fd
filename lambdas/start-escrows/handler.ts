import type { StartExecution } from '../../src/aws/executions.ts';
import type { KeepRequest } from '../../src/aws/request-table.ts';
import { describeError, TryLaterError, UnusableEventError } from '../../src/errors.ts';
import { planRequest, type EscrowStart, type RequestPolicy } from '../../src/escrow/escrow-request.ts';
import { INCOMING } from '../../src/events/catalogue.ts';
import { parseEvent } from '../../src/events/envelope.ts';
import { escrowRequestedSchema } from '../../src/events/escrow-requested.ts';
import { announce, type AnnounceDeps } from '../shared/announce.ts';
import { consumeQueue, type QueueDeps } from '../shared/consume-queue.ts';

export interface Deps extends QueueDeps, AnnounceDeps {
  readonly keepRequest: KeepRequest;
  readonly startExecution: StartExecution;
  readonly policy: RequestPolicy;
}

/** Turns a request into one execution of the escrow lifecycle, or into one for each of its milestones. */
export function createHandler(deps: Deps) {
  return consumeQueue(deps, async ({ body, redelivered }) => {
    const { detail, time } = parseEvent(body, INCOMING.escrowRequested, escrowRequestedSchema);
    const { requestId } = detail;
    const { fingerprint, starts } = planRequest(detail, time, deps.policy);
    if ((await deps.keepRequest(requestId, fingerprint)) === 'other') {
      throw new UnusableEventError(
        `detail.requestId: "${requestId}" came before and asked for something else; what came first counts. Send what is new under an id of its own`,
      );
    }
    const ended = await Promise.allSettled(starts.map((start) => startOne(deps, start, redelivered)));
    const failures = ended.flatMap((end) => (end.status === 'rejected' ? [describeError(end.reason)] : []));
    if (failures.length > 0) {
      throw new TryLaterError(
        `${failures.length} of ${starts.length} escrows of request "${requestId}" were not started: ${failures[0]}`,
      );
    }
  });
}

/** Starts one and says so; again where an earlier run may not have got so far. */
async function startOne(
  deps: Deps,
  { executionName, request, announcement }: EscrowStart,
  redelivered: boolean,
): Promise<void> {
  const start = await deps.startExecution(executionName, { request });
  if (start === 'already-started' && !redelivered) {
    deps.log.info('duplicate request', { requestId: announcement.requestId, executionName });
    return;
  }
  deps.count('EscrowsStarted');
  await announce(deps, 'escrow.started', announcement);
}
