import { ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { DeleteCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { readRolePolicies } from '../../../local/role-policies.ts';
import { PACE_KEYS } from '../../../src/aws/pace-table.ts';
import { OWN_SOURCE } from '../../../src/events/catalogue.ts';
import { PUBLISHERS } from '../../../src/events/publishers.ts';
import type { Stage } from '../stage.ts';
import { FLOWS, type Flow } from './flows.ts';
import { allows, describe, grantsIn, isForQueuedCalls, type Grant } from './grants.ts';
import { createRecorder, type Recorder } from './recorder.ts';

/** What became of the flows, and what the functions asked for meanwhile. */
export interface FlowRun {
  /** Flows that did not come to their end, with the reason. */
  readonly failed: readonly string[];
  /** Accesses that were refused, or that no policy allows, and events that a condition forbids. */
  readonly refused: readonly string[];
  /** Grants that no function made use of. */
  readonly unused: readonly string[];
  /** The flows in which each grant was used. */
  readonly users: ReadonlyMap<Grant, readonly Flow[]>;
}

/** Has the calls of all of the stage's functions recorded. */
export async function recordFunctions(stage: Stage): Promise<Recorder> {
  const recorder = createRecorder(stage);
  const { Functions = [] } = await stage.clients.lambda.send(new ListFunctionsCommand({ MaxItems: 100 }));
  for (const { FunctionName = '' } of Functions) await recorder.watch(FunctionName);
  return recorder;
}

/** The events that conditions let a function put on the bus. The local AWS does not know them, so they are held here. */
function publishedBy(functionName: string): string[] {
  const [, types = []] =
    Object.entries(PUBLISHERS).find(([folder]) => functionName.startsWith(`purple-flea-local-${folder}`)) ?? [];
  return types.map((type) => `${OWN_SOURCE}, ${type}`);
}

/** Has a flow begin without what earlier ones spent of the day's budgets, and of the calls that a minute has. */
export async function forgetLimits({ clients, outputs }: Stage): Promise<void> {
  const TableName = outputs.intentTable;
  const { Items = [] } = await clients.documents.send(
    new ScanCommand({
      TableName,
      FilterExpression: 'begins_with(#key, :budget) OR begins_with(#key, :pace)',
      ExpressionAttributeNames: { '#key': 'key' },
      ExpressionAttributeValues: { ':budget': 'budget/', ':pace': PACE_KEYS },
    }),
  );
  for (const { key } of Items) await clients.documents.send(new DeleteCommand({ TableName, Key: { key } }));
}

/** Plays every flow, one after the other. */
export async function runFlows(stage: Stage, recorder: Recorder): Promise<FlowRun> {
  const grants = grantsIn(await readRolePolicies(stage.clients, stage.endpoint));
  const users = new Map<Grant, Flow[]>(grants.map((grant) => [grant, []]));
  const failed: string[] = [];
  for (const flow of FLOWS) {
    const before = recorder.accesses.length;
    await forgetLimits(stage);
    try {
      await flow.play(stage);
    } catch (error) {
      failed.push(`${flow.title}: ${error instanceof Error ? error.message : String(error)}`);
    }
    const made = recorder.accesses.slice(before);
    for (const [grant, flows] of users) if (made.some((access) => allows(grant, access))) flows.push(flow);
  }
  const refused = recorder.accesses.filter((access) => access.denied || !grants.some((grant) => allows(grant, access)));
  const unused = grants.filter((grant) => users.get(grant)?.length === 0 && !isForQueuedCalls(grant));
  const foreign = recorder.accesses.flatMap(({ functionName, events = [] }) =>
    events
      .filter((event) => !publishedBy(functionName).includes(event))
      .map((event) => `${functionName} events:PutEvents of ${event}`),
  );
  return { failed, refused: [...new Set([...refused.map(describe), ...foreign])], unused: unused.map(describe), users };
}
