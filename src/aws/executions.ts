import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  InvalidToken,
  ListExecutionsCommand,
  SendTaskSuccessCommand,
  StartExecutionCommand,
  TaskDoesNotExist,
  TaskTimedOut,
  type SFNClient,
} from '@aws-sdk/client-sfn';
import type { Resume } from '../escrow/mailbox.ts';
import type { DescribedExecution, DescribeExecutions } from '../escrow/story.ts';
import type { ContinuationStore } from './continuation-table.ts';

/** Starts an execution under a name. `already-started` where that name was taken: a second start is the same one. */
export type StartExecution = (name: string, input: unknown) => Promise<'started' | 'already-started'>;

/**
 * Starts the first execution of a cause under its name. Where that was continued, the latest name counts: Step Functions
 * forgets the first one 90 days after its end.
 */
export function createStartExecution(deps: ExecutionDeps): StartExecution {
  const start = createStartNamed(deps);
  return async (first, input) => start((await deps.continuations.read(first)).at(-1) ?? first, input);
}

function createStartNamed({ stepFunctions, stateMachineArn }: ExecutionDeps): StartExecution {
  return async (name, input) => {
    try {
      await stepFunctions.send(new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }));
      return 'started';
    } catch (error) {
      if (error instanceof ExecutionAlreadyExists) return 'already-started';
      throw error;
    }
  };
}

/** What of Step Functions and the ledger the executions of one cause are found by. */
export interface ExecutionDeps {
  readonly stepFunctions: SFNClient;
  readonly stateMachineArn: string;
  readonly continuations: ContinuationStore;
}

/**
 * Starts another execution that continues the first one of a cause, under a new name. It gets the input of the first,
 * unless another is given: the ledger knows how far it came. At most one execution of a cause runs, because the new name is
 * recorded before it is started.
 *
 * `running` where one of them has not ended, `ended` where one has ended under the new name already, `unknown` where there
 * is none.
 */
export type ContinueExecution = (
  first: string,
  as: string,
  input?: unknown,
) => Promise<'continued' | 'running' | 'ended' | 'unknown'>;

export function createContinueExecution(deps: ExecutionDeps): ContinueExecution {
  const start = createStartNamed(deps);
  const describe = createDescribeExecutions(deps);
  return async (first, as, input) => {
    const known = await deps.continuations.read(first);
    const executions = await describe(first);
    const [oldest] = executions;
    if (oldest === undefined) return 'unknown';
    if (executions.some(isRunning)) return 'running';
    const isThere = (name: string) => executions.some((one) => one.name === name);
    const latest = known.at(-1);
    if (latest === undefined || isThere(latest)) {
      if (isThere(as)) return 'ended';
      const names = await deps.continuations.add(first, known, as);
      await start(names.at(-1) ?? as, input ?? oldest.input);
    } else {
      // Recorded, and not started, or not shown yet.
      await start(latest, input ?? oldest.input);
    }
    return 'continued';
  };
}

/**
 * All executions of a cause, the first before those that continue it. Continuations of 0.1.0 are recorded nowhere: they
 * are found while they run.
 */
export function createDescribeExecutions(deps: ExecutionDeps): DescribeExecutions {
  const { stepFunctions, stateMachineArn, continuations } = deps;
  const describe = async (names: readonly string[]) =>
    (await Promise.all(names.map((name) => describeOne(stepFunctions, stateMachineArn, name)))).flatMap(
      (one) => one ?? [],
    );
  return async (first) => {
    const known = await continuations.read(first);
    const executions = await describe([first, ...known]);
    if (known.length > 0 || executions.some(isRunning)) return executions;
    return [...executions, ...(await describe(await listRunning(stepFunctions, stateMachineArn, `${first}-`)))];
  };
}

/** Whether an execution has not ended, or will go on. */
export function isRunning({ status }: Pick<DescribedExecution, 'status'>): boolean {
  return status === 'RUNNING' || status === 'PENDING_REDRIVE';
}

async function listRunning(stepFunctions: SFNClient, stateMachineArn: string, prefix: string): Promise<string[]> {
  const names: string[] = [];
  let nextToken: string | undefined;
  do {
    const asked = { stateMachineArn, statusFilter: 'RUNNING', maxResults: 1000, nextToken } as const;
    const page = await stepFunctions.send(new ListExecutionsCommand(asked));
    for (const { name = '' } of page.executions ?? []) if (name.startsWith(prefix)) names.push(name);
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return names;
}

/** How one execution of a state machine stands, by its name; undefined where there is none. */
async function describeOne(
  stepFunctions: SFNClient,
  stateMachineArn: string,
  name: string,
): Promise<DescribedExecution | undefined> {
  const arn = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
  try {
    const described = await stepFunctions.send(new DescribeExecutionCommand({ executionArn: arn }));
    return {
      name,
      arn,
      status: described.status ?? 'unknown',
      startedAt: described.startDate?.toISOString() ?? '',
      stoppedAt: described.stopDate?.toISOString(),
      error: described.error,
      cause: described.cause,
      input: JSON.parse(described.input ?? '{}') as unknown,
    };
  } catch (error) {
    if (error instanceof ExecutionDoesNotExist) return undefined;
    throw error;
  }
}

/** What is said of a token whose task has ended. */
const HAS_ENDED = [TaskTimedOut, TaskDoesNotExist, InvalidToken];

/** Resumes by task token. A token whose task has ended is no error: somebody else was first, or the wait is over. */
export function createResume(stepFunctions: SFNClient): Resume {
  return async (taskToken, output) => {
    try {
      await stepFunctions.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(output) }));
      return true;
    } catch (error) {
      if (HAS_ENDED.some((Reason) => error instanceof Reason)) return false;
      throw error;
    }
  };
}
