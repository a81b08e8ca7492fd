import { createHandler as createAwaitVerdict } from '../../lambdas/await-verdict/handler.ts';
import { createHandler as createCompleteDelivery } from '../../lambdas/complete-delivery/handler.ts';
import { createHandler as createLockFunds } from '../../lambdas/lock-funds/handler.ts';
import { createHandler as createPlaceTrade } from '../../lambdas/place-trade/handler.ts';
import { createHandler as createReleaseFunds } from '../../lambdas/release-funds/handler.ts';
import { createHandler as createResolveIntents } from '../../lambdas/resolve-intents/handler.ts';
import type { EscrowTaskDeps } from '../../lambdas/shared/escrow-task.ts';
import type { ApiKeys } from '../../src/aws/api-key-secret.ts';
import { raiseDispute } from '../../src/escrow/escrow-effects.ts';
import type { Cause, EffectKind } from '../../src/ledger/effect-key.ts';
import type { EffectOutcome } from '../../src/ledger/perform-effect.ts';
import { RESOLVE_DEFAULTS } from '../../src/ledger/resolve-intents.ts';
import { formatUsd, parseUsd, sumUsd } from '../../src/money.ts';
import { claimFaucet, payAgent } from '../../src/payouts/payout-effects.ts';
import { aBatch, anEvent } from '../support/lambda-events.ts';
import type { Changes } from './changes.ts';
import { KINDS_OF_FLOW, HOUR, MINUTE, type Schedule } from './plan.ts';
import { TREASURY, WORKER } from './service.ts';
import { createSimulatedWorld, REQUEST_MS, type Invocation, type SimulatedWorld } from './world.ts';

/** How a schedule is run. */
export interface RunOptions {
  readonly changes?: Changes;
  /** Whether every step is written down. */
  readonly traces?: boolean;
}

/** When whoever is responsible runs again what ended in a fault. */
const REDRIVE = 24 * HOUR + 5 * MINUTE;

/** How long a schedule is followed: what is sent last has to have ended 26 hours later. */
const END = REDRIVE + 26 * HOUR;

/** How often a queue delivers a message. */
const MAX_RECEIVES = 3;

/** Amounts tell the causes of one schedule apart: each is another. */
const AMOUNTS = ['16.40', '8.20'] as const;
const MARKETS = ['BTC-USDC', 'ETH-USDC'] as const;

/** What there is to be done once, however often it is delivered. */
interface Work {
  readonly index: number;
  readonly amountUsd: string;
  /** One more delivery, from now on until it rests. */
  readonly deliver: () => Promise<void>;
  /** The intents that it leads to. */
  readonly kinds: readonly EffectKind[];
}

type Task = (input: unknown, context: { getRemainingTimeInMillis(): number }) => Promise<unknown>;

/** Plays one schedule to its end and returns the world as it is then. */
export async function playSchedule(schedule: Schedule, options: RunOptions = {}): Promise<SimulatedWorld> {
  const { scenario, disturbances } = schedule;
  const amounts = AMOUNTS.slice(0, scenario.causes);
  const spend = sumUsd(...amounts.map((amount) => parseUsd(amount)));
  const isTight = disturbances.some(({ kind }) => kind === 'tight-budget');
  const enough = formatUsd(spend);
  const limit = isTight ? (scenario.causes > 1 ? AMOUNTS[0] : '10.00') : enough;
  const outflow = KINDS_OF_FLOW[scenario.flow][0] ?? 'transfer';
  const world = createSimulatedWorld(schedule, {
    traces: options.traces ?? false,
    changes: options.changes ?? {},
    budgets:
      scenario.flow === 'order'
        ? { perDay: { 'trade-order': isTight ? '60.00' : '500.00' }, perAgentAndDay: {} }
        : { perDay: { [outflow]: limit }, perAgentAndDay: {} },
    policy: {
      ...RESOLVE_DEFAULTS,
      resend: !disturbances.some(({ kind }) => kind === 'no-resend'),
      ...options.changes?.policy,
    },
  });
  const work = createWork(world, schedule, options.changes ?? {});
  startDeliveries(world, schedule, work);
  startSweepers(world, schedule);
  startOthers(world, schedule);
  await world.scheduler.run(world.start + REDRIVE);
  redrive(world, work);
  await world.scheduler.run(world.start + END);
  return world;
}

