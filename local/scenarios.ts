import { DescribeExecutionCommand, GetExecutionHistoryCommand } from '@aws-sdk/client-sfn';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Profile } from '../src/purple-flea/service.ts';
import { readInitialData } from '../twin/initial-data.ts';
import type { AwaitEvent } from './demo.ts';
import { LOCAL_AGENTS, type LocalPipeline } from './local-pipeline.ts';
import { registerTrainingJob, sendDecision, sendDelivery, sendTrainingEvent } from './sending.ts';
import { line } from './timeline.ts';
import { readEscrows } from './twin-view.ts';

/** How an escrow can go, each to be shown and tested on the local AWS. */
export interface Scenario {
  readonly title: string;
  /** Whether it begins so long ago by the twin's clock that the deadline is near; in hours. */
  readonly hoursAgo?: number;
  /** What is said before there is an escrow. */
  readonly before?: (stage: Stage, trainingJobName: string) => Promise<void>;
  /** By how many hours `after` moves the twin's clock on. */
  readonly hoursOn?: number;
  /** What happens once it is locked. */
  readonly after: (stage: Stage, escrowId: string) => Promise<void>;
  /** The end of the execution, and the escrow's status at the twin. */
  readonly end: 'Released' | 'AutoReleased' | 'Refunded';
  readonly status: string;
  /** Where the published server's silence pays somebody else. */
  readonly inPublished?: Pick<Scenario, 'end' | 'status'>;
}

/** How a scenario ends in a dialect. */
export function expectedEnd(scenario: Scenario, profile: Profile): Pick<Scenario, 'end' | 'status'> {
  return (profile === 'published' ? scenario.inPublished : undefined) ?? scenario;
}

/** What a scenario plays on. */
export interface Stage {
  readonly pipeline: LocalPipeline;
  readonly awaitEvent: AwaitEvent;
  readonly print: (text: string) => void;
}

/** What became of it. */
export interface Played {
  readonly escrowId: string;
  readonly executionName: string;
  /** The state that the execution ended in. */
  readonly end: string;
  /** At the twin. */
  readonly status: string;
}

const HOUR_SECONDS = 3600;
const WAIT_MS = 120_000;

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  release: {
    title: 'the delivery comes, and the counterparty is paid',
    after: deliver,
    end: 'Released',
    status: 'released',
  },
  early: {
    title: 'it is approved before there is an escrow, and paid as soon as it is locked',
    before: ({ pipeline }, trainingJobName) =>
      sendDecision(pipeline.clients, pipeline.outputs.busName, 'approved', { trainingJobName, ...WORD }),
    after: async () => {},
    end: 'Released',
    status: 'released',
  },
  dispute: {
    title: 'a person rejects it, it is disputed, and the staff refund it',
    after: async (stage, escrowId) => {
      await reject(stage, escrowId);
      await stage.awaitEvent('escrow.disputed', (detail) => detail.escrowId === escrowId);
      await resolve(stage, escrowId, 'creator');
    },
    end: 'Refunded',
    status: 'refunded',
  },
  'dispute-lost': {
    title: 'the counterparty disputes it, and the staff decide in its favour',
    after: async (stage, escrowId) => {
      await callAsOwner(stage, `/escrow/dispute/${escrowId}`, { reason: 'the work is done and not released' });
      await resolve(stage, escrowId, 'counterparty');
    },
    end: 'Released',
    status: 'released',
  },
  timeout: {
    title: 'nobody delivers, the lock runs out, and the amount comes back',
    hoursOn: 169,
    after: (stage) => moveClock(stage, 169),
    end: 'Refunded',
    status: 'refunded',
  },
  'auto-release': {
    title: 'the counterparty completes, nobody decides until the deadline: Purple Flea pays (published: refunds)',
    after: async (stage, escrowId) => {
      await callAsOwner(stage, `/escrow/complete/${escrowId}`, { completion_note: 'done' });
      await moveClock(stage, 169);
    },
    hoursOn: 169,
    end: 'AutoReleased',
    status: 'auto_released',
    inPublished: { end: 'Refunded', status: 'refunded' },
  },
  guard: {
    title: 'the counterparty completes, nobody decides, and the guard does before the deadline',
    hoursAgo: 167.8,
    after: (stage, escrowId) => callAsOwner(stage, `/escrow/complete/${escrowId}`, { completion_note: 'done' }),
    end: 'Released',
    status: 'released',
  },
};

