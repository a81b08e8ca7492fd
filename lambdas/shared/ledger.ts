import { SSMProvider } from '@aws-lambda-powertools/parameters/ssm';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { randomUUID } from 'node:crypto';
import { createIntentTable } from '../../src/aws/intent-table.ts';
import { createStopSwitch } from '../../src/aws/stop-switch.ts';
import type { EffectDeps } from '../../src/ledger/perform-effect.ts';
import type { BudgetPolicy } from '../../src/ledger/budgets.ts';

/** The ledger as functions that send effects use it, but for the time they have left. */
export function createLedgerDeps(env: {
  readonly INTENT_TABLE: string;
  readonly BUDGETS: BudgetPolicy;
  readonly STOP_PARAMETER: string;
}): Omit<EffectDeps, 'remainingMs'> {
  const parameters = new SSMProvider({});
  return {
    intents: createIntentTable(DynamoDBDocumentClient.from(new DynamoDBClient({})), env.INTENT_TABLE),
    budgets: env.BUDGETS,
    readStop: createStopSwitch(env.STOP_PARAMETER, (name, maxAge) => parameters.get(name, { maxAge })),
    now: () => new Date(),
    newId: randomUUID,
  };
}
