import { createHandler as createFindMissedJobs } from '../../lambdas/find-missed-jobs/handler.ts';
import { createHandler as createRecordSignal } from '../../lambdas/record-signal/handler.ts';
import { createHandler as createStartBonus } from '../../lambdas/start-bonus/handler.ts';
import { UnusableEventError } from '../../src/errors.ts';
import type { TrainingJob } from '../../src/escrow/bonus.ts';
import type { BonusPolicy } from '../../src/escrow/bonus-rules.ts';
import { effectKey, type EffectKind } from '../../src/ledger/effect-key.ts';
import type { Intent } from '../../src/ledger/intent.ts';
import type { LifecycleRequest } from '../../src/escrow/lifecycle-input.ts';
import { trainingJobAddress } from '../../src/escrow/mailbox.ts';
import { bonusTerms } from '../../src/escrow/rule-terms.ts';
import { bonusCause } from '../../src/escrow/bonus-request.ts';
import { aTrainingEvent } from '../support/bonus-escrow.ts';
import { inert } from '../support/inert.ts';
import { anEvent } from '../support/lambda-events.ts';
import { createMemoryBeginnings } from '../support/memory-beginnings.ts';
import { follow, hasEnded, newExecution, redriveExecution, type Execution } from './executions.ts';
import { HOUR, MINUTE, type PoisonForm, type Schedule } from './plan.ts';
import { createQueue, MAX_RECEIVES, type SimulatedQueue } from './queue.ts';
import { WORKER } from './service/parties.ts';
import type { State } from './states.ts';
import type { Invocation, SimulatedWorld } from './world.ts';

/** The training jobs of one schedule, from their events to the ends of their executions. */
export interface Bonuses {
  readonly jobs: readonly TrainingJob[];
  readonly executions: readonly Execution[];
  readonly queues: readonly SimulatedQueue[];
  /** Jobs of which a delivery was recorded well before the deadline of their escrow. */
  readonly delivered: ReadonlySet<string>;
  /** SageMaker says once more that a job is completed. */
  announce(cause: number): void;
  /** Somebody says that what the bonus is for is there. */
  deliver(cause: number): void;
  /** Jobs of which somebody ever said so. */
  readonly said: ReadonlySet<string>;
  /** Somebody had said so of an older job of the same name. */
  recall(cause: number): void;
  poison(form: PoisonForm): void;
  /** Runs again by hand what ended in a fault, and puts back what is in a dead-letter queue. */
  redrive(): void;
}

const METRIC = 'accuracy';

/** What a job earns, by the accuracy that it trained to. */
const POLICY: BonusPolicy = {
  rules: [
    {
      name: 'jobs',
      jobs: { prefix: 'job-' },
      metric: METRIC,
      direction: 'higher',
      plausible: { min: 0, max: 1 },
      tiers: [
        { beyond: 0.7, amountUsd: '8.20' },
        { beyond: 0.9, amountUsd: '16.40' },
      ],
      payee: WORKER,
      timeoutHours: 20,
      gate: { mode: 'auto' },
      guard: { alertHours: 2, default: 'release' },
    },
  ],
};
const ACCURACIES = [0.93, 0.81] as const;

/** An execution is found by its job this long after the job's end; later than this nobody looks. */
const LOOKS = 26;

/** A delivery this long before the deadline has to be noticed in time. */
const IN_TIME = 2 * HOUR;

const POISON: Readonly<Record<PoisonForm, string>> = {
  'no-json': '{"detail":',
  'no-name': aTrainingEvent('job-0', { TrainingJobName: undefined }),
  'other-event': anEvent('escrow.delivered', { TrainingJobName: 'job-0' }),
  'unknown-job': aTrainingEvent('job-9'),
};

