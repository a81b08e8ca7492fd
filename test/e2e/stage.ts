import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  DescribeExecutionCommand,
  ListExecutionsCommand,
  paginateGetExecutionHistory,
  type HistoryEvent,
} from '@aws-sdk/client-sfn';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import getPort, { portNumbers } from 'get-port';
import { AsyncLocalStorage } from 'node:async_hooks';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../../lib/config.ts';
import { createClients } from '../../local/clients.ts';
import { localAccess } from '../../src/local-session.ts';
import { startTwin } from '../../twin/server.ts';
import { RUN } from '../../local/paths.ts';
import { registerTrainingJob, sendTrainingEvent } from '../../local/sending.ts';
import { readEscrows, readOrders } from '../../local/twin-view.ts';
import { clientReference } from '../../src/ledger/effect-key.ts';
import { orderKey } from '../../src/trading/place-order.ts';
import { openBusTap, type SeenEvent } from '../../local/bus-tap.ts';
import {
  startLocalPipeline,
  type LocalPipeline,
  type LocalPipelineOptions,
  type SharedStart,
} from '../../local/local-pipeline.ts';
import { obtainHeldStage } from './held-stage.ts';

/** A deployed local pipeline with everything that passed over its bus so far. */
export interface Stage extends LocalPipeline {
  readonly seen: readonly SeenEvent[];
}

/** Starts a stage with options of its own; without any, files that one worker plays share a deployed one, one after the other. */
export async function startStage(options?: LocalPipelineOptions): Promise<Stage> {
  mkdirSync(RUN, { recursive: true });
  process.env['PURPLE_FLEA_SESSION'] = `${RUN}session.json`;
  const start = await sharedStart();
  const pipeline =
    options === undefined && start.shared !== undefined
      ? await takeHeldStage(start.shared)
      : await startLocalPipeline({ ...QUIET, ...start, ...options });
  const stop = new AbortController();
  const seen: SeenEvent[] = [];
  const tap = await openBusTap(pipeline.clients, pipeline.outputs.busName);
  const following = (async () => {
    for await (const event of tap(stop.signal)) seen.push(event);
  })();
  return {
    ...pipeline,
    seen,
    close: async () => {
      stop.abort();
      await following;
      await pipeline.close();
    },
  };
}

const QUIET = { renderer: 'silent', rateLimits: false } as const;

/** A deployed stage that files share, with a twin of this file alone. */
async function takeHeldStage(shared: SharedStart): Promise<LocalPipeline> {
  const { twinPort, assemblies } = shared;
  const twinUrl = `http://127.0.0.1:${twinPort}`;
  const stage = await obtainHeldStage(`${assemblies}/stage-${twinPort}.json`, { ...QUIET, shared, twinUrl });
  const { profile } = loadConfig('local').purpleFlea.escrow;
  const twin = await startTwin({ port: twinPort, escrowProfile: profile, rateLimits: false });
  return { ...stage, clients: createClients(stage.endpoint), close: () => twin.close() };
}

/** Files of one run of jest that one worker plays have their twins on one port, and so are synthesized once. */
async function sharedStart(): Promise<Pick<LocalPipelineOptions, 'shared'>> {
  const assemblies = process.env['PURPLE_FLEA_ASSEMBLIES'];
  if (assemblies === undefined) return {};
  const file = `${assemblies}/port-${process.env['JEST_WORKER_ID']}`;
  // Below the ports that outgoing connections are given.
  if (!existsSync(file)) writeFileSync(file, String(await getPort({ port: portNumbers(20_000, 29_999) })));
  return { shared: { assemblies, twinPort: Number(readFileSync(file, 'utf8')) } };
}

/** What runs in it stops waiting for anything once the signal is aborted. */
export const patience = new AsyncLocalStorage<AbortSignal>();

/** Asks until there is an answer; fails with `what` after a minute, or as long as is said. */
export async function eventually<Value>(
  what: string,
  ask: () => Promise<Value | undefined> | Value | undefined,
  withinSeconds = 60,
): Promise<Value> {
  const deadline = Date.now() + withinSeconds * 1000;
  for (;;) {
    const value = await ask();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`not within ${withinSeconds} s: ${what}`);
    if (patience.getStore()?.aborted === true) throw new Error(`no longer waited for: ${what}`);
    await sleep(100);
  }
}

