import { jest } from '@jest/globals';
import { createHandler as createAwaitSignal } from '../../lambdas/await-signal/handler.ts';
import { createHandler as createAwaitVerdict } from '../../lambdas/await-verdict/handler.ts';
import { createHandler as createCheckStatus } from '../../lambdas/check-status/handler.ts';
import { createHandler as createCompleteDelivery } from '../../lambdas/complete-delivery/handler.ts';
import { createHandler as createLockFunds } from '../../lambdas/lock-funds/handler.ts';
import { createHandler as createRaiseDispute } from '../../lambdas/raise-dispute/handler.ts';
import { createHandler as createReleaseFunds } from '../../lambdas/release-funds/handler.ts';
import { createHandler as createResolveIntents } from '../../lambdas/resolve-intents/handler.ts';
import { createHandler as createReviewDelivery } from '../../lambdas/review-delivery/handler.ts';
import { describeError, SecretUnusableError } from '../../src/errors.ts';
import type { Gate, Guard } from '../../src/escrow/gate.ts';
import { deliverDeadlines, deliverSignal, type Signal, type SignalType } from '../../src/escrow/mailbox.ts';
import type { Intent } from '../../src/ledger/intent.ts';
import { sayUnreachable } from '../../src/aws/reachable-intents.ts';
import { RESOLVE_DEFAULTS } from '../../src/ledger/resolve-intents.ts';
import { unpaced } from '../../src/pacing/pacer.ts';
import { openToSend } from '../../src/purple-flea/open-client.ts';
import { createEscrowClient, createEscrowViewer } from '../../src/purple-flea/escrow-client.ts';
import { createFaucetClient } from '../../src/purple-flea/faucet-client.ts';
import type { Credentials, Profile, ServiceDeps } from '../../src/purple-flea/service.ts';
import { createTradingClient } from '../../src/purple-flea/trading-client.ts';
import type { HttpAnswer, HttpRequest } from '../../src/purple-flea/transport.ts';
import { createWalletClient } from '../../src/purple-flea/wallet-client.ts';
import { errorBody } from '../simulation/service/books.ts';
import type { ServiceEscrow } from '../simulation/service/escrow.ts';
import { operationOf } from '../simulation/service/operations.ts';
import { KEYS, TREASURY, WORKER } from '../simulation/service/parties.ts';
import { createService, type Service } from '../simulation/service/service.ts';
import { ownerAt } from '../support/owners.ts';
import { aRequest } from '../support/bonus-escrow.ts';
import { NO_BUDGETS } from '../support/effects.ts';
import { createTaskTokens, execute, type Definition, type Execution } from '../support/lifecycle-execution.ts';
import { readFirstBeginning, readNoBeginnings } from '../support/memory-beginnings.ts';
import { createMemoryIntents, createMemoryLedger, type MemoryIntents } from '../support/memory-intents.ts';
import { createMemoryMailbox, noMail } from '../support/memory-mailbox.ts';
import { createMemoryPaperBooks } from '../support/memory-paper-books.ts';
import { createRecorder, type Recorder } from '../support/recorder.ts';

export const START = Date.parse('2026-03-06T09:00:00Z');
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
const REQUEST_MS = 10_000;

/** The calls that settle, or start a timer that will. */
export const CALLS = ['create', 'complete', 'release', 'dispute'] as const;
export type Call = (typeof CALLS)[number];

/**
 * What becomes of such a call, and of the answer to it: of the first, or of all.
 *
 * - `overtaken`: the counterparty disputes right before it arrives
 * - `stuck`: it pays, fails, and the escrow looks as before (published alone)
 * - `late`: it takes place three minutes after its answer was given up
 * - `hangs-done`, `hangs-undone`: the function is ended while it waits for the answer
 */
export const FAULTS = [
  'refused',
  'not-sent-once',
  'never-sent',
  'rate-limited',
  'lost-done',
  'lost-undone',
  'error-500-done',
  'error-500-undone',
  'late',
  'hangs-done',
  'hangs-undone',
  'overtaken',
  'stuck',
] as const;
export type Fault = (typeof FAULTS)[number];

