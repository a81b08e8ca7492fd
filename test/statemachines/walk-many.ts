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
import { deliverDeadlines, deliverSignal, type Signal } from '../../src/escrow/mailbox.ts';
import { RESOLVE_DEFAULTS } from '../../src/ledger/resolve-intents.ts';
import { createPacer } from '../../src/pacing/pacer.ts';
import { createEscrowClient, createEscrowViewer } from '../../src/purple-flea/escrow-client.ts';
import { createFaucetClient } from '../../src/purple-flea/faucet-client.ts';
import { openToSend } from '../../src/purple-flea/open-client.ts';
import type { Credentials, Profile, ServiceDeps } from '../../src/purple-flea/service.ts';
import { createTradingClient } from '../../src/purple-flea/trading-client.ts';
import type { HttpAnswer } from '../../src/purple-flea/transport.ts';
import { createWalletClient } from '../../src/purple-flea/wallet-client.ts';
import { errorBody } from '../simulation/service/books.ts';
import { KEYS, TREASURY, WORKER } from '../simulation/service/parties.ts';
import { createService, type Service } from '../simulation/service/service.ts';
import { aRequest } from '../support/bonus-escrow.ts';
import { NO_BUDGETS } from '../support/effects.ts';
import { execute, type Definition, type Execution, type TaskTokens } from '../support/lifecycle-execution.ts';
import { readFirstBeginning, readNoBeginnings } from '../support/memory-beginnings.ts';
import { createMemoryIntents, type MemoryIntents } from '../support/memory-intents.ts';
import { createMemoryMailbox } from '../support/memory-mailbox.ts';
import { createMemoryPaces } from '../support/memory-paces.ts';
import { createMemoryPaperBooks } from '../support/memory-paper-books.ts';
import { ownerAt } from '../support/owners.ts';
import { createRecorder } from '../support/recorder.ts';
import { MINUTE, START, type Away } from './walk-story.ts';

/** What nothing can be sent or read for, in minutes after the start. */
export interface Outage {
  readonly as: Exclude<Away, 'halted' | 'no-stop'>;
  readonly from: number;
  readonly until: number;
}

/** Many executions at once, over one ledger, one mailbox and one service that takes so many calls a minute. */
export interface Crowd {
  readonly profile: Profile;
  readonly escrows: number;
  readonly outages: readonly Outage[];
  /** Who approves which escrow, and when (minutes). */
  readonly approvals: readonly { readonly escrow: number; readonly at: number }[];
  /** Minutes to play. */
  readonly minutes: number;
}

export interface Played {
  readonly service: Service;
  readonly intents: MemoryIntents;
  /** Those that have ended, by their number, and when (minutes). */
  readonly ended: ReadonlyMap<number, { readonly execution: Execution; readonly at: number }>;
  /** Calls refused as one too many. */
  readonly limited: number;
}

/** As both dialects take them at least. */
const CALLS_A_MINUTE = 60;
const REQUEST_MS = 10_000;
const UNAUTHORIZED = { reference: 'UNAUTHORIZED', published: 'unauthorized' };
const LIMITED = { reference: 'RATE_LIMITED', published: 'rate_limited' };

const settle = () => new Promise<void>((resolve) => void setImmediate(resolve));
const sleep = (milliseconds: number) => new Promise<void>((resolve) => void setTimeout(resolve, milliseconds));

