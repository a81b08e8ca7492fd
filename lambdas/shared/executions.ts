import { createContinuationTable } from '../../src/aws/continuation-table.ts';
import type { ExecutionDeps } from '../../src/aws/executions.ts';
import { documents } from './clients/documents.ts';
import { stepFunctions } from './clients/step-functions.ts';

/** The executions of the escrows' state machine, and the table that says which of them continue another. */
export function createExecutionDeps(env: {
  readonly STATE_MACHINE_ARN: string;
  readonly INTENT_TABLE: string;
}): ExecutionDeps {
  return {
    stepFunctions,
    stateMachineArn: env.STATE_MACHINE_ARN,
    continuations: createContinuationTable(documents, env.INTENT_TABLE),
  };
}
