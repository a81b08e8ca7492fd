import type { EffectKind } from '../../src/ledger/effect-key.ts';
import type { Intent } from '../../src/ledger/intent.ts';
import { formatUsd, parseUsd } from '../../src/money.ts';
import { findFaultsOf, type Bonuses } from './bonuses.ts';
import { isEarlier } from './earlier.ts';
import { findForeignEffects, findMisdirected, findOverspending } from './oracle.ts';
import { playSchedule, type RunOptions } from './run.ts';
import { HOUR, type Schedule } from './plan.ts';
import { KEYS, NEXT_KEY } from './service/parties.ts';
import type { Operation } from './service/operations.ts';
import type { ServiceEffect } from './service/books.ts';
import type { SimulatedWorld } from './world.ts';

/** A promise that was broken. `rule` is short and the same for all cases of its kind. */
export interface Violation {
  readonly rule:
    | 'duplicate'
    | 'posted-twice'
    | 'ledger-disagrees'
    | 'undefined-end'
    | 'release-and-dispute'
    | 'budget'
    | 'money'
    | 'stop'
    | 'expiry'
    | 'owner'
    | 'payee'
    | 'exposure'
    | 'unlooked'
    | 'lease'
    | 'defect'
    | 'parked'
    | 'message'
    | 'bonus'
    | 'secret';
  readonly detail: string;
}

/** What became of one schedule. */
export interface Verdict {
  readonly schedule: Schedule;
  readonly violations: readonly Violation[];
  /** Effects that took place at the service. */
  readonly effects: number;
  /** Effects beyond the first of their cause. */
  readonly duplicates: number;
  /** By final state of the intents; `lapsed` are those that were never sent, and nobody asks for any more. */
  readonly ends: Readonly<Record<End, number>>;
  readonly wronglyParked: number;
  readonly undefinedEnds: number;
  readonly events: number;
  readonly trace: readonly string[];
}

export const ENDS = ['applied', 'rejected', 'manual', 'lapsed'] as const;
export type End = (typeof ENDS)[number];

/** Orders on paper are no call of anything. */
const OPERATION_OF_KIND: Partial<Readonly<Record<EffectKind, Operation>>> = {
  'escrow-create': 'create',
  'escrow-complete': 'complete',
  'escrow-release': 'release',
  'escrow-dispute': 'dispute',
  'trade-order': 'order',
  transfer: 'transfer',
  'faucet-claim': 'claim',
};

/** Plays a schedule and says what of it was not as promised. */
export async function judge(schedule: Schedule, options: RunOptions = {}): Promise<Verdict> {
  const { world, bonuses } = await playSchedule(schedule, options);
  const intents = [...world.ledger.items.values()].filter((intent) => !isEarlier(intent));
  const duplicates = findDuplicates(world);
  const open = intents.filter(({ state }) => state === 'claimed' || state === 'sending' || state === 'unknown');
  const violations: Violation[] = [
    ...duplicates.map((detail): Violation => ({ rule: 'duplicate', detail })),
    ...findRepeatedPosts(world),
    ...intents.flatMap((intent) => compareWithService(world, intent)),
    ...open.map(({ kind, state }): Violation => ({ rule: 'undefined-end', detail: `${kind} is still ${state}` })),
    ...findBothSettlements(world),
    ...findParkedCreations(world, intents),
    ...checkReservations(world, intents),
    ...findOverspent(world),
    ...findExposures(world),
    ...findMisdirected(
      world.service.effects,
      world.oracle,
      (key) => world.ledger.items.get(key)?.state === 'applied',
    ).map((detail): Violation => ({ rule: 'payee', detail })),
    ...findForeignEffects(world.service.effects, world.oracle).map((detail): Violation => ({ rule: 'owner', detail })),
    ...world.oracle.freedEarly.map((detail): Violation => ({ rule: 'lease', detail })),
    ...world.alarms,
    ...(bonuses === undefined ? [] : findFaults(world, bonuses)),
    ...findSecrets(world, intents),
  ];
  const count = (wanted: Intent['state']) => intents.filter(({ state }) => state === wanted).length;
  return {
    schedule,
    violations,
    effects: world.service.effects.length,
    duplicates: duplicates.length,
    ends: {
      applied: count('applied'),
      rejected: count('rejected'),
      manual: count('manual'),
      lapsed: count('prepared'),
    },
    wronglyParked: intents.filter((intent) => isWronglyParked(world, intent)).length,
    undefinedEnds: open.length,
    events: schedule.scenario.causes + schedule.disturbances.filter(({ kind }) => kind === 'delivery').length,
    trace: world.trace,
  };
}

