import { DeleteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../../../lib/config.ts';
import { deliverAwsEvent } from '../../../local/aws-events.ts';
import { beginLongAgo, LOCAL_AGENTS, LOCAL_WEBHOOK_SECRET } from '../../../local/local-pipeline.ts';
import {
  askModel,
  putEvent,
  registerTrainingJob,
  sendDecision,
  sendDelivery,
  sendEndpointEvent,
  sendModelPackageEvent,
  sendPrediction,
  sendPriceAlert,
  sendRequest,
  sendTrainingEvent,
} from '../../../local/sending.ts';
import { createIntentTable } from '../../../src/aws/intent-table.ts';
import { createMailboxTable } from '../../../src/aws/mailbox-table.ts';
import { intentAddress } from '../../../src/escrow/mailbox.ts';
import { causeOfSignal } from '../../../src/trading/trade-signal.ts';
import { signatureOf } from '../../../twin/webhooks/delivery.ts';
import type { IntentStore, NewIntent } from '../../../src/ledger/intent.ts';
import { aNewIntent } from '../../support/effects.ts';
import {
  askForFault,
  awaitDeadLetter,
  awaitEvent,
  awaitExecution,
  awaitLocked,
  eventually,
  findEvents,
  finishTraining,
  invoke,
  makeBucket,
  moveTwinClock,
  settle,
  statesOf,
  type Stage,
  writeObject,
} from '../stage.ts';
import { postToTwin, sweeping } from '../playing.ts';

/** Something that the pipeline does from end to end. It fails if it does not come to its end. */
export interface Flow {
  readonly title: string;
  readonly play: (stage: Stage) => Promise<void>;
}

const WORD = { by: 'ann', reason: 'looked at' };
const HOUR = 3600;
/** The cheapest bonus: budgets are by day. */
const ACCURACY = 0.71;

const newJob = (prefix = 'churn-') => `${prefix}${randomUUID().slice(0, 8)}`;

async function lockBonus(stage: Stage, prefix?: string) {
  const name = newJob(prefix);
  await finishTraining(stage, name, ACCURACY);
  return { name, ...(await awaitLocked(stage, name)) };
}

async function expectEnd(stage: Stage, executionName: string, end: string): Promise<void> {
  const { states } = await awaitExecution(stage, executionName);
  if (states.at(-1) !== end) throw new Error(`${executionName} ended in ${states.at(-1)}, not ${end}`);
}

/** Does something while the twin's clock is some hours off, and sets it right again whatever happens. */
async function atHour<Value>(stage: Stage, hours: number, act: () => Promise<Value>): Promise<Value> {
  await moveTwinClock(stage, Math.round(hours * HOUR));
  try {
    return await act();
  } finally {
    await moveTwinClock(stage, -Math.round(hours * HOUR));
  }
}

const isOver = (stage: Stage, executionName: string, end: string) => async () =>
  (await statesOf(stage, executionName)).at(-1) === end ? true : undefined;

const deadLetter = (title: string, queue: string, send: (stage: Stage, marker: string) => Promise<unknown>): Flow => ({
  title: `${title} is in the dead-letter queue`,
  play: async (stage) => {
    const marker = randomUUID();
    await send(stage, marker);
    await awaitDeadLetter(stage, `purple-flea-local-${queue}`, marker);
  },
});

function playInference(stage: Stage, key: string, text: string) {
  const [inference] = loadConfig('local').trading.inferences;
  const bucket = inference?.bucket ?? '';
  return (async () => {
    await makeBucket(stage, bucket);
    await writeObject(stage, bucket, key, text);
    await deliverAwsEvent(stage.clients, {
      busName: 'default',
      source: 'aws.s3',
      detailType: 'Object Created',
      resources: [`arn:aws:s3:::${bucket}`],
      detail: {
        version: '0',
        bucket: { name: bucket },
        object: { key, size: text.length, etag: 'b1946ac92492d2347c6235b4d2611184', sequencer: '617f08299329d189' },
        reason: 'PutObject',
      },
    });
  })();
}

async function webhook(stage: Stage, escrowId: string): Promise<void> {
  const { webhooks } = stage.outputs;
  if (webhooks === undefined) throw new Error('the local stage takes no webhooks');
  const body = JSON.stringify({
    id: `evt_${randomUUID()}`,
    event: 'escrow.completed',
    data: { escrow: { id: escrowId, status: 'completed' } },
  });
  const timestamp = Math.floor(Date.now() / 1000);
  const response = await fetch(webhooks.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'X-PurpleFlea-Signature': `sha256=${signatureOf(LOCAL_WEBHOOK_SECRET, timestamp, body)}`,
      'X-PurpleFlea-Timestamp': String(timestamp),
    },
    body,
  });
  if (!response.ok) throw new Error(`the webhook: HTTP ${response.status} ${await response.text()}`);
}