const WORD = { by: 'reviewer (demo)', reason: 'looked at' };

/** Plays one scenario from a finished training job to the end of its execution. */
export async function playScenario(stage: Stage, scenario: Scenario): Promise<Played> {
  const { pipeline, awaitEvent, print } = stage;
  const { clients, twinUrl } = pipeline;
  const trainingJobName = `churn-${Date.now().toString(36)}`;
  const hoursAgo = scenario.hoursAgo ?? 0;
  print(line('event', `SageMaker: training job ${trainingJobName} Completed`));
  await registerTrainingJob(twinUrl, trainingJobName, { metrics: { 'validation:accuracy': 0.75 } });
  await scenario.before?.(stage, trainingJobName);
  await moveClock(stage, -hoursAgo);
  await sendTrainingEvent(clients, trainingJobName);
  const { executionName } = await awaitEvent('bonus.started', (detail) => detail.trainingJobName === trainingJobName);
  const { escrowId } = await awaitEvent('escrow.locked', (detail) => detail.executionName === executionName);
  await scenario.after(stage, escrowId);
  await moveClock(stage, hoursAgo);
  const end = await awaitEnd(stage, executionName);
  const escrow = (await readEscrows(twinUrl)).find(({ escrow_id }) => escrow_id === escrowId);
  await moveClock(stage, -(scenario.hoursOn ?? 0));
  return { escrowId, executionName, end, status: escrow?.status ?? 'not there' };
}

function deliver({ pipeline }: Stage, escrowId: string): Promise<void> {
  const { clients, outputs } = pipeline;
  return sendDelivery(clients, outputs.busName, { escrowId, deliveredBy: 'model owner (demo)', note: 'In production' });
}

function reject({ pipeline }: Stage, escrowId: string): Promise<void> {
  return sendDecision(pipeline.clients, pipeline.outputs.busName, 'rejected', { escrowId, ...WORD });
}

async function callAsOwner({ pipeline, print }: Stage, path: string, body: object): Promise<void> {
  const owner = readInitialData().agents.find(({ agentId }) => agentId === LOCAL_AGENTS.owner);
  print(line('event', `counterparty: POST ${path}`));
  await post(`${pipeline.twinUrl}${path}`, body, owner?.apiKey);
}

async function resolve({ pipeline, print }: Stage, escrowId: string, inFavourOf: string): Promise<void> {
  print(line('event', `staff: ${escrowId} in favour of the ${inFavourOf}`));
  await post(`${pipeline.twinUrl}/_twin/escrows/${escrowId}/resolve`, { inFavourOf });
}

async function moveClock({ pipeline, print }: Stage, hours: number): Promise<void> {
  if (hours === 0) return;
  print(line('event', `the twin's clock: ${Math.abs(hours)} hours ${hours > 0 ? 'on' : 'back'}`));
  await post(`${pipeline.twinUrl}/_twin/clock`, { advanceSeconds: Math.round(hours * HOUR_SECONDS) });
}

async function post(url: string, body: object, apiKey = ''): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status} ${await response.text()}`);
}

/** Runs the sweeps, as their schedules do every minute on AWS, until the execution has ended. */
async function awaitEnd({ pipeline }: Stage, executionName: string): Promise<string> {
  const { clients, outputs } = pipeline;
  const executionArn = `${outputs.stateMachineArn.replace(':stateMachine:', ':execution:')}:${executionName}`;
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const { status } = await clients.stepFunctions.send(new DescribeExecutionCommand({ executionArn }));
    if (status !== 'RUNNING') return endOf(pipeline, executionArn);
    if (Date.now() > deadline) throw new Error(`${executionName} has not ended within ${WAIT_MS / 1000} s`);
    for (const lambda of ['watch-escrows', 'deliver-deadlines']) {
      await clients.lambda.send(new InvokeCommand({ FunctionName: `purple-flea-local-${lambda}`, Payload: '{}' }));
    }
    await sleep(500);
  }
}

async function endOf({ clients }: LocalPipeline, executionArn: string): Promise<string> {
  const { events = [] } = await clients.stepFunctions.send(
    new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }),
  );
  return (
    events.findLast(({ stateEnteredEventDetails }) => stateEnteredEventDetails !== undefined)?.stateEnteredEventDetails
      ?.name ?? 'none'
  );
}
