import { DescribeExecutionCommand } from '@aws-sdk/client-sfn';
import Table from 'cli-table3';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { runWhatIf } from '../src/what-if/run-what-if.ts';
import { readCandidate } from '../lib/what-if-candidate.ts';
import type { PublishedEvents, PublishedType } from '../src/events/catalogue.ts';
import { formatUsd, parseUsd, shareOf, subtractUsd, sumUsd, type MicroUsd } from '../src/money.ts';
import type { SeenEvent } from './bus-tap.ts';
import { LOG } from './emulator.ts';
import { LOCAL_AGENTS, type LocalPipeline } from './local-pipeline.ts';
import { askModel, registerTrainingJob, sendDelivery, sendPrediction, sendTrainingEvent } from './sending.ts';
import { line } from './timeline.ts';
import { readBooks, readCalls, readOrders, type Books } from './twin-view.ts';

/** Waits for the first event of a type that fits. */
export type AwaitEvent = <Type extends PublishedType>(
  type: Type,
  fits: (detail: PublishedEvents[Type]) => boolean,
) => Promise<PublishedEvents[Type]>;

/** What the demo left behind. `problems` is empty where the money is where it should be. */
export interface DemoResult {
  readonly problems: readonly string[];
}

const ACCURACY = 0.93;
/** Of a prediction that is not traded. */
const UNSURE = 0.55;
const WAIT_MS = 60_000;

/** One training job becomes a bonus, one prediction a trade, another none. Prints what it does as it happens. */
export async function runDemo(
  pipeline: LocalPipeline,
  awaitEvent: AwaitEvent,
  print: (text: string) => void,
): Promise<DemoResult> {
  const { clients, twinUrl, outputs } = pipeline;
  const before = await readBooks(twinUrl);

  const trainingJobName = `churn-xgb-${Date.now().toString(36)}`;
  await registerTrainingJob(twinUrl, trainingJobName, { metrics: { 'validation:accuracy': ACCURACY } });
  print(line('event', `SageMaker: training job ${trainingJobName} Completed`));
  await sendTrainingEvent(clients, trainingJobName);
  const bonus = await awaitEvent('bonus.started', (detail) => detail.trainingJobName === trainingJobName);
  const locked = await awaitEvent('escrow.locked', (detail) => detail.executionName === bonus.executionName);
  await sendDelivery(clients, outputs.busName, {
    escrowId: locked.escrowId,
    deliveredBy: 'model owner (demo)',
    note: 'In production',
  });
  const released = await awaitEvent('escrow.released', (detail) => detail.escrowId === locked.escrowId);
  const executionStatus = await awaitExecution(pipeline, bonus.executionName);
  print(line('execution', `${bonus.executionName.slice(0, 12)}… ${executionStatus}`));

  const prediction = await askModel(clients, outputs.requestPrediction);
  const order = await awaitEvent('trade.placed', (detail) => detail.signalId === prediction.predictionId);

  const unsure = `demo-${Date.now().toString(36)}`;
  await sendPrediction(clients, outputs.busName, { predictionId: unsure, direction: 'short', confidence: UNSURE });
  await awaitEvent('trade.skipped', (detail) => detail.signalId === unsure && detail.reason === 'low-confidence');

  const after = await readBooks(twinUrl);
  print(`\n${balanceTable(before, after)}\n`);
  print(
    summaryTable([
      ['escrow', locked.escrowId],
      ['locked', `$${released.amountUsd}`],
      ['fee', `$${released.feeUsd}`],
      ['paid out', `$${released.paidOutUsd} to ${locked.counterpartyAgentId}`],
      ['execution', `${executionStatus} (${bonus.executionName})`],
      [
        'order',
        `${order.orderId}: ${order.direction} $${order.amountUsd} of ${order.asset}, confidence ${order.confidence}`,
      ],
    ]),
  );
  print(`\n${whatIf().join('\n')}\n`);
  return { problems: await findProblems(pipeline, before, after, { bonus, released, order, executionStatus }) };
}

/** What the example recording would have come to, under this stage's policy and a careful one. */
function whatIf(): readonly string[] {
  const folder = 'examples/what-if';
  const read = (file: string) => ({ name: `${folder}/${file}`, text: readFileSync(`${folder}/${file}`, 'utf8') });
  const { lines } = runWhatIf({
    events: read('events.jsonl'),
    prices: read('prices.csv'),
    candidates: [readCandidate('local'), readCandidate(`${folder}/careful.json`)],
  });
  const differences = lines.findIndex((text) => text.startsWith('they differ on'));
  const command = `npm run what-if -- --events ${folder}/events.jsonl --prices ${folder}/prices.csv --config local --config ${folder}/careful.json`;
  return [
    'What if? A made-up week of signals, replayed under two configurations:',
    '',
    ...lines.slice(0, differences),
    command,
  ];
}