/** What becomes of the function of a task: before it does anything, after it did all, by the platform, for good. */
export const CRASHES = ['before-once', 'after-once', 'throttled-once', 'hangs-once', 'fails-always'] as const;
export type Crash = (typeof CRASHES)[number];

/** All that happens to one escrow besides what the workflow does. Times are milliseconds after the start, or before. */
export interface Story {
  readonly title: string;
  readonly profile: Profile;
  readonly gate?: Gate;
  readonly guard?: Guard;
  readonly hours?: number;
  readonly holdsCounterpartyKey?: boolean;
  readonly said?: readonly { readonly signal: SignalType; readonly at: number; readonly quality?: number }[];
  readonly counterparty?: { readonly action: 'complete' | 'dispute'; readonly at: number };
  /** What the staff decide about a dispute, and how long after it was raised. */
  readonly staff?: { readonly decision: 'release' | 'refund' | 'reopen'; readonly after: number };
  readonly faults?: Partial<Readonly<Record<Call, Fault>>>;
  readonly crash?: { readonly task: string; readonly kind: Crash };
  /** Neither sweep runs until then. */
  readonly sweepsFrom?: number;
  /** What the service shows of the escrow from then on is another amount, or a word that nobody knows. */
  readonly shown?: { readonly as: 'another-amount' | 'unknown-word'; readonly from: number };
  /** What the treasury holds, in USD. */
  readonly treasuryUsd?: string;
  /** What nothing can be sent or read for, from and until when. */
  readonly away?: { readonly as: Away | (typeof STORES_AWAY)[number]; readonly from: number; readonly until: number };
}

/** No table can be reached; or the ledger can be read, and takes no claims. */
export const STORES_AWAY = ['no-store', 'no-claims'] as const;

/** Purple Flea cannot be reached, fails, refuses the key or takes no more calls; there is no key; or the stop is on, or cannot be read. */
export const AWAY = ['unreachable', 'failing', 'wrong-key', 'limited', 'no-secret', 'halted', 'no-stop'] as const;
export type Away = (typeof AWAY)[number];

export interface Walked {
  readonly execution: Execution;
  readonly service: Service;
  readonly intents: MemoryIntents;
  readonly recorder: Recorder;
  readonly escrow: ServiceEscrow | undefined;
  /** What all accounts held together at the start. */
  readonly total: bigint;
  /** When we released or disputed at the service, and the last decision that was recorded before. */
  readonly settlements: readonly { readonly call: Call; readonly decided: string | undefined }[];
  /** When each such call was tried (milliseconds), whether it arrived or not. */
  readonly tries: readonly { readonly call: Call; readonly at: number }[];
}

/** A call that changed the service, and when (milliseconds), so that the same service can be made again. */
export type ServiceChange =
  | { readonly at: number; readonly request: Parameters<Service['handle']>[0]; readonly getsStuck: boolean }
  | { readonly at: number; readonly expired: string };

/** Everything outside an execution that one finds again which goes on later. As JSON can carry it. */
export interface World {
  readonly service: readonly ServiceChange[];
  readonly intents: readonly Intent[];
  readonly locks: readonly (readonly [name: string, key: string])[];
  readonly signals: readonly (readonly [name: string, signal: Signal])[];
  /** Calls that are on their way, and when they arrive. */
  readonly late: readonly { readonly at: number; readonly request: HttpRequest }[];
  /** How often each call was made. */
  readonly calls: Partial<Readonly<Record<Call, number>>>;
}

/** An execution that has entered a state, and everything around it. */
export interface Entered {
  readonly state: string;
  /** Milliseconds. */
  readonly at: number;
  /** The execution's state there. */
  readonly input: unknown;
  readonly world: World;
}

