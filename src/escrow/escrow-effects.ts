import { describeError } from '../errors.ts';
import type { Answer, EffectRequest } from '../ledger/answer.ts';
import type { Intent, IntentStore } from '../ledger/intent.ts';
import { clientReference, effectKey, type Cause } from '../ledger/effect-key.ts';
import { recordedOwner, type IntentOwner, type Owner } from '../ledger/owner.ts';
import {
  notSent,
  performEffect,
  readLatestTry,
  type EffectDeps,
  type EffectOutcome,
} from '../ledger/perform-effect.ts';
import { isOfThePast } from '../ledger/the-past.ts';
import { laterFor } from '../ledger/waiting.ts';
import { formatUsd } from '../money.ts';
import { escrowBodies } from '../purple-flea/escrow-client.ts';
import type {
  CompletedEscrow,
  DisputedEscrow,
  EscrowClient,
  EscrowView,
  LockedEscrow,
  ReleasedEscrow,
} from '../purple-flea/escrow.ts';
import type { LifecycleInput } from './lifecycle-input.ts';

export interface EscrowEffectDeps extends EffectDeps {
  /** Whose effects these are, and where. */
  readonly owner: Owner;
  /** The escrow service as the owner of an effect uses it. @throws SecretUnusableError or OwnerUnavailableError */
  readonly openEscrow: (owner: IntentOwner) => Promise<EscrowClient>;
  /** The total deadline of one request, in milliseconds. */
  readonly requestMs: number;
}

/** An escrow that exists, as the workflow carries it. */
export interface EscrowRef {
  readonly escrowId: string;
  readonly amountUsd: string;
  readonly counterpartyAgentId: string;
  /** When silence settles it, as far as is known (ISO 8601). */
  readonly deadlineAt?: string | undefined;
  /** Before this it was not decided what becomes of it (ISO 8601). Without it, that may be as old as the cause. */
  readonly askedAt?: string | undefined;
}

/** How a wait of an execution ended, and when. */
interface Heard {
  readonly signal?: string | undefined;
  readonly at?: string | undefined;
}

/** What somebody said of an escrow. That it has changed, or that nobody said anything, may follow what was sent before. */
const SAID: ReadonlySet<string> = new Set(['delivered', 'approved', 'rejected']);

/**
 * The escrow of an execution's state. A wait's end is no deadline where the escrow could not be read when it began. What
 * becomes of it was not decided before the last of what was said of it.
 */
export function escrowRefOf({
  request,
  escrow,
  delivery,
  decision,
  review,
}: {
  readonly request: Pick<LifecycleInput, 'amountUsd' | 'counterpartyAgentId' | 'cause' | 'causedAt'>;
  readonly escrow: { readonly escrowId: string; readonly deadlineAt: string; readonly settlesAt?: string | undefined };
  readonly delivery?: Heard | undefined;
  readonly decision?: Heard | undefined;
  readonly review?: { readonly settlesAt?: string | undefined };
}): EscrowRef & { readonly deadlineAt: string } {
  const deadlineAt = review?.settlesAt ?? escrow.settlesAt ?? escrow.deadlineAt;
  const { amountUsd, counterpartyAgentId } = request;
  const said = [delivery, decision].flatMap((end) => (SAID.has(end?.signal ?? '') ? (end?.at ?? []) : []));
  const askedAt = said.reduce((last, at) => (Date.parse(at) > Date.parse(last) ? at : last), causedAtOf(request));
  return { escrowId: escrow.escrowId, amountUsd: formatUsd(amountUsd), counterpartyAgentId, deadlineAt, askedAt };
}

/** When the cause of an escrow came to be, at the earliest (ISO 8601). */
function causedAtOf({ cause, causedAt }: Pick<LifecycleInput, 'cause' | 'causedAt'>): string {
  return causedAt ?? cause.createdAt;
}

/** A cause that could not be acted on for a week is no longer acted on. */
const CREATE_LIFETIME_MS = 7 * 24 * 3_600_000;

/** Longer than any escrow may stay open. */
const SETTLE_LIFETIME_MS = 120 * 24 * 3_600_000;

/** The client reference of the escrow that a cause leads to. */
export function referenceFor(cause: Cause): string {
  return clientReference(effectKey(cause, 'escrow-create'));
}