interface Outcome {
  readonly bonus: PublishedEvents['bonus.started'];
  readonly released: PublishedEvents['escrow.released'];
  readonly order: PublishedEvents['trade.placed'];
  readonly executionStatus: string;
}

/** Compares where the money is with where it should be, by the books of the twin. */
async function findProblems(pipeline: LocalPipeline, before: Books, after: Books, outcome: Outcome): Promise<string[]> {
  const { treasury, owner } = LOCAL_AGENTS;
  const amount = parseUsd(outcome.released.amountUsd);
  const fee = shareOf(amount, 100);
  const orders = await readOrders(pipeline.twinUrl);
  const tradeFee = orders.find(({ order_id }) => order_id === outcome.order.orderId)?.fee ?? parseUsd('0');
  const moved = (agent: string) => subtractUsd(balanceOf(after, agent), balanceOf(before, agent));
  const calls = await readCalls(pipeline.twinUrl);
  const countOf = (path: string) => calls.filter((call) => call.method === 'POST' && call.path.startsWith(path)).length;
  const checks: [boolean, string][] = [
    [outcome.bonus.amountUsd === '50.00', `the bonus is $${outcome.bonus.amountUsd}, not $50.00`],
    [outcome.executionStatus === 'SUCCEEDED', `the execution is ${outcome.executionStatus}`],
    [moved(owner) === subtractUsd(amount, fee), `${owner} got $${formatUsd(moved(owner))}`],
    [
      moved(treasury) === subtractUsd(parseUsd('0'), sumUsd(amount, tradeFee)),
      `${treasury} moved by $${formatUsd(moved(treasury))}`,
    ],
    [
      subtractUsd(after.fees, before.fees) === sumUsd(fee, tradeFee),
      `fees moved by $${formatUsd(subtractUsd(after.fees, before.fees))}`,
    ],
    [after.conserved, 'the books of the twin do not add up'],
    [countOf('/escrow/create') === 1, `${countOf('/escrow/create')} escrows were asked for, not 1`],
    [countOf('/escrow/release') === 1, `${countOf('/escrow/release')} releases were asked for, not 1`],
    [tradeFee > 0n, `the twin knows no fee of ${outcome.order.orderId}`],
    [orders.length === 1, `${orders.length} orders were placed, not 1`],
  ];
  return checks.filter(([holds]) => !holds).map(([, problem]) => problem);
}

async function awaitExecution({ clients, outputs }: LocalPipeline, name: string): Promise<string> {
  const executionArn = `${outputs.stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const { status } = await clients.stepFunctions.send(new DescribeExecutionCommand({ executionArn }));
    if (status !== 'RUNNING' || Date.now() > deadline) return status ?? 'unknown';
    await sleep(250);
  }
}

/** Keeps what was seen, and hands it to whoever waits for it. */
export function createEventLog(): { readonly add: (event: SeenEvent) => void; readonly awaitEvent: AwaitEvent } {
  const seen: SeenEvent[] = [];
  const listeners = new Set<() => void>();
  return {
    add(event) {
      seen.push(event);
      for (const listener of listeners) listener();
    },
    awaitEvent: (type, fits) => {
      const find = () =>
        seen
          .filter((event) => event['detail-type'] === type)
          .map((event) => event.detail as PublishedEvents[typeof type])
          .find(fits);
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          listeners.delete(look);
          reject(
            new Error(
              `no ${type} within ${WAIT_MS / 1000} s; see the functions' logs (${LOG}, unless the emulator is your own)`,
            ),
          );
        }, WAIT_MS).unref();
        const look = () => {
          const detail = find();
          if (detail === undefined) return;
          clearTimeout(timer);
          listeners.delete(look);
          resolve(detail);
        };
        listeners.add(look);
        look();
      });
    },
  };
}

function balanceOf(books: Books, agent: string): MicroUsd {
  return books.balances.get(agent) ?? parseUsd('0');
}

function balanceTable(before: Books, after: Books): string {
  const table = new Table({
    head: ['agent', 'before', 'after', 'of it locked', 'change'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'right', 'right', 'right', 'right'],
  });
  for (const [agent, balance] of after.balances) {
    const change = subtractUsd(balance, balanceOf(before, agent));
    table.push([
      agent,
      ...[balanceOf(before, agent), balance, after.locked.get(agent) ?? parseUsd('0'), change].map(formatUsd),
    ]);
  }
  const feeChange = subtractUsd(after.fees, before.fees);
  table.push(['(fees of Purple Flea)', formatUsd(before.fees), formatUsd(after.fees), '', formatUsd(feeChange)]);
  return table.toString();
}

function summaryTable(rows: readonly (readonly [string, string])[]): string {
  const table = new Table({ style: { head: [], border: [], compact: true } });
  table.push(...rows.map(([name, value]) => [name, value]));
  return table.toString();
}
