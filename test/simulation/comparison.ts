import Table from 'cli-table3';
import { effectKey, clientReference } from '../../src/ledger/effect-key.ts';
import { RESOLVE_DEFAULTS } from '../../src/ledger/resolve-intents.ts';
import { createHandler as createLockFunds } from '../../lambdas/lock-funds/handler.ts';
import { createHandler as createResolveIntents } from '../../lambdas/resolve-intents/handler.ts';
import { parseUsd } from '../../src/money.ts';
import type { EscrowClient } from '../../src/purple-flea/escrow.ts';
import { drawSchedule } from './draw.ts';
import { writeEarlier } from './earlier.ts';
import { createChance, HOUR, MINUTE, type Disturbance, type Schedule } from './plan.ts';
import { WORKER } from './service/parties.ts';
import { createSimulatedWorld, type Invocation, type SimulatedWorld } from './world.ts';

/** Ways to send an effect for an event that comes at least once. */
export const WAYS = [
  'naive handler',
  'idempotency record, 1 h',
  'idempotency record, 24 h',
  'look and resend at once',
  'this project',
] as const;
export type Way = (typeof WAYS)[number];

/** What a way did to so many events. */
export interface WayResult {
  readonly way: Way;
  readonly events: number;
  readonly effects: number;
  readonly duplicates: number;
  /** Events without an effect in the end, of which nobody is told. */
  readonly lost: number;
  readonly parked: number;
}

/** How often a queue delivers what was not taken. */
const MAX_RECEIVES = 4;
const VISIBILITY = 2 * MINUTE;
const MAX_VISITS = 800;
const AMOUNT = '16.40';

/** Plays the same events, with the same disturbances, in every way. Each event asks for one escrow. */
export async function compareWays(firstSeed: number, events: number): Promise<WayResult[]> {
  const results: WayResult[] = [];
  for (const way of WAYS) {
    const result = { way, events, effects: 0, duplicates: 0, lost: 0, parked: 0 };
    for (let index = 0; index < events; index += 1) {
      const world = await playEvent(drawEvent(firstSeed + index), way);
      const created = world.service.effects.filter(({ key }) => key !== undefined).length;
      result.effects += created;
      result.duplicates += Math.max(0, created - 1);
      const parked = [...world.ledger.items.values()].filter(({ state }) => state === 'manual').length;
      result.parked += parked;
      result.lost += created === 0 && parked === 0 ? 1 : 0;
    }
    results.push(result);
  }
  return results;
}

/** One event of a creation and what befalls it: a schedule's disturbances, and always a second delivery a day later. */
function drawEvent(seed: number): Schedule {
  const chance = createChance(seed);
  const drawn = drawSchedule(seed);
  const isOfCreation = (one: Disturbance): boolean =>
    one.kind === 'http' ? ['create', 'list', 'ledger', 'status'].includes(one.operation) : one.kind !== 'tight-budget';
  return {
    ...drawn,
    scenario: { flow: 'lifecycle', causes: 1, settlement: 'none', completes: false },
    disturbances: [
      ...drawn.disturbances.filter(isOfCreation),
      ...(chance.maybe(0.2) ? [{ kind: 'delivery', cause: 0, at: 24 * HOUR } as const] : []),
    ],
  };
}

/** Takes one delivery; throws where the queue is to deliver again. */
type Taker = (invocation: Invocation) => Promise<void>;

async function playEvent(schedule: Schedule, way: Way): Promise<SimulatedWorld> {
  const world = createSimulatedWorld(schedule, {
    traces: false,
    changes: {},
    budgets: { perDay: {}, perAgentAndDay: {} },
    policy: RESOLVE_DEFAULTS,
  });
  await writeEarlier(world, schedule);
  const take = createTaker(world, way);
  // Here an execution waits for the verdict, which may take longer than a queue is patient.
  const maxReceives = way === 'this project' ? MAX_VISITS : MAX_RECEIVES;
  const deliver = async (): Promise<void> => {
    for (let receives = 1; receives <= maxReceives; receives += 1) {
      const ended = await world.invoke('take', MINUTE, take);
      if (ended.kind === 'returned') return;
      await world.scheduler.pause(VISIBILITY);
    }
  };
  world.scheduler.spawn(world.start, deliver);
  for (const one of schedule.disturbances) {
    if (one.kind === 'delivery') world.scheduler.spawn(world.start + one.at, deliver);
  }
  if (way === 'this project') startSweeping(world);
  await world.scheduler.run(world.start + 27 * HOUR);
  return world;
}

function startSweeping(world: SimulatedWorld): void {
  world.scheduler.spawn(world.start, async () => {
    for (let runs = 0; ; runs += 1) {
      await world.scheduler.pause((runs < 30 ? 2 : 60) * MINUTE);
      const isOpen = [...world.ledger.items.values()].some(({ state }) => state === 'sending' || state === 'unknown');
      if (!isOpen) continue;
      await world.invoke('resolve-intents', 5 * MINUTE, (invocation) =>
        createResolveIntents({
          ...world.portsOf(invocation),
          policy: RESOLVE_DEFAULTS,
        })(undefined, world.contextOf(invocation)),
      );
    }
  });
}

