import { PROFILES, type Profile } from '../../src/purple-flea/service.ts';
import { faultsOf, type HttpFault } from './faults.ts';
import { HOUR, MINUTE, type Disturbance, type GateEvent, type Scenario, type Schedule } from './plan.ts';
import type { Operation } from './service.ts';

/** One cell: a schedule of which the name says what goes wrong. */
export interface Cell {
  readonly effect: Operation;
  readonly profile: Profile;
  readonly fault: string;
  readonly schedule: Schedule;
}

/** The scenario in which an effect is looked at. */
const SCENARIOS: readonly (readonly [Operation, Scenario])[] = [
  ['create', { flow: 'lifecycle', causes: 1, settlement: 'none', completes: false }],
  ['complete', { flow: 'lifecycle', causes: 1, settlement: 'none', completes: true }],
  ['release', { flow: 'lifecycle', causes: 1, settlement: 'release', completes: false }],
  ['dispute', { flow: 'lifecycle', causes: 1, settlement: 'dispute', completes: false }],
  ['order', { flow: 'order', causes: 1, sharesMarket: false }],
  ['transfer', { flow: 'transfer', causes: 1 }],
  ['claim', { flow: 'claim', causes: 1 }],
];

/** The reads that the effects are looked for with. */
const READS: Readonly<Partial<Record<Operation, readonly Operation[]>>> = {
  create: ['list', 'ledger', 'status'],
  complete: ['status'],
  release: ['status'],
  dispute: ['status'],
  order: ['positions', 'history'],
  claim: ['faucet-status'],
};

/** More awaited calls than any of the functions makes. */
const GATES = 24;
const GATE_EVENTS: readonly GateEvent[] = ['crash', 'stall', 'late-write', 'repeat', 'fail'];

/** Every cell of the fault matrix, for each effect in both dialects, each alone and with a lost answer before it. */
export function* matrix(): Generator<Cell> {
  let seed = 1;
  for (const profile of PROFILES) {
    for (const [effect, scenario] of SCENARIOS) {
      for (const [fault, disturbances] of faultsFor(effect, scenario)) {
        const schedule: Schedule = { seed: seed++, profile, scenario, disturbances, sweepMinutes: 1 };
        yield { effect, profile, fault, schedule };
      }
    }
  }
}

type Named = readonly [name: string, disturbances: readonly Disturbance[]];

function* faultsFor(effect: Operation, scenario: Scenario): Generator<Named> {
  yield ['nothing', []];
  yield* httpFaults(effect);
  yield* readFaults(effect);
  yield* crashes(scenario);
  yield* deliveries(effect);
  yield* races(effect);
}

function http(operation: Operation, fault: HttpFault, milliseconds = 0): Disturbance {
  return { kind: 'http', operation, nth: 0, fault, milliseconds };
}

/** Each fault of the request, with and without a second delivery at once and a day later. */
function* httpFaults(effect: Operation): Generator<Named> {
  const again: readonly Disturbance[] = [
    { kind: 'delivery', cause: 0, at: 500 },
    { kind: 'delivery', cause: 0, at: 24 * HOUR },
  ];
  for (const fault of faultsOf(effect)) {
    for (const late of fault === 'applied-late' ? [15_000, 5 * MINUTE, 13 * MINUTE] : [0]) {
      yield [fault, [http(effect, fault, late)]];
      yield [`${fault}, delivered again`, [http(effect, fault, late), ...again]];
      yield [`${fault}, twice`, [http(effect, fault, late), { ...http(effect, fault, late), nth: 1 } as Disturbance]];
    }
  }
}

/** Each fault of the reads, after an answer that was lost with the effect and without. */
function* readFaults(effect: Operation): Generator<Named> {
  for (const before of ['applied-answer-lost', 'not-applied-lost'] as const) {
    for (const read of READS[effect] ?? []) {
      for (const fault of faultsOf(read)) {
        for (const nth of [0, 1, 2, 15, 16, 21]) {
          const disturbance: Disturbance = { kind: 'http', operation: read, nth, fault, milliseconds: 2 * MINUTE };
          yield [`${before}, then ${read} ${fault}`, [http(effect, before), disturbance]];
        }
      }
    }
    for (const fault of ['lost', 'stale', 'short'] as const) {
      for (const milliseconds of [10 * MINUTE, HOUR, 26 * HOUR]) {
        const reads: Disturbance = { kind: 'reads', at: 30_000, milliseconds, fault, age: 4 * MINUTE };
        yield [`${before}, all reads ${fault}`, [http(effect, before), reads]];
      }
    }
  }
}

/** What can happen at each awaited call of the first functions, in each of the ways. */
function* crashes(scenario: Scenario): Generator<Named> {
  const functions = scenario.flow === 'lifecycle' ? 3 : 1;
  for (let invocation = 0; invocation < functions; invocation += 1) {
    for (let gate = 0; gate < GATES; gate += 1) {
      for (const event of GATE_EVENTS) {
        const disturbance: Disturbance = { kind: 'gate', invocation, gate, event, milliseconds: 20 * MINUTE };
        yield [`${event} at a step`, [disturbance]];
        if (event === 'crash' || event === 'late-write') {
          yield [`${event} at a step, delivered again`, [disturbance, { kind: 'delivery', cause: 0, at: 2 * MINUTE }]];
        }
      }
    }
  }
}

/** Deliveries that come at once, out of order, late; clocks that are off; the switch. */
function* deliveries(effect: Operation): Generator<Named> {
  for (const at of [0, 1, 10, 100, 1000, 5 * MINUTE, 24 * HOUR]) {
    yield ['delivered again', [{ kind: 'delivery', cause: 0, at }]];
    yield ['delivered again, answer lost', [{ kind: 'delivery', cause: 0, at }, http(effect, 'applied-answer-lost')]];
  }
  for (const milliseconds of [-299_000, 299_000]) {
    for (const fault of ['applied-answer-lost', 'not-applied-lost', 'applied-late'] as const) {
      yield [`clock off, ${fault}`, [{ kind: 'skew', milliseconds }, http(effect, fault, 13 * MINUTE)]];
    }
  }
  for (const mode of ['reducing', 'halted'] as const) {
    yield [`stop on ${mode}`, [{ kind: 'stop', at: 0, milliseconds: HOUR, mode }]];
    yield [`stop on ${mode} in between`, [{ kind: 'stop', at: 50, milliseconds: HOUR, mode }]];
  }
  yield ['two sweepers', [{ kind: 'second-sweeper' }, http(effect, 'not-applied-lost')]];
  yield ['no resend', [{ kind: 'no-resend' }, http(effect, 'not-applied-lost')]];
  yield ['budget too small', [{ kind: 'tight-budget' }]];
}

/** What the other party and the service's own timers do meanwhile. */
function* races(effect: Operation): Generator<Named> {
  if (effect !== 'complete' && effect !== 'release' && effect !== 'dispute') return;
  for (const at of [50, 100, 150, 200, 300, 500, MINUTE]) {
    for (const fault of ['applied-answer-lost', 'not-applied-lost', 'error-500-applied'] as const) {
      for (const action of ['complete', 'dispute'] as const) {
        yield [`counterparty ${action}s, ${fault}`, [{ kind: 'counterparty', at, action }, http(effect, fault)]];
      }
      yield [`expiry, ${fault}`, [{ kind: 'expiry', at }, http(effect, fault)]];
    }
  }
}