const MINUTE_MS = 60_000;

/** Leaves an effect as an invocation does that crashed after it was sent, with the lock that it took. */
async function leaveSent(stage: Stage, intent: NewIntent, lock: string, minutesAgo: number): Promise<IntentStore> {
  const intents = createIntentTable(stage.clients.documents, stage.outputs.intentTable);
  const sentAt = new Date(Date.now() - minutesAgo * MINUTE_MS);
  const { key, fence } = await intents.prepare(intent, sentAt);
  const { kind } = await intents.claim(
    { key, owner: 'a crashed invocation', fence: fence + 1 },
    { reservations: [], lock },
    sentAt,
  );
  if (kind !== 'claimed') throw new Error(`the claim of ${key} is ${kind}`);
  return intents;
}

/** Leaves an order whose sender crashed, and waits until it is parked for a person. */
async function parkOrder(stage: Stage): Promise<string> {
  const subject = randomUUID();
  const cause = causeOfSignal({ source: 'prediction', id: subject });
  const intent = aNewIntent({ subject, kind: 'trade-order', cause, agentId: LOCAL_AGENTS.treasury });
  const intents = await leaveSent(stage, intent, `a-market/${subject}`, 10);
  await sweeping(stage, 'the order to be parked', async () =>
    (await intents.read(intent.key))?.state === 'manual' ? true : undefined,
  );
  return intent.key;
}

/** Leaves an order on paper that never reached the book, of which one look has shown that already. */
async function leaveLostOrder(stage: Stage): Promise<NewIntent & { readonly intents: IntentStore }> {
  const subject = randomUUID();
  const cause = causeOfSignal({ source: 'prediction', id: subject });
  const intent = aNewIntent({ subject, kind: 'paper-order', cause, agentId: LOCAL_AGENTS.treasury });
  const intents = await leaveSent(stage, intent, `a-market/${subject}`, 30);
  await stage.clients.documents.send(
    new UpdateCommand({
      TableName: stage.outputs.intentTable,
      Key: { key: intent.key },
      UpdateExpression: 'SET absentSince = :at, #state = :unknown',
      ExpressionAttributeNames: { '#state': 'state' },
      ExpressionAttributeValues: {
        ':at': new Date(Date.now() - 10 * MINUTE_MS).toISOString(),
        ':unknown': 'unknown',
      },
    }),
  );
  return { ...intent, intents };
}

/** Leaves an effect that the stop held, and that is to be tried again in ten minutes. */
async function leaveStopped(stage: Stage): Promise<string> {
  const subject = randomUUID();
  const expiresAt = new Date(Date.now() + 60 * MINUTE_MS).toISOString();
  const intent = aNewIntent({ subject, kind: 'escrow-create', agentId: LOCAL_AGENTS.treasury, expiresAt });
  const heldAt = new Date(Date.now() - 10 * MINUTE_MS);
  await createIntentTable(stage.clients.documents, stage.outputs.intentTable).prepare(intent, heldAt);
  await stage.clients.documents.send(
    new UpdateCommand({
      TableName: stage.outputs.intentTable,
      Key: { key: intent.key },
      UpdateExpression: 'SET notBefore = :later, waits = :once, waitsFor = :stop',
      ExpressionAttributeValues: {
        ':later': new Date(Date.now() + 10 * MINUTE_MS).toISOString(),
        ':once': 1,
        ':stop': 'stop',
      },
    }),
  );
  return intent.key;
}