/** The jobs of a schedule, with nothing announced yet. */
export function createBonuses(world: SimulatedWorld, { scenario, disturbances }: Schedule): Bonuses {
  const { scheduler } = world;
  const createdAt = new Date(world.start - HOUR);
  const jobs = ACCURACIES.slice(0, scenario.causes).map((value, index): TrainingJob => {
    const name = `job-${index}`;
    const arn = `arn:aws:sagemaker:us-east-1:000000000000:training-job/${name}`;
    return { name, arn, status: 'Completed', createdAt, endedAt: createdAt, finalMetrics: [{ name: METRIC, value }] };
  });
  const now = (): Date => new Date(scheduler.now());
  const beginnings = createMemoryBeginnings(world.table.createdAt(), bonusTerms(POLICY.rules), now);
  const executions: Execution[] = [];
  const delivered = new Set<string>();
  const announced = new Set<string>();
  /** Jobs that an event came for before they had ended. */
  const early = new Set<string>();
  let events = 0;

  function describe(name: string): TrainingJob {
    const job = jobs.find((one) => one.name === name);
    if (job === undefined) throw new UnusableEventError(`SageMaker has no training job "${name}"`);
    const lag = disturbances.find((one) => one.kind === 'early-event' && `job-${one.cause}` === name);
    if (lag?.kind !== 'early-event' || scheduler.now() >= world.start + lag.milliseconds) return job;
    early.add(name);
    return { ...job, status: 'InProgress', finalMetrics: [] };
  }

  function portsOf(invocation: Invocation) {
    return {
      ...world.portsOf(invocation),
      policy: POLICY,
      readBeginnings: async () => {
        await world.gate(invocation, 'read beginnings');
        beginnings.restore(world.table.createdAt());
        return beginnings.read();
      },
      packages: { by: 'approval-status' as const },
      readTags: inert('readTags'),
      hideMessage: async () => {},
      maxReceives: MAX_RECEIVES,
      describeTrainingJob: async (name: string): Promise<TrainingJob> => {
        await world.gate(invocation, 'describe job', 'before');
        return describe(name);
      },
      listCompletedJobs: async () => {
        await world.gate(invocation, 'list jobs');
        return { jobs, isAll: true };
      },
      startExecution: async (name: string, input: unknown) => {
        await world.gate(invocation, 'start execution before', 'before');
        const said = start(world.changes.executionName?.(name, executions.length) ?? name, input);
        if ((await world.gate(invocation, 'start execution after', 'after')) === 'repeat') return start(name, input);
        return said;
      },
    };
  }

  /** As Step Functions does it: a running execution of the same input is not an error, an ended one's name is. */
  function start(name: string, input: unknown): 'started' | 'already-started' {
    const known = executions.find((one) => one.name === name);
    if (known !== undefined) return hasEnded(known) ? 'already-started' : 'started';
    const execution = newExecution(name, (input as { readonly request: LifecycleRequest }).request);
    executions.push(execution);
    scheduler.spawn(scheduler.now(), () => follow(world, execution));
    return 'started';
  }

  const isStarted = (job: TrainingJob): boolean => executions.some(({ request }) => request.cause.subject === job.arn);

  const intake = createQueue(world, {
    name: 'start-bonus',
    take: (invocation, sendDeadLetter) => createStartBonus({ ...portsOf(invocation), sendDeadLetter }),
    isDone: ({ body }) =>
      jobs.some(
        (job) =>
          body.includes(job.name) && (isStarted(job) || early.has(job.name) || isSkipped(world.ledger.items, job)),
      ),
  });
  const deliveries = createQueue(world, {
    name: 'record-signal',
    take: (invocation, sendDeadLetter) => createRecordSignal({ ...portsOf(invocation), sendDeadLetter }),
    isDone: ({ body }) => {
      const job = jobs.find(({ name }) => body.includes(name));
      const deadline = Date.parse(executionOf(job)?.escrow?.deadlineAt ?? '');
      if (job !== undefined && !(deadline - scheduler.now() < IN_TIME)) delivered.add(job.name);
      return job !== undefined && isKept(world, trainingJobAddress(job.name));
    },
  });

  function executionOf(job: TrainingJob | undefined): Execution | undefined {
    return executions.find(({ request }) => request.cause.subject === job?.arn);
  }

  const eventOf = (type: string, detail: unknown): string =>
    anEvent(type, detail, { id: `event-${events++}`, time: new Date(scheduler.now()).toISOString() });

  scheduler.spawn(world.start + HOUR, () => lookForMissed());

  /** Every hour, for as long as there is a job that nothing was begun for; once in any case. */
  async function lookForMissed(): Promise<void> {
    for (let looks = 0; looks < LOOKS; looks += 1) {
      await world.invoke('find-missed-jobs', 5 * MINUTE, (invocation) => createFindMissedJobs(portsOf(invocation))());
      if (jobs.every(isStarted)) return;
      await scheduler.pause(HOUR);
    }
  }

  return {
    jobs,
    executions,
    queues: [intake, deliveries],
    delivered,
    announce(cause) {
      const event = { id: `event-${events++}`, time: new Date(scheduler.now()).toISOString() };
      intake.send(aTrainingEvent(`job-${cause}`, {}, event));
    },
    said: announced,
    deliver(cause) {
      announced.add(`job-${cause}`);
      deliveries.send(eventOf('escrow.delivered', { trainingJobName: `job-${cause}`, deliveredBy: 'registry' }));
    },
    recall(cause) {
      const at = new Date(createdAt.getTime() - HOUR).toISOString();
      const address = trainingJobAddress(`job-${cause}`);
      world.mail.signals.set(`${address}#delivered#${at}`, { type: 'delivered', at, deliveredBy: 'registry' });
    },
    poison(form) {
      intake.send(POISON[form], true);
    },
    redrive() {
      for (const queue of [intake, deliveries]) queue.redrive();
      for (const execution of executions) {
        if (execution.state !== 'NeedsAttention' && execution.state !== 'FundingFailed') continue;
        scheduler.spawn(scheduler.now(), () => redriveExecution(world, execution));
      }
    },
  };
}