function createTaker(world: SimulatedWorld, way: Way): Taker {
  switch (way) {
    case 'naive handler':
      return async (invocation) => sendOrThrow(world, invocation);
    case 'idempotency record, 1 h':
      return withRecord(world, HOUR);
    case 'idempotency record, 24 h':
      return withRecord(world, 24 * HOUR);
    case 'look and resend at once':
      return lookAndResend(world);
    case 'this project':
      return takeAsHere(world);
  }
}

const CAUSE = {
  rule: 'compared',
  subject: 'subject',
  createdAt: '2026-03-06T09:00:00.000Z',
  status: 'Completed',
};
const KEY = effectKey(CAUSE, 'escrow-create');
const REFERENCE = clientReference(KEY);

async function clientOf(world: SimulatedWorld, invocation: Invocation): Promise<EscrowClient> {
  const ports = world.portsOf(invocation);
  // A look at the switch, as everybody has to.
  await ports.readStop();
  return ports.openEscrow(ports.owner);
}

/** Sends, and has the message delivered again unless the answer says that it was done. */
async function sendOrThrow(world: SimulatedWorld, invocation: Invocation): Promise<void> {
  const client = await clientOf(world, invocation);
  const body = client.bodies.create({
    reference: REFERENCE,
    amount: parseUsd(AMOUNT),
    description: 'Bonus for a training job',
    counterpartyAgentId: WORKER,
    timeoutHours: 720,
    metadata: {},
  });
  const answer = await client.create({ body, key: KEY, reference: REFERENCE });
  if (answer.kind !== 'applied' && answer.kind !== 'rejected') throw new Error(answer.reason);
}

/**
 * A record as idempotency helpers keep it: in progress until the function's deadline, removed where it throws, complete
 * until it expires.
 */
function withRecord(world: SimulatedWorld, expiresAfterMs: number): Taker {
  let record: { readonly expiresAt: number; readonly inProgressUntil: number | undefined } | undefined;
  return async (invocation) => {
    const now = world.scheduler.now();
    const isInProgress = record?.inProgressUntil !== undefined && record.inProgressUntil > now;
    if (record !== undefined && record.expiresAt > now) {
      if (isInProgress) throw new Error('already in progress');
      if (record.inProgressUntil === undefined) return;
    }
    record = { expiresAt: now + expiresAfterMs, inProgressUntil: invocation.deadline };
    try {
      await sendOrThrow(world, invocation);
      record = { expiresAt: world.scheduler.now() + expiresAfterMs, inProgressUntil: undefined };
    } catch (error) {
      record = undefined;
      throw error;
    }
  };
}

/** A ledger that, where it finds an attempt without an outcome, looks for the effect and sends again if it sees none. */
function lookAndResend(world: SimulatedWorld): Taker {
  let state: 'none' | 'sending' | 'done' = 'none';
  return async (invocation) => {
    if (state === 'done') return;
    if (state === 'sending' && (await isThere(world, invocation))) {
      state = 'done';
      return;
    }
    state = 'sending';
    await sendOrThrow(world, invocation);
    state = 'done';
  };
}

async function isThere(world: SimulatedWorld, invocation: Invocation): Promise<boolean> {
  const client = await clientOf(world, invocation);
  const page = await client.list({ role: 'creator', limit: 100 });
  if (page.kind === 'read') return page.value.escrows.some(({ description }) => description.startsWith(REFERENCE));
  const ports = world.portsOf(invocation);
  const rows = await (await ports.openWallet(ports.owner)).readLedger();
  return rows.kind === 'read' && rows.value.some(({ reason }) => reason.startsWith('escrow_lock'));
}

/** The function as it is deployed; an execution that waits is here a message that comes again. */
function takeAsHere(world: SimulatedWorld): Taker {
  return async (invocation) => {
    const said = await createLockFunds(world.portsOf(invocation))(
      {
        cause: CAUSE,
        counterpartyAgentId: WORKER,
        amountUsd: AMOUNT,
        timeoutHours: 720,
        description: 'Bonus for a training job',
        address: 'training-job:compared',
        gate: { mode: 'auto' },
        guard: { alertHours: 2, default: 'release' },
      },
      world.contextOf(invocation),
    );
    if (said.outcome === 'not-sent' || said.outcome === 'pending') throw new Error(said.outcome);
  };
}

/** The ways side by side. */
export function comparisonTable(results: readonly WayResult[]): string {
  const table = new Table({
    head: ['way', 'events', 'effects', 'duplicates', 'per 10,000 events', 'lost', 'parked'],
    style: { head: [], border: [] },
  });
  for (const { way, events, effects, duplicates, lost, parked } of results) {
    table.push([way, events, effects, duplicates, Math.round((duplicates * 10_000) / events), lost, parked]);
  }
  return table.toString();
}
