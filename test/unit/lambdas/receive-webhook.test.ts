import { describe, expect, test } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { createHandler, type WebhookRequest } from '../../../lambdas/receive-webhook/handler.ts';
import { readSigningSecrets } from '../../../src/aws/webhook-secret.ts';
import { escrowAddress } from '../../../src/escrow/mailbox.ts';
import { ESCROW_ID } from '../../support/bonus-escrow.ts';
import { inert } from '../../support/inert.ts';
import { createMemoryMailbox, createTasks } from '../../support/memory-mailbox.ts';
import { createRecorder } from '../../support/recorder.ts';
import { allTextOf, CANARY } from '../../support/secrecy.ts';

const NOW = new Date('2026-03-06T10:00:00Z');
const SECRETS = { current: CANARY, previous: `${CANARY}_before` };
const EVENT = { id: 'evt_1', event: 'escrow.completed', data: { escrow_id: ESCROW_ID } };
const TAKEN = { statusCode: 200, body: '{"received":true}' };

/** A receiver, and an execution that waits for news of one escrow. */
async function createReceiver(secret: string | null = JSON.stringify(SECRETS)) {
  const recorder = createRecorder();
  const tasks = createTasks(['token-1']);
  const mailbox = createMemoryMailbox();
  await mailbox.putWait({
    taskToken: 'token-1',
    addresses: [escrowAddress(ESCROW_ID)],
    takes: ['delivered', 'changed'],
    notBefore: '2026-03-06T08:00:00Z',
    deadlineAt: '2026-03-13T08:00:00Z',
  });
  const taken = new Set<string>();
  const world = { now: NOW, resume: tasks.resume };
  const receive = createHandler({
    mailbox,
    resume: (...call) => world.resume(...call),
    seen: {
      take: async (id) => !taken.has(id) && taken.add(id).has(id),
      giveBack: async (id) => void taken.delete(id),
    },
    readSigningSecrets: () => readSigningSecrets('PurpleFleaApiKeyWebhook', async () => secret ?? undefined),
    now: () => world.now,
    log: recorder.log,
    count: recorder.count,
  });
  return { receive, recorder, tasks, taken, world };
}

function aRequest(
  body: string | Buffer = JSON.stringify(EVENT),
  { secret = SECRETS.current, at = NOW, headers = {}, base64 = false } = {},
): WebhookRequest {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const signature = createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex');
  return {
    headers: {
      'content-type': 'application/json',
      'x-purpleflea-signature': `sha256=${signature}`,
      'x-purpleflea-timestamp': timestamp,
      ...headers,
    },
    isBase64Encoded: base64,
    body: Buffer.from(body).toString(base64 ? 'base64' : 'utf8'),
  };
}