/** Creates the escrow of a cause, at most once. An applied result is a `LockedEscrow`. */
export function lockFunds(deps: EscrowEffectDeps, input: LifecycleInput): Promise<EffectOutcome> {
  return performEffect(
    deps,
    {
      kind: 'escrow-create',
      cause: input.cause,
      causedAt: causedAtOf(input),
      ...recordedOwner(deps.owner),
      ...(deps.owner.wallet === undefined ? {} : { wallet: deps.owner.wallet }),
      open: deps.openEscrow,
      payee: input.counterpartyAgentId,
      amountUsd: formatUsd(input.amountUsd),
      bodyFor: (reference) =>
        escrowBodies(deps.owner.profile).create({
          reference,
          amount: input.amountUsd,
          description: input.description,
          counterpartyAgentId: input.counterpartyAgentId,
          timeoutHours: input.timeoutHours,
          metadata: { rule: input.cause.rule, subject: input.cause.subject },
        }),
      expiresAt: later(deps, CREATE_LIFETIME_MS),
      reserve: (client, key) => client.reserve(['create'], { key }),
      sendingMs: deps.requestMs,
    },
    async (request, client): Promise<Answer<LockedEscrow>> => {
      const answer = await client.create(request);
      return answer.kind === 'applied'
        ? { ...answer, result: { ...answer.result, reference: request.reference } }
        : answer;
    },
  );
}

/**
 * Records the delivery at the service with the counterparty's key, at most once. The status is read first:
 * an escrow that is completed already needs no call.
 */
export function completeDelivery(
  deps: EscrowEffectDeps,
  cause: Cause,
  escrow: EscrowRef,
  delivery: { readonly note?: string | undefined; readonly deliveryUrl?: string | undefined },
): Promise<EffectOutcome> {
  return performEffect(
    deps,
    {
      kind: 'escrow-complete',
      cause,
      ...settling(deps, cause, escrow),
      bodyFor: () => escrowBodies(deps.owner.profile).complete(delivery),
      ...completing(deps),
    },
    (request, client) => complete(client, escrow.escrowId, request),
  );
}

/** Sends a completion that waits as it was recorded, at most once. */
export function repeatCompletion(
  deps: Omit<EscrowEffectDeps, 'owner'>,
  { cause, causedAt, createdAt, agentId, service, payee, escrowId = '', amountUsd, expiresAt, requestBody }: Intent,
): Promise<EffectOutcome> {
  return performEffect(
    deps,
    {
      kind: 'escrow-complete',
      cause,
      causedAt: causedAt ?? createdAt,
      agentId,
      service,
      payee,
      escrowId,
      amountUsd,
      expiresAt,
      open: deps.openEscrow,
      bodyFor: () => requestBody,
      ...completing(deps),
    },
    (request, client) => complete(client, escrowId, request),
  );
}

/** The calls of a completion. */
function completing({ requestMs }: Pick<EscrowEffectDeps, 'requestMs'>) {
  return {
    reserve: (client: EscrowClient, key: string) => client.reserve(['read', 'complete'], { key }),
    sendingMs: 2 * requestMs,
  };
}

async function complete(
  client: EscrowClient,
  escrowId: string,
  request: EffectRequest,
): Promise<Answer<CompletedEscrow>> {
  const before = await readFirst(client, escrowId);
  if ('kind' in before) return before;
  if (before.status === 'completed') return { kind: 'applied', result: { escrowId, status: 'completed' } };
  if (before.status !== 'locked') return unfit(before);
  return client.complete(escrowId, request);
}

/**
 * Pays the counterparty, at most once. The status is read before, and again after the call, whatever it answered:
 * a 500 may have paid. An applied result is a `ReleasedEscrow`.
 */
export function releaseFunds(
  deps: EscrowEffectDeps,
  cause: Cause,
  escrow: EscrowRef,
  reason: string,
): Promise<EffectOutcome> {
  return performEffect(
    deps,
    {
      kind: 'escrow-release',
      cause,
      ...settling(deps, cause, escrow),
      bodyFor: () => escrowBodies(deps.owner.profile).release(reason),
      reserve: (client, key) => client.reserve(['read', 'release', 'read'], { key, urgentBy: escrow.deadlineAt }),
      sendingMs: 3 * deps.requestMs,
    },
    async (request, client): Promise<Answer<ReleasedEscrow>> => {
      const before = await readFirst(client, escrow.escrowId);
      if ('kind' in before) return before;
      if (before.status === 'released') return { kind: 'applied', result: releasedFrom(before) };
      if (before.status !== 'locked' && before.status !== 'completed') return unfit(before);
      const answer = await client.release(escrow.escrowId, request);
      return answer.kind === 'not-sent' ? answer : confirm(client, escrow, answer, 'released', releasedFrom);
    },
  );
}

/**
 * Freezes the escrow for the service's staff to decide, at most once. The status is read before, and again after the
 * call: an answer alone is no proof. An applied result is a `DisputedEscrow`.
 */