/** What went out before a ledger was lost, the next one does not count. */
function findOverspent({ schedule, service, budgets }: SimulatedWorld): Violation[] {
  if (isLost(schedule)) return [];
  return findOverspending(service.effects, budgets).map((detail): Violation => ({ rule: 'budget', detail }));
}

function isLost({ disturbances }: Schedule): boolean {
  return disturbances.some(({ kind }) => kind === 'ledger');
}

/** Where others settled the escrow, its end says nothing of the mail. */
function findFaults(world: SimulatedWorld, bonuses: Bonuses): Violation[] {
  const isUndisturbed = !world.schedule.disturbances.some(
    (one) =>
      one.kind === 'expiry' ||
      one.kind === 'counterparty' ||
      one.kind === 'ledger' ||
      (one.kind === 'agent' && one.old === 'gone') ||
      ((one.kind === 'reads' || one.kind === 'stop') && lastsOverDeadline(one)),
  );
  return findFaultsOf(bonuses, world.ledger.items, isUndisturbed).map((detail) => ({ rule: 'bonus', detail }));
}

/** Where nothing can be read or sent until the escrow has run out, nobody can release it in time. */
function lastsOverDeadline({ milliseconds }: { readonly milliseconds: number }): boolean {
  return milliseconds > 20 * HOUR;
}

