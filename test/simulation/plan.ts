import type { EffectKind } from '../../src/ledger/effect-key.ts';
import type { StopMode } from '../../src/ledger/stop.ts';
import { PROFILES, type Profile } from '../../src/purple-flea/service.ts';
import { createDice } from '../../twin/faults/dice.ts';
import { EFFECT_OPERATIONS, faultsOf, type HttpFault } from './faults.ts';
import type { Operation } from './service/operations.ts';

const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

/** What happens at one awaited call of a port. */
export type GateEvent =
  /** The invocation never goes on. */
  | 'crash'
  /** It goes on late; beyond its function's deadline it never does. */
  | 'stall'
  /** It never goes on, but the write that it was about to make arrives later. */
  | 'late-write'
  /** The acknowledgement of a write is lost, and the client of the database writes again. */
  | 'repeat'
  /** The call fails, before it took effect or after. */
  | 'fail';

/** One thing that goes wrong, or comes when nobody needs it. A schedule is shrunk by leaving some out. */
export type Disturbance =
  | {
      readonly kind: 'http';
      readonly operation: Operation;
      /** Which request of this operation. */
      readonly nth: number;
      readonly fault: HttpFault;
      /** How late it is applied, or how old what is read. */
      readonly milliseconds: number;
    }
  | {
      readonly kind: 'gate';
      readonly invocation: number;
      readonly gate: number;
      readonly event: GateEvent;
      readonly milliseconds: number;
    }
  /** The cause is delivered once more. */
  | { readonly kind: 'delivery'; readonly cause: number; readonly at: number }
  /** For a while no read is answered, or all are old, or every list is cut short. */
  | {
      readonly kind: 'reads';
      readonly at: number;
      readonly milliseconds: number;
      readonly fault: 'no-answer' | 'stale' | 'short';
      /** How old what is read is. */
      readonly age: number;
    }
  | { readonly kind: 'stop'; readonly at: number; readonly milliseconds: number; readonly mode: StopMode }
  /** The timers of the escrows at the service fire. */
  | { readonly kind: 'expiry'; readonly at: number }
  /** The counterparty acts by itself. */
  | { readonly kind: 'counterparty'; readonly at: number; readonly action: 'complete' | 'dispute' }
  /** The clocks of the functions are off by so much. */
  | { readonly kind: 'skew'; readonly milliseconds: number }
  | { readonly kind: 'second-sweeper' }
  /** The budget is enough for all but the last cause. */
  | { readonly kind: 'tight-budget' }
  /** What did not take place is not sent again. */
  | { readonly kind: 'no-resend' }
  /** The treasury's key is replaced: the old one is refused, and functions remember it for some minutes. */
  | { readonly kind: 'rotation'; readonly at: number }
  /** The event of a training job never comes. */
  | { readonly kind: 'lost-event'; readonly cause: number }
  /** The event of a training job comes while SageMaker still describes the job as running. */
  | { readonly kind: 'early-event'; readonly cause: number; readonly milliseconds: number }
  /** A message among the events that nobody can handle. */
  | { readonly kind: 'poison'; readonly at: number; readonly form: PoisonForm }
  /** Somebody says once more that what a bonus waits for is there. */
  | { readonly kind: 'signal'; readonly cause: number; readonly at: number };

/** What is wrong with a message. */
export const POISON_FORMS = ['no-json', 'no-name', 'other-event', 'unknown-job'] as const;
export type PoisonForm = (typeof POISON_FORMS)[number];

/** What is to be done about an escrow once it is locked. */
export type Settlement = 'release' | 'dispute' | 'both' | 'none';

/** The business of a schedule. */
export type Scenario =
  | {
      readonly flow: 'lifecycle';
      readonly causes: number;
      readonly settlement: Settlement;
      readonly completes: boolean;
    }
  /** From the events of training jobs on; `deliveredAt` says when somebody says that what each waits for is there. */
  | { readonly flow: 'bonus'; readonly causes: number; readonly deliveredAt: readonly (number | null)[] }
  /** `merges` where there is a position before, on the same side of the market, that fills are merged into. */
  | { readonly flow: 'order'; readonly causes: number; readonly sharesMarket: boolean; readonly merges: boolean }
  | { readonly flow: 'transfer'; readonly causes: number }
  | { readonly flow: 'claim'; readonly causes: 1 };

