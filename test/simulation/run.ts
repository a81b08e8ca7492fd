import { createHandler as createPlaceTrade } from '../../lambdas/place-trade/handler.ts';
import { createHandler as createResolveIntents } from '../../lambdas/resolve-intents/handler.ts';
import { consumeQueue } from '../../lambdas/shared/consume-queue.ts';
import type { Cause, EffectKind } from '../../src/ledger/effect-key.ts';
import type { EffectOutcome } from '../../src/ledger/perform-effect.ts';
import type { BudgetPolicy } from '../../src/ledger/budgets.ts';
import type { IntentState } from '../../src/ledger/intent.ts';
import { RESOLVE_DEFAULTS } from '../../src/ledger/resolve-intents.ts';
import { formatUsd, parseUsd, sumUsd } from '../../src/money.ts';
import { claimFaucet, payAgent } from '../../src/payouts/payout-effects.ts';
import type { TradePolicy } from '../../src/trading/trade-policy.ts';
import { readTradeSignal } from '../../src/trading/trade-signal.ts';
import { aBatch, anEvent } from '../support/lambda-events.ts';
import { createBonuses, type Bonuses } from './bonuses.ts';
import type { Changes } from './changes.ts';
import { crowd, isEarlier, writeEarlier } from './earlier.ts';
import { DISPUTE, follow, newExecution, visit, type Execution } from './executions.ts';
import { HOUR, KINDS_OF_FLOW, MARKETS, MINUTE, type Schedule } from './plan.ts';
import { MAX_RECEIVES } from './queue.ts';
import { WORKER } from './service/parties.ts';
import { tradeBefore } from './version-before.ts';
import { createSimulatedWorld, REQUEST_MS, type Invocation, type SimulatedWorld } from './world.ts';

/** How a schedule is run. */
export interface RunOptions {
  readonly changes?: Changes;
  /** Whether every step is written down. */
  readonly traces?: boolean;
}

/** When whoever is responsible runs again what ended in a fault. */
const REDRIVE = 24 * HOUR + 5 * MINUTE;

/** What is sent last has to have ended so much later; what nothing tells of is given up after a day, at the sweep after that. */
const AFTERMATH = 26 * HOUR;

/** The second of two causes may begin only once the first was given up. */
const AFTERMATH_OF_TWO = 34 * HOUR;

/** What a lost ledger knew of is looked for first, and waited for until nothing of it can be on its way. */
const AFTERMATH_OF_LOST_LEDGER = 48 * HOUR;

/** Amounts tell the causes of one schedule apart: each is another. */
const AMOUNTS = ['16.40', '8.20'] as const;

/** What there is to be done once, however often it is delivered. */
interface Work {
  readonly index: number;
  readonly amountUsd: string;
  /** One more delivery, from now on until it rests. */
  readonly deliver: () => Promise<void>;
  /** The intents that it leads to. */
  readonly kinds: readonly EffectKind[];
}

/** The world as it is at a schedule's end. */
export interface Played {
  readonly world: SimulatedWorld;
  /** Of a schedule that has training jobs. */
  readonly bonuses: Bonuses | undefined;
}

/** Plays one schedule to its end. */
export async function playSchedule(schedule: Schedule, options: RunOptions = {}): Promise<Played> {
  const { scenario, disturbances } = schedule;
  const world = createSimulatedWorld(schedule, {
    traces: options.traces ?? false,
    changes: options.changes ?? {},
    budgets: budgetsOf(schedule),
    policy: {
      ...RESOLVE_DEFAULTS,
      resend: !disturbances.some(({ kind }) => kind === 'no-resend'),
      ...options.changes?.policy,
    },
  });
  const bonuses = scenario.flow === 'bonus' ? createBonuses(world, schedule) : undefined;
  const work = createWork(world, schedule, bonuses);
  startDeliveries(world, schedule, work);
  startSweepers(world, schedule);
  startOthers(world, schedule);
  if (bonuses !== undefined) startMail(world, schedule, bonuses);
  await writeEarlier(world, schedule);
  await world.scheduler.run(world.start + REDRIVE);
  if (bonuses === undefined) redrive(world, work);
  else bonuses.redrive();
  await world.scheduler.run(world.start + Math.max(REDRIVE, lastDeliveryOf(schedule)) + aftermathOf(schedule));
  return { world, bonuses };
}

