import type { HttpFault } from './faults.ts';
import { HOUR, MINUTE, SECRET_FORMS, type Disturbance, type Scenario } from './plan.ts';
import type { Operation } from './service/operations.ts';

/** A cell's name and what goes wrong in it. */
export type Named = readonly [name: string, disturbances: readonly Disturbance[]];

const create = (fault: HttpFault): Disturbance => ({
  kind: 'http',
  operation: 'create',
  nth: 0,
  fault,
  milliseconds: 0,
});

/** Lists and ledgers that stay for hours as they were two hours ago, with and without the canary in them. */
export function* laggingLists(): Generator<Named> {
  const lag: Disturbance = { kind: 'reads', at: 0, milliseconds: 4 * HOUR, fault: 'frozen', age: 2 * HOUR };
  for (const isOld of [false, true]) {
    for (const fault of ['applied-answer-lost', 'applied-reset', 'error-502-applied', 'not-applied-lost'] as const) {
      for (const ago of [MINUTE, HOUR, 2 * HOUR - MINUTE]) {
        const earlier: Disturbance = { kind: 'earlier-create', ago, of: 'ours', isOld };
        yield [`${fault}, canary hidden`, [earlier, { kind: 'crowd', at: 500 }, create(fault), lag]];
      }
    }
    // Where the canary shows and an effect after it does not, nobody can know: see docs.
    const earlier: Disturbance = { kind: 'earlier-create', ago: 3 * HOUR, of: 'ours', isOld };
    yield ['not applied, canary visible', [earlier, { kind: 'crowd', at: 500 }, create('not-applied-lost'), lag]];
  }
  for (const fault of ['applied-answer-lost', 'not-applied-lost'] as const) {
    yield [
      `${fault}, canary of another`,
      [{ kind: 'earlier-create', ago: HOUR, of: 'others', isOld: false }, create(fault)],
    ];
  }
}

/** Another agent for the treasury, a secret that cannot be used, a new release, each while an effect is under way. */
export function* othersKeys(effect: Operation): Generator<Named> {
  const ofEffect = (fault: HttpFault, nth = 0): Disturbance => ({
    kind: 'http',
    operation: effect,
    nth,
    fault,
    milliseconds: 0,
  });
  for (const old of ['kept', 'gone'] as const) {
    for (const [at, deployedAt] of [
      [0, 0],
      [100, 100],
      [1000, 1000],
      [1000, 5 * MINUTE],
      [5 * MINUTE, 1000],
    ] as const) {
      const agent: Disturbance = { kind: 'agent', at, deployedAt, old };
      yield [`agent replaced, its key ${old}`, [agent]];
      for (const fault of ['applied-answer-lost', 'not-applied-lost', 'error-503-applied'] as const) {
        yield [`agent replaced, its key ${old}, ${fault}`, [agent, ofEffect(fault)]];
        yield [
          `agent replaced, its key ${old}, rate limited, ${fault}`,
          [agent, ofEffect('rate-limited'), ofEffect(fault, 1)],
        ];
      }
    }
  }
  for (const form of SECRET_FORMS) {
    for (const at of [0, 100]) {
      const secret: Disturbance = { kind: 'secret', at, milliseconds: 30 * MINUTE, form };
      yield [`secret ${form}`, [secret]];
      yield [`secret ${form}, answer lost`, [secret, ofEffect('applied-answer-lost')]];
      yield [`secret ${form}, not applied`, [secret, ofEffect('not-applied-lost')]];
    }
  }
  for (const at of [50, 150, 300, 5 * MINUTE]) {
    yield ['redeployed', [{ kind: 'redeploy', at }]];
    yield ['redeployed, answer lost', [{ kind: 'redeploy', at }, ofEffect('applied-answer-lost')]];
    yield ['redeployed, not applied', [{ kind: 'redeploy', at }, ofEffect('not-applied-lost')]];
  }
}

/** The ledger is lost before, during and after an effect; the next one is empty, or as it was before the effect or in it. */
export function* lostLedgers(effect: Operation): Generator<Named> {
  for (const at of [0, 60, 150, 300, 5 * MINUTE, 17 * MINUTE]) {
    for (const backup of [null, 100, at]) {
      const lost: Disturbance = { kind: 'ledger', at, milliseconds: 2 * MINUTE, backup };
      const again: Disturbance = { kind: 'delivery', cause: 0, at: at + 3 * MINUTE };
      const name = `ledger ${backup === null ? 'emptied' : 'restored'}`;
      yield [`${name}, delivered again`, [lost, again]];
      for (const fault of ['applied-answer-lost', 'applied-late', 'not-applied-lost'] as const) {
        const late = fault === 'applied-late' ? 13 * MINUTE : 0;
        const http: Disturbance = { kind: 'http', operation: effect, nth: 0, fault, milliseconds: late };
        yield [`${name}, ${fault}`, [lost, http]];
        yield [`${name}, ${fault}, delivered again`, [lost, http, again]];
      }
    }
  }
}