/** All that happens, but for who goes first: that is the seed's. */
export interface Schedule {
  readonly seed: number;
  readonly profile: Profile;
  readonly scenario: Scenario;
  readonly disturbances: readonly Disturbance[];
  /** Minutes between two runs of the sweeper. */
  readonly sweepMinutes: number;
}

/** Where orders go; causes that share a market have the first. */
export const MARKETS = ['BTC-USDC', 'ETH-USDC'] as const;

/** The effects that a flow consists of. */
export const KINDS_OF_FLOW: Readonly<Record<Scenario['flow'], readonly EffectKind[]>> = {
  lifecycle: ['escrow-create', 'escrow-complete', 'escrow-release', 'escrow-dispute'],
  bonus: ['escrow-create', 'escrow-complete', 'escrow-release'],
  order: ['trade-order'],
  transfer: ['transfer'],
  claim: ['faucet-claim'],
};

const OPERATIONS_OF_FLOW: Readonly<Record<Scenario['flow'], readonly Operation[]>> = {
  lifecycle: ['create', 'complete', 'release', 'dispute', 'status', 'list', 'ledger'],
  bonus: ['create', 'complete', 'release', 'status', 'list', 'ledger'],
  order: ['order', 'positions', 'history', 'balance'],
  transfer: ['transfer'],
  claim: ['claim', 'faucet-status'],
};

/** A choice that is the same for the same seed. */
export interface Chance {
  readonly roll: () => number;
  below(bound: number): number;
  pick<Item>(items: readonly Item[]): Item;
  maybe(probability: number): boolean;
}

export function createChance(seed: number): Chance {
  const roll = createDice(seed);
  const below = (bound: number): number => Math.floor(roll() * bound);
  return {
    roll,
    below,
    pick<Item>(items: readonly Item[]): Item {
      const item = items[below(items.length)];
      if (item === undefined) throw new Error('nothing to pick from');
      return item;
    },
    maybe: (probability) => roll() < probability,
  };
}

/** Draws the schedule of a seed. */
export function drawSchedule(seed: number, profile?: Profile): Schedule {
  const chance = createChance(seed);
  const drawn = chance.pick(PROFILES);
  const scenario = drawScenario(chance);
  const disturbances: Disturbance[] = [];
  const count = 1 + chance.below(5);
  for (let index = 0; index < count; index += 1) disturbances.push(drawDisturbance(chance, scenario));
  if (chance.maybe(0.04)) disturbances.push(...drawLateAndUnseen(chance, scenario));
  return { seed, profile: profile ?? drawn, scenario, disturbances, sweepMinutes: chance.pick([1, 2, 3, 5]) };
}

function drawScenario(chance: Chance): Scenario {
  const dice = chance.below(20);
  if (dice < 2) {
    const causes = chance.maybe(0.6) ? 2 : 1;
    return { flow: 'bonus', causes, deliveredAt: Array.from({ length: causes }, () => drawDelivery(chance)) };
  }
  if (dice < 12) {
    return {
      flow: 'lifecycle',
      causes: chance.maybe(0.25) ? 2 : 1,
      settlement: chance.pick(['release', 'release', 'dispute', 'both', 'none']),
      completes: chance.maybe(0.6),
    };
  }
  if (dice < 16) {
    const causes = chance.maybe(0.3) ? 2 : 1;
    return { flow: 'order', causes, sharesMarket: chance.maybe(0.5), merges: chance.maybe(0.3) };
  }
  if (dice < 18) return { flow: 'transfer', causes: chance.maybe(0.3) ? 2 : 1 };
  return { flow: 'claim', causes: 1 };
}

/** Before anybody waits for it, soon, when the escrow's deadline is near or past, or never. */
function drawDelivery(chance: Chance): number | null {
  return chance.pick([
    chance.below(SECOND),
    chance.below(30 * MINUTE),
    chance.below(12 * HOUR),
    20 * HOUR - 5 * MINUTE + chance.below(15 * MINUTE),
    null,
  ]);
}

/** The hardest there is to see: a request that takes effect as late as it may, while all that is read is old. */
function drawLateAndUnseen(chance: Chance, scenario: Scenario): Disturbance[] {
  const operation = OPERATIONS_OF_FLOW[scenario.flow][0] ?? 'create';
  const age = 2 * MINUTE + chance.below(2 * MINUTE);
  return [
    { kind: 'http', operation, nth: 0, fault: 'applied-late', milliseconds: LATEST - chance.below(MINUTE) },
    { kind: 'reads', at: 0, milliseconds: HOUR, fault: 'stale', age },
  ];
}