function startDeliveries(world: SimulatedWorld, { disturbances }: Schedule, work: readonly Work[]): void {
  const { scheduler, start } = world;
  // One queue holds all messages of a flow: the second is delivered when the first is done with.
  scheduler.spawn(start, async () => {
    for (const { deliver } of work) await deliver();
  });
  for (const disturbance of disturbances) {
    if (disturbance.kind !== 'delivery') continue;
    const again = work[disturbance.cause % work.length];
    if (again !== undefined) scheduler.spawn(start + disturbance.at, () => again.deliver());
  }
}

/** Executions that ended in a fault, and dead letters, are run again by hand. */
function redrive(world: SimulatedWorld, work: readonly Work[]): void {
  const waiting = [...world.ledger.items.values()].filter(({ state }) => state === 'prepared');
  const isMissing = world.ledger.items.size === 0;
  if (waiting.length === 0 && !isMissing) return;
  for (const { deliver } of work) world.scheduler.spawn(world.scheduler.now(), deliver);
}

function startSweepers(world: SimulatedWorld, { disturbances, sweepMinutes }: Schedule): void {
  const sweep = async (name: string): Promise<void> => {
    let runs = 0;
    for (;;) {
      if (!isInDoubt(world)) {
        runs = 0;
        await world.scheduler.pause(Infinity, name);
      }
      runs += 1;
      // After an hour what is left is only looked at now and then: the outcome is the same, and the schedule shorter.
      await world.scheduler.pause((runs * sweepMinutes < 60 ? sweepMinutes : 60) * MINUTE);
      await world.invoke('resolve-intents', 5 * MINUTE, (invocation) =>
        createResolveIntents({
          ...world.portsOf(invocation),
          policy: world.policy,
        })(undefined, world.contextOf(invocation)),
      );
    }
  };
  const names = disturbances.some(({ kind }) => kind === 'second-sweeper') ? ['sweeper', 'sweeper-2'] : ['sweeper'];
  for (const name of names) world.scheduler.spawn(world.start, () => sweep(name));
}

function isInDoubt({ ledger }: SimulatedWorld): boolean {
  for (const { state } of ledger.items.values()) if (state === 'sending' || state === 'unknown') return true;
  return false;
}

/** What others do to the escrows, without any of this project's calls. */
function startOthers(world: SimulatedWorld, { disturbances }: Schedule): void {
  for (const disturbance of disturbances) {
    if (disturbance.kind !== 'expiry' && disturbance.kind !== 'counterparty') continue;
    world.scheduler.spawn(world.start + disturbance.at, async () => {
      for (const id of world.service.escrows.keys()) {
        world.note(`others: ${disturbance.kind === 'expiry' ? 'expiry' : disturbance.action} ${id}`);
        if (disturbance.kind === 'expiry') world.service.expire(id, world.scheduler.now());
        else world.actAsCounterparty(id, disturbance.action);
      }
    });
  }
}

function createWork(world: SimulatedWorld, schedule: Schedule, changes: Changes): Work[] {
  const { scenario } = schedule;
  return Array.from({ length: scenario.causes }, (_, index): Work => {
    const amountUsd = AMOUNTS[index] ?? AMOUNTS[0];
    const kinds = KINDS_OF_FLOW[scenario.flow];
    let deliveries = 0;
    const nameOf = (): string => {
      const name = `subject-${index}`;
      const delivery = deliveries++;
      return changes.subject?.(name, delivery) ?? name;
    };
    switch (scenario.flow) {
      case 'lifecycle':
        return {
          index,
          amountUsd,
          kinds,
          deliver: () => playLifecycle(world, schedule, { name: nameOf(), amountUsd }),
        };
      case 'order': {
        const asset = (scenario.sharesMarket ? MARKETS[0] : MARKETS[index]) ?? MARKETS[0];
        return { index, amountUsd: '50.00', kinds, deliver: () => deliverPrediction(world, nameOf(), asset) };
      }
      case 'transfer':
        return { index, amountUsd, kinds, deliver: () => deliverPayment(world, causeOf(world, nameOf()), amountUsd) };
      case 'claim':
        return { index, amountUsd: '1.00', kinds, deliver: () => deliverClaim(world, causeOf(world, nameOf())) };
    }
  });
}