/** What is older than the ledger is recorded as skipped: than one after another that was lost. */
function isSkipped(intents: ReadonlyMap<string, Intent>, job: TrainingJob): boolean {
  return intents.get(effectKey(bonusCause(job), 'escrow-create'))?.state === 'skipped';
}

/** Whether anything was said under an address. */
function isKept({ mail }: SimulatedWorld, address: string): boolean {
  for (const name of mail.signals.keys()) if (name.startsWith(`${address}#`)) return true;
  return false;
}

/** The states that send, and what. */
const SENDING: Readonly<Partial<Record<State, EffectKind>>> = {
  LockFunds: 'escrow-create',
  ReleaseFunds: 'escrow-release',
  RaiseDispute: 'escrow-dispute',
};

/** Everything of them that is not as promised. */
export function findFaultsOf(
  { jobs, executions, queues, delivered, said }: Bonuses,
  intents: ReadonlyMap<string, Intent>,
  isUndisturbed: boolean,
): string[] {
  const faults: string[] = [];
  for (const job of jobs) {
    const own = executions.filter(({ request }) => request.cause.subject === job.arn);
    if (own.length === 0 && !isSkipped(intents, job)) faults.push(`${job.name} has no execution`);
    if (own.length > 1) faults.push(`${job.name} has ${own.length} executions`);
    for (const { state, isRedriven } of own) {
      const isLost = state === 'Refunded' && delivered.has(job.name) && isUndisturbed && !isRedriven;
      if (isLost) faults.push(`${job.name} was delivered and its escrow ran out`);
      if (state === 'Released' && !said.has(job.name) && isUndisturbed) faults.push(`${job.name} was paid undelivered`);
    }
  }
  for (const execution of executions) {
    // What waits for an agent, a secret or the switch does so until its own deadline, which is a week away or more.
    const kind = SENDING[execution.state];
    const key = kind === undefined ? '' : effectKey(execution.request.cause, kind);
    const isWaiting = intents.get(key)?.state === 'prepared';
    if (!hasEnded(execution) && !isWaiting && execution.state !== 'AwaitResolution')
      faults.push(`${execution.name} is still in ${execution.state}`);
  }
  for (const { messages } of queues) {
    for (const { id, state, isPoison, reason } of messages) {
      if (state === 'there') faults.push(`message ${id} is still there`);
      if (isPoison && (state !== 'dead' || reason === undefined)) faults.push(`message ${id} is poison and not dead`);
    }
  }
  return faults;
}
