import { createHandler as createAwaitSignal } from '../../lambdas/await-signal/handler.ts';
import { createHandler as createAwaitVerdict } from '../../lambdas/await-verdict/handler.ts';
import { createHandler as createCheckStatus } from '../../lambdas/check-status/handler.ts';
import { createHandler as createCompleteDelivery } from '../../lambdas/complete-delivery/handler.ts';
import { createHandler as createDeliverDeadlines } from '../../lambdas/deliver-deadlines/handler.ts';
import { createHandler as createLockFunds } from '../../lambdas/lock-funds/handler.ts';
import { createHandler as createRaiseDispute } from '../../lambdas/raise-dispute/handler.ts';
import { createHandler as createReleaseFunds } from '../../lambdas/release-funds/handler.ts';
import { createHandler as createReviewDelivery } from '../../lambdas/review-delivery/handler.ts';
import type { LifecycleRequest } from '../../src/escrow/lifecycle-input.ts';
import type { WaitEnd } from '../../src/escrow/mailbox.ts';
import { effectKey, type Cause, type EffectKind } from '../../src/ledger/effect-key.ts';
import { HOUR, MINUTE } from './plan.ts';
import { answer, FOLLOWING, LAST_STATES, type State } from './states.ts';
import type { Ports, SimulatedWorld } from './world.ts';

/** One execution of the escrow lifecycle. */
export interface Execution {
  readonly name: string;
  readonly request: LifecycleRequest;
  /** Where it is, or how it ended. */
  state: State;
  /** The task that led to a failed end; a redrive begins there. */
  task: State;
  isRedriven: boolean;
  escrow: Said | undefined;
  delivery: WaitEnd | undefined;
  decision: WaitEnd | undefined;
  review: unknown;
}

/** What a task says; the choices look at one field of it. */
export type Said = Readonly<Record<string, unknown>> & {
  readonly outcome?: string;
  readonly retryAfterSeconds?: number;
  readonly escrowId?: string;
  readonly deadlineAt?: string;
};

type Task = (input: unknown, context: { getRemainingTimeInMillis(): number }) => Promise<unknown>;
type CreateTask = (ports: Ports) => Task;

/** A task that sends money, and the question that its outcome is put to. */
export interface SendingTask {
  readonly name: string;
  readonly kind: EffectKind;
  readonly question: 'Are funds locked?' | 'Are funds released?' | 'Is it disputed?';
  readonly task: CreateTask;
}

const LOCK: SendingTask = {
  name: 'lock-funds',
  kind: 'escrow-create',
  question: FOLLOWING.LockFunds,
  task: createLockFunds,
};
const RELEASE: SendingTask = {
  name: 'release-funds',
  kind: 'escrow-release',
  question: FOLLOWING.ReleaseFunds,
  task: createReleaseFunds,
};

export const DISPUTE: SendingTask = {
  name: 'raise-dispute',
  kind: 'escrow-dispute',
  question: FOLLOWING.RaiseDispute,
  task: createRaiseDispute,
};

/** Where an execution rests for as long as the staff take, who decide nothing here. */
const RESTING: State = 'AwaitResolution';

/** How many steps an execution takes before it is called a loop. */
const MAX_STEPS = 600;

/** How often it comes back to one task; what is not settled by then is left until somebody runs it again. */
const MAX_VISITS = 20;

/** When a task whose function failed is visited again: its claim is stale by then. */
const RETRIES = [6 * MINUTE, 12 * MINUTE, 24 * MINUTE];

/** When to look again although nobody said anything. */
const LOOK_AGAIN = 2 * HOUR;

/** The backstop of a wait for a delivery. */
const BACKSTOP = 168 * HOUR;

const MAX_RETRIES = 5;

export function newExecution(name: string, request: LifecycleRequest): Execution {
  return {
    name,
    request,
    state: 'LockFunds',
    task: 'LockFunds',
    isRedriven: false,
    escrow: undefined,
    delivery: undefined,
    decision: undefined,
    review: undefined,
  };
}

export function hasEnded({ state }: Execution): boolean {
  return Object.hasOwn(LAST_STATES, state);
}