/** How a walk is watched, begun in the middle, or disturbed. */
export interface WalkOptions {
  readonly onEntered?: (entered: Entered) => void;
  /** What the functions of tasks are given. */
  readonly onGiven?: (task: string, input: unknown) => void;
  /** Goes on from there, instead of from the start. What the task of that state was given is given to it once more. */
  readonly from?: Entered & { readonly given?: unknown };
  /** Takes the place of a task's function. */
  readonly replace?: (task: string, handler: (input: unknown) => unknown) => (input: unknown) => unknown;
  /** Steps of the clock and visits to one task, after which it goes in circles. */
  readonly limits?: typeof LIMITS;
}

/** Nothing in memory takes longer than this: everything that needs no timer has happened. */
const settle = () => new Promise<void>((resolve) => void setImmediate(resolve));

/** More steps of the clock than any story takes, and more visits to one task. */
const LIMITS = { steps: 3_000, visits: 300 };

const LIMITED = { reference: 'RATE_LIMITED', published: 'rate_limited' };
const UNAUTHORIZED = { reference: 'UNAUTHORIZED', published: 'unauthorized' };

/** The longest that one timer may hold. */
const MAX_TIMER = 20 * DAY;

/**
 * Plays a story: the definition with the real handlers over a ledger and a mailbox in memory and the services of Purple
 * Flea in memory, with both sweeps each minute. Jest's fake clock has to be in use, but for `setImmediate`.
 */