describe('a webhook about an escrow', () => {
  test('has its execution look at it: the signal says that something changed, and nothing of what', async () => {
    const { receive, tasks, recorder } = await createReceiver();

    expect(await receive(aRequest())).toMatchObject(TAKEN);
    expect(tasks.ended.get('token-1')).toEqual({ signal: 'changed', at: NOW.toISOString(), source: 'webhook' });
    expect(recorder.counted).toEqual({ WebhooksReceived: 1 });
  });

  test('that nobody waits for is taken, and nothing is kept of it', async () => {
    const { receive, tasks } = await createReceiver();

    expect(await receive(aRequest(JSON.stringify({ ...EVENT, data: { escrow_id: 'esc_other' } })))).toMatchObject(
      TAKEN,
    );
    expect(tasks.attempts).toEqual([]);
  });

  test.each(['application/json; charset=utf-8', 'Application/JSON', 'application/json;charset=UTF-8'])(
    'may be of type %s',
    async (type) => {
      const { receive } = await createReceiver();

      expect(await receive(aRequest(undefined, { headers: { 'content-type': type } }))).toMatchObject(TAKEN);
    },
  );

  test('may come base64-encoded, and with more than ASCII in it', async () => {
    const { receive, tasks } = await createReceiver();
    const body = JSON.stringify({ ...EVENT, note: 'für Zoë 🪰' });

    expect(await receive(aRequest(body, { base64: true }))).toMatchObject(TAKEN);
    expect(tasks.attempts).toEqual(['token-1']);
  });

  test('may be signed with the secret before, during rotation', async () => {
    const { receive, tasks } = await createReceiver();

    expect(await receive(aRequest(undefined, { secret: SECRETS.previous }))).toMatchObject(TAKEN);
    expect(tasks.attempts).toEqual(['token-1']);
  });

  test('that is played back answers the same, and does nothing', async () => {
    const { receive, tasks, recorder } = await createReceiver();
    const request = aRequest();
    await receive(request);

    expect(await receive(request)).toMatchObject(TAKEN);
    expect(await receive(aRequest(undefined, { at: new Date(NOW.getTime() + 60_000) }))).toMatchObject(TAKEN);
    expect(tasks.attempts).toEqual(['token-1']);
    expect(recorder.counted).toEqual({ WebhooksReceived: 3, WebhooksIgnored: 2 });
  });

  test('that could not be acted on is a fault, and is not taken for a repeat when it comes again', async () => {
    const { receive, tasks, taken, world } = await createReceiver();
    world.resume = () => Promise.reject(new Error('throttled'));
    await expect(receive(aRequest())).rejects.toThrow('throttled');
    expect([...taken]).toEqual([]);
    world.resume = tasks.resume;

    expect(await receive(aRequest())).toMatchObject(TAKEN);
    expect(tasks.attempts).toEqual(['token-1']);
  });

  test('decides nothing, whatever it says', async () => {
    const { receive, tasks } = await createReceiver();
    const body = {
      ...EVENT,
      type: 'approved',
      signal: 'approved',
      by: 'me',
      data: { escrow_id: ESCROW_ID, status: 'released' },
    };

    await receive(aRequest(JSON.stringify(body)));

    expect(tasks.ended.get('token-1')).toEqual({ signal: 'changed', at: NOW.toISOString(), source: 'webhook' });
  });
});