/** Running functions use what they read of the ledger's beginning for five seconds. */
const NOTICED_MS = 5_500;

/** Has the ledger begin a minute ago, while something is done. */
async function withYoungLedger(stage: Stage, act: () => Promise<void>): Promise<void> {
  const at = new Date(Date.now() - MINUTE_MS).toISOString();
  await invoke(stage, 'decide-intent', { action: 'begin', at, operator: 'an operator', reason: 'a young ledger' });
  await sleep(NOTICED_MS);
  try {
    await act();
  } finally {
    await beginLongAgo(stage.clients);
  }
}

/** Requests escrows of one agent until the day's budget is used up; returns the key of the one that was refused. */
async function requestBeyondBudget(stage: Stage): Promise<string> {
  for (let tries = 0; tries < 3; tries += 1) {
    const requestId = `much-${randomUUID().slice(0, 8)}`;
    await sendRequest(stage.clients, stage.outputs.busName, {
      requestId,
      requestedAt: new Date().toISOString(),
      counterpartyAgentId: 'ag_model_owner_fraud',
      description: `Much, ${requestId}`,
      timeoutHours: 48,
      amountUsd: '110.00',
    });
    const { executionName } = await awaitEvent(stage, 'escrow.started', { requestId });
    const state = await eventually('a lock or its end', async () =>
      (await statesOf(stage, String(executionName))).find((name) => ['AwaitDelivery', 'FundingFailed'].includes(name)),
    );
    if (state === 'FundingFailed') return String(executionName);
  }
  throw new Error('the budget of the day has no end');
}

const DECIDED = { operator: 'an operator', evidence: 'the history of fills', reason: 'looked at' };

