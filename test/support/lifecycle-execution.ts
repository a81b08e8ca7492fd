import { ExecutionError, StateMachine, type RunOptions, type StateMachineDefinition } from 'aws-local-stepfunctions';
import { readFileSync } from 'node:fs';

/** The file that is deployed, from the project's root. */
export const DEFINITION_FILE = 'statemachines/escrow-lifecycle.asl.json';

/** One state, in the fields that the workflow uses. */
export interface State {
  readonly Type: 'Task' | 'Choice' | 'Wait' | 'Succeed' | 'Fail';
  readonly Comment?: string;
  readonly Resource?: string;
  readonly Parameters?: { readonly FunctionName: string; readonly Payload: Readonly<Record<string, string>> };
  readonly Next?: string;
  readonly Default?: string;
  readonly TimeoutSeconds?: number;
  readonly SecondsPath?: string;
  readonly Error?: string;
  readonly Cause?: string;
  readonly CausePath?: string;
  readonly Choices?: readonly { readonly Variable: string; readonly StringEquals: string; readonly Next: string }[];
  readonly Retry?: readonly {
    readonly ErrorEquals: readonly string[];
    readonly IntervalSeconds: number;
    readonly MaxAttempts: number;
    readonly BackoffRate: number;
    readonly MaxDelaySeconds?: number;
  }[];
  readonly Catch?: readonly { readonly ErrorEquals: readonly string[]; readonly Next: string }[];
}

export interface Definition {
  readonly StartAt: string;
  readonly TimeoutSeconds?: number;
  readonly States: Readonly<Record<string, State>>;
}

export function readDefinition(): Definition {
  return JSON.parse(readFileSync(DEFINITION_FILE, 'utf8')) as Definition;
}

/** One way from a state to the next. */
export interface Transition {
  /** What it is in words, unique in a definition. */
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** Where its target stands in the file, below the state. */
  readonly at: readonly (string | number)[];
}

/** All transitions of a definition, in the order in which they are tried. */
export function transitionsOf({ States }: Definition): Transition[] {
  return Object.entries(States).flatMap(([from, { Next, Choices = [], Default, Catch = [] }]) => [
    ...(Next === undefined ? [] : [{ name: `${from} -> ${Next}`, from, to: Next, at: ['Next'] }]),
    ...Choices.map(({ Variable, StringEquals, Next: to }, index) => ({
      name: `${from} ${Variable} is ${StringEquals} -> ${to}`,
      from,
      to,
      at: ['Choices', index, 'Next'],
    })),
    ...(Default === undefined ? [] : [{ name: `${from} otherwise -> ${Default}`, from, to: Default, at: ['Default'] }]),
    ...Catch.map(({ ErrorEquals, Next: to }, index) => ({
      name: `${from} fails with ${ErrorEquals.join(', ')} -> ${to}`,
      from,
      to,
      at: ['Catch', index, 'Next'],
    })),
  ]);
}

/** Tokens as Step Functions issues them: one a wait, good for one answer while that wait lasts. */
export interface TaskTokens {
  /** Ends the wait behind a token. False where it has ended, or never began. */
  readonly resume: (token: string, output: unknown) => Promise<boolean>;
  /** What `$$.Task.Token` is; a new one each time it is read. */
  readonly issue: () => string;
  /** Settles when the wait behind a token is ended. Ends the claim of every older token. */
  readonly waitFor: (token: string) => Promise<unknown>;
}

export function createTaskTokens(): TaskTokens {
  let issued = 0;
  let open: { readonly token: string; readonly end: (output: unknown) => void } | undefined;
  return {
    issue: () => {
      issued += 1;
      return `token-${issued}`;
    },
    waitFor: (token) => {
      if (token !== `token-${issued}`) throw new Error(`${token} was not issued for this wait`);
      const { promise, resolve } = Promise.withResolvers<unknown>();
      open = { token, end: resolve };
      return promise;
    },
    resume: async (token, output) => {
      if (open?.token !== token) return false;
      open.end(output);
      open = undefined;
      return true;
    },
  };
}

export interface ExecutionOptions {
  readonly input: unknown;
  /** By state. Each is given what its function would be, and fails by the name of what it throws. */
  readonly tasks: Readonly<Record<string, (input: unknown) => unknown>>;
  readonly tokens: TaskTokens;
  /** Told of every state that is entered, with its input. */
  readonly onEntered?: (state: string, input: unknown) => void;
  /** Milliseconds that Wait states take, for runs on the real clock; at least one, so that others get their turn. */
  readonly waitMs?: number;
}

/** What an execution did. */
export interface Execution {
  /** Names of the states entered. */
  readonly path: readonly string[];
  /** Names of the transitions taken; see `transitionsOf`. */
  readonly taken: readonly string[];
  /** States that were retried, once a retry. */
  readonly retried: readonly string[];
  readonly status: 'SUCCEEDED' | 'FAILED';
  /** Of a failed execution. */
  readonly error?: string;
  readonly cause?: string;
  /** Of one that succeeded. */
  readonly output?: unknown;
  /** By its clock, from start to end. */
  readonly seconds: number;
}

/**
 * Events that Step Functions writes into a history: for a state that waits for a token entered, scheduled, started,
 * submitted, succeeded (or timed out) and exited; for a function entered, scheduled, started, succeeded and exited; for any
 * other entered and exited. A retry schedules, starts and ends the task anew. One event begins, one ends the execution.
 */
