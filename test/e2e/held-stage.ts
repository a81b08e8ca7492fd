import {
  DeleteFunctionCommand,
  paginateListFunctions,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { DeleteRolePolicyCommand, IAMClient } from '@aws-sdk/client-iam';
import { paginateListExecutions, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { paginateListQueues, PurgeQueueCommand } from '@aws-sdk/client-sqs';
import { BatchWriteCommand, paginateScan } from '@aws-sdk/lib-dynamodb';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClients, type Clients } from '../../local/clients.ts';
import { beginLongAgo, putSecrets, type LocalPipelineOptions } from '../../local/local-pipeline.ts';
import { BIN, ROOT } from '../../local/paths.ts';
import { readRolePolicies, type RolePolicy } from '../../local/role-policies.ts';
import { setStop } from '../../local/sending.ts';
import { localAccess, type Session } from '../../src/local-session.ts';

/** A deployed stage that a process of its own keeps running, without a twin. */
export interface HeldStage extends Session {
  readonly functionLog: string;
  /** The environments of its functions, and the policies of their roles, as they were deployed. */
  readonly environments: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly policies: readonly RolePolicy[];
}

/**
 * The stage that a file of this name describes, as if it had just been deployed. The first who asks has it deployed, and
 * it is kept until this worker ends; only one at a time may use it.
 */
export async function obtainHeldStage(file: string, options: LocalPipelineOptions): Promise<HeldStage> {
  const isKept = existsSync(file);
  if (!isKept) hold(file, options);
  while (!existsSync(file)) await sleep(100);
  const stage = JSON.parse(readFileSync(file, 'utf8')) as HeldStage & { readonly failure?: string };
  if (stage.failure !== undefined) throw new Error(stage.failure);
  if (isKept) await renew(stage);
  return stage;
}

/** Its standard input stays open for as long as this process lives, whichever file of tests it plays. */
function hold(file: string, options: LocalPipelineOptions): void {
  const script = [`${BIN}/node`, `${ROOT}test/e2e/hold-stage.ts`, file, JSON.stringify(options)];
  const child = spawn(process.execPath, [`${ROOT}local/guarded.ts`, ...script], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
}

/** Has a stage be as it was deployed: nothing was played on it, and its functions remember nothing. */
async function renew(stage: HeldStage): Promise<void> {
  const { endpoint, outputs } = stage;
  const clients = createClients(endpoint);
  await startFunctionsAnew(clients, stage);
  await restorePolicies(clients, stage);
  await putSecrets(clients, outputs);
  await takePlayed(clients, outputs);
}

/** Takes away whatever was played on a stage: executions, items, and messages of all queues but those that are kept. */
export async function takePlayed(
  clients: Clients,
  outputs: HeldStage['outputs'],
  isKept: (queueUrl: string) => boolean = () => false,
): Promise<void> {
  await stopExecutions(clients, outputs.stateMachineArn);
  await empty(clients, outputs.intentTable, ['key']);
  await empty(clients, outputs.mailboxTable, ['address', 'item']);
  for await (const { QueueUrls = [] } of paginateListQueues({ client: clients.sqs }, {}))
    for (const QueueUrl of QueueUrls)
      if (!isKept(QueueUrl)) await clients.sqs.send(new PurgeQueueCommand({ QueueUrl }));
  await setStop(clients, outputs.stopParameter, 'running');
  await beginLongAgo(clients);
}

async function stopExecutions({ stepFunctions }: Clients, stateMachineArn: string): Promise<void> {
  const running = { stateMachineArn, statusFilter: 'RUNNING' } as const;
  for await (const { executions = [] } of paginateListExecutions({ client: stepFunctions }, running))
    for (const { executionArn } of executions) await stepFunctions.send(new StopExecutionCommand({ executionArn }));
}

/** With another environment, workers start anew: they remember no secret and no stop. */
async function startFunctionsAnew({ lambda }: Clients, { environments }: HeldStage): Promise<void> {
  for await (const { Functions = [] } of paginateListFunctions({ client: lambda }, {})) {
    for (const { FunctionName = '' } of Functions) {
      const deployed = environments[FunctionName];
      await lambda.send(
        deployed === undefined
          ? new DeleteFunctionCommand({ FunctionName })
          : new UpdateFunctionConfigurationCommand({
              FunctionName,
              Environment: { Variables: { ...deployed, STARTED_ANEW: String(performance.now()) } },
            }),
      );
    }
  }
}

async function restorePolicies(clients: Clients, { endpoint, policies }: HeldStage): Promise<void> {
  const iam = new IAMClient(localAccess(endpoint));
  const deployed = new Set(policies.map(({ roleName, policyName }) => `${roleName}/${policyName}`));
  for (const { roleName, policyName } of await readRolePolicies(clients, endpoint)) {
    if (deployed.has(`${roleName}/${policyName}`)) continue;
    await iam.send(new DeleteRolePolicyCommand({ RoleName: roleName, PolicyName: policyName }));
  }
}

/** Deletes all items of a table; 25 are the most that one call takes. */
async function empty({ documents }: Clients, TableName: string, key: readonly string[]): Promise<void> {
  const keyOf = (item: Readonly<Record<string, unknown>>) => Object.fromEntries(key.map((name) => [name, item[name]]));
  for await (const { Items = [] } of paginateScan({ client: documents }, { TableName })) {
    for (let at = 0; at < Items.length; at += 25) {
      const deletions = Items.slice(at, at + 25).map((item) => ({ DeleteRequest: { Key: keyOf(item) } }));
      await documents.send(new BatchWriteCommand({ RequestItems: { [TableName]: deletions } }));
    }
  }
}