describe('a webhook that is', () => {
  test.each([
    ['about something else', { event: 'trade_filled', data: { order_id: 'ord_1' } }],
    ['a ping', { type: 'ping' }],
    ['a test', { ...EVENT, test: true }],
  ])('%s is answered 200, counted and ignored', async (_case, body) => {
    const { receive, tasks, taken, recorder } = await createReceiver();

    expect(await receive(aRequest(JSON.stringify(body)))).toMatchObject(TAKEN);
    expect(tasks.attempts).toEqual([]);
    expect([...taken]).toEqual([]);
    expect(recorder.counted).toEqual({ WebhooksReceived: 1, WebhooksIgnored: 1 });
  });

  const JSON_TYPE = { 'content-type': 'application/json' };
  test.each<[string, number, string, WebhookRequest]>([
    ['signed by somebody else', 401, 'unauthorized', aRequest(undefined, { secret: 'whsec_stranger_012345' })],
    ['not signed', 401, 'unauthorized', { headers: JSON_TYPE, body: JSON.stringify(EVENT), isBase64Encoded: false }],
    ['changed on the way', 401, 'unauthorized', { ...aRequest(), body: `${JSON.stringify(EVENT)} ` }],
    ['too old', 401, 'unauthorized', aRequest(undefined, { at: new Date(NOW.getTime() - 301_000) })],
    ['from the future', 401, 'unauthorized', aRequest(undefined, { at: new Date(NOW.getTime() + 301_000) })],
    ['called base64 and is not', 401, 'unauthorized', { ...aRequest(), isBase64Encoded: true }],
    ['without a type', 415, 'content-type', { ...aRequest(), headers: { 'x-purpleflea-signature': 'x' } }],
    [
      'a form',
      415,
      'content-type',
      aRequest(undefined, { headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
    ],
    ['nearly JSON', 415, 'content-type', aRequest(undefined, { headers: { 'content-type': 'application/json5' } })],
    ['a byte too large', 413, '65536', aRequest('x'.repeat(65_537))],
    ['too large in base64', 413, '65536', aRequest('x'.repeat(65_537), { base64: true })],
    ['too large in bytes, not in letters', 413, '65536', aRequest('é'.repeat(32_769))],
    ['empty', 400, 'the body is not a JSON object', aRequest('')],
    ['no JSON', 400, 'the body is not a JSON object', aRequest('x'.repeat(65_536))],
    ['no envelope', 400, 'event or type', aRequest('{"id":"evt_1"}')],
    ['without an id', 400, 'id or event_id', aRequest(JSON.stringify({ ...EVENT, id: undefined }))],
    ['without an escrow', 400, 'data.escrow_id', aRequest(JSON.stringify({ ...EVENT, data: {} }))],
  ])('%s is answered %d, counted, and wakes nobody', async (_case, statusCode, error, request) => {
    const { receive, tasks, taken, recorder } = await createReceiver();

    const answer = await receive(request);

    expect(answer).toMatchObject({ statusCode, body: expect.stringContaining(error) });
    expect(tasks.attempts).toEqual([]);
    expect([...taken]).toEqual([]);
    expect(recorder.counted).toEqual({ WebhooksReceived: 1, WebhooksRefused: 1 });
  });

  test('not signed by us is told nothing but that', async () => {
    const { receive } = await createReceiver();

    expect(await receive(aRequest(undefined, { secret: 'whsec_stranger_012345' }))).toEqual({
      statusCode: 401,
      headers: { 'content-type': 'application/json' },
      body: '{"error":"unauthorized"}',
    });
  });

  test('not signed at all costs no look at the secret', async () => {
    const receive = createHandler({
      mailbox: createMemoryMailbox(),
      resume: inert('resume'),
      seen: { take: inert('take'), giveBack: inert('giveBack') },
      readSigningSecrets: inert('readSigningSecrets'),
      now: () => NOW,
      log: createRecorder().log,
      count: createRecorder().count,
    });

    expect(await receive({ headers: { 'content-type': 'application/json' }, isBase64Encoded: false })).toMatchObject({
      statusCode: 401,
    });
  });
});

describe('without a usable secret', () => {
  test.each([
    ['the one that the deployment made', '{"replaceThisValue":"a random text"}', 'current is missing'],
    ['none', null, 'has no value'],
    ['a bare text', CANARY, 'is not JSON'],
    ['a short one', '{"current":"hunter2"}', 'current is missing'],
    ['one with white space after it', JSON.stringify({ current: `${CANARY}\n` }), 'current has white space'],
    [
      'a previous one with white space before it',
      JSON.stringify({ ...SECRETS, previous: ` ${CANARY}` }),
      'previous has',
    ],
    ['a previous one alone', JSON.stringify({ previous: CANARY }), 'current is missing'],
  ])(
    '(%s) a webhook is answered 503, with a metric and a log line that names the secret',
    async (_case, secret, why) => {
      const { receive, tasks, recorder } = await createReceiver(secret);

      expect(await receive(aRequest())).toMatchObject({ statusCode: 503, body: '{"error":"webhooks are not set up"}' });
      expect(tasks.attempts).toEqual([]);
      expect(recorder.counted).toEqual({ WebhooksReceived: 1, WebhooksUnready: 1 });
      expect(allTextOf(recorder.logged)).toContain(`secret PurpleFleaApiKeyWebhook: ${why}`);
      expect(allTextOf(recorder.logged)).not.toContain(CANARY);
    },
  );
});

test('neither the secrets nor what was sent are in an answer or a log line', async () => {
  const { receive, recorder } = await createReceiver();
  const marker = 'marker_of_the_body';
  const signed = aRequest(JSON.stringify({ ...EVENT, marker }));
  const requests = [
    signed,
    signed,
    aRequest(`{"${marker}`),
    aRequest(JSON.stringify({ event: 'escrow.released', marker })),
    aRequest(JSON.stringify({ marker }), { secret: SECRETS.previous }),
    aRequest(marker, { secret: `${marker}_0123456789` }),
    aRequest(marker.repeat(5_000)),
    aRequest(marker, { headers: { 'content-type': marker } }),
    aRequest(marker, { headers: { 'x-purpleflea-timestamp': marker } }),
  ];
  const answers: unknown[] = [];
  for (const request of requests) answers.push(await receive(request));

  const said = allTextOf([answers, recorder.logged]);
  expect(said).toContain(ESCROW_ID);
  for (const hidden of [CANARY, marker, signed.headers['x-purpleflea-signature'] ?? ''])
    expect(said).not.toContain(hidden);
});