function causeOf(world: SimulatedWorld, subject: string): Cause & { readonly createdAt: string } {
  return { rule: 'simulated', subject, createdAt: new Date(world.start).toISOString(), status: 'Completed' };
}

/** What a task of the workflow says of its effect. */
type Said = Readonly<Record<string, unknown>> & {
  readonly outcome: string;
  readonly key?: string;
  readonly retryAfterSeconds?: number;
  readonly escrowId?: string;
  readonly deadlineAt?: string;
};

/** How often an execution comes back to one task: more would be a loop. */
const MAX_VISITS = 300;

/** Visits a task until its effect is settled, as the workflow does. Undefined where it failed. */
async function visit(
  world: SimulatedWorld,
  name: string,
  task: (invocation: Invocation) => Task,
  input: unknown,
): Promise<Said | undefined> {
  for (let visits = 0; visits < MAX_VISITS; visits += 1) {
    const run = () => world.invoke(name, MINUTE, (invocation) => task(invocation)(input, world.contextOf(invocation)));
    let ended = await run();
    if (ended.kind !== 'returned' && world.changes.retriesSendTask === true) {
      world.forgetClaims();
      ended = await run();
    }
    if (ended.kind !== 'returned') return undefined;
    const said = ended.value as Said;
    world.note(`${name}: ${said.outcome}`);
    if (said.outcome === 'not-sent') await world.scheduler.pause((said.retryAfterSeconds ?? 1) * 1000);
    else if (said.outcome === 'pending') await awaitVerdict(world, said.key ?? '');
    else return said;
  }
  return undefined;
}

/** Waits as the workflow does: until the sweeper has settled it, or for long enough to look again. */
async function awaitVerdict(world: SimulatedWorld, key: string): Promise<void> {
  const taskToken = world.newToken();
  await world.invoke('await-verdict', MINUTE, (invocation) =>
    createAwaitVerdict(world.portsOf(invocation))({ taskToken, key }),
  );
  if (!world.isResumed(taskToken)) await world.scheduler.pause(10 * MINUTE, taskToken);
}

async function playLifecycle(
  world: SimulatedWorld,
  schedule: Schedule,
  { name, amountUsd }: { readonly name: string; readonly amountUsd: string },
): Promise<void> {
  if (schedule.scenario.flow !== 'lifecycle') return;
  const { settlement, completes } = schedule.scenario;
  const request = {
    cause: causeOf(world, name),
    counterpartyAgentId: WORKER,
    amountUsd,
    timeoutHours: 720,
    description: 'Bonus for a training job that did well enough for one',
    address: `training-job:${name}`,
  };
  const locked = await visit(world, 'lock-funds', (one) => createLockFunds(escrowDeps(world, one)), request);
  if (locked?.outcome !== 'applied' || locked.escrowId === undefined) return;
  const escrow = { escrowId: locked.escrowId, deadlineAt: locked.deadlineAt };
  const at = new Date(world.scheduler.now()).toISOString();
  const delivered = { request, escrow, delivery: { signal: 'delivered', at, deliveredBy: 'somebody' } };
  if (completes) {
    await world.invoke('complete-delivery', MINUTE, (one) =>
      createCompleteDelivery(escrowDeps(world, one))(delivered, world.contextOf(one)),
    );
  }
  const reviewed = { ...delivered, review: { decision: 'release', reason: 'delivered' } };
  const release = () => visit(world, 'release-funds', (one) => createReleaseFunds(escrowDeps(world, one)), reviewed);
  const dispute = () => visit(world, 'raise-dispute', (one) => createRaiseDispute(world, one), reviewed);
  if (settlement === 'both') world.scheduler.spawn(world.scheduler.now(), async () => void (await dispute()));
  if (settlement === 'release' || settlement === 'both') await release();
  if (settlement === 'dispute') await dispute();
}

