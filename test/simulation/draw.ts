import type { StopState } from './stop-timeline.ts';
import { PROFILES, type Profile } from '../../src/purple-flea/service.ts';
import { EFFECT_OPERATIONS, faultsOf, type HttpFault } from './faults.ts';
import {
  createChance,
  HOUR,
  MINUTE,
  OPERATIONS_OF_FLOW,
  POISON_FORMS,
  SECRET_FORMS,
  type Chance,
  type Disturbance,
  type Scenario,
  type Schedule,
} from './plan.ts';
import type { Operation } from './service/operations.ts';

const SECOND = 1000;

/** Together they find what each alone rarely does: the share of schedules that each is added to. */
const TOGETHER: readonly (readonly [share: number, draw: (chance: Chance, scenario: Scenario) => Disturbance[]])[] = [
  [0.04, drawLateAndUnseen],
  [0.02, drawClaimedTomorrow],
  [0.01, drawExpired],
  [0.02, drawLagging],
  [0.03, drawAlike],
  [0.03, drawAtOnce],
  [0.02, drawReplaced],
  [0.03, drawLostLedger],
  [0.03, drawVersions],
];

/** Draws the schedule of a seed. A ledger that is lost while the agent changes does not know whom to look for. */
export function drawSchedule(seed: number, profile?: Profile): Schedule {
  const chance = createChance(seed);
  const drawn = chance.pick(PROFILES);
  const scenario = drawScenario(chance);
  const disturbances: Disturbance[] = [];
  const count = 1 + chance.below(5);
  for (let index = 0; index < count; index += 1) disturbances.push(drawDisturbance(chance, scenario));
  for (const [share, draw] of TOGETHER) if (chance.maybe(share)) disturbances.push(...draw(chance, scenario));
  const isLost = disturbances.some(({ kind }) => kind === 'ledger');
  const known = isLost ? disturbances.filter(({ kind }) => kind !== 'agent') : disturbances;
  return {
    seed,
    profile: profile ?? drawn,
    scenario,
    disturbances: known,
    sweepMinutes: chance.pick([1, 2, 3, 5]),
  };
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

/** The first effect is written down on one day and claimed on the next, whose budget has room for no other. */
function drawClaimedTomorrow(chance: Chance, scenario: Scenario): Disturbance[] {
  const operation = OPERATIONS_OF_FLOW[scenario.flow][0] ?? 'create';
  const at = SECOND + chance.below(30 * SECOND);
  return [
    { kind: 'midnight', at },
    { kind: 'tight-budget', per: chance.pick(['day', 'payee']) },
    chance.maybe(0.5)
      ? { kind: 'http', operation, nth: 0, fault: 'rate-limited', milliseconds: 0 }
      : { kind: 'stop', at: 0, milliseconds: at + chance.below(MINUTE), mode: chance.pick(['halted', 'unreadable']) },
  ];
}

/** For hours the lists stay as they were long before: they show neither the first effect nor the one that is known before it. */
function drawLagging(chance: Chance, { flow }: Scenario): Disturbance[] {
  const operation = OPERATIONS_OF_FLOW[flow][0] ?? 'create';
  const fault = chance.pick(['applied-answer-lost', 'applied-reset', 'error-502-applied', 'not-applied-lost'] as const);
  return [
    drawEarlier(chance, 'ours'),
    { kind: 'crowd', at: chance.below(MINUTE) },
    { kind: 'http', operation, nth: drawNth(chance), fault, milliseconds: 0 },
    { kind: 'reads', at: 0, milliseconds: 2 * HOUR + chance.below(3 * HOUR), fault: 'frozen', age: 2 * HOUR },
  ];
}

/** Less than two hours ago, so that what is two hours old does not show it. */
function drawEarlier(chance: Chance, of: 'ours' | 'others'): Disturbance {
  return { kind: 'earlier-create', ago: MINUTE + chance.below(100 * MINUTE), of, isOld: chance.maybe(0.5) };
}

/** Of two orders of one market the second is lost; what it was to be told apart by was read before the first one showed. */
function drawAlike(chance: Chance, { flow, causes }: Scenario): Disturbance[] {
  if (flow !== 'order' || causes < 2) return [];
  return [
    { kind: 'reads', at: 0, milliseconds: 5 * MINUTE + chance.below(HOUR), fault: 'stale', age: 4 * MINUTE },
    { kind: 'http', operation: 'order', nth: 1, fault: 'not-applied-lost', milliseconds: 0 },
    { kind: 'crowd', at: SECOND + chance.below(MINUTE) },
  ];
}

/** Two orders at once in a market that has room for one: the other one takes long between its look and its claim. */
function drawAtOnce(chance: Chance, { flow, causes }: Scenario): Disturbance[] {
  if (flow !== 'order' || causes < 2) return [];
  return [
    { kind: 'tight-budget', per: 'market' },
    { kind: 'delivery', cause: 1, at: chance.below(100) },
    { kind: 'gate', invocation: 1, gate: 4 + chance.below(8), event: 'stall', milliseconds: chance.below(5 * SECOND) },
  ];
}

/** Orders by both versions at once, before a deployment, or after a rollback; one of their functions crashes. */
function drawVersions(chance: Chance, { flow, causes }: Scenario): Disturbance[] {
  if (flow !== 'order') return [];
  const [from, until] = chance.pick([
    [0, 3 * HOUR],
    [0, chance.below(5 * MINUTE)],
    [chance.below(MINUTE), 48 * HOUR],
  ] as const);
  return [
    { kind: 'version-before', from, until, isMixed: chance.maybe(0.5) },
    { kind: 'delivery', cause: chance.below(causes), at: drawLater(chance) },
    { kind: 'gate', invocation: drawNth(chance), gate: chance.below(12), event: 'crash', milliseconds: 0 },
  ];
}

function partsOf(flow: Scenario['flow']): readonly ('day' | 'payee' | 'market')[] {
  return flow === 'order' ? ['day', 'payee', 'market'] : ['day', 'payee'];
}

/** Nothing may be sent until it has expired; then it is delivered again. */
function drawExpired(chance: Chance, { flow, causes }: Scenario): Disturbance[] {
  const lifetime = flow === 'order' ? 10 * MINUTE : 7 * 24 * HOUR;
  const at = lifetime + chance.below(10 * MINUTE);
  const mode = chance.pick(['halted', 'unreadable'] as const);
  return [
    { kind: 'stop', at: 0, milliseconds: at, mode },
    { kind: 'delivery', cause: chance.below(causes), at: at + MINUTE + chance.below(MINUTE) },
  ];
}

/** Which of the first few: mostly the very first. */
function drawNth(chance: Chance): number {
  return chance.maybe(0.6) ? 0 : chance.below(5);
}

type Draw = (chance: Chance, scenario: Scenario) => Disturbance;

/** How often each is drawn, of the sum of all weights. */
const DRAWS: readonly (readonly [weight: number, draw: Draw])[] = [
  [45, (chance, { flow }) => drawHttp(chance, chance.pick(OPERATIONS_OF_FLOW[flow]))],
  [20, drawGate],
  [15, (chance, { causes }) => ({ kind: 'delivery', cause: chance.below(causes), at: drawLater(chance) })],
  [4, drawBadReads],
  [4, drawStop],
  [3, drawSkew],
  [2, () => ({ kind: 'second-sweeper' })],
  [2, (chance, { flow }) => ({ kind: 'tight-budget', per: chance.pick(partsOf(flow)) })],
  [1, () => ({ kind: 'no-resend' })],
  [3, (chance) => ({ kind: 'counterparty', at: drawLater(chance), action: chance.pick(['complete', 'dispute']) })],
  [2, (chance) => ({ kind: 'expiry', at: drawLater(chance) })],
  [2, (chance) => ({ kind: 'rotation', at: drawLater(chance) })],
  [2, drawAgent],
  [2, drawSecret],
  [1, (chance) => ({ kind: 'redeploy', at: drawLater(chance) })],
  [1, (chance) => ({ kind: 'crowd', at: drawLater(chance) })],
  [2, (chance) => drawEarlier(chance, chance.pick(['ours', 'others']))],
  [2, (chance) => ({ kind: 'midnight', at: chance.pick([chance.below(200), chance.below(10 * MINUTE)]) })],
];
const WEIGHTS = DRAWS.reduce((sum, [weight]) => sum + weight, 0);

function drawDisturbance(chance: Chance, scenario: Scenario): Disturbance {
  if (scenario.flow === 'bonus' && chance.maybe(0.35)) return drawIntake(chance, scenario.causes);
  let dice = chance.below(WEIGHTS);
  for (const [weight, draw] of DRAWS) {
    if (dice < weight) return draw(chance, scenario);
    dice -= weight;
  }
  throw new Error('the weights do not add up');
}

/** The secret first, or the configuration, or both at once. */
function drawAgent(chance: Chance): Disturbance {
  const at = chance.pick([chance.below(SECOND), drawLater(chance)]);
  const later = at + chance.below(10 * MINUTE);
  const [inSecret, deployedAt] = chance.pick([[at, at] as const, [at, later] as const, [later, at] as const]);
  return { kind: 'agent', at: inSecret, deployedAt, old: chance.pick(['kept', 'gone']) };
}

function drawSecret(chance: Chance): Disturbance {
  const milliseconds = chance.pick([chance.below(10 * MINUTE), chance.below(HOUR)]);
  return { kind: 'secret', at: chance.below(10 * SECOND), milliseconds, form: chance.pick(SECRET_FORMS) };
}

/** Another agent takes over right after the first effect was refused for now, and the next answer is lost. */
function drawReplaced(chance: Chance, { flow }: Scenario): Disturbance[] {
  const operation = OPERATIONS_OF_FLOW[flow][0] ?? 'create';
  const at = 500 + chance.below(30 * SECOND);
  const fault = chance.pick(['applied-answer-lost', 'error-502-applied', 'not-applied-lost'] as const);
  return [
    { kind: 'agent', at, deployedAt: at, old: chance.pick(['kept', 'gone']) },
    { kind: 'http', operation, nth: 0, fault: 'rate-limited', milliseconds: 0 },
    { kind: 'http', operation, nth: 1, fault, milliseconds: 0 },
  ];
}

/** The ledger is lost right after a second attempt that its backup, made between the two looks before, knows nothing of. */
function drawLostAttempt(chance: Chance): Disturbance[] {
  const late = LATEST - chance.below(MINUTE);
  const at = 21 * MINUTE + chance.below(8 * MINUTE);
  return [
    {
      kind: 'ledger',
      at,
      milliseconds: 70 * SECOND + chance.below(3 * MINUTE),
      backup: 2 * MINUTE + chance.below(8 * MINUTE),
    },
    { kind: 'http', operation: 'create', nth: 0, fault: 'not-applied-lost', milliseconds: 0 },
    { kind: 'http', operation: 'create', nth: 1, fault: 'applied-late', milliseconds: late },
  ];
}

/** The backup is of a time when the first effect waited for the switch; it took place before the ledger was lost. */
function drawLostWait(chance: Chance, causes: number): Disturbance[] {
  const at = 25 * MINUTE + chance.below(5 * MINUTE);
  const milliseconds = 70 * SECOND + chance.below(3 * MINUTE);
  return [
    { kind: 'stop', at: 0, milliseconds: 8 * MINUTE, mode: 'halted' },
    { kind: 'ledger', at, milliseconds, backup: 20 * MINUTE + chance.below(4 * MINUTE) },
    { kind: 'delivery', cause: chance.below(causes), at: at + milliseconds + chance.below(10 * MINUTE) },
  ];
}

/** The ledger is lost around the first effect, whose answer is lost too; later the cause is delivered again. */
function drawLostLedger(chance: Chance, { flow, causes }: Scenario): Disturbance[] {
  if (flow === 'lifecycle' && chance.maybe(0.4)) {
    return chance.maybe(0.5) ? drawLostAttempt(chance) : drawLostWait(chance, causes);
  }
  const operation = chance.pick(OPERATIONS_OF_FLOW[flow].filter((one) => EFFECT_OPERATIONS.has(one)));
  const at = chance.pick([chance.below(SECOND), chance.below(30 * SECOND), chance.below(40 * MINUTE)]);
  const milliseconds = 70 * SECOND + chance.below(10 * MINUTE);
  const backup = chance.pick([null, chance.below(SECOND), chance.below(at + SECOND)]);
  const fault = chance.pick(['applied-answer-lost', 'error-502-applied', 'applied-late', 'not-applied-lost'] as const);
  const lateness = drawLateness(chance, operation, fault);
  return [
    { kind: 'ledger', at, milliseconds, backup },
    { kind: 'http', operation, nth: 0, fault, milliseconds: lateness },
    { kind: 'delivery', cause: chance.below(causes), at: at + milliseconds + chance.below(HOUR) },
    ...(chance.maybe(0.3) ? [drawSkew(chance)] : []),
  ];
}

function drawSkew(chance: Chance): Disturbance {
  return { kind: 'skew', milliseconds: chance.below(598 * SECOND) - 299 * SECOND };
}

function drawStop(chance: Chance): Disturbance {
  const mode = chance.pick(['reducing', 'halted', 'unreadable'] as const satisfies readonly StopState[]);
  return { kind: 'stop', at: chance.below(10 * SECOND), milliseconds: chance.below(HOUR), mode };
}

/** What goes wrong between SageMaker and an execution, and with the mail that it waits for. */
function drawIntake(chance: Chance, causes: number): Disturbance {
  const cause = chance.below(causes);
  switch (chance.below(6)) {
    case 0:
      return { kind: 'lost-event', cause };
    case 1:
      return { kind: 'poison', at: chance.pick([0, drawLater(chance)]), form: chance.pick(POISON_FORMS) };
    case 2:
      return { kind: 'signal', cause, at: drawLater(chance) };
    case 3:
      return { kind: 'older-signal', cause };
    case 4:
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
