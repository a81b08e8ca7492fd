import type { StartExecution } from '../../src/aws/executions.ts';
import type { KeepRequest } from '../../src/aws/request-table.ts';
import { describeError, UnusableEventError } from '../../src/errors.ts';
import { planRequest, type EscrowStart, type RequestPolicy } from '../../src/escrow/escrow-request.ts';
import { INCOMING } from '../../src/events/catalogue.ts';
import { requestRule } from '../../src/escrow/rule-terms.ts';
import { parseEvent } from '../../src/events/envelope.ts';
import { escrowRequestedSchema } from '../../src/events/escrow-requested.ts';
import { findTooOld, type ReadBeginnings, type TooOldCause } from '../../src/ledger/beginnings.ts';
import type { IntentStore } from '../../src/ledger/intent.ts';
import { skipOf } from '../../src/escrow/skip-escrow.ts';
import { announce, type AnnounceDeps } from '../shared/announce.ts';
import { consumeQueue, type QueueDeps } from '../shared/consume-queue.ts';

export interface Deps extends QueueDeps, AnnounceDeps {
  readonly keepRequest: KeepRequest;
  readonly intents: Pick<IntentStore, 'read' | 'skip'>;
  readonly readBeginnings: ReadBeginnings;
  readonly startExecution: StartExecution;
  readonly policy: RequestPolicy;
  readonly now: () => Date;
}

/**
 * Turns a request into one execution of the escrow lifecycle, or into one for each of its milestones. What was requested
 * before the ledger or its rule began is recorded and not paid.
 */
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
    const rule = requestRule(detail.counterpartyAgentId);
    const tooOld = findTooOld(await deps.readBeginnings(), rule, [time, detail.requestedAt]);
    const ended = await Promise.allSettled(
      starts.map((start) =>
        tooOld === undefined ? startOne(deps, start, redelivered) : skipOne(deps, start, tooOld, redelivered),
      ),
    );
    const failures = ended.flatMap((end) => (end.status === 'rejected' ? [describeError(end.reason)] : []));
    if (failures.length > 0) {
      throw new Error(
        `${failures.length} of ${starts.length} escrows of request "${requestId}" were not started: ${failures[0]}`,
      );
    }
  });
}

/** Records one that is too old and says so; what the ledger knows already goes on as it is. */
async function skipOne(deps: Deps, start: EscrowStart, tooOld: TooOldCause, redelivered: boolean): Promise<void> {
  const { intent, isNew } = await deps.intents.skip(skipOf(start.request, tooOld), deps.now());
  if (intent.state !== 'skipped') return startOne(deps, start, redelivered);
  if (!isNew) return deps.log.info('skipped before', { key: intent.key });
  deps.count('PastSkipped');
  const { reference: _reference, executionName: key, ...asked } = start.announcement;
  await announce(deps, 'escrow.skipped', { ...asked, reason: tooOld.reason, detail: tooOld.detail, key });
}

/** Starts one and says so; again where an earlier run may not have got so far. What was skipped once stays so. */
async function startOne(
  deps: Deps,
  { executionName, request, announcement }: EscrowStart,
  redelivered: boolean,
): Promise<void> {
  if ((await deps.intents.read(executionName))?.state === 'skipped') {
    return deps.log.info('skipped before', { key: executionName });
  }
  const start = await deps.startExecution(executionName, { request });
  if (start === 'already-started' && !redelivered) {
    deps.log.info('duplicate request', { requestId: announcement.requestId, executionName });
    return;
  }
  deps.count('EscrowsStarted');
  await announce(deps, 'escrow.started', announcement);
}
