import { LOCAL_AGENTS } from '../../local/local-pipeline.ts';
import { sendDecision, sendDelivery, sendRequest, setStop } from '../../local/sending.ts';
import type { IntentStore, NewIntent } from '../../src/ledger/intent.ts';
import {
  askForFault,
  awaitEvent,
  awaitExecution,
  awaitLocked,
  eventually,
  findEvents,
  finishTraining,
  invoke,
  moveTwinClock,
  statesOf,
  type Stage,
} from '../e2e/stage.ts';
import { postToTwin, sweeping } from '../e2e/playing.ts';

/** An escrow whose execution was left waiting. */
export interface LeftEscrow {
  /** The state that it was left in. */
  readonly state: string;
  readonly executionName: string;
  readonly escrowId: string | undefined;
  /** Its training job, or the request. */
  readonly subject: string;
}

/** Requests that were left at the service take effect when its clock has gone so far. */
export const LATE_SECONDS = 3600;

const WORD = { by: 'ann', reason: 'looked at' };
const ACCURACY = 0.71;

/** Running functions use what they read of the switch for five seconds. */
const NOTICED_MS = 5_500;

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

let jobs = 0;

/** One escrow in every state in which an execution waits, by release 0.1.0. Leaves the stop on `halted`. */
export async function leaveEscrows(stage: Stage): Promise<LeftEscrow[]> {
  const { clients, outputs } = stage;
  const locked = async () => {
    const subject = `churn-left-${(jobs += 1)}`;
    await finishTraining(stage, subject, ACCURACY);
    return { subject, ...(await awaitLocked(stage, subject)) };
  };
  const isIn = (executionName: string, state: string) =>
    eventually(`${executionName} to be in ${state}`, async () =>
      (await statesOf(stage, executionName)).at(-1) === state ? true : undefined,
    );
  const left: LeftEscrow[] = [];
  const leave = async (state: string, escrow: Omit<LeftEscrow, 'state'>) => {
    await isIn(escrow.executionName, state);
    left.push({ state, ...escrow });
  };
  const deliver = (escrowId: string) => sendDelivery(clients, outputs.busName, { escrowId, deliveredBy: 'owner' });
  const reject = (escrowId: string) => sendDecision(clients, outputs.busName, 'rejected', { escrowId, ...WORD });

  await leave('AwaitDelivery', await locked());

  const completed = await locked();
  await postToTwin(stage, LOCAL_AGENTS.owner, `/escrow/complete/${completed.escrowId}`, {});
  await sweeping(stage, 'a question', async () =>
    (await statesOf(stage, completed.executionName)).at(-1) === 'AwaitDecision' ? true : undefined,
  );
  await leave('AwaitDecision', completed);

  const disputed = await locked();
  await reject(disputed.escrowId);
  await leave('AwaitResolution', disputed);

  const [toRelease, toDispute] = [await locked(), await locked()];

  const late = { afterSeconds: LATE_SECONDS };
  const releasing = await locked();
  await askForFault(stage, 'POST /escrow/release/:id', 'applied-late', late);
  await deliver(releasing.escrowId);
  await leave('AwaitReleaseVerdict', releasing);

  const disputing = await locked();
  await askForFault(stage, 'POST /escrow/dispute/:id', 'applied-late', late);
  await reject(disputing.escrowId);
  await leave('AwaitDisputeVerdict', disputing);

  const creating = `churn-left-${(jobs += 1)}`;
  await askForFault(stage, 'POST /escrow/create', 'applied-late', late);
  await finishTraining(stage, creating, ACCURACY);
  const { executionName } = await awaitEvent(stage, 'bonus.started', { trainingJobName: creating });
  await leave('AwaitLockVerdict', { subject: creating, executionName: String(executionName), escrowId: undefined });

  await setStop(clients, outputs.stopParameter, 'halted');
  await pause(NOTICED_MS);
  const stopped = `churn-left-${(jobs += 1)}`;
  await finishTraining(stage, stopped, ACCURACY);
  const started = await awaitEvent(stage, 'bonus.started', { trainingJobName: stopped });
  await leave('WaitToLock', {
    subject: stopped,
    executionName: String(started['executionName']),
    escrowId: undefined,
  });
  await deliver(toRelease.escrowId);
  await leave('WaitToRelease', toRelease);
  await reject(toDispute.escrowId);
  await leave('WaitToDispute', toDispute);
  return left;
}

/** So long ago the sender of what was left in `sending` crashed. */
const CRASHED_MS = 10 * 60_000;

/** What of an earlier release writes its intents, over its own client of DynamoDB. */
interface EarlierLedger {
  readonly createClients: (endpoint: string) => { readonly dynamoDb: unknown };
  readonly createIntentTable: (dynamoDb: unknown, table: string) => IntentStore;
  readonly aNewIntent: (overrides: Partial<NewIntent> & { readonly subject: string }) => NewIntent;
  readonly leaveSending: (intents: IntentStore, intent: NewIntent, claimedAt: Date) => Promise<unknown>;
}

/** Keys of the intents that no waiting escrow has: of an order that was parked, and of a lock that never went out. */
export interface LeftIntents {
  readonly manual: string;
  readonly rejected: { readonly key: string; readonly requestId: string };
}

/** Leaves an order as an invocation of the earlier release does that crashes after it was sent. Returns its key. */
export async function leaveOrder(stage: Stage, earlierRoot: string, subject: string): Promise<string> {
  const { createIntentTable } = (await import(`${earlierRoot}src/aws/intent-table.ts`)) as EarlierLedger;
  const { aNewIntent, leaveSending } = (await import(`${earlierRoot}test/support/effects.ts`)) as EarlierLedger;
  const { createClients } = (await import(`${earlierRoot}local/clients.ts`)) as EarlierLedger;
  const intents = createIntentTable(createClients(stage.endpoint).dynamoDb, stage.outputs.intentTable);
  const cause = { rule: 'prediction-trade', subject, status: 'completed' };
  const intent = aNewIntent({ subject, kind: 'trade-order', cause, agentId: LOCAL_AGENTS.treasury });
  await leaveSending(intents, intent, new Date(Date.now() - CRASHED_MS));
  return intent.key;
}

/** Leaves an intent in each of the states that no waiting escrow has. */
export async function leaveIntents(stage: Stage, earlierRoot: string): Promise<LeftIntents> {
  const manual = await leaveOrder(stage, earlierRoot, 'an order that a person decides');
  await eventually('an order to be parked', async () => {
    await invoke(stage, 'resolve-intents');
    return findEvents(stage, 'intent.parked', { key: manual })[0];
  });

  const requestId = 'left-1';
  await askForFault(stage, 'POST /escrow/create', 'rate-limited', { retryAfter: 1, count: 5 });
  await sendRequest(stage.clients, stage.outputs.busName, {
    requestId,
    requestedAt: new Date().toISOString(),
    counterpartyAgentId: LOCAL_AGENTS.owner,
    description: 'labels',
    timeoutHours: 48,
    amountUsd: '1.00',
  });
  const { executionName } = await awaitEvent(stage, 'escrow.started', { requestId });
  const key = String(executionName);
  await awaitExecution(stage, key);
  return { manual, rejected: { key, requestId } };
}

/** Lets what was sent late reach the service. */
export const letLateRequestsArrive = (stage: Stage) => moveTwinClock(stage, LATE_SECONDS + 1);