function aftermathOf({ scenario, disturbances }: Schedule): number {
  if (disturbances.some(({ kind }) => kind === 'ledger')) return AFTERMATH_OF_LOST_LEDGER;
  return scenario.causes > 1 ? AFTERMATH_OF_TWO : AFTERMATH;
}

function lastDeliveryOf({ disturbances }: Schedule): number {
  return Math.max(0, ...disturbances.map((one) => (one.kind === 'delivery' ? one.at : 0)));
}

/** Enough for everything, unless a schedule has it otherwise. */
function budgetsOf({ scenario, disturbances }: Schedule): BudgetPolicy {
  const outflow = KINDS_OF_FLOW[scenario.flow][0] ?? 'transfer';
  const isOrder = scenario.flow === 'order';
  const enough = isOrder
    ? '500.00'
    : formatUsd(sumUsd(...AMOUNTS.slice(0, scenario.causes).map((amount) => parseUsd(amount))));
  const tight = isOrder ? '60.00' : scenario.causes > 1 ? AMOUNTS[0] : '10.00';
  const limitPer = (part: 'day' | 'payee') =>
    disturbances.some((one) => one.kind === 'tight-budget' && one.per === part) ? tight : enough;
  return { perDay: { [outflow]: limitPer('day') }, perAgentAndDay: { [outflow]: limitPer('payee') } };
}

function startDeliveries(world: SimulatedWorld, { disturbances }: Schedule, work: readonly Work[]): void {
  const { scheduler, start } = world;
  // One queue holds all messages of a flow: the second is delivered when the first is done with.
  const isLost = (cause: number) => disturbances.some((one) => one.kind === 'lost-event' && one.cause === cause);
  scheduler.spawn(start, async () => {
    for (const { deliver, index } of work) if (!isLost(index)) await deliver();
  });
  for (const disturbance of disturbances) {
    if (disturbance.kind !== 'delivery') continue;
    const again = work[disturbance.cause % work.length];
    if (again !== undefined) scheduler.spawn(start + disturbance.at, () => again.deliver());
  }
}

/** Executions that ended in a fault, and dead letters, are run again by hand. */
function redrive(world: SimulatedWorld, work: readonly Work[]): void {
  const known = [...world.ledger.items.values()].filter((intent) => !isEarlier(intent));
  if (known.length > 0 && known.every(({ state }) => state !== 'prepared')) return;
  for (const { deliver } of work) world.scheduler.spawn(world.scheduler.now(), deliver);
}

