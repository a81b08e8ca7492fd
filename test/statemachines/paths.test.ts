import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import {
  readDefinition,
  transitionsOf,
  type Definition,
  type State,
  type Transition,
} from '../support/lifecycle-execution.ts';
import { playScenario } from './play-scenario.ts';
import { HAPPY_PATH, LONGEST_UNDISPUTED, SCENARIOS, type Scenario } from './scenarios.ts';

const definition = readDefinition();
const transitions = transitionsOf(definition);

/** Scenarios by the transitions that they take. */
const takenBy = new Map<string, Scenario[]>(transitions.map(({ name }) => [name, []]));
/** Scenarios by the tasks that they retry. */
const retriedBy = new Map<string, Scenario[]>();

beforeAll(async () => {
  jest.useFakeTimers({ now: new Date('2026-03-06T09:00:00Z') });
  for (const scenario of SCENARIOS) {
    const { execution } = await playScenario(definition, scenario);
    for (const name of new Set(execution.taken)) takenBy.set(name, [...(takenBy.get(name) ?? []), scenario]);
    for (const name of new Set(execution.retried)) retriedBy.set(name, [...(retriedBy.get(name) ?? []), scenario]);
  }
});
afterAll(() => {
  jest.useRealTimers();
});

test.each(SCENARIOS)('$title', async (scenario) => {
  const { told, expected } = await playScenario(definition, scenario);

  expect(told).toEqual(expected);
});

test('scenarios have titles of their own', () => {
  expect(new Set(SCENARIOS.map(({ title }) => title)).size).toBe(SCENARIOS.length);
});

test('the shortest way to a release takes ten states, entered once each', async () => {
  const { execution } = await playScenario(definition, HAPPY_PATH);

  expect(execution.path.length).toBeLessThanOrEqual(10);
  expect(new Set(execution.path).size).toBe(execution.path.length);
});

test('the longest way that is no dispute, and has no fault in it, takes at most 16', async () => {
  const { execution } = await playScenario(definition, LONGEST_UNDISPUTED);

  expect(execution.path.length).toBeLessThanOrEqual(16);
});

test('every transition of the file is taken by a scenario', () => {
  const notTaken = [...takenBy].filter(([, scenarios]) => scenarios.length === 0).map(([name]) => name);

  expect(notTaken).toEqual([]);
  expect(takenBy.size).toBe(transitions.length);
});

test('every task is retried by a scenario', () => {
  const tasks = Object.entries(definition.States).flatMap(([name, { Type }]) => (Type === 'Task' ? [name] : []));

  expect([...retriedBy.keys()].toSorted()).toEqual(tasks.toSorted());
});

/** Whether any of the scenarios tells another story of a changed definition. */
async function isNoticed(changed: Definition, scenarios: readonly Scenario[] = []): Promise<boolean> {
  for (const scenario of scenarios) {
    const { told, expected } = await playScenario(changed, scenario);
    if (JSON.stringify(told) !== JSON.stringify(expected)) return true;
  }
  return false;
}

/** A copy by way of text: what `structuredClone` returns is no plain object to a module loaded by jest. */
function copyOf<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}

/** A copy of the definition with something else at one place of one state. */
function changedAt(name: string, change: (state: Record<string, unknown>) => void): Definition {
  const copy = copyOf(definition);
  change(copy.States[name] as State & Record<string, unknown>);
  return copy;
}

/** Each entry of each `Retry`. */
const retriers = Object.entries(definition.States).flatMap(([from, { Retry = [] }]) =>
  Retry.map(({ ErrorEquals }, index) => ({ from, index, errors: ErrorEquals.join(', ') })),
);

describe('these scenarios notice', () => {
  test('nothing in a copy that is the same', async () => {
    expect(await isNoticed(copyOf(definition), SCENARIOS)).toBe(false);
  });

  test.each(transitions)('that "$name" leads elsewhere', async ({ name, from, to, at }: Transition) => {
    const elsewhere = to === 'NeedsAttention' ? 'Released' : 'NeedsAttention';
    const redirected = changedAt(from, (state) => {
      const [last = '', ...path] = [...at].toReversed();
      const holder = path.reduceRight<Record<string, unknown>>(
        (value, step) => value[step] as Record<string, unknown>,
        state,
      );
      holder[last] = elsewhere;
    });

    expect(await isNoticed(redirected, takenBy.get(name))).toBe(true);
  });

  test.each(transitions)('that "$name" is gone', async ({ name, from, at }) => {
    const removed = changedAt(from, (state) => {
      const [field = '', index] = at;
      if (index === undefined) delete state[field];
      else (state[field] as unknown[]).splice(Number(index), 1);
    });

    expect(await isNoticed(removed, takenBy.get(name))).toBe(true);
  });

  test.each(retriers)('that the retry of $from for $errors is gone', async ({ from, index }) => {
    const removed = changedAt(from, (state) => {
      (state['Retry'] as unknown[]).splice(index, 1);
    });

    expect(await isNoticed(removed, retriedBy.get(from))).toBe(true);
  });

  test.each(['LockFunds', 'CompleteDelivery', 'ReleaseFunds', 'RaiseDispute'])(
    'that %s is retried after any error',
    async (name) => {
      const eager = changedAt(name, (state) => {
        state['Retry'] = [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 5, MaxAttempts: 5, BackoffRate: 2 }];
      });

      expect(await isNoticed(eager, SCENARIOS)).toBe(true);
    },
  );

  test.each(Object.keys(definition.States).filter((name) => definition.States[name]?.Retry !== undefined))(
    'that %s is retried never, once less or once more',
    async (name) => {
      const changes = [() => 0, (most: number) => most - 1, (most: number) => most + 1];
      const retries = changes.map((change) =>
        changedAt(name, (state) => {
          const entries = state['Retry'] as { readonly MaxAttempts: number }[];
          state['Retry'] = entries.map((retrier) => ({ ...retrier, MaxAttempts: change(retrier.MaxAttempts) }));
        }),
      );

      for (const retried of retries) expect(await isNoticed(retried, retriedBy.get(name))).toBe(true);
    },
  );
});