/** Goes on with an execution until it ends, or to one of some states. */
export async function follow(world: SimulatedWorld, execution: Execution, ...until: readonly State[]): Promise<void> {
  const isThere = () => hasEnded(execution) || execution.state === RESTING || until.includes(execution.state);
  for (let steps = 0; steps < MAX_STEPS && !isThere(); steps += 1) {
    const { state } = execution;
    execution.task = state;
    execution.state = await stepFrom(world, execution, state);
    world.note(`${execution.name}: ${state} -> ${execution.state}`);
  }
}

/** Runs an execution that failed again, from its failed task on. */
export async function redriveExecution(world: SimulatedWorld, execution: Execution): Promise<void> {
  world.note(`${execution.name}: again from ${execution.task}`);
  execution.state = execution.task;
  execution.isRedriven = true;
  await follow(world, execution);
}

function stepFrom(world: SimulatedWorld, execution: Execution, state: State): Promise<State> {
  switch (state) {
    case 'LockFunds':
      return lockFunds(world, execution);
    case 'AwaitDelivery':
      return awaitDelivery(world, execution);
    case 'CompleteDelivery':
      return completeDelivery(world, execution);
    case 'ReviewDelivery':
      return reviewDelivery(world, execution);
    case 'AwaitDecision':
      return awaitDecision(world, execution);
    case 'ReleaseFunds':
      return releaseFunds(world, execution);
    case 'RaiseDispute':
      return raiseDispute(world, execution);
    case 'CheckStatus':
      return checkStatus(world, execution);
    default:
      throw new Error(`${state} is no task`);
  }
}

async function lockFunds(world: SimulatedWorld, execution: Execution): Promise<State> {
  const said = await visit(world, LOCK, execution.request.cause, execution.request);
  execution.escrow = said;
  return answer(FOLLOWING.LockFunds, said.outcome);
}

async function raiseDispute(world: SimulatedWorld, execution: Execution): Promise<State> {
  const { request, escrow, review } = execution;
  const said = await visit(world, DISPUTE, request.cause, { request, escrow, review });
  return answer(FOLLOWING.RaiseDispute, said.outcome);
}

async function releaseFunds(world: SimulatedWorld, execution: Execution): Promise<State> {
  const { request, escrow, delivery, review } = execution;
  const said = await visit(world, RELEASE, request.cause, { request, escrow, delivery, review });
  return answer(FOLLOWING.ReleaseFunds, said.outcome);
}

/**
 * Visits a task that sends money until its effect is settled: where it was not sent, after a while; where it is in doubt,
 * when there is a verdict, or after long enough to look again; where its function failed, some minutes later, three times.
 */
export async function visit(
  world: SimulatedWorld,
  { name, kind, question, task }: SendingTask,
  cause: Cause,
  input: unknown,
): Promise<Said> {
  let faults = 0;
  for (let visits = 0; visits < MAX_VISITS; visits += 1) {
    let said = await run(world, name, task, input);
    if (said === undefined && world.changes.retriesSendTask === true) {
      world.forgetClaims();
      said = await run(world, name, task, input);
    }
    world.note(`${name}: ${said?.outcome ?? 'failed'}`);
    const next = answer(question, said?.outcome);
    if (said === undefined) {
      const later = RETRIES[faults];
      if (later === undefined) return { outcome: 'failed' };
      faults += 1;
      await world.scheduler.pause(later);
    } else if (next.endsWith('Verdict')) {
      await awaitVerdict(world, effectKey(cause, kind));
    } else if (next.startsWith('WaitTo')) {
      await world.scheduler.pause((said.retryAfterSeconds ?? 1) * 1000);
    } else {
      return said;
    }
  }
  return { outcome: 'given-up' };
}

/** One run of a task. Undefined where it failed. */
async function run(world: SimulatedWorld, name: string, task: CreateTask, input: unknown): Promise<Said | undefined> {
  const ended = await world.invoke(name, MINUTE, (invocation) =>
    task(world.portsOf(invocation))(input, world.contextOf(invocation)),
  );
  return ended.kind === 'returned' ? (ended.value as Said) : undefined;
}