/** Gives everything under way the time to do something it should not. */
export function settle(): Promise<void> {
  return sleep(3_000);
}

/** Waits for an event on the app's bus whose detail has these fields. */
export function awaitEvent(
  stage: Stage,
  type: string,
  fields: Readonly<Record<string, unknown>>,
): Promise<SeenEvent['detail']> {
  return eventually(`${type} ${JSON.stringify(fields)}`, () => findEvents(stage, type, fields)[0]);
}

export function findEvents(
  stage: Stage,
  type: string,
  fields: Readonly<Record<string, unknown>>,
): SeenEvent['detail'][] {
  return stage.seen
    .filter((event) => event['detail-type'] === type)
    .map((event) => event.detail)
    .filter((detail) => Object.entries(fields).every(([name, value]) => detail[name] === value));
}

export interface EndedExecution {
  readonly status: string;
  readonly states: readonly string[];
  /** Everything the execution's description and history hold, as JSON text. */
  readonly record: string;
}

/** Waits for an execution's end; returns the states it entered, in order. */
export async function awaitExecution(stage: Stage, name: string): Promise<EndedExecution> {
  const executionArn = executionArnOf(stage.outputs, name);
  const ended = await eventually(`the end of execution ${name}`, async () => {
    const execution = await stage.clients.stepFunctions.send(new DescribeExecutionCommand({ executionArn }));
    return execution.status === 'RUNNING' ? undefined : execution;
  });
  const events = await historyOf(stage, name);
  return {
    status: ended.status ?? 'unknown',
    states: namesOf(events),
    record: JSON.stringify([ended, events]),
  };
}

/** The states that an execution has entered so far, in order. */
export async function statesOf(stage: Stage, name: string): Promise<string[]> {
  return namesOf(await historyOf(stage, name));
}

async function historyOf({ clients, outputs }: Stage, name: string): Promise<HistoryEvent[]> {
  const history: HistoryEvent[] = [];
  const pages = paginateGetExecutionHistory(
    { client: clients.stepFunctions, pageSize: 1000 },
    { executionArn: executionArnOf(outputs, name) },
  );
  for await (const { events = [] } of pages) history.push(...events);
  return history;
}

function namesOf(events: readonly HistoryEvent[]): string[] {
  return events.flatMap((event) => event.stateEnteredEventDetails?.name ?? []);
}

