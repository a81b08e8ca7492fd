import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { LOCAL_AGENTS, LOCAL_WEBHOOK_SECRET } from '../../local/local-pipeline.ts';
import {
  putEvent,
  registerTrainingJob,
  sendDecision,
  sendEndpointEvent,
  sendModelPackageEvent,
  sendTrainingEvent,
} from '../../local/sending.ts';
import { readBooks } from '../../local/twin-view.ts';
import { announceSession } from '../../src/local-session.ts';
import { signatureOf } from '../../twin/webhooks/delivery.ts';
import {
  awaitDeadLetter,
  awaitEvent,
  awaitExecution,
  awaitLocked,
  escrowsOf,
  eventually,
  findEvents,
  finishTraining,
  readLog,
  settle,
  startStage,
  statesOf,
  type Stage,
} from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await startStage();
}, 600_000);

afterAll(async () => {
  await stage.close();
});

const jobName = () => `churn-${randomUUID().slice(0, 8)}`;
const label = (name: string) => ({ 'purple-flea:training-job': name });
const DEAD = 'purple-flea-local-signals-dead';

const statusOf = async (name: string) => (await escrowsOf(stage, name)).map(({ status }) => status);

describe('SageMaker', () => {
  test('approves a bonus by a model package before there is an escrow: it is released as soon as it is locked', async () => {
    const name = jobName();
    await registerTrainingJob(stage.twinUrl, name, { metrics: { 'validation:accuracy': 0.71 } });
    await sendModelPackageEvent(stage.clients, 'churn', 'Approved', label(name));
    await settle();
    await sendTrainingEvent(stage.clients, name);
    const { escrowId, executionName } = await awaitLocked(stage, name);

    const execution = await awaitExecution(stage, executionName);

    expect(execution.states.at(-1)).toBe('Released');
    expect(await statusOf(name)).toEqual(['released']);
    const review = await awaitEvent(stage, 'escrow.reviewed', { escrowId });
    expect(review?.['reason']).toContain('approved by the approver of arn:aws:sagemaker:');
    expect(findEvents(stage, 'escrow.completed', { escrowId })).toEqual([]);
  });

  test('rejects a bonus by a model package: it is disputed', async () => {
    const name = jobName();
    await finishTraining(stage, name, 0.71);
    const { escrowId } = await awaitLocked(stage, name);
    await sendModelPackageEvent(stage.clients, 'churn', 'Rejected', { 'purple-flea:escrow': escrowId });

    await awaitEvent(stage, 'escrow.disputed', { escrowId });

    expect(await statusOf(name)).toEqual(['disputed']);
  });

  test('delivers a bonus by an endpoint that goes into service, and by no other', async () => {
    const name = jobName();
    await finishTraining(stage, name, 0.71);
    const { escrowId, executionName } = await awaitLocked(stage, name);
    const none = 'no deployed rule takes this event';
    await expect(sendEndpointEvent(stage.clients, 'somebody-elses', label(name))).rejects.toThrow(none);
    await expect(sendEndpointEvent(stage.clients, 'churn-scorer', label(name), 'CREATING')).rejects.toThrow(none);
    expect(await statusOf(name)).toEqual(['locked']);

    await sendEndpointEvent(stage.clients, 'churn-scorer', label(name));

    expect((await awaitExecution(stage, executionName)).states.at(-1)).toBe('Released');
    const review = await awaitEvent(stage, 'escrow.reviewed', { escrowId });
    expect(review['reason']).toContain('delivered by arn:aws:sagemaker:us-east-1:000000000000:endpoint/churn-scorer');
  });

  test('approves nothing by an update of an approved package that changed something else', async () => {
    const name = jobName();
    await finishTraining(stage, name, 0.71);
    await awaitLocked(stage, name);
    const group = `updated-${randomUUID().slice(0, 8)}`;
    await sendModelPackageEvent(stage.clients, group, 'Approved', label(name), ['ModelLifeCycle']);

    await eventually('the log line', () =>
      readFileSync(stage.functionLog, 'utf8')
        .split('\n')
        .find((line) => line.includes('the update changed ModelLifeCycle') && line.includes(group)),
    );

    expect(await statusOf(name)).toEqual(['locked']);
  });

  test('says what is none of ours: it is ignored and logged, and is no dead letter', async () => {
    const group = `unlabelled-${randomUUID().slice(0, 8)}`;
    await sendModelPackageEvent(stage.clients, group, 'Approved', {});
    await eventually('the log line', () =>
      readFileSync(stage.functionLog, 'utf8')
        .split('\n')
        .find((line) => line.includes('event ignored') && line.includes(group)),
    );

    // Its metadata names a job and an escrow at once: that is meant for us, and cannot be used.
    await sendModelPackageEvent(stage.clients, group, 'Approved', { ...label('a'), 'purple-flea:escrow': 'b' });

    expect(await awaitDeadLetter(stage, DEAD, group)).toBe(
      'UnusableEventError: detail.CustomerMetadataProperties: name either purple-flea:training-job or purple-flea:escrow',
    );
  });
});

