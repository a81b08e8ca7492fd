import { createHandler as createLockFunds } from '../../lambdas/lock-funds/handler.ts';
import { createHandler as createReleaseFunds } from '../../lambdas/release-funds/handler.ts';
import type { EscrowTaskDeps } from '../../lambdas/shared/escrow-task.ts';
import { effectKey, type EffectKind } from '../../src/ledger/effect-key.ts';
import { createEscrowClient, createEscrowViewer } from '../../src/purple-flea/escrow-client.ts';
import type { Profile } from '../../src/purple-flea/service.ts';
import { KEYS, TREASURY, WORKER } from '../simulation/service/parties.ts';
import { aRequest, aReviewedState } from '../support/bonus-escrow.ts';
import { readFirstBeginning } from '../support/memory-beginnings.ts';
import { createMemoryIntents } from '../support/memory-intents.ts';
import { createRecorder } from '../support/recorder.ts';
import { createLoadedService, MINUTE, START, TREASURY_CREDENTIALS } from './loaded-service.ts';

/** How long a function that locks runs at most, and one that releases. */
const LOCK_TIMEOUT = 30_000;
const RELEASE_TIMEOUT = 60_000;

/** How a task of an execution ended, and when, in milliseconds after the start. */
export interface TaskEnd {
  readonly at: number;
  readonly said: Readonly<Record<string, unknown>>;
  /** How often its function was called. */
  readonly visits: number;
}

/** A stage at which all functions share ledger and pacer, and each invocation has its own memory. */
export function aStage(profile: Profile) {
  const loaded = createLoadedService(profile, 7);
  const { scheduler } = loaded;
  const intents = createMemoryIntents();
  const recorder = createRecorder();
  let invocations = 0;
  const newInvocation = (timeout = LOCK_TIMEOUT) => {
    invocations += 1;
    const service = loaded.newFunction();
    const endsAt = scheduler.now() + timeout;
    const deps: EscrowTaskDeps = {
      intents,
      budgets: { perDay: { 'escrow-create': '100000.00' }, perAgentAndDay: {} },
      readStop: async () => 'running',
      readBeginning: readFirstBeginning,
      feeBasisPoints: 100,
      now: () => new Date(scheduler.now()),
      newId: () => `invocation-${invocations}`,
      owner: { agentId: TREASURY, baseUrl: '', profile },
      requestMs: 10_000,
      viewEscrows: () => createEscrowViewer(service),
      openEscrow: async () => createEscrowClient(service, TREASURY_CREDENTIALS),
      publish: recorder.publish,
      log: recorder.log,
      count: recorder.count,
    };
    return { deps, context: { getRemainingTimeInMillis: () => endsAt - scheduler.now() } };
  };

  const requestOf = (subject: string) =>
    aRequest({ cause: { ...aRequest().cause, subject }, counterpartyAgentId: WORKER });

  /** One task of an execution, as the workflow goes: short waits in a state of its own, long ones end in the sweep of a minute. */
  async function play(
    subject: string,
    kind: EffectKind,
    visit: (invocation: ReturnType<typeof newInvocation>) => Promise<object>,
    timeout: number,
  ): Promise<TaskEnd> {
    for (let visits = 1; ; visits += 1) {
      const said: Record<string, unknown> = { ...(await visit(newInvocation(timeout))) };
      if (said['outcome'] === 'not-sent') await scheduler.pause(Number(said['retryAfterSeconds']) * 1000);
      else if (said['outcome'] === 'pending') await nextSweepAfter(effectKey(requestOf(subject).cause, kind));
      else return { at: scheduler.now() - START, said, visits };
    }
  }

  const lock = (subject: string): Promise<TaskEnd> =>
    play(
      subject,
      'escrow-create',
      ({ deps, context }) => createLockFunds(deps)(requestOf(subject), context),
      LOCK_TIMEOUT,
    );

  /** Releases an escrow that was there before. */
  async function release(subject: string, deadlineAt: number): Promise<TaskEnd> {
    const { amountUsd, counterpartyAgentId, description, timeoutHours } = requestOf(subject);
    const body = JSON.stringify({
      amount_usd: Number(amountUsd),
      counterparty_agent_id: counterpartyAgentId,
      description,
      timeout_hours: timeoutHours,
    });
    const created = loaded.service.handle(
      { method: 'POST', path: '/escrow/create', apiKey: KEYS[TREASURY] ?? '', body },
      START - MINUTE,
    ).body as { readonly escrow_id: string };
    const before = aReviewedState();
    const escrow = { ...before.escrow, escrowId: created.escrow_id, deadlineAt: new Date(deadlineAt).toISOString() };
    const state = { ...before, request: requestOf(subject), escrow };
    return play(
      subject,
      'escrow-release',
      ({ deps, context }) => createReleaseFunds(deps)(state, context),
      RELEASE_TIMEOUT,
    );
  }

  async function nextSweepAfter(key: string): Promise<void> {
    do await scheduler.pause(MINUTE - ((scheduler.now() - START) % MINUTE));
    while (Date.parse(intents.items.get(key)?.notBefore ?? '') > scheduler.now());
  }

  return { ...loaded, intents, newInvocation, lock, release };
}