function escrowDeps(world: SimulatedWorld, invocation: Invocation): EscrowTaskDeps {
  return world.portsOf(invocation);
}

/** Disputes are raised by whoever calls `raiseDispute`: there is no function of its own. */
function createRaiseDispute(world: SimulatedWorld, invocation: Invocation): Task {
  return async (input, context): Promise<EffectOutcome> => {
    const { request, escrow } = input as {
      readonly request: { readonly cause: Cause; readonly amountUsd: string };
      readonly escrow: { readonly escrowId: string };
    };
    const ports = world.portsOf(invocation);
    const { own } = await ports.readApiKeys();
    return raiseDispute(
      {
        ...ports,
        remainingMs: () => context.getRemainingTimeInMillis(),
        escrow: ports.openEscrow(own),
        agentId: own.agentId,
      },
      request.cause,
      { escrowId: escrow.escrowId, amountUsd: request.amountUsd, counterpartyAgentId: WORKER },
      { reason: 'not what was agreed' },
    );
  };
}

/** A message of the queue of predictions, until it is taken, or dead. */
async function deliverPrediction(world: SimulatedWorld, predictionId: string, asset: string): Promise<void> {
  const at = new Date(world.start).toISOString();
  const detail = { predictionId, direction: 'long', confidence: 0.9, asset, at };
  const body = anEvent('inference.completed', detail);
  for (let receives = 1; receives <= MAX_RECEIVES; receives += 1) {
    const ended = await world.invoke('place-trade', MINUTE, (invocation) =>
      createPlaceTrade({
        ...world.portsOf(invocation),
        sendDeadLetter: async () => world.note('dead letter'),
        maxReceives: MAX_RECEIVES,
        policy: {
          confidenceThreshold: 0.6,
          orderSizeUsd: '50.00',
          leverage: 1,
          assets: [...MARKETS],
          maxAgeSeconds: 600,
        },
      })(aBatch({ body, receives }), world.contextOf(invocation)),
    );
    if (ended.kind === 'returned' && ended.value.batchItemFailures.length === 0) return;
    await world.scheduler.pause(2 * MINUTE);
  }
}

/** What is not sent, or fails, is tried again some times, as a queue does. */
async function persist(
  world: SimulatedWorld,
  name: string,
  effect: (invocation: Invocation) => Promise<EffectOutcome>,
): Promise<void> {
  for (let receives = 1; receives <= 2 * MAX_RECEIVES; receives += 1) {
    const ended = await world.invoke(name, MINUTE, effect);
    if (ended.kind === 'returned') {
      world.note(`${name}: ${ended.value.outcome}`);
      if (ended.value.outcome !== 'not-sent') return;
      await world.scheduler.pause(ended.value.retryAfterSeconds * 1000);
    } else {
      await world.scheduler.pause(2 * MINUTE);
    }
  }
}

function deliverPayment(world: SimulatedWorld, cause: Cause, amountUsd: string): Promise<void> {
  return persist(world, 'pay-agent', async (invocation) => {
    const deps = await payoutDeps(world, invocation);
    const payment = { toAgentId: WORKER, amount: parseUsd(amountUsd), memo: 'for good work' };
    return payAgent(deps, cause, payment);
  });
}

function deliverClaim(world: SimulatedWorld, cause: Cause): Promise<void> {
  return persist(world, 'claim-faucet', async (invocation) => claimFaucet(await payoutDeps(world, invocation), cause));
}

async function payoutDeps(world: SimulatedWorld, invocation: Invocation) {
  const ports = world.portsOf(invocation);
  const { own }: ApiKeys = await ports.readApiKeys();
  const context = world.contextOf(invocation);
  return {
    ...ports,
    agentId: TREASURY,
    requestMs: REQUEST_MS,
    remainingMs: () => context.getRemainingTimeInMillis(),
    wallet: ports.openWallet(own),
    faucet: ports.openFaucet(own),
  };
}
