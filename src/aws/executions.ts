import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  InvalidToken,
  SendTaskSuccessCommand,
  StartExecutionCommand,
  TaskDoesNotExist,
  TaskTimedOut,
  type SFNClient,
} from '@aws-sdk/client-sfn';
import type { Resume } from '../escrow/mailbox.ts';
import type { DescribeExecution } from '../escrow/story.ts';

/** Starts an execution under a name. `already-started` where that name was taken: a second start is the same one. */
export type StartExecution = (name: string, input: unknown) => Promise<'started' | 'already-started'>;

export function createStartExecution(stepFunctions: SFNClient, stateMachineArn: string): StartExecution {
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

/**
 * Goes on with what an execution was started for, in another under a new name: with the same input, the ledger knows how
 * far it came. `running` where the first has not ended and goes on by itself, `unknown` where there is none of that name.
 */
export type ContinueExecution = (name: string, as: string) => Promise<'continued' | 'running' | 'unknown'>;

export function createContinueExecution(stepFunctions: SFNClient, stateMachineArn: string): ContinueExecution {
  const start = createStartExecution(stepFunctions, stateMachineArn);
  const executionArn = stateMachineArn.replace(':stateMachine:', ':execution:');
  return async (name, as) => {
    try {
      const { status, input } = await stepFunctions.send(
        new DescribeExecutionCommand({ executionArn: `${executionArn}:${name}` }),
      );
      if (status === 'RUNNING' || status === 'PENDING_REDRIVE') return 'running';
      await start(as, JSON.parse(input ?? '{}'));
      return 'continued';
    } catch (error) {
      if (error instanceof ExecutionDoesNotExist) return 'unknown';
      throw error;
    }
  };
}

/** Reads how one execution of a state machine stands, by its name. */
export function createDescribeExecution(stepFunctions: SFNClient, stateMachineArn: string): DescribeExecution {
  const executionArn = stateMachineArn.replace(':stateMachine:', ':execution:');
  return async (name) => {
    const arn = `${executionArn}:${name}`;
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
  };
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