/** Plays them with both sweeps each minute. Jest's fake clock has to be in use, but for `setImmediate`. */
export async function walkMany(definition: Definition, crowd: Crowd): Promise<Played> {
  jest.setSystemTime(START);
  const { profile, outages } = crowd;
  const service = createService(profile, { [TREASURY]: '100000.00', [WORKER]: '5.00' });
  const intents = createMemoryIntents();
  const mailbox = createMemoryMailbox();
  const resumes = new Map<string, TaskTokens['resume']>();
  const resume: TaskTokens['resume'] = async (token, output) =>
    (await resumes.get(token.split('/')[0] ?? '')?.(token, output)) ?? false;
  const minuteNow = () => (Date.now() - START) / MINUTE;
  const outageNow = () => outages.find(({ from, until }) => minuteNow() >= from && minuteNow() < until)?.as;
  const calls = new Map<number, number>();
  let limited = 0;

  const answered = (status: number, body: unknown): HttpAnswer => ({
    kind: 'answered',
    status,
    body,
    retryAfterSeconds: undefined,
  });
  const serviceDeps: ServiceDeps = {
    service: { baseUrl: '', profile },
    transport: async ({ method, url, apiKey, body, idempotencyKey }) => {
      const outage = outageNow();
      if (outage === 'unreachable') return { kind: 'not-sent', reason: 'ECONNREFUSED' };
      if (outage === 'failing') return answered(503, errorBody(profile, 'SERVER_ERROR', '-'));
      if (outage === 'wrong-key') return answered(401, errorBody(profile, UNAUTHORIZED[profile], '-'));
      const minute = Math.floor(minuteNow());
      calls.set(minute, (calls.get(minute) ?? 0) + 1);
      if ((calls.get(minute) ?? 0) > CALLS_A_MINUTE) {
        limited += 1;
        return answered(429, errorBody(profile, LIMITED[profile], '-'));
      }
      const { status, body: shown } = service.handle(
        { method, path: url, apiKey, body, key: idempotencyKey },
        Date.now(),
      );
      return answered(status, shown);
    },
    pacer: createPacer({
      store: createMemoryPaces(),
      percent: 80,
      now: () => Date.now(),
      sleep,
      random: () => 0.5,
      onUnpaced: (error) => {
        throw error;
      },
    }),
    readMs: REQUEST_MS,
    now: () => Date.now(),
    sleep,
    random: () => 0.5,
  };
  const keyOf = async (agentId: string): Promise<Credentials> => {
    if (outageNow() === 'no-secret') throw new SecretUnusableError('secret keys: ThrottlingException');
    return { agentId, apiKey: KEYS[agentId] ?? '' };
  };
  let claims = 0;
  const deps = {
    ...createRecorder(),
    intents,
    mailbox,
    resume,
    owner: ownerAt(serviceDeps, { agentId: TREASURY }),
    viewEscrows: () => createEscrowViewer(serviceDeps),
    holdsKeyOf: async () => false,
    openEscrow: openToSend(serviceDeps, keyOf, createEscrowClient),
    openSender: openToSend(serviceDeps, keyOf, createEscrowClient),
    openWallet: openToSend(serviceDeps, keyOf, createWalletClient),
    openTrading: openToSend(serviceDeps, keyOf, createTradingClient),
    openFaucet: openToSend(serviceDeps, keyOf, createFaucetClient),
    paperBooks: createMemoryPaperBooks(),
    policy: RESOLVE_DEFAULTS,
    readStop: async () => 'running' as const,
    readBeginnings: readNoBeginnings,
    readBeginning: readFirstBeginning,
    budgets: NO_BUDGETS,
    feeBasisPoints: 100,
    requestMs: REQUEST_MS,
    now: () => new Date(),
    newId: () => `claim-${(claims += 1)}`,
  };
  const context = { getRemainingTimeInMillis: () => MINUTE };
  const [awaitSignal, awaitVerdict] = [createAwaitSignal(deps), createAwaitVerdict(deps)];
  const [lockFunds, completeDelivery] = [createLockFunds(deps), createCompleteDelivery(deps)];
  const [releaseFunds, raiseDispute] = [createReleaseFunds(deps), createRaiseDispute(deps)];
  const resolveIntents = createResolveIntents(deps);
  const tasks: Readonly<Record<string, (input: unknown) => unknown>> = {
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

  const requestOf = (escrow: number) =>
    aRequest({
      cause: {
        rule: 'training-bonus',
        subject: `job-${escrow}`,
        createdAt: aRequest().cause.createdAt,
        status: 'Completed',
      },
      counterpartyAgentId: WORKER,
      address: `training-job:job-${escrow}`,
      gate: { mode: 'person' },
    });
  const ended = new Map<number, { execution: Execution; at: number }>();
  const failures: Error[] = [];
  const fail = (error: unknown) => failures.push(new Error(describeError(error), { cause: error }));
  for (let escrow = 0; escrow < crowd.escrows; escrow += 1) {
    const tokens = tokensNamed(`execution-${escrow}`);
    resumes.set(`execution-${escrow}`, tokens.resume);
    void execute(definition, { input: { request: requestOf(escrow) }, tasks, tokens }).then(
      (execution) => ended.set(escrow, { execution, at: minuteNow() }),
      fail,
    );
  }

  const approvals = crowd.approvals.toSorted((one, other) => one.at - other.at);
  let sweeping: Promise<unknown> | undefined;
  let swept = 0;
  while (minuteNow() < crowd.minutes && failures.length === 0) {
    await settle();
    const tick = setTimeout(() => {}, MINUTE - (Date.now() % MINUTE));
    jest.advanceTimersToNextTimer();
    clearTimeout(tick);
    await settle();
    while (approvals[0] !== undefined && approvals[0].at <= minuteNow()) {
      const approved = approvals.shift();
      const at = new Date().toISOString();
      const signal: Signal = { type: 'approved', at, by: 'ada', reason: 'as agreed' };
      await deliverSignal(deps, requestOf(approved?.escrow ?? 0).address, signal);
    }
    const minute = Math.floor(minuteNow());
    if (minute === swept || sweeping !== undefined) continue;
    swept = minute;
    sweeping = Promise.all([deliverDeadlines(deps, new Date(), 500), resolveIntents({}, context)]).then(
      () => (sweeping = undefined),
      fail,
    );
  }
  jest.clearAllTimers();
  for (const failure of failures) throw failure;
  return { service, intents, ended, limited };
}

/** Tokens of one execution, told from those of others by its name. */
function tokensNamed(name: string): TaskTokens {
  let issued = 0;
  let open: { readonly token: string; readonly end: (output: unknown) => void } | undefined;
  return {
    issue: () => `${name}/${(issued += 1)}`,
    waitFor: (token) => {
      const { promise, resolve } = Promise.withResolvers<unknown>();
      open = { token, end: resolve };
      return promise;
    },
    resume: async (token, output) => {
      if (open?.token !== token) return false;
      open.end(output);
      open = undefined;
      return true;
    },
  };
}