/** Which of the first few: mostly the very first. */
function drawNth(chance: Chance): number {
  return chance.maybe(0.6) ? 0 : chance.below(5);
}

function drawDisturbance(chance: Chance, scenario: Scenario): Disturbance {
  if (scenario.flow === 'bonus' && chance.maybe(0.35)) return drawIntake(chance, scenario.causes);
  const dice = chance.below(102);
  if (dice >= 100) return { kind: 'rotation', at: drawLater(chance) };
  if (dice < 45) return drawHttp(chance, chance.pick(OPERATIONS_OF_FLOW[scenario.flow]));
  if (dice < 65) return drawGate(chance);
  if (dice < 80) return { kind: 'delivery', cause: chance.below(scenario.causes), at: drawLater(chance) };
  if (dice < 84) return drawBadReads(chance);
  if (dice < 87) {
    const mode = chance.pick(['reducing', 'halted'] as const);
    return { kind: 'stop', at: chance.below(10 * SECOND), milliseconds: chance.below(HOUR), mode };
  }
  if (dice < 90) return { kind: 'skew', milliseconds: chance.below(598 * SECOND) - 299 * SECOND };
  if (dice < 92) return { kind: 'second-sweeper' };
  if (dice < 94) return { kind: 'tight-budget' };
  if (dice < 95) return { kind: 'no-resend' };
  if (dice < 98) return { kind: 'counterparty', at: drawLater(chance), action: chance.pick(['complete', 'dispute']) };
  return { kind: 'expiry', at: drawLater(chance) };
}

/** What goes wrong between SageMaker and an execution, and with the mail that it waits for. */
function drawIntake(chance: Chance, causes: number): Disturbance {
  const cause = chance.below(causes);
  switch (chance.below(5)) {
    case 0:
      return { kind: 'lost-event', cause };
    case 1:
      return { kind: 'poison', at: chance.pick([0, drawLater(chance)]), form: chance.pick(POISON_FORMS) };
    case 2:
      return { kind: 'signal', cause, at: drawLater(chance) };
    case 3:
      return { kind: 'early-event', cause, milliseconds: chance.pick([chance.below(30), chance.below(10 * MINUTE)]) };
    default:
      return { kind: 'delivery', cause, at: drawLater(chance) };
  }
}

function drawBadReads(chance: Chance): Disturbance {
  const fault = chance.pick(['no-answer', 'stale', 'short'] as const);
  const milliseconds = fault === 'no-answer' && chance.maybe(0.1) ? 25 * HOUR : chance.below(HOUR);
  return { kind: 'reads', at: chance.below(2 * MINUTE), milliseconds, fault, age: chance.below(4 * MINUTE) };
}

/** At once, within seconds, within the hour, or a day later. */
function drawLater(chance: Chance): number {
  return chance.pick([
    chance.below(30),
    chance.below(SECOND),
    chance.below(30 * SECOND),
    chance.below(10 * MINUTE),
    chance.below(80 * MINUTE),
    24 * HOUR + chance.below(MINUTE),
  ]);
}

function drawHttp(chance: Chance, operation: Operation): Disturbance {
  const fault = chance.pick(faultsOf(operation));
  return { kind: 'http', operation, nth: drawNth(chance), fault, milliseconds: drawLateness(chance, operation, fault) };
}

/** Within the quarantine, whatever the functions took before. */
const LATEST = 13 * MINUTE;

/** A request is late by less than the quarantine; a read is stale by less than what lies between two looks. */
export function drawLateness(chance: Chance, operation: Operation, fault: HttpFault): number {
  if (fault === 'applied-late')
    return chance.pick([10 * SECOND + chance.below(12 * MINUTE), LATEST - chance.below(MINUTE)]);
  if (fault === 'applied-slow') return 5 * SECOND;
  return EFFECT_OPERATIONS.has(operation) ? 0 : chance.below(4 * MINUTE);
}

function drawGate(chance: Chance): Disturbance {
  const event = chance.pick(['crash', 'crash', 'stall', 'late-write', 'repeat', 'fail'] as const);
  const milliseconds = chance.pick([chance.below(5 * SECOND), chance.below(55 * SECOND), chance.below(40 * MINUTE)]);
  return { kind: 'gate', invocation: drawNth(chance), gate: chance.below(16), event, milliseconds };
}