/** Every flow of the pipeline, and every way that one of its functions is put to use. */
export const FLOWS: readonly Flow[] = [
  {
    title: 'a bonus is locked, delivered, completed and released',
    play: async (stage) => {
      const { escrowId, executionName } = await lockBonus(stage);
      await sendDelivery(stage.clients, stage.outputs.busName, { escrowId, deliveredBy: 'owner' });
      await expectEnd(stage, executionName, 'Released');
    },
  },
  {
    title: 'a bonus that was approved before its lock is released at once',
    play: async (stage) => {
      const name = newJob('fraud-');
      await registerTrainingJob(stage.twinUrl, name, { metrics: { 'validation:accuracy': ACCURACY } });
      await sendDecision(stage.clients, stage.outputs.busName, 'approved', { trainingJobName: name, ...WORD });
      await sendTrainingEvent(stage.clients, name);
      const { executionName } = await awaitLocked(stage, name);
      await expectEnd(stage, executionName, 'Released');
    },
  },
  {
    title: 'a bonus is rejected, disputed, and refunded by the staff',
    play: async (stage) => {
      const { escrowId, executionName } = await lockBonus(stage);
      await sendDecision(stage.clients, stage.outputs.busName, 'rejected', { escrowId, ...WORD });
      await awaitEvent(stage, 'escrow.disputed', { escrowId });
      await postToTwin(stage, '', `/_twin/escrows/${escrowId}/resolve`, { inFavourOf: 'creator' });
      await sweeping(stage, 'the refund', isOver(stage, executionName, 'Refunded'));
    },
  },
  {
    title: 'a bonus that nobody delivers is refunded at its deadline',
    play: async (stage) => {
      const { executionName } = await atHour(stage, -168 + 10 / HOUR, () => lockBonus(stage));
      await atHour(stage, 10 / HOUR, () =>
        eventually('the refund', async () => {
          await invoke(stage, 'deliver-deadlines');
          return isOver(stage, executionName, 'Refunded')();
        }),
      );
    },
  },
  {
    title: 'a lock whose answer is lost is found by the sweeper',
    play: async (stage) => {
      await askForFault(stage, 'POST /escrow/create', 'applied-answer-lost');
      const name = newJob();
      await finishTraining(stage, name, ACCURACY);
      const { executionName } = await awaitEvent(stage, 'bonus.started', { trainingJobName: name });
      const mailbox = createMailboxTable(stage.clients.documents, stage.outputs.mailboxTable);
      await eventually('the wait for a verdict', () => mailbox.findWait(intentAddress(String(executionName))));
      await sweeping(stage, 'the lock', () => findEvents(stage, 'escrow.locked', { executionName })[0]);
    },
  },
  {
    title: 'an effect that waits for the stop is woken',
    play: async (stage) => {
      const key = await leaveStopped(stage);
      await invoke(stage, 'resolve-intents');
      await stage.clients.documents.send(new DeleteCommand({ TableName: stage.outputs.intentTable, Key: { key } }));
    },
  },
  {
    title: 'an escrow is requested, and released by an approval',
    play: async (stage) => {
      const requestId = `labels-${randomUUID().slice(0, 8)}`;
      await sendRequest(stage.clients, stage.outputs.busName, {
        requestId,
        requestedAt: new Date().toISOString(),
        counterpartyAgentId: LOCAL_AGENTS.owner,
        description: `Labels, ${requestId}`,
        timeoutHours: 48,
        amountUsd: '1.00',
      });
      const { executionName } = await awaitEvent(stage, 'escrow.started', { requestId });
      await awaitEvent(stage, 'escrow.locked', { executionName });
      await sendDecision(stage.clients, stage.outputs.busName, 'approved', { requestId, ...WORD });
      await expectEnd(stage, String(executionName), 'Released');
    },
  },
  {
    title: 'a request that comes twice is one escrow',
    play: async (stage) => {
      const requestId = `twice-${randomUUID().slice(0, 8)}`;
      const request = {
        requestId,
        requestedAt: new Date().toISOString(),
        counterpartyAgentId: LOCAL_AGENTS.owner,
        description: `Labels, ${requestId}`,
        timeoutHours: 48,
        amountUsd: '1.00',
      };
      await sendRequest(stage.clients, stage.outputs.busName, request);
      await sendRequest(stage.clients, stage.outputs.busName, request);
      await awaitEvent(stage, 'escrow.started', { requestId });
      await settle();
    },
  },
  {
    title: 'a model package approves a bonus',
    play: async (stage) => {
      const { name, executionName } = await lockBonus(stage);
      await sendModelPackageEvent(stage.clients, 'churn', 'Approved', { 'purple-flea:training-job': name });
      await expectEnd(stage, executionName, 'Released');
    },
  },
  {
    title: 'an endpoint that goes into service delivers a bonus',
    play: async (stage) => {
      const { name, executionName } = await lockBonus(stage);
      await sendEndpointEvent(stage.clients, 'churn-scorer', { 'purple-flea:training-job': name });
      await expectEnd(stage, executionName, 'Released');
    },
  },
  {
    title: 'a webhook has an escrow looked at, which is then released',
    play: async (stage) => {
      const { escrowId, executionName } = await lockBonus(stage);
      await postToTwin(stage, LOCAL_AGENTS.owner, `/escrow/complete/${escrowId}`, {});
      await webhook(stage, escrowId);
      await awaitEvent(stage, 'escrow.reviewed', { escrowId });
      await sendDecision(stage.clients, stage.outputs.busName, 'approved', { escrowId, ...WORD });
      await expectEnd(stage, executionName, 'Released');
    },
  },
  {
    title: 'an escrow that the counterparty completes is seen by the watch',
    play: async (stage) => {
      const { escrowId, executionName } = await lockBonus(stage);
      await postToTwin(stage, LOCAL_AGENTS.owner, `/escrow/complete/${escrowId}`, {});
      await sweeping(stage, 'the review', () => findEvents(stage, 'escrow.reviewed', { escrowId })[0]);
      await sendDecision(stage.clients, stage.outputs.busName, 'approved', { escrowId, ...WORD });
      await expectEnd(stage, executionName, 'Released');
    },
  },
  {
    title: 'a prediction and a price alert become orders',
    play: async (stage) => {
      const predictionId = randomUUID();
      const { clients, outputs } = stage;
      await sendPrediction(clients, outputs.busName, { predictionId, direction: 'long', confidence: 0.9 });
      await awaitEvent(stage, 'trade.placed', { signalId: predictionId });
      const alertId = randomUUID();
      const alert = { asset: 'SOL-USDC', direction: 'long', price: '150.00', triggered_by: 'rsi' } as const;
      await sendPriceAlert(clients, outputs.busName, { ...alert, at: new Date().toISOString(), alertId });
      await awaitEvent(stage, 'trade.placed', { signalId: alertId });
    },
  },
  {
    title: 'an endpoint is asked, as by its schedule',
    play: async (stage) => {
      const { predictionId } = await askModel(stage.clients, stage.outputs.requestPrediction);
      await awaitEvent(stage, 'inference.completed', { predictionId });
    },
  },
  {
    title: 'an answer in S3 becomes a prediction',
    play: async (stage) => {
      const key = `answers/${randomUUID()}.out`;
      await playInference(stage, key, '{"score":[0.05,0.05,0.9],"predicted_label":2}\n');
      await awaitEvent(stage, 'inference.completed', { predictionId: `eth/${key}` });
    },
  },
  deadLetter('a failure in S3', 'inferences-eth-dead', (stage, marker) =>
    playInference(stage, `failures/${marker}.out`, 'out of memory'),
  ),
  deadLetter('a training event with an impossible name', 'training-events-dead', (stage, marker) =>
    deliverAwsEvent(stage.clients, {
      busName: 'default',
      source: 'aws.sagemaker',
      detailType: 'SageMaker Training Job State Change',
      detail: { TrainingJobName: `churn-${'x'.repeat(63)}`, TrainingJobStatus: 'Completed', marker },
    }),
  ),
  deadLetter('a delivery that names nothing', 'signals-dead', ({ clients, outputs }, deliveredBy) =>
    putEvent(clients, outputs.busName, 'my.registry', 'escrow.delivered', { deliveredBy }),
  ),
  deadLetter('a request that asks for nothing', 'escrow-requests-dead', ({ clients, outputs }, requestId) =>
    putEvent(clients, outputs.busName, 'my.procurement', 'escrow.requested', { requestId }),
  ),
  deadLetter('a prediction of no confidence', 'trade-signals-dead.fifo', ({ clients, outputs }, predictionId) =>
    sendPrediction(clients, outputs.busName, { predictionId, direction: 'long', confidence: 2 }),
  ),
  deadLetter('an event of no known type', 'unknown-events-dead', ({ clients, outputs }, marker) =>
    putEvent(clients, outputs.busName, 'my.model', 'inference.complete', { marker }),
  ),
  {
    title: 'a job whose event never came is found',
    play: async (stage) => {
      const name = newJob();
      const fraud = newJob('fraud-');
      await atHour(stage, -1 / 3, async () => {
        for (const job of [name, fraud]) {
          await registerTrainingJob(stage.twinUrl, job, { metrics: { 'validation:accuracy': ACCURACY } });
        }
      });
      await invoke(stage, 'find-missed-jobs');
      await awaitLocked(stage, name);
      await awaitLocked(stage, fraud);
    },
  },
  {
    title: 'an order in doubt is parked, listed and decided',
    play: async (stage) => {
      const key = await parkOrder(stage);
      await invoke(stage, 'decide-intent', { action: 'list' });
      await invoke(stage, 'decide-intent', { action: 'resolve', verdict: 'not-applied', key, ...DECIDED });
      await awaitEvent(stage, 'intent.settled', { key, state: 'rejected' });
    },
  },
  {
    title: 'a release and a dispute are refused for the moment, and done later',
    play: async (stage) => {
      const [first, second] = [await lockBonus(stage), await lockBonus(stage)];
      await askForFault(stage, 'POST /escrow/release/:id', 'rate-limited', { retryAfter: 1 });
      await sendDelivery(stage.clients, stage.outputs.busName, { escrowId: first.escrowId, deliveredBy: 'owner' });
      await expectEnd(stage, first.executionName, 'Released');
      await askForFault(stage, 'POST /escrow/dispute/:id', 'rate-limited', { retryAfter: 1 });
      await sendDecision(stage.clients, stage.outputs.busName, 'rejected', { escrowId: second.escrowId, ...WORD });
      await awaitEvent(stage, 'escrow.disputed', { escrowId: second.escrowId });
    },
  },
  {
    title: 'a lock beyond the budget is not made, and another try is asked for',
    play: async (stage) => {
      const key = await requestBeyondBudget(stage);
      await invoke(stage, 'decide-intent', { action: 'retry', key, ...DECIDED });
      await awaitEvent(stage, 'intent.retried', { key });
    },
  },
  {
    title: 'a verdict that came before its wait ends it',
    play: async (stage) => {
      const { executionName } = await lockBonus(stage);
      await invoke(stage, 'await-verdict', { taskToken: randomUUID(), key: executionName });
    },
  },
  {
    title: 'an order on paper that never reached the book lets go of its market',
    play: async (stage) => {
      const { key, intents } = await leaveLostOrder(stage);
      await sweeping(stage, 'the order to be settled', async () =>
        (await intents.read(key))?.lock === undefined ? true : undefined,
      );
    },
  },
  {
    title: 'jobs that are older than the ledger are recorded and not paid, by an event and by the hourly look',
    play: (stage) =>
      withYoungLedger(stage, async () => {
        const [told, found] = [newJob(), newJob()];
        await atHour(stage, -1 / 3, async () => {
          for (const job of [told, found]) {
            await registerTrainingJob(stage.twinUrl, job, { metrics: { 'validation:accuracy': ACCURACY } });
          }
        });
        await sendTrainingEvent(stage.clients, told);
        await awaitEvent(stage, 'bonus.skipped', { trainingJobName: told });
        await invoke(stage, 'find-missed-jobs');
        await awaitEvent(stage, 'bonus.skipped', { trainingJobName: found });
        const intents = createIntentTable(stage.clients.documents, stage.outputs.intentTable);
        const { intents: skipped } = await intents.listSince('skipped', new Date(Date.now() - HOUR * 1000), 100);
        const key = skipped.find(({ cause }) => cause.subject.endsWith(told))?.key;
        await invoke(stage, 'decide-intent', { action: 'pay', key, ...DECIDED });
      }),
  },
  {
    title: 'the story of an escrow is told',
    play: async (stage) => {
      const { escrowId } = await lockBonus(stage);
      await invoke(stage, 'decide-intent', { action: 'story', id: escrowId });
    },
  },
  {
    title: 'ledger and service are compared',
    play: async (stage) => {
      await invoke(stage, 'reconcile-ledger');
      await eventually('ledger.reconciled', () => findEvents(stage, 'ledger.reconciled', {})[0]);
    },
  },
  { title: 'readiness is checked', play: async (stage) => void (await invoke(stage, 'check-readiness')) },
  { title: 'positions are measured', play: async (stage) => void (await invoke(stage, 'measure-positions')) },
];