export async function walk(definition: Definition, story: Story, options: WalkOptions = {}): Promise<Walked> {
  const { from, onEntered, onGiven, replace = (_task, handler) => handler, limits = LIMITS } = options;
  const begin = from?.at ?? START;
  jest.setSystemTime(begin);
  const { profile, faults = {}, crash, sweepsFrom = 0, shown, said = [] } = story;
  const service = createService(profile, { [TREASURY]: story.treasuryUsd ?? '1000.00', [WORKER]: '5.00' });
  const total = service.total();
  const ledger = createMemoryLedger();
  for (const intent of from?.world.intents ?? []) ledger.items.set(intent.key, intent);
  for (const [name, key] of from?.world.locks ?? []) ledger.locks.set(name, key);
  const isAway = (...kinds: readonly (Away | (typeof STORES_AWAY)[number])[]): boolean => {
    const { away } = story;
    const now = Date.now() - START;
    return away !== undefined && kinds.includes(away.as) && now >= away.from && now < away.until;
  };

  const throttled = () => named('ProvisionedThroughputExceededException');
  const intents = createMemoryIntents(({ operation }) => {
    if (isAway('no-store') || (operation === 'claim' && isAway('no-claims'))) throw throttled();
  }, ledger);
  const mail = noMail();
  for (const [name, signal] of from?.world.signals ?? []) mail.signals.set(name, signal);
  const mailbox = createMemoryMailbox(async () => {
    if (isAway('no-store')) throw throttled();
  }, mail);
  const changes: ServiceChange[] = [];
  const late: { at: number; request: HttpRequest }[] = [];
  const recorder = createRecorder();
  const tokens = createTaskTokens();
  const settlements: { call: Call; decided: string | undefined }[] = [];
  const tries: { call: Call; at: number }[] = [];
  const acts: { at: number; act: () => unknown }[] = [];
  const calls: Partial<Record<Call, number>> = { ...from?.world.calls };
  const never = new Promise<never>(() => {});
  let claims = 0;
  let slept = 0;
  const outcome: { ended?: Execution; failed?: Error } = {};

  const only = (): ServiceEscrow | undefined => [...service.escrows.values()][0];

  function replay(change: ServiceChange): void {
    changes.push(change);
    if ('expired' in change) service.expire(change.expired, change.at);
    else service.handle(change.request, change.at, change.getsStuck);
  }

  function handle(request: Parameters<Service['handle']>[0], getsStuck = false) {
    const at = Date.now();
    const isChange = (CALLS as readonly string[]).includes(operationOf(request.method, request.path));
    if (isChange) changes.push({ at, request, getsStuck });
    return service.handle(request, at, getsStuck);
  }

  function expire(escrowId: string, at: number): void {
    changes.push({ at, expired: escrowId });
    service.expire(escrowId, at);
  }

  function worldNow(): World {
    const { items, locks } = ledger;
    return {
      service: changes,
      intents: [...items.values()],
      locks: [...locks],
      signals: [...mail.signals],
      late: late.filter(({ at }) => at > Date.now()),
      calls,
    };
  }

  function asWorker(action: 'complete' | 'dispute'): void {
    const path = `/escrow/${action}/${only()?.id}`;
    handle({ method: 'POST', path, apiKey: KEYS[WORKER] ?? '', body: '{"reason":"not paid"}' });
  }

  function lastDecision(): string | undefined {
    const reviewed = recorder.published.filter(([type]) => type === 'escrow.reviewed');
    return (reviewed.at(-1)?.[1] as { decision: string } | undefined)?.decision;
  }

  function handled(request: HttpRequest, getsStuck = false): HttpAnswer {
    const { method, url, apiKey, body, idempotencyKey } = request;
    const answer = handle({ method, path: url, apiKey, body, key: idempotencyKey }, getsStuck);
    const call = operationOf(method, url);
    if ((call === 'release' || call === 'dispute') && answer.status < 300) {
      settlements.push({ call, decided: lastDecision() });
    }
    return { kind: 'answered', status: answer.status, body: answer.body, retryAfterSeconds: undefined };
  }

  function arriveLate(at: number, request: HttpRequest): void {
    late.push({ at, request });
    acts.push({ at, act: () => handled(request) });
  }

  function refused(call: Call): HttpAnswer {
    const isReference = profile === 'reference';
    const [status, code] =
      call === 'create'
        ? ([isReference ? 400 : 402, isReference ? 'INSUFFICIENT_BALANCE' : 'insufficient_balance'] as const)
        : ([403, isReference ? 'WRONG_PARTY' : 'forbidden'] as const);
    return { kind: 'answered', status, body: errorBody(profile, code, 'no'), retryAfterSeconds: undefined };
  }

  function error500(): HttpAnswer {
    const body = errorBody(profile, profile === 'reference' ? 'SERVER_ERROR' : 'internal_error', 'oops');
    return { kind: 'answered', status: 500, body, retryAfterSeconds: undefined };
  }

  const lost: HttpAnswer = { kind: 'lost', reason: 'timed out' };
  const notSent: HttpAnswer = { kind: 'not-sent', reason: 'ECONNREFUSED' };

  async function effect(call: Call, request: HttpRequest): Promise<HttpAnswer> {
    const isFirst = (calls[call] = (calls[call] ?? 0) + 1) === 1;
    tries.push({ call, at: Date.now() });
    const fault = faults[call];
    if (fault === 'refused') return refused(call);
    if (fault === 'never-sent') return notSent;
    if (!isFirst) return handled(request);
    switch (fault) {
      case undefined:
        return handled(request);
      case 'not-sent-once':
        return notSent;
      case 'rate-limited':
        return { kind: 'answered', status: 429, body: errorBody(profile, 'RATE_LIMITED', '-'), retryAfterSeconds: 7 };
      case 'lost-done':
        handled(request);
        return lost;
      case 'lost-undone':
        return lost;
      case 'error-500-done':
        handled(request);
        return error500();
      case 'error-500-undone':
        return error500();
      case 'late':
        arriveLate(Date.now() + 3 * MINUTE, request);
        return lost;
      case 'hangs-done':
        handled(request);
        return never;
      case 'hangs-undone':
        return never;
      case 'overtaken':
        if (call !== 'create') asWorker('dispute');
        return handled(request);
      case 'stuck':
        return handled(request, call === 'release');
    }
  }

  function read(request: HttpRequest): HttpAnswer {
    const answer = handled(request);
    if (shown === undefined || answer.kind !== 'answered' || Date.now() < START + shown.from) return answer;
    if (operationOf(request.method, request.url) !== 'status') return answer;
    const body = answer.body as Readonly<Record<string, unknown>>;
    const amounts = { amount_usd: '51.00', fee_usd: '0.51', net_payout_usd: '50.49' };
    const inPublished = { amount_usd: 51, commission_usd: 0.51, net_to_counterparty: 50.49 };
    const other = profile === 'reference' ? amounts : inPublished;
    return { ...answer, body: { ...body, ...(shown.as === 'unknown-word' ? { status: 'archived' } : other) } };
  }

  const serviceDeps: ServiceDeps = {
    service: { baseUrl: '', profile },
    transport: async (request) => {
      if (isAway('unreachable')) return notSent;
      if (isAway('failing')) return { ...error500(), status: 503 };
      if (isAway('wrong-key'))
        return { ...error500(), status: 401, body: errorBody(profile, UNAUTHORIZED[profile], '-') };
      if (isAway('limited')) return { ...error500(), status: 429, body: errorBody(profile, LIMITED[profile], '-') };
      const operation = operationOf(request.method, request.url);
      return (CALLS as readonly string[]).includes(operation) ? effect(operation as Call, request) : read(request);
    },
    pacer: unpaced,
    readMs: REQUEST_MS,
    // Pauses between the tries of a read pass for the client alone: the sweeps do not wait for them.
    now: () => Date.now() + slept,
    sleep: async (milliseconds) => void (slept += milliseconds),
    random: () => 0.5,
  };
  const refuseAway = (): void => {
    if (isAway('no-secret')) throw new SecretUnusableError('secret keys: has no value');
  };
  const keyOf = async (agentId: string): Promise<Credentials> => {
    refuseAway();
    return { agentId, apiKey: KEYS[agentId] ?? '' };
  };
  const deps = {
    ...recorder,
    intents: sayUnreachable(intents),
    mailbox,
    resume: tokens.resume,
    owner: ownerAt(serviceDeps, { agentId: TREASURY }),
    viewEscrows: () => createEscrowViewer(serviceDeps),
    holdsKeyOf: async () => {
      refuseAway();
      return story.holdsCounterpartyKey ?? true;
    },
    openEscrow: openToSend(serviceDeps, keyOf, createEscrowClient),
    openSender: openToSend(serviceDeps, keyOf, createEscrowClient),
    openWallet: openToSend(serviceDeps, keyOf, createWalletClient),
    openTrading: openToSend(serviceDeps, keyOf, createTradingClient),
    openFaucet: openToSend(serviceDeps, keyOf, createFaucetClient),
    paperBooks: createMemoryPaperBooks(),
    policy: RESOLVE_DEFAULTS,
    readStop: async () => {
      if (isAway('no-stop')) throw new Error('ThrottlingException');
      return isAway('halted') ? ('halted' as const) : ('running' as const);
    },
    readBeginning: readFirstBeginning,
    budgets: NO_BUDGETS,
    feeBasisPoints: 100,
    requestMs: REQUEST_MS,
    now: () => new Date(),
    newId: () => `claim-${begin - START}-${(claims += 1)}`,
  };
  const context = { getRemainingTimeInMillis: () => MINUTE };
  const awaitVerdict = createAwaitVerdict(deps);
  const awaitSignal = createAwaitSignal(deps);
  const [lockFunds, completeDelivery] = [createLockFunds(deps), createCompleteDelivery(deps)];
  const [releaseFunds, raiseDispute] = [createReleaseFunds(deps), createRaiseDispute(deps)];
  const resolveIntents = createResolveIntents({ ...deps, readBeginnings: readNoBeginnings });
  const ours: Readonly<Record<string, (input: unknown) => unknown>> = {
    LockFunds: (input) => lockFunds(input, context),
    AwaitLockVerdict: awaitVerdict,
    AwaitDelivery: awaitSignal,
    CompleteDelivery: (input) => completeDelivery(input, context),
    ReviewDelivery: createReviewDelivery(deps),
    AwaitDecision: awaitSignal,
    ReleaseFunds: (input) => releaseFunds(input, context),
    AwaitReleaseVerdict: awaitVerdict,
    RaiseDispute: (input) => raiseDispute(input, context),
    AwaitDisputeVerdict: awaitVerdict,
    AwaitResolution: awaitSignal,
    CheckStatus: createCheckStatus(deps),
  };
  const handlers = Object.fromEntries(Object.entries(ours).map(([task, handler]) => [task, replace(task, handler)]));
  const visits: Record<string, number> = {};
  let isGivenAgain = from?.given !== undefined;
  const tasks = Object.fromEntries(
    Object.entries(handlers).map(([task, handler]) => [
      task,
      async (asked: unknown) => {
        const isAgain = isGivenAgain && task === from?.state;
        if (isAgain) isGivenAgain = false;
        const input = isAgain ? { ...(from?.given as object), ...tokenOf(asked) } : asked;
        onGiven?.(task, input);
        const isFirst = (visits[task] = (visits[task] ?? 0) + 1) === 1;
        if ((visits[task] ?? 0) > limits.visits) {
          outcome.failed = new Error(`${story.title}: goes in circles at ${task}`);
          return never;
        }
        if (crash?.task !== task) return handler(input);
        if (crash.kind === 'fails-always') throw named('Lambda.Unknown');
        if (!isFirst) return handler(input);
        if (crash.kind === 'hangs-once') return task.startsWith('Await') ? undefined : never;
        if (crash.kind === 'throttled-once') throw named('Lambda.TooManyRequestsException');
        if (crash.kind === 'after-once') await handler(input);
        throw named('Lambda.Unknown');
      },
    ]),
  );

  /** What the service does by itself, and the staff. */
  function pass(now: number): void {
    const escrow = only();
    if (escrow === undefined) return;
    if (escrow.deadline <= now) expire(escrow.id, now);
    const { staff } = story;
    if (escrow.status !== 'disputed' || staff === undefined || (escrow.disputedAt ?? 0) + staff.after > now) return;
    if (staff.decision === 'reopen') {
      escrow.status = 'completed';
      escrow.deadline = now + 2 * DAY;
      return;
    }
    settleAsStaff(service, escrow, staff.decision, now);
  }

  async function sweep(now: number): Promise<void> {
    if (now < START + sweepsFrom || now % MINUTE !== 0 || isAway('no-store')) return;
    const sweeping = [deliverDeadlines(deps, new Date(now), 500), resolveIntents({}, context)];
    await Promise.all(sweeping).catch((error: unknown) => {
      // The sweep's alarm says so; it comes back in a minute.
      if (!isAway(...STORES_AWAY)) throw error;
    });
  }

  /** When something happens next that is not the workflow's own. */
  async function nextAt(now: number): Promise<number> {
    const escrow = only();
    const isOpen = escrow?.status === 'locked' || escrow?.status === 'completed';
    const isInDoubt = [...intents.items.values()].some(
      ({ state, notBefore = '' }) =>
        state === 'sending' ||
        state === 'unknown' ||
        (state === 'prepared' && story.away !== undefined && Date.parse(notBefore) > now && !isAway(...AWAY)),
    );
    const [due] = await createMemoryMailbox(undefined, mail).listDue(new Date('2999-01-01T00:00:00Z'), 1);
    const minute = Math.floor(now / MINUTE + 1) * MINUTE;
    const sweepAt = isInDoubt
      ? minute
      : Math.max(minute, Math.ceil(Date.parse(due?.deadlineAt ?? '2999-01-01T00:00:00Z') / MINUTE) * MINUTE);
    const { until = -Infinity } = story.away ?? {};
    return Math.min(
      ...(START + until > now ? [START + until] : []),
      now + MAX_TIMER,
      Math.max(sweepAt, START + sweepsFrom),
      ...acts.map(({ at }) => at),
      ...(isOpen ? [Math.max(escrow.deadline, now + 1)] : []),
      ...(escrow?.status === 'disputed' && story.staff !== undefined
        ? [Math.max(now + 1, (escrow.disputedAt ?? 0) + story.staff.after)]
        : []),
    );
  }

  const request = aRequest({
    counterpartyAgentId: WORKER,
    timeoutHours: story.hours ?? 168,
    gate: story.gate ?? { mode: 'auto' },
    guard: story.guard ?? { alertHours: 2, default: 'release' },
  });
  for (const { at, signal, quality } of said) {
    const say = (): unknown => {
      // A signal that cannot be kept stays in its queue.
      if (isAway('no-store')) return acts.push({ at: Date.now() + MINUTE, act: say });
      return deliverSignal(deps, request.address, signalOf(signal, START + at, quality));
    };
    acts.push({ at: START + at, act: say });
  }
  if (story.counterparty !== undefined) {
    const { action, at } = story.counterparty;
    acts.push({ at: START + at, act: () => asWorker(action) });
  }

  async function act(now: number): Promise<void> {
    for (;;) {
      const index = acts.findIndex(({ at }) => at <= now);
      if (index === -1) return;
      const [next] = acts.splice(index, 1);
      await next?.act();
    }
  }

  for (const change of from?.world.service ?? []) replay(change);
  if (from === undefined) await act(START - 1);
  // What happened before is in the world already.
  else acts.splice(0, acts.length, ...acts.filter(({ at }) => at > from.at));
  for (const call of from?.world.late ?? []) arriveLate(call.at, call.request);
  const started = execute(from === undefined ? definition : { ...definition, StartAt: from.state }, {
    input: from === undefined ? { request } : from.input,
    tasks,
    tokens,
    onEntered: (state, input) => onEntered?.(structuredClone({ state, at: Date.now(), input, world: worldNow() })),
  });
  void started.then(
    (execution) => (outcome.ended = execution),
    (error: unknown) => (outcome.failed = new Error(`${story.title}: ${describeError(error)}`)),
  );
  for (let steps = 0; steps <= limits.steps; steps += 1) {
    await settle();
    if (outcome.failed !== undefined) throw outcome.failed;
    if (outcome.ended !== undefined) {
      jest.clearAllTimers();
      return { execution: outcome.ended, service, intents, recorder, escrow: only(), total, settlements, tries };
    }
    const before = Date.now();
    const wake = setTimeout(() => {}, Math.max(0, (await nextAt(before)) - before));
    jest.advanceTimersToNextTimer();
    clearTimeout(wake);
    await settle();
    const now = Date.now();
    pass(now);
    await act(now);
    await sweep(now);
  }
  throw new Error(`${story.title}: goes in circles`);
}

function signalOf(type: SignalType, time: number, quality: number | undefined) {
  const at = new Date(time).toISOString();
  if (type === 'delivered') {
    return { type, at, deliveredBy: 'registry', ...(quality === undefined ? {} : { metrics: { quality } }) };
  }
  return type === 'changed' ? { type, at, source: 'sweeper' } : { type, at, by: 'ada', reason: 'seen' };
}

/** The staff pay as silence pays a completed escrow, and pay back as it does a locked one. */
function settleAsStaff(service: Service, escrow: ServiceEscrow, decision: 'release' | 'refund', now: number): void {
  escrow.status = decision === 'release' ? 'completed' : 'locked';
  service.expire(escrow.id, now);
  if (decision === 'release' && escrow.status !== ('refunded' as string)) escrow.status = 'released';
}

/** The token of this wait, where there is one: the one of before is not answered any more. */
function tokenOf(input: unknown): object {
  const { taskToken } = input as { readonly taskToken?: string };
  return taskToken === undefined ? {} : { taskToken };
}

function named(name: string): Error {
  return Object.assign(new Error('as the story has it'), { name });
}