describe('a decision on the bus', () => {
  test('that rejects disputes the escrow, with who and why, and an approval that comes later changes nothing', async () => {
    const name = jobName();
    await finishTraining(stage, name, 0.71);
    const { escrowId } = await awaitLocked(stage, name);
    const { busName } = stage.outputs;
    await sendDecision(stage.clients, busName, 'rejected', { escrowId, by: 'ann', reason: 'it leaks the target' });
    await awaitEvent(stage, 'escrow.disputed', { escrowId });
    await sendDecision(stage.clients, busName, 'approved', { escrowId, by: 'bob', reason: 'looks fine' });
    await settle();

    const [disputed, ...others] = findEvents(stage, 'escrow.disputed', { escrowId });
    expect(others).toEqual([]);
    const end = announceSession(stage);
    try {
      const { stdout } = await execa('node', ['operations/escrow.ts', 'show', escrowId]);
      expect(stdout).toMatch(/^money {6}\$5\.00 frozen/m);
      expect(stdout).toMatch(/^execution {2}RUNNING in AwaitResolution/m);
      expect(stdout).toMatch(/^next {7}it looks again at /m);
      expect(stdout).toMatch(/ create {5}applied: /);
      expect(stdout).toMatch(/ signal {5}rejected by ann: it leaks the target$/m);
      expect(stdout).toMatch(/ decision {3}dispute: rejected by ann: it leaks the target$/m);
    } finally {
      end();
    }
    expect(disputed?.['reason']).toBe('rejected by ann: it leaks the target');
    expect(await statusOf(name)).toEqual(['disputed']);
    expect((await readBooks(stage.twinUrl)).conserved).toBe(true);
  });

  test('is sent by the command, which refuses what could not be used', async () => {
    const name = jobName();
    await finishTraining(stage, name, 0.71);
    const { executionName } = await awaitLocked(stage, name);
    const withdraw = announceSession(stage);
    const signal = (...args: string[]) => execa('node', ['operations/signal.ts', ...args], { reject: false });
    try {
      expect(await signal('approve', '--job', name, '--by', 'ann')).toMatchObject({
        exitCode: 1,
        stderr: '--reason: is missing',
      });
      expect(await signal('approve', '--job', name, '--by', 'ann', '--reason', 'reviewed it')).toMatchObject({
        exitCode: 0,
        stdout: expect.stringContaining('sent escrow.approved to purple-flea-local'),
      });
    } finally {
      withdraw();
    }

    expect((await awaitExecution(stage, executionName)).states.at(-1)).toBe('Released');
  });

  test('without a reason, or with a field that nobody reads, is in the dead-letter queue', async () => {
    const by = randomUUID();
    await putEvent(stage.clients, stage.outputs.busName, 'my.registry', 'escrow.approved', {
      escrowId: 'esc_1',
      by,
      resaon: 'fine',
    });

    const reason = await awaitDeadLetter(stage, DEAD, by);
    expect(reason).toContain('detail.reason: ');
    expect(reason).toContain(
      'detail: unknown: resaon; allowed: escrowId, trainingJobName or requestId (and milestone), by, reason',
    );
  });
});