function executionArnOf({ stateMachineArn }: Stage['outputs'], name: string): string {
  return `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
}

/** Names of all executions there are. */
export async function listExecutions({ clients, outputs }: Stage): Promise<string[]> {
  const { executions = [] } = await clients.stepFunctions.send(
    new ListExecutionsCommand({ stateMachineArn: outputs.stateMachineArn }),
  );
  return executions.map(({ name }) => name ?? '');
}

/** Waits for a dead letter whose body has this text; returns its reason. */
export async function awaitDeadLetter({ clients }: Stage, queue: string, text: string): Promise<string | undefined> {
  const { QueueUrl } = await clients.sqs.send(new GetQueueUrlCommand({ QueueName: queue }));
  return eventually(`a dead letter with ${text} in ${queue}`, async () => {
    const { Messages = [] } = await clients.sqs.send(
      new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: 10,
        VisibilityTimeout: 0,
        MessageAttributeNames: ['All'],
      }),
    );
    return Messages.find(({ Body }) => Body?.includes(text) === true)?.MessageAttributes?.['reason']?.StringValue;
  });
}

/** Invokes a function of the stage, as its schedule does. */
export async function invoke({ clients }: Stage, lambda: string, input: object = {}): Promise<unknown> {
  const { Payload, FunctionError } = await clients.lambda.send(
    new InvokeCommand({ FunctionName: `purple-flea-local-${lambda}`, Payload: JSON.stringify(input) }),
  );
  const text = Payload?.transformToString() ?? '';
  if (FunctionError !== undefined) throw new Error(text);
  return JSON.parse(text);
}

/** What a function has logged, whoever invoked it. */
export async function readLog({ endpoint }: Stage, lambda: string): Promise<string> {
  const asked = { logGroupName: `/aws/lambda/purple-flea-local-${lambda}`, limit: 10_000 };
  const { events = [] } = await new CloudWatchLogsClient(localAccess(endpoint)).send(new FilterLogEventsCommand(asked));
  return events.map(({ message }) => message).join('\n');
}

/** Makes a bucket that functions read from. */
export async function makeBucket({ endpoint }: Stage, Bucket: string): Promise<void> {
  await new S3Client(localAccess(endpoint)).send(new CreateBucketCommand({ Bucket }));
}

export async function writeObject({ endpoint }: Stage, Bucket: string, Key: string, Body: string): Promise<void> {
  await new S3Client(localAccess(endpoint)).send(new PutObjectCommand({ Bucket, Key, Body }));
}

/** Moves the clock of the stage's twin. */
export async function moveTwinClock({ twinUrl }: Stage, advanceSeconds: number): Promise<void> {
  const response = await fetch(`${twinUrl}/_twin/clock`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ advanceSeconds }),
  });
  if (!response.ok) throw new Error(await response.text());
}

/** A completed training job, at the twin and on the bus. */
export async function finishTraining(
  { clients, twinUrl }: Stage,
  name: string,
  accuracy: number | undefined,
  times = 1,
): Promise<void> {
  const metrics: Record<string, number> = accuracy === undefined ? {} : { 'validation:accuracy': accuracy };
  await registerTrainingJob(twinUrl, name, { metrics });
  for (let time = 0; time < times; time += 1) await sendTrainingEvent(clients, name);
}

/** Waits until the bonus of a training job is locked. */
export async function awaitLocked(
  stage: Stage,
  trainingJobName: string,
): Promise<{ escrowId: string; executionName: string }> {
  const { executionName } = await awaitEvent(stage, 'bonus.started', { trainingJobName });
  const { escrowId } = await awaitEvent(stage, 'escrow.locked', { executionName });
  return { escrowId: String(escrowId), executionName: String(executionName) };
}

/** The escrows at the twin whose description names something. */
export async function escrowsOf({ twinUrl }: Stage, name: string) {
  return (await readEscrows(twinUrl)).filter(({ description }) => description.includes(name));
}

/** The orders at the twin for one prediction: they bear the reference of its order, as all effects do. */
export async function ordersFor({ twinUrl }: Stage, predictionId: string) {
  const reference = clientReference(orderKey({ source: 'prediction', id: predictionId }, 'live'));
  return (await readOrders(twinUrl)).filter(({ metadata }) => metadata?.['reference'] === reference);
}

/** Asks the twin for a fault, once if its parameters say nothing else. */
export async function askForFault(
  { twinUrl }: Stage,
  route: string,
  fault: string,
  parameters: Readonly<Record<string, number>> = {},
): Promise<void> {
  const response = await fetch(`${twinUrl}/_twin/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ route, fault, ...parameters }),
  });
  if (!response.ok) throw new Error(await response.text());
}

/** Subscribes a queue of its own to the stage's notifications; returns what reads the lines that came so far. */
export async function openNotifications({ clients, endpoint, outputs }: Stage): Promise<() => Promise<string[]>> {
  const { QueueUrl } = await clients.sqs.send(
    new CreateQueueCommand({ QueueName: `${outputs.busName}-notifications-tap-${process.pid}` }),
  );
  const { Attributes } = await clients.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
  );
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 'sns.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: Attributes?.['QueueArn'],
  };
  await clients.sqs.send(
    new SetQueueAttributesCommand({
      QueueUrl,
      Attributes: { Policy: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }) },
    }),
  );
  await new SNSClient(localAccess(endpoint)).send(
    new SubscribeCommand({
      TopicArn: outputs.notificationTopicArn,
      Protocol: 'sqs',
      Endpoint: Attributes?.['QueueArn'],
      Attributes: { RawMessageDelivery: 'true' },
    }),
  );
  const lines: string[] = [];
  return async () => {
    const { Messages = [] } = await clients.sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    lines.push(...Messages.map(({ Body = '' }) => Body));
    return lines;
  };
}