/** One run of a task that moves nothing, and is therefore run again where it fails. */
async function persist(
  world: SimulatedWorld,
  name: string,
  task: CreateTask,
  input: unknown,
): Promise<Said | undefined> {
  for (let retries = 0; ; retries += 1) {
    const said = await run(world, name, task, input);
    if (said !== undefined || retries === MAX_RETRIES) return said;
    await world.scheduler.pause(10_000 * 2 ** retries);
  }
}

/** Waits until the sweeper has settled an effect, or for long enough to look again. */
async function awaitVerdict(world: SimulatedWorld, key: string): Promise<void> {
  const taskToken = world.newToken();
  await run(world, 'await-verdict', createAwaitVerdict, { taskToken, key });
  await world.endOfWait(taskToken, LOOK_AGAIN);
}

async function awaitDelivery(world: SimulatedWorld, execution: Execution): Promise<State> {
  const deadlineAt = execution.escrow?.deadlineAt ?? '';
  const end = await awaitSignal(world, execution, { awaits: 'delivery', deadlineAt });
  if (end === 'failed') return 'NeedsAttention';
  execution.delivery = end;
  return answer(FOLLOWING.AwaitDelivery, end?.signal);
}

async function awaitDecision(world: SimulatedWorld, execution: Execution): Promise<State> {
  const { until = '' } = execution.review as { readonly until?: string };
  const end = await awaitSignal(world, execution, { awaits: 'decision', deadlineAt: until });
  if (end === 'failed') return 'NeedsAttention';
  execution.decision = end;
  return FOLLOWING.AwaitDecision;
}

/** Waits for a signal or the deadline; undefined where the backstop ended the wait. */
async function awaitSignal(
  world: SimulatedWorld,
  { request, escrow, delivery, decision, review }: Execution,
  { awaits, deadlineAt }: { readonly awaits: 'delivery' | 'decision'; readonly deadlineAt: string },
): Promise<WaitEnd | 'failed' | undefined> {
  const state = { request, escrow, delivery, decision, review };
  for (let retries = 0; retries <= MAX_RETRIES; retries += 1) {
    const taskToken = world.newToken();
    const said = await run(world, 'await-signal', createAwaitSignal, { awaits, taskToken, state });
    if (said !== undefined) {
      watchDeadline(world, escrow, { deadlineAt, taskToken });
      return world.endOfWait(taskToken, BACKSTOP);
    }
    world.closeToken(taskToken);
    await world.scheduler.pause(10_000 * 2 ** retries);
  }
  return 'failed';
}

/** The service's own timer, and the runs of the sweeper of deadlines at which this wait is due. */
function watchDeadline(
  world: SimulatedWorld,
  escrow: Said | undefined,
  { deadlineAt, taskToken }: { readonly deadlineAt: string; readonly taskToken: string },
): void {
  world.scheduler.spawn(Date.parse(deadlineAt), async () => {
    if (deadlineAt === escrow?.deadlineAt) world.expireDue(escrow.escrowId ?? '');
    for (let runs = 0; world.isOpen(taskToken); runs += 1) {
      // A wait that nothing tells of ends with its backstop, whatever the sweeper of deadlines does until then.
      await world.scheduler.pause(runs < 60 ? MINUTE : HOUR);
      await run(world, 'deliver-deadlines', createDeliverDeadlines, undefined);
    }
  });
}

async function completeDelivery(world: SimulatedWorld, execution: Execution): Promise<State> {
  const { request, escrow, delivery } = execution;
  // However it ends, the review follows.
  await run(world, 'complete-delivery', createCompleteDelivery, { request, escrow, delivery });
  return FOLLOWING.CompleteDelivery;
}

async function reviewDelivery(world: SimulatedWorld, execution: Execution): Promise<State> {
  const { request, escrow, delivery, decision, review } = execution;
  const state = { request, escrow, delivery, decision, review };
  const said = await persist(world, 'review-delivery', createReviewDelivery, state);
  execution.review = said;
  return answer(FOLLOWING.ReviewDelivery, said?.['decision'] as string | undefined);
}

async function checkStatus(world: SimulatedWorld, execution: Execution): Promise<State> {
  const { request, escrow } = execution;
  const said = await persist(world, 'check-status', createCheckStatus, { request, escrow });
  if (said === undefined) return 'NeedsAttention';
  execution.escrow = said;
  return answer(FOLLOWING.CheckStatus, said['status'] as string);
}