export function raiseDispute(
  deps: EscrowEffectDeps,
  cause: Cause,
  escrow: EscrowRef,
  dispute: { readonly reason: string; readonly evidenceUrl?: string | undefined },
): Promise<EffectOutcome> {
  return performEffect(
    deps,
    {
      kind: 'escrow-dispute',
      cause,
      ...settling(deps, cause, escrow),
      bodyFor: () => escrowBodies(deps.owner.profile).dispute(dispute),
      reserve: (client, key) => client.reserve(['read', 'dispute', 'read'], { key, urgentBy: escrow.deadlineAt }),
      sendingMs: 3 * deps.requestMs,
    },
    async (request, client): Promise<Answer<DisputedEscrow>> => {
      const before = await readFirst(client, escrow.escrowId);
      if ('kind' in before) return before;
      if (before.status === 'disputed') return { kind: 'applied', result: disputedFrom(before) };
      if (before.status !== 'locked' && before.status !== 'completed') return unfit(before);
      const answer = await client.dispute(escrow.escrowId, request);
      return answer.kind === 'not-sent' ? answer : confirm(client, escrow, answer, 'disputed', disputedFrom);
    },
  );
}

/** What the intents of all settlements of an escrow say of it. */
function settling(deps: EscrowEffectDeps, cause: Cause, escrow: EscrowRef) {
  return {
    ...recordedOwner(deps.owner),
    causedAt: escrow.askedAt ?? cause.createdAt ?? '',
    findLaterCause: () => findLockedAt(deps.intents, cause, escrow.escrowId),
    open: deps.openEscrow,
    payee: escrow.counterpartyAgentId,
    escrowId: escrow.escrowId,
    amountUsd: escrow.amountUsd,
    expiresAt: later(deps, SETTLE_LIFETIME_MS),
    urgentBy: escrow.deadlineAt,
  };
}

/** When the ledger had the escrow locked, before which nothing can have settled it; undefined where another may have. */
async function findLockedAt(intents: IntentStore, cause: Cause, escrowId: string): Promise<string | undefined> {
  const creation = await readLatestTry(intents, { cause, kind: 'escrow-create' });
  return creation?.result?.['escrowId'] === escrowId && !isOfThePast(creation) ? creation.sentAt : undefined;
}

function later({ now }: Pick<EffectDeps, 'now'>, milliseconds: number): string {
  return new Date(now().getTime() + milliseconds).toISOString();
}

/** The escrow is not in a state to be acted on; what an unknown status word means may be known later. */
function unfit(view: EscrowView): Exclude<Answer<never>, { kind: 'applied' }> {
  const reason = `the escrow is ${view.statusShown}`;
  return view.status === 'unrecognized' ? notSent({ reason, waitsFor: 'service' }) : { kind: 'rejected', reason };
}

async function readFirst(
  client: EscrowClient,
  escrowId: string,
): Promise<EscrowView | Extract<Answer<never>, { kind: 'not-sent' }>> {
  try {
    return await client.readStatus(escrowId);
  } catch (error) {
    const obstacle = laterFor(error);
    if (obstacle === undefined) throw error;
    return notSent(obstacle);
  }
}

/**
 * Reads the escrow after a settlement, whatever it was answered: a 500 may have paid, and a 200 may not have frozen.
 *
 * @param wanted the status that proves it; `resultOf` makes the result of it where the answer made none.
 */
async function confirm<Result>(
  client: EscrowClient,
  escrow: EscrowRef,
  answer: Answer<Result>,
  wanted: 'released' | 'disputed',
  resultOf: (view: EscrowView) => Result,
): Promise<Answer<Result>> {
  let after: EscrowView;
  try {
    after = await client.readStatus(escrow.escrowId);
  } catch (error) {
    return answer.kind === 'applied' && wanted === 'released'
      ? answer
      : { kind: 'unknown', reason: `${reasonOf(answer)}; ${describeError(error)}` };
  }
  if (after.status === wanted) {
    return { kind: 'applied', result: answer.kind === 'applied' ? answer.result : resultOf(after) };
  }
  return answer.kind === 'rejected'
    ? answer
    : { kind: 'unknown', reason: `${reasonOf(answer)}; afterwards the escrow is ${after.statusShown}` };
}

function reasonOf(answer: Answer<unknown>): string {
  return answer.kind === 'applied' ? 'the service said it was done' : answer.reason;
}

function releasedFrom(view: EscrowView): ReleasedEscrow {
  return {
    escrowId: view.escrowId,
    status: 'released',
    amountUsd: formatUsd(view.amount),
    feeUsd: formatUsd(view.fee),
    paidOutUsd: formatUsd(view.net),
  };
}

function disputedFrom(view: EscrowView): DisputedEscrow {
  return { escrowId: view.escrowId, status: 'disputed' };
}
