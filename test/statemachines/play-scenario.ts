import { jest } from '@jest/globals';
import {
  createTaskTokens,
  execute,
  type Definition,
  type Execution,
  type TaskTokens,
} from '../support/lifecycle-execution.ts';
import { INPUT, type Scenario, type Visit } from './scenarios.ts';

/** More timers than any scenario sets: an execution that needs more goes in circles. */
const MAX_TIMERS = 400;

const SUCCESSES = ['Released', 'AutoReleased', 'Refunded'];

/** What a scenario says of its execution. */
interface Story {
  readonly path: readonly string[];
  readonly seconds: number;
  readonly status: string;
  readonly error: string | undefined;
  /** Of a failed funding; other ends have the same cause always. */
  readonly cause: string | undefined;
  /** Visits that were scripted and did not take place, by task. */
  readonly missed: Readonly<Record<string, number>>;
}

export interface Played {
  readonly execution: Execution;
  readonly told: Story;
  readonly expected: Story;
}

/** Plays a scenario. Jest's fake clock has to be in use: days pass at once. */
export async function playScenario(definition: Definition, scenario: Scenario): Promise<Played> {
  const tokens = createTaskTokens();
  const left = new Map<string, Visit[]>(Object.entries(scenario.tasks).map(([task, visits]) => [task, [...visits]]));
  const tasks = Object.fromEntries(
    Object.entries(definition.States)
      .filter(([, { Type }]) => Type === 'Task')
      .map(([task]) => [task, (input: unknown) => play(left.get(task)?.shift(), task, input, tokens)]),
  );
  const execution = await onFakeClock(execute(definition, { input: INPUT, tasks, tokens }));

  const end = scenario.path.at(-1) ?? '';
  const { path, seconds, status, error, cause } = execution;
  return {
    execution,
    told: {
      path,
      seconds,
      status,
      error,
      cause: error === 'FundingFailed' ? cause : undefined,
      missed: Object.fromEntries([...left].flatMap(([task, { length }]) => (length === 0 ? [] : [[task, length]]))),
    },
    expected: {
      path: scenario.path,
      seconds: scenario.seconds,
      status: SUCCESSES.includes(end) ? 'SUCCEEDED' : 'FAILED',
      error: SUCCESSES.includes(end) ? undefined : end,
      cause: scenario.cause,
      missed: {},
    },
  };
}

function play(visit: Visit | undefined, task: string, input: unknown, tokens: TaskTokens): unknown {
  if (visit === undefined) throw named('UnscriptedVisit', `${task} was entered once more than scripted`);
  const waits = task.startsWith('Await');
  switch (visit.kind) {
    case 'returns':
      return visit.output;
    case 'fails':
      throw named(visit.error, 'as scripted');
    case 'hangs':
      return waits ? undefined : new Promise<never>(() => {});
    case 'signalled': {
      const { taskToken } = input as { taskToken: string };
      const signal = async () => {
        if (!(await tokens.resume(taskToken, visit.output))) throw new Error(`${taskToken} ends no wait`);
      };
      if (visit.afterSeconds === 0) return signal();
      setTimeout(() => void signal(), visit.afterSeconds * 1000);
      return undefined;
    }
  }
}

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}

async function onFakeClock<Result>(running: Promise<Result>): Promise<Result> {
  const goesOn = Symbol('the execution goes on');
  for (let timers = 0; timers < MAX_TIMERS; timers += 1) {
    const result = await Promise.race([running, jest.advanceTimersToNextTimerAsync().then(() => goesOn)]);
    if (typeof result !== 'symbol') return result;
  }
  throw new Error('the execution goes in circles');
}