export const TWO_ORDERS: readonly Scenario[] = [false, true].map((merges) => ({
  flow: 'order',
  causes: 2,
  sharesMarket: true,
  merges,
}));

/** Two orders of one market: alike, and at once where there is room for one. */
export function* ordersTogether(): Generator<Named> {
  for (const fault of ['not-applied-lost', 'applied-answer-lost'] as const) {
    for (const at of [1000, MINUTE]) {
      yield [
        `of two alike, ${fault}`,
        [
          { kind: 'reads', at: 0, milliseconds: 30 * MINUTE, fault: 'stale', age: 4 * MINUTE },
          { kind: 'http', operation: 'order', nth: 1, fault, milliseconds: 0 },
          { kind: 'crowd', at },
        ],
      ];
    }
  }
  for (let gate = 0; gate < 16; gate += 1) {
    for (const at of [0, 30, 60, 90]) {
      yield [
        'of two at once, room for one',
        [
          { kind: 'tight-budget', per: 'market' },
          { kind: 'delivery', cause: 1, at },
          { kind: 'gate', invocation: 1, gate, event: 'stall', milliseconds: 1000 },
        ],
      ];
    }
  }
}

/** More awaited calls than an order makes until it is sent. */
const CLAIMING = 12;

/** An order whose invocation is gone while it is claimed: its market, its budget and its day, and whoever comes next. */
export function* claimedOrders(): Generator<Named> {
  for (let gate = 0; gate < CLAIMING; gate += 1) {
    for (const event of ['crash', 'late-write', 'fail', 'stall'] as const) {
      for (const milliseconds of event === 'late-write' ? [2 * MINUTE, 7 * MINUTE] : [MINUTE]) {
        const gone: Disturbance = { kind: 'gate', invocation: 0, gate, event, milliseconds };
        for (const at of [10, 30_000, 3 * MINUTE, 7 * MINUTE]) {
          yield [`${event} while claimed, another order`, [gone, { kind: 'delivery', cause: 1, at }]];
          yield [`${event} while claimed, again`, [gone, { kind: 'delivery', cause: 0, at }]];
        }
        for (const at of [40, 100, MINUTE]) {
          yield [`${event} while claimed, midnight`, [gone, { kind: 'midnight', at }]];
          yield [
            `${event} while claimed, the stop`,
            [gone, { kind: 'stop', at, milliseconds: HOUR, mode: 'reducing' }],
          ];
        }
        for (const per of ['day', 'payee', 'market'] as const) {
          const another: Disturbance = { kind: 'delivery', cause: 1, at: 10 };
          yield [`${event} while claimed, budget per ${per} too small`, [gone, { kind: 'tight-budget', per }, another]];
        }
      }
    }
  }
}

/** Two orders in two markets. */
export const BESIDE: Scenario = { flow: 'order', causes: 2, sharesMarket: false, merges: false };

/** Both versions at once, a deployment, and a rollback, each while an order is under way, and with what may go wrong with it. */
export function* versions(): Generator<Named> {
  const before = (from: number, until: number, isMixed = false): Disturbance => ({
    kind: 'version-before',
    from,
    until,
    isMixed,
  });
  const lost = (fault: HttpFault): Disturbance => ({
    kind: 'http',
    operation: 'order',
    nth: 0,
    fault,
    milliseconds: 0,
  });
  for (const [name, version] of [
    ['both versions', before(0, 3 * HOUR, true)],
    ['deployed', before(0, 100)],
    ['rolled back', before(100, 48 * HOUR)],
    ['rolled back for a while', before(50, 3 * MINUTE)],
  ] as const) {
    for (const again of [0, 20, 60, MINUTE, 5 * MINUTE]) {
      const delivery: Disturbance = { kind: 'delivery', cause: again % 2, at: again };
      yield [name, [version, delivery]];
      for (const fault of ['applied-answer-lost', 'not-applied-lost', 'rate-limited'] as const) {
        yield [`${name}, ${fault}`, [version, delivery, lost(fault)]];
      }
      for (let gate = 0; gate < CLAIMING; gate += 1) {
        const crash: Disturbance = { kind: 'gate', invocation: gate % 2, gate, event: 'crash', milliseconds: 0 };
        yield [`${name}, crash at a step`, [version, delivery, crash]];
        yield [
          `${name}, crash at a step, budget too small`,
          [version, delivery, crash, { kind: 'tight-budget', per: 'day' }],
        ];
      }
    }
  }
}