describe('a webhook', () => {
  const webhooks = () => {
    const { webhooks: found } = stage.outputs;
    if (found === undefined) throw new Error('the local stage takes no webhooks');
    return found;
  };

  /** Sends one by hand, as Purple Flea would. */
  const post = async (body: string, { secret = LOCAL_WEBHOOK_SECRET, headers = {}, at = Date.now() } = {}) => {
    const timestamp = Math.floor(at / 1000);
    const response = await fetch(webhooks().url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'X-PurpleFlea-Signature': `sha256=${signatureOf(secret, timestamp, body)}`,
        'X-PurpleFlea-Timestamp': String(timestamp),
        ...headers,
      },
      body,
    });
    return [response.status, await response.json()] as const;
  };

  const callTwin = async (agentKey: string, path: string, body: object) => {
    const response = await fetch(`${stage.twinUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${agentKey}` },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
    return (await response.json()) as Record<string, unknown>;
  };

  const keyOf = (agent: string) =>
    (JSON.parse(readFileSync('twin/data/agents.json', 'utf8')) as { agentId: string; apiKey: string }[]).find(
      ({ agentId }) => agentId === agent,
    )?.apiKey ?? '';

  test.each(['event', 'type'])(
    'of the twin (its envelope with "%s") wakes the execution, which sees what happened and waits for a decision',
    async (envelope) => {
      const name = jobName();
      await finishTraining(stage, name, 0.71);
      const { escrowId, executionName } = await awaitLocked(stage, name);
      // The escrow stands; only what happens to it from now on is told.
      const { id } = await callTwin(keyOf(LOCAL_AGENTS.treasury), '/v1/webhooks', {
        url: webhooks().url,
        events: ['escrow.completed'],
        secret: LOCAL_WEBHOOK_SECRET,
        envelope,
        names: envelope === 'event' ? 'dot' : 'underscore',
      });

      // The counterparty completes it by itself: nothing on the bus says so.
      await callTwin(keyOf(LOCAL_AGENTS.owner), `/escrow/complete/${escrowId}`, {});
      await awaitEvent(stage, 'escrow.reviewed', { escrowId, decision: 'ask' });
      const response = await fetch(`${stage.twinUrl}/v1/webhooks/${String(id)}`, {
        method: 'DELETE',
        headers: { authorization: `Bearer ${keyOf(LOCAL_AGENTS.treasury)}` },
      });
      expect(response.ok).toBe(true);

      const states = await statesOf(stage, executionName);
      expect(states.slice(2, 7)).toEqual([
        'AwaitDelivery',
        'What ended the wait?',
        'CheckStatus',
        'What is the status?',
        'ReviewDelivery',
      ]);
      expect(await statusOf(name)).toEqual(['completed']);

      await sendDecision(stage.clients, stage.outputs.busName, 'approved', { escrowId, by: 'ann', reason: 'good' });
      expect((await awaitExecution(stage, executionName)).states.at(-1)).toBe('Released');
    },
  );

  test('that is played back wakes nobody a second time, and its word moves nothing', async () => {
    const name = jobName();
    await finishTraining(stage, name, 0.71);
    const { escrowId, executionName } = await awaitLocked(stage, name);
    const id = `evt_${randomUUID()}`;
    const body = JSON.stringify({
      id,
      event: 'escrow.released',
      data: { escrow: { id: escrowId, status: 'released' } },
    });

    expect(await post(body)).toEqual([200, { received: true }]);
    await eventually('a look at the escrow', async () =>
      (await statesOf(stage, executionName)).filter((state) => state === 'AwaitDelivery').length === 2
        ? true
        : undefined,
    );
    expect(await post(body)).toEqual([200, { received: true }]);
    await settle();

    const states = await statesOf(stage, executionName);
    expect(states.filter((state) => state === 'CheckStatus')).toHaveLength(1);
    expect(await statusOf(name)).toEqual(['locked']);
    const { Item } = await stage.clients.documents.send(
      new GetCommand({
        TableName: stage.outputs.mailboxTable,
        Key: { address: `webhook:${id}`, item: 'taken' },
      }),
    );
    const days = (Number(Item?.['removeAt']) - Date.now() / 1000) / 86_400;
    expect(Math.round(days)).toBe(7);
  });

  test('is refused where it is not signed by our secret, not of these minutes, too large, or no JSON', async () => {
    const body = JSON.stringify({ id: 'evt_1', event: 'escrow.released', data: { escrow_id: 'esc_1' } });

    expect(await post(body, { secret: 'whsec_of_somebody_else' })).toEqual([401, { error: 'unauthorized' }]);
    expect(await post(body, { at: Date.now() - 301_000 })).toEqual([401, { error: 'unauthorized' }]);
    expect(await post(body, { headers: { 'content-type': 'text/plain' } })).toMatchObject([415, {}]);
    expect(await post(JSON.stringify({ filling: 'x'.repeat(64 * 1024) }))).toMatchObject([413, {}]);
    expect(await post('{')).toEqual([400, { error: 'the body is not a JSON object' }]);
    expect((await fetch(webhooks().url)).status).toBe(404);
  });

  test('leaves the signing secret in no log line and no event', async () => {
    const log = await readLog(stage, 'receive-webhook');

    // It was really read: both ways of handling one are in it.
    expect(['webhook taken', 'webhook refused'].filter((line) => !log.includes(line))).toEqual([]);
    expect(log.includes(LOCAL_WEBHOOK_SECRET)).toBe(false);
    expect(JSON.stringify(stage.seen).includes(LOCAL_WEBHOOK_SECRET)).toBe(false);
  });
});