/** One line for every effect beyond the first of its cause. */
function findDuplicates({ service, schedule }: SimulatedWorld): string[] {
  const counts = new Map<string, number>();
  for (const { operation, subject, key } of service.effects) {
    // Nobody but the counterparty itself acts without a key.
    if (key === undefined) continue;
    const name = `${operation} ${subject}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const { scenario } = schedule;
  const allowed = scenario.flow === 'order' && scenario.sharesMarket ? scenario.causes : 1;
  return [...counts].flatMap(([name, count]) =>
    Array.from({ length: Math.max(0, count - allowed) }, () => `${name} took place ${count} times`),
  );
}

/** Without resending there is at most one request for a key that may have acted. */
function findRepeatedPosts({ posts, policy }: SimulatedWorld): Violation[] {
  if (policy.resend) return [];
  const counts = new Map<string, number>();
  for (const { key = '', mayHaveActed } of posts) if (mayHaveActed) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts]
    .filter(([, count]) => count > 1)
    .map(([key, count]) => ({ rule: 'posted-twice', detail: `${count} requests for ${key}` }));
}

function effectsOf({ service }: SimulatedWorld, intent: Intent): readonly ServiceEffect[] {
  const operation = OPERATION_OF_KIND[intent.kind];
  return service.effects.filter((effect) => effect.key === intent.key && effect.operation === operation);
}

/** What the ledger says in the end has to be so at the service. */
function compareWithService(world: SimulatedWorld, intent: Intent): Violation[] {
  const count = effectsOf(world, intent).length;
  const escrow = intent.escrowId === undefined ? undefined : world.service.escrows.get(intent.escrowId);
  const disagree = (detail: string): Violation[] => [
    { rule: 'ledger-disagrees', detail: `${intent.kind} ${intent.state} (${intent.reason ?? '-'}): ${detail}` },
  ];
  switch (intent.state) {
    case 'applied': {
      if (count === 1) return [];
      // Of what others may do too, it counts that it is done.
      if (intent.kind === 'escrow-complete' && escrow?.status !== 'locked') return [];
      if (intent.kind === 'escrow-dispute' && escrow?.disputedAt !== null) return [];
      return disagree(`${count} effects`);
    }
    case 'rejected':
    case 'skipped':
    case 'prepared': {
      if (count === 0 || isUntouchedSince(world, intent)) return [];
      // A completion of what is settled or frozen is of no use, whether it took place or not.
      const isMoot = intent.kind === 'escrow-complete' && escrow?.status !== 'locked';
      return isMoot ? [] : disagree(`${count} effects`);
    }
    default:
      return [];
  }
}

/** What a new ledger skipped, or nobody came back for since it was restored, or waits for the lock of another doubt. */
function isUntouchedSince({ schedule, table }: SimulatedWorld, { state, fence, history }: Intent): boolean {
  if (!isLost(schedule)) return false;
  const isRestored = (history.at(-1)?.at ?? '') < table.createdAt().toISOString();
  return state === 'skipped' || (state === 'prepared' && (isRestored || fence === 0));
}

function findBothSettlements({ service }: SimulatedWorld): Violation[] {
  const settled = (wanted: Operation) =>
    new Set(
      service.effects.filter((one) => one.operation === wanted && one.key !== undefined).map((one) => one.subject),
    );
  const released = settled('release');
  return [...settled('dispute')]
    .filter((escrowId) => released.has(escrowId))
    .map((escrowId) => ({ rule: 'release-and-dispute', detail: escrowId }));
}

/**
 * What the ledger counts against a budget is what went out of it, or may have. It may count more where the version before took
 * over what this one had claimed: it knows of no part to be given back.
 */
function checkReservations({ ledger, schedule }: SimulatedWorld, intents: readonly Intent[]): Violation[] {
  const spent = new Map<string, bigint>();
  for (const { state, reserved = [] } of intents) {
    if (state === 'rejected' || state === 'skipped' || state === 'prepared') continue;
    for (const { budget, amountUsd } of reserved) spent.set(budget, (spent.get(budget) ?? 0n) + parseUsd(amountUsd));
  }
  const mayBeMore = schedule.disturbances.some(({ kind }) => kind === 'version-before');
  return [...ledger.budgets]
    .filter(
      ([budget, taken]) => taken < (spent.get(budget) ?? 0n) || (!mayBeMore && taken !== (spent.get(budget) ?? 0n)),
    )
    .map(([budget, taken]) => ({
      rule: 'budget',
      detail: `${budget}: ${taken} taken, ${spent.get(budget) ?? 0n} spent`,
    }));
}

/** One schedule in so many is searched for keys, and each that is traced: writing all of it down takes long. */
const SEARCHED = 32;

function findSecrets(world: SimulatedWorld, intents: readonly Intent[]): Violation[] {
  if (world.schedule.seed % SEARCHED !== 0 && world.trace.length === 0) return [];
  const { published, logged, trace } = world;
  const text = JSON.stringify([published, logged, trace, intents], (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
  return [...Object.values(KEYS), NEXT_KEY]
    .filter((key) => text.includes(key))
    .map(() => ({ rule: 'secret', detail: 'a key is in what is written down' }));
}

function findExposures({ service, maxExposure }: SimulatedWorld): Violation[] {
  return [...service.exposures()]
    .filter(([, open]) => open > maxExposure)
    .map(([name, open]) => ({
      rule: 'exposure',
      detail: `${formatUsd(open)} of ${name}, of ${formatUsd(maxExposure)}`,
    }));
}

/** A creation can always be known in the end, unless a wrong id was recorded of what it is told apart by. */
function findParkedCreations(world: SimulatedWorld, intents: readonly Intent[]): Violation[] {
  if (world.schedule.disturbances.some((one) => one.kind === 'http' && one.fault === 'wrong-id')) return [];
  return intents
    .filter((intent) => intent.kind === 'escrow-create' && isWronglyParked(world, intent))
    .map(({ reason }) => ({ rule: 'parked', detail: `escrow-create for nothing: ${reason ?? '-'}` }));
}

/** Nothing that the agent was known to have created told a complete read from one that lags. */
function isUnwitnessed({ schedule }: SimulatedWorld, { reason = '' }: Intent): boolean {
  const mayBe = schedule.disturbances.some(
    (one) => one.kind === 'agent' || one.kind === 'ledger' || (one.kind === 'earlier-create' && one.of === 'others'),
  );
  return mayBe && reason.startsWith('no escrow of ');
}

/** Parked although a complete read shows clearly what became of it, and the kind allows to know. */
function isWronglyParked(world: SimulatedWorld, intent: Intent): boolean {
  if (intent.state !== 'manual') return false;
  const { schedule, service } = world;
  const wasUnreadable = schedule.disturbances.some((one) => one.kind === 'reads' && lastsOverDeadline(one));
  const isKeyGone = schedule.disturbances.some((one) => one.kind === 'agent' && one.old === 'gone');
  if (wasUnreadable || isKeyGone) return false;
  const escrow = intent.escrowId === undefined ? undefined : service.escrows.get(intent.escrowId);
  switch (intent.kind) {
    case 'escrow-create':
      if (isUnwitnessed(world, intent)) return false;
      return effectsOf(world, intent).every(({ payee }) => payee === intent.payee);
    case 'escrow-complete':
      return true;
    case 'escrow-release':
      return escrow?.status === 'released';
    case 'escrow-dispute':
      return escrow?.status === 'disputed' && effectsOf(world, intent).length > 0;
    case 'trade-order':
      return (
        effectsOf(world, intent).length === 1 && service.effects.filter(({ key }) => key !== undefined).length === 1
      );
    case 'faucet-claim':
      return schedule.profile === 'reference';
    case 'transfer':
    case 'paper-order':
      return false;
  }
}