function startSweepers(world: SimulatedWorld, { disturbances, sweepMinutes }: Schedule): void {
  const sweep = async (name: string): Promise<void> => {
    let runs = 0;
    for (;;) {
      if (!isAwaited(world)) {
        runs = 0;
        await world.scheduler.pause(Infinity, name);
      }
      runs += 1;
      const often = paceOf(runs, sweepMinutes) * MINUTE;
      await world.scheduler.pause(isInDoubt(world) ? often : Math.max(often, untilNextWait(world)));
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
  for (const { state } of ledger.items.values()) if (IN_DOUBT.has(state)) return true;
  return false;
}

/**
 * In minutes. Within the first half hour an effect is settled, unless it cannot be read. What is left then is looked at now
 * and then: the outcome is the same, and the schedule shorter.
 */
function paceOf(runs: number, sweepMinutes: number): number {
  if (runs * sweepMinutes < 30) return sweepMinutes;
  return runs < 90 ? 60 : 360;
}

/** How long the first of those that wait has to wait still. */
function untilNextWait({ ledger, scheduler }: SimulatedWorld): number {
  let next = Infinity;
  for (const { state, notBefore } of ledger.items.values()) {
    if (state === 'prepared' && notBefore !== undefined) next = Math.min(next, Date.parse(notBefore));
  }
  return next === Infinity ? 0 : next - scheduler.now();
}

/** Whether there is an effect in doubt, or one that waits and has to be woken. */
function isAwaited({ ledger }: SimulatedWorld): boolean {
  for (const { state, notBefore } of ledger.items.values()) {
    if (IN_DOUBT.has(state) || (state === 'prepared' && notBefore !== undefined)) return true;
  }
  return false;
}

/** What a sweeper has to end. */
const IN_DOUBT: ReadonlySet<IntentState> = new Set<IntentState>(['claimed', 'sending', 'unknown']);

/** What others do to the escrows, without any of this project's calls. */
function startOthers(world: SimulatedWorld, { disturbances }: Schedule): void {
  for (const disturbance of disturbances) {
    if (disturbance.kind === 'crowd') world.scheduler.spawn(world.start + disturbance.at, async () => crowd(world));
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

/** Deliveries of what the executions of a bonus wait for, and messages that nobody can handle. */
function startMail(world: SimulatedWorld, { scenario, disturbances }: Schedule, bonuses: Bonuses): void {
  const { scheduler, start } = world;
  if (scenario.flow !== 'bonus') return;
  for (const [cause, at] of scenario.deliveredAt.entries()) {
    if (at !== null) scheduler.spawn(start + at, async () => bonuses.deliver(cause));
  }
  for (const one of disturbances) {
    if (one.kind === 'signal') scheduler.spawn(start + one.at, async () => bonuses.deliver(one.cause));
    if (one.kind === 'older-signal') bonuses.recall(one.cause);
    if (one.kind === 'poison') scheduler.spawn(start + one.at, async () => bonuses.poison(one.form));
  }
}

function createWork(world: SimulatedWorld, schedule: Schedule, bonuses: Bonuses | undefined): Work[] {
  const { scenario } = schedule;
  return Array.from({ length: scenario.causes }, (_, index): Work => {
    const amountUsd = AMOUNTS[index] ?? AMOUNTS[0];
    const kinds = KINDS_OF_FLOW[scenario.flow];
    let deliveries = 0;
    let deliveredAt: string | undefined;
    const nameOf = (): string => {
      const name = `subject-${index}`;
      const delivery = deliveries++;
      return world.changes.subject?.(name, delivery) ?? name;
    };
    switch (scenario.flow) {
      case 'bonus':
        return { index, amountUsd, kinds, deliver: async () => bonuses?.announce(index) };
      case 'lifecycle':
        return {
          index,
          amountUsd,
          kinds,
          deliver: () => {
            // Whoever starts another execution, what it waits for was delivered once.
            const findDeliveredAt = () => (deliveredAt ??= new Date(world.scheduler.now()).toISOString());
            return playLifecycle(world, schedule, { name: nameOf(), amountUsd, findDeliveredAt });
          },
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

/** Deliveries beyond the first begin another execution, which Step Functions would not: nothing may rest on its names. */
async function playLifecycle(
  world: SimulatedWorld,
  schedule: Schedule,
  {
    name,
    amountUsd,
    findDeliveredAt,
  }: { readonly name: string; readonly amountUsd: string; readonly findDeliveredAt: () => string },
): Promise<void> {
  if (schedule.scenario.flow !== 'lifecycle') return;
  const { settlement, completes } = schedule.scenario;
  const execution = newExecution(name, {
    cause: causeOf(world, name),
    counterpartyAgentId: WORKER,
    amountUsd,
    timeoutHours: 720,
    description: 'Bonus for a training job that did well enough for one',
    address: `training-job:${name}`,
    gate: { mode: 'auto' },
    guard: { alertHours: 2, default: 'release' },
  });
  await follow(world, execution, 'AwaitDelivery');
  if (execution.state !== 'AwaitDelivery') return;
  execution.delivery = { signal: 'delivered', at: findDeliveredAt(), deliveredBy: 'somebody' };
  execution.state = 'CompleteDelivery';
  if (completes) await follow(world, execution, 'ReviewDelivery');
  execution.state = 'ReviewDelivery';
  if (settlement === 'release' || settlement === 'both')
    await follow(world, execution, 'ReleaseFunds', 'AwaitDelivery');
  if (settlement === 'both') world.scheduler.spawn(world.scheduler.now(), () => dispute(world, execution));
  if (settlement === 'release' || settlement === 'both') await follow(world, execution, 'AwaitDelivery');
  if (settlement === 'dispute') await dispute(world, execution);
}

/** Another hand disputes the same escrow, beside the execution. */
async function dispute(world: SimulatedWorld, { request, escrow }: Execution): Promise<void> {
  const review = { decision: 'dispute', reason: 'not what was agreed' };
  await visit(world, DISPUTE, request.cause, { request, escrow, review });
}

/** A message of the queue of predictions, until it is taken, or dead. */
async function deliverPrediction(world: SimulatedWorld, predictionId: string, asset: string): Promise<void> {
  const at = new Date(world.start).toISOString();
  const detail = { predictionId, direction: 'long', confidence: 0.9, asset, at };
  const body = anEvent('inference.completed', detail);
  const policy = policyIn(world);
  for (let receives = 1; receives <= MAX_RECEIVES; receives += 1) {
    const ended = await world.invoke('place-trade', MINUTE, (invocation) => {
      const context = world.contextOf(invocation);
      const queue = { sendDeadLetter: async () => world.note('dead letter'), hideMessage: async () => {} };
      const deps = { ...world.portsOf(invocation), ...queue, maxReceives: MAX_RECEIVES, policy };
      const handler = invocation.isBefore
        ? consumeQueue(deps, (message, remainingMs) =>
            tradeBefore({ ...deps, remainingMs, announcePlaced: async () => {} }, readTradeSignal(message.body)),
          )
        : createPlaceTrade(deps);
      return handler(aBatch({ body, receives }), context);
    });
    if (ended.kind === 'returned' && ended.value.batchItemFailures.length === 0) return;
    await world.scheduler.pause(2 * MINUTE);
  }
}

function policyIn(world: SimulatedWorld): TradePolicy {
  return {
    mode: 'live',
    markets: MARKETS.map((market) => ({ asset: market, maxExposureUsd: world.maxExposure })),
    confidenceThreshold: 0.6,
    size: { by: 'fixed', amountUsd: parseUsd('50.00') },
    maxOrderUsd: parseUsd('50.00'),
    leverage: 1,
    minBalanceUsd: parseUsd('10.00'),
    dailyNotionalUsd: parseUsd('500.00'),
    dailyLossUsd: parseUsd('100.00'),
    coolDownSeconds: 0,
    maxAgeSeconds: 1800,
  };
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

function deliverPayment(world: SimulatedWorld, cause: ReturnType<typeof causeOf>, amountUsd: string): Promise<void> {
  return persist(world, 'pay-agent', async (invocation) => {
    const deps = await payoutDeps(world, invocation);
    const payment = { toAgentId: WORKER, amount: parseUsd(amountUsd), memo: 'for good work' };
    return payAgent(deps, cause, payment);
  });
}

function deliverClaim(world: SimulatedWorld, cause: ReturnType<typeof causeOf>): Promise<void> {
  return persist(world, 'claim-faucet', async (invocation) => claimFaucet(await payoutDeps(world, invocation), cause));
}

async function payoutDeps(world: SimulatedWorld, invocation: Invocation) {
  const ports = world.portsOf(invocation);
  const context = world.contextOf(invocation);
  return { ...ports, requestMs: REQUEST_MS, remainingMs: () => context.getRemainingTimeInMillis() };
}
