import { PROFILES, type Profile } from '../../src/purple-flea/service.ts';
import { faultsOf, type HttpFault } from './faults.ts';
import {
  BESIDE,
  claimedOrders,
  laggingLists,
  lostLedgers,
  ordersTogether,
  othersKeys,
  TWO_ORDERS,
  versions,
  type Named,
} from './matrix-edges.ts';
import { HOUR, MINUTE, POISON_FORMS, type Disturbance, type GateEvent, type Scenario, type Schedule } from './plan.ts';
import type { Operation } from './service/operations.ts';

/** One cell: a schedule of which the name says what goes wrong. */
export interface Cell {
  readonly effect: Operation | 'bonus';
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
  ['order', { flow: 'order', causes: 1, sharesMarket: false, merges: false }],
  ['order', { flow: 'order', causes: 1, sharesMarket: true, merges: true }],
  ['transfer', { flow: 'transfer', causes: 1 }],
  ['claim', { flow: 'claim', causes: 1 }],
];

/** A training job whose bonus is looked at from its event on; delivered before the lock, or half an hour after it. */
const BONUSES = [100, 30 * MINUTE].map((at): Scenario => ({ flow: 'bonus', causes: 1, deliveredAt: [at] }));
const TWO_BONUSES: Scenario = { flow: 'bonus', causes: 2, deliveredAt: [100, 100] };

/** The reads that the effects are looked for with. */
const READS: Readonly<Partial<Record<Operation, readonly Operation[]>>> = {
  create: ['list', 'ledger', 'status'],
  complete: ['status'],
  release: ['status'],
  dispute: ['status'],
  order: ['positions', 'history', 'balance'],
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
    for (const scenario of TWO_ORDERS) {
      for (const [fault, disturbances] of ordersTogether()) {
        const schedule: Schedule = { seed: seed++, profile, scenario, disturbances, sweepMinutes: 1 };
        yield { effect: 'order', profile, fault, schedule };
      }
    }
    for (const scenario of [...TWO_ORDERS, BESIDE]) {
      for (const [fault, disturbances] of [...claimedOrders(), ...versions()]) {
        const schedule: Schedule = { seed: seed++, profile, scenario, disturbances, sweepMinutes: 1 };
        yield { effect: 'order', profile, fault, schedule };
      }
    }
    for (const scenario of BONUSES) {
      for (const [fault, disturbances] of [...intakeFaults(), ...crashes(scenario)]) {
        yield {
          effect: 'bonus',
          profile,
          fault,
          schedule: { seed: seed++, profile, scenario, disturbances, sweepMinutes: 1 },
        };
      }
    }
    for (const [fault, disturbances] of crashes(TWO_BONUSES)) {
      const schedule: Schedule = { seed: seed++, profile, scenario: TWO_BONUSES, disturbances, sweepMinutes: 1 };
      yield { effect: 'bonus', profile, fault: `of two, ${fault}`, schedule };
    }
  }
}

function* faultsFor(effect: Operation, scenario: Scenario): Generator<Named> {
  yield ['nothing', []];
  yield* httpFaults(effect);
  yield* readFaults(effect);
  yield* crashes(scenario);
  yield* deliveries(effect);
  yield* races(effect);
  yield* othersKeys(effect);
  yield* lostLedgers(effect);
  if (effect === 'create') yield* laggingLists();
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
    for (const fault of ['no-answer', 'stale', 'short'] as const) {
      for (const milliseconds of [10 * MINUTE, HOUR, 26 * HOUR]) {
        const reads: Disturbance = { kind: 'reads', at: 30_000, milliseconds, fault, age: 4 * MINUTE };
        yield [`${before}, all reads ${fault}`, [http(effect, before), reads]];
      }
    }
  }
}

/** How many of the first functions are disturbed at each step. */
const FUNCTIONS: Readonly<Record<Scenario['flow'], number>> = {
  lifecycle: 3,
  bonus: 8,
  order: 1,
  transfer: 1,
  claim: 1,
};

/** What can happen at each awaited call of the first functions, in each of the ways. */
function* crashes(scenario: Scenario): Generator<Named> {
  const functions = FUNCTIONS[scenario.flow];
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
  for (const mode of ['reducing', 'halted', 'unreadable'] as const) {
    yield [`stop on ${mode}`, [{ kind: 'stop', at: 0, milliseconds: HOUR, mode }]];
    yield [`stop on ${mode} in between`, [{ kind: 'stop', at: 50, milliseconds: HOUR, mode }]];
  }
  for (const at of [0, 20, 50, 100, 150, 200, 1000, 5 * MINUTE]) {
    yield ['key replaced', [{ kind: 'rotation', at }]];
    yield ['key replaced, answer lost', [{ kind: 'rotation', at }, http(effect, 'applied-answer-lost')]];
    yield ['key replaced, not applied', [{ kind: 'rotation', at }, http(effect, 'not-applied-lost')]];
  }
  yield ['two sweepers', [{ kind: 'second-sweeper' }, http(effect, 'not-applied-lost')]];
  yield ['no resend', [{ kind: 'no-resend' }, http(effect, 'not-applied-lost')]];
  for (const per of ['day', 'payee'] as const) {
    yield [`budget per ${per} too small`, [{ kind: 'tight-budget', per }]];
  }
  for (const at of [0, 20, 40, 60, 80, 100, 200, MINUTE]) {
    yield ['midnight', [{ kind: 'midnight', at }]];
    yield ['midnight, rate limited', [{ kind: 'midnight', at }, http(effect, 'rate-limited')]];
    yield ['midnight, not applied', [{ kind: 'midnight', at }, http(effect, 'not-applied-lost')]];
  }
}

/** Between a job's end and its execution, and on the way of the delivery that the execution waits for. */
function* intakeFaults(): Generator<Named> {
  const again = (at: number): Disturbance => ({ kind: 'delivery', cause: 0, at });
  const lost: Disturbance = { kind: 'lost-event', cause: 0 };
  yield ['event lost', [lost]];
  yield ['older signal', [{ kind: 'older-signal', cause: 0 }]];
  for (const milliseconds of [10, 1000, 5 * MINUTE]) {
    const early: Disturbance = { kind: 'early-event', cause: 0, milliseconds };
    yield ['event early', [early]];
    yield ['event early and again', [early, again(500)]];
  }
  for (const at of [0, 1, 10, 100, 1000, 5 * MINUTE, HOUR - 1, HOUR, HOUR + 20, 24 * HOUR]) {
    yield ['event again', [again(at)]];
    yield ['event late', [lost, again(at)]];
    yield ['delivery again', [{ kind: 'signal', cause: 0, at }]];
    yield ['delivery again, event lost', [lost, { kind: 'signal', cause: 0, at }]];
    for (const form of POISON_FORMS) yield [`poison: ${form}`, [{ kind: 'poison', at, form }, again(at)]];
  }
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