export function eventsOf(definition: Definition, { path, retried }: Pick<Execution, 'path' | 'retried'>): number {
  const eventsAt = (name: string): number => {
    const { Type, Resource = '' } = definition.States[name] ?? {};
    if (Type !== 'Task') return 2;
    return Resource.endsWith('.waitForTaskToken') ? 6 : 5;
  };
  return 2 + path.reduce((sum, name) => sum + eventsAt(name), 0) + 4 * retried.length;
}

type Run = ReturnType<StateMachine['run']>;
type Input = Parameters<StateMachine['run']>[0];
type TaskHandlers = NonNullable<NonNullable<RunOptions['overrides']>['taskResourceLocalHandlers']>;
type Event = Run['eventLogs'] extends AsyncGenerator<infer Item> ? Item : never;

/**
 * Runs a definition in this process. Its timers are those of the global clock, so that a fake one lets days pass at
 * once. The timeout of the execution as a whole is left out: no timer of Node.js holds more than 24 days.
 */
export async function execute(
  { TimeoutSeconds: _wholeExecution, ...definition }: Definition,
  { input, tasks, tokens, onEntered = () => {}, waitMs }: ExecutionOptions,
): Promise<Execution> {
  const names = (type: State['Type']) =>
    Object.entries(definition.States).flatMap(([name, state]) => (state.Type === type ? [name] : []));
  const machine = new StateMachine(definition as unknown as StateMachineDefinition, {
    validationOptions: { noValidate: true },
  });
  const issuing = {
    get Token() {
      return tokens.issue();
    },
  };
  const run = machine.run(input as Input, {
    context: { Task: issuing },
    overrides: {
      taskResourceLocalHandlers: Object.fromEntries(
        names('Task').map((name) => [name, handlerFor(name, definition.States[name]?.Resource, { tasks, tokens })]),
      ),
      waitTimeOverrides: waitMs === undefined ? {} : Object.fromEntries(names('Wait').map((name) => [name, waitMs])),
    },
  });

  const recording = Array.fromAsync(run.eventLogs, (event) => {
    if (event.type === 'StateEntered') onEntered(event.state.name, event.state.input);
    return event;
  });
  const ended = await run.result.then(
    (output) => ({ status: 'SUCCEEDED' as const, output }),
    (failure: unknown) => ({ status: 'FAILED' as const, ...describeFailure(failure) }),
  );
  const events = await recording;
  return { ...readEvents(events, definition), ...ended };
}

function handlerFor(
  name: string,
  resource: string | undefined,
  { tasks, tokens }: Pick<ExecutionOptions, 'tasks' | 'tokens'>,
): TaskHandlers[string] {
  const task = tasks[name];
  if (task === undefined) throw new Error(`no handler for ${name}`);
  if (resource?.endsWith('.waitForTaskToken') !== true) return async (input) => (await task(input)) as Input;
  return async (parameters) => {
    const { Payload } = parameters as { Payload: { taskToken: string } };
    const ended = tokens.waitFor(Payload.taskToken);
    await task(Payload);
    return (await ended) as Input;
  };
}

function describeFailure(failure: unknown): { readonly error: string; readonly cause: string } {
  if (!(failure instanceof ExecutionError) || !(failure.cause instanceof Error)) throw failure;
  return { error: failure.cause.name, cause: failure.cause.message };
}

function readEvents(
  events: readonly Event[],
  definition: Definition,
): Pick<Execution, 'path' | 'taken' | 'retried' | 'seconds'> {
  const path: string[] = [];
  const taken: string[] = [];
  const retried: string[] = [];
  let takenNext: string | undefined;
  for (const event of events) {
    if (event.type === 'StateRetried') retried.push(event.state.name);
    if (event.type === 'StateCaught') {
      const { ErrorEquals, Next } = event.catch.catcher;
      takenNext = `${event.state.name} fails with ${ErrorEquals.join(', ')} -> ${Next}`;
    }
    if (event.type !== 'StateEntered') continue;
    const [before, entered] = [path.at(-1), event.state.name];
    if (takenNext?.endsWith(`-> ${entered}`) === false) throw new Error(`"${takenNext}" was read, not ${entered}`);
    if (before !== undefined) taken.push(takenNext ?? `${before} -> ${entered}`);
    path.push(entered);
    takenNext = choiceTaken(entered, definition.States[entered], event.state.input);
  }
  const seconds = ((events.at(-1)?.timestamp ?? 0) - (events[0]?.timestamp ?? 0)) / 1000;
  return { path, taken, retried, seconds };
}

/** The engine says which state comes next but not by which rule: two rules may lead to one state. */
function choiceTaken(name: string, state: State | undefined, input: unknown): string | undefined {
  if (state?.Type !== 'Choice') return undefined;
  const rule = state.Choices?.find(({ Variable, StringEquals }) => readPath(input, Variable) === StringEquals);
  return rule === undefined
    ? `${name} otherwise -> ${state.Default}`
    : `${name} ${rule.Variable} is ${rule.StringEquals} -> ${rule.Next}`;
}

function readPath(input: unknown, path: string): unknown {
  return path
    .split('.')
    .slice(1)
    .reduce<unknown>((value, field) => (value as Record<string, unknown> | undefined)?.[field], input);
}
