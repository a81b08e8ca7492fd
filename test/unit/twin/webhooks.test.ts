import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startTwin, type Twin } from '../../../twin/server.ts';
import {
  AGENTS,
  BUYER,
  BUYER_KEY,
  call,
  createEscrow,
  OUTSIDER_KEY,
  setClock,
  stoppedClock,
  SUMMARIZER,
  SUMMARIZER_KEY,
  type Answer,
} from './calling.ts';

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: Record<string, unknown>;
}

let twin: Twin;
let receiver: Server;
let url: string;
let received: Received[];
/** What the receiver answers; the last one again and again. Null is no answer at all. */
let answers: (number | null)[];

beforeEach(async () => {
  received = [];
  answers = [200];
  receiver = createServer((request, response) => void receive(request, response));
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  twin = await startTwin({ port: 0, agents: AGENTS, now: stoppedClock });
  await setClock(twin, '2026-03-06T09:00:00Z');
});

afterEach(async () => {
  await twin.close();
  receiver.closeAllConnections();
  receiver.close();
});

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  received.push({ headers: request.headers, text, body: JSON.parse(text) as Received['body'] });
  const status = answers.length > 1 ? answers.shift() : answers[0];
  if (status === null) request.socket.destroy();
  else response.writeHead(status ?? 200, status === 302 ? { location: url } : {}).end();
}

const register = (terms: Record<string, unknown> = {}, key = BUYER_KEY) =>
  call(twin, 'POST /v1/webhooks', { key, body: { url, events: ['*'], ...terms } });
const registered = async (terms: Record<string, unknown> = {}, key = BUYER_KEY): Promise<string> =>
  String((await register(terms, key)).body['id']);
const look = (id: string, key = BUYER_KEY) => call(twin, `GET /v1/webhooks/${id}`, { key });
const deliveriesOf = async (id: string) => (await look(id)).body['deliveries'] as Record<string, unknown>[];
const wait = (advanceSeconds: number) => call(twin, 'POST /_twin/clock', { body: { advanceSeconds } });
const transfer = (to_agent = SUMMARIZER) =>
  call(twin, 'POST /wallet/transfer', { key: BUYER_KEY, body: { from_agent: BUYER, to_agent, amount: 5, memo: 'x' } });

/** Deliveries are on their own: looks until what is expected is so. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('it never became so');
}
const untilReceived = (count: number) => until(() => received.length === count);
const untilAttempted = (id: string, count: number) =>
  until(async () => ((await deliveriesOf(id))[0]?.['attempts'] as unknown[] | undefined)?.length === count);

function signatureOf({ headers, text }: Received, secret: string): string {
  const timestamp = String(headers['x-purpleflea-timestamp']);
  return `sha256=${createHmac('sha256', secret).update(`${timestamp}.${text}`).digest('hex')}`;
}

describe('registering', () => {
  test('answers the webhook, and the secret that was made for it, this once', async () => {
    const { status, body } = await register({ events: ['escrow_released', 'trade.filled'] });

    const shown = {
      id: expect.stringMatching(/^wh_[0-9a-f]{16}$/),
      url,
      events: ['escrow_released', 'trade.filled'],
      status: 'active',
      created_at: '2026-03-06T09:00:00Z',
      last_delivery_at: null,
      total_deliveries: 0,
      failed_deliveries: 0,
      envelope: 'event',
      names: 'underscore',
    };
    expect([status, body]).toEqual([201, { ...shown, secret: expect.stringMatching(/^whsec_[0-9a-f]{48}$/) }]);
    const list = await call(twin, 'GET /v1/webhooks', { key: BUYER_KEY });
    expect(list.body).toEqual({ webhooks: [shown], count: 1 });
  });

  test('never shows a secret again, nor one that was brought', async () => {
    const { body } = await register();
    const brought = await register({ secret: 'brought-along' });
    await transfer();
    await untilReceived(2);

    const shown = [
      brought,
      await call(twin, 'GET /v1/webhooks', { key: BUYER_KEY }),
      await look(String(body['id'])),
      await call(twin, 'GET /_twin/webhooks'),
    ];

    for (const { text } of shown) expect(text).not.toMatch(/secret|whsec_|brought-along/);
  });

  test.each([
    ['no url', { url: undefined }],
    ['http to elsewhere', { url: 'http://example.com/hook' }],
    ['something that is no url', { url: 'hook' }],
    ['no events', { events: undefined }],
    ['an empty list of events', { events: [] }],
    ['an event there is not', { events: ['bet.won'] }],
    ['events that are no texts', { events: [5] }],
    ['an empty secret', { secret: '' }],
    ['an envelope there is not', { envelope: 'letter' }],
    ['names there are not', { names: 'camel' }],
  ])('is refused for %s', async (_, terms) => {
    const answer = await register(terms);

    expect([answer.status, answer.body['error']]).toEqual([400, 'INVALID_REQUEST']);
  });

  test('takes https, and http to this machine', async () => {
    const urls = ['https://example.com/hook', 'http://localhost:9/hook', 'http://[::1]:9/hook'];
    const statuses = await Promise.all(urls.map(async (one) => (await register({ url: one })).status));

    expect(statuses).toEqual([201, 201, 201]);
  });

  test('and everything else is for its owner alone', async () => {
    const id = await registered();
    const strangers: Answer[] = [
      await look(id, OUTSIDER_KEY),
      await call(twin, `DELETE /v1/webhooks/${id}`, { key: OUTSIDER_KEY }),
      await call(twin, 'POST /v1/webhooks/test', {
        key: OUTSIDER_KEY,
        body: { webhook_id: id, event_type: 'trade_filled' },
      }),
    ];

    for (const { status, body } of strangers) expect([status, body['error']]).toEqual([404, 'WEBHOOK_NOT_FOUND']);
    expect((await call(twin, 'GET /v1/webhooks', { key: OUTSIDER_KEY })).body).toEqual({ webhooks: [], count: 0 });
    for (const route of ['POST /v1/webhooks', 'GET /v1/webhooks', `GET /v1/webhooks/${id}`]) {
      expect((await call(twin, route)).status).toBe(401);
    }
  });
});

describe('a delivery', () => {
  test('is signed over timestamp and body', async () => {
    const { body } = await register();
    await register({ secret: 'brought-along' });
    await transfer();
    await untilReceived(2);

    const secrets = [String(body['secret']), 'brought-along'];
    for (const one of received) {
      expect(one.headers['x-purpleflea-timestamp']).toBe('1772787600');
      expect(one.headers['content-type']).toBe('application/json');
      expect(secrets.map((secret) => signatureOf(one, secret))).toContain(one.headers['x-purpleflea-signature']);
    }
  });

  test('has the one documented envelope', async () => {
    await register();
    await transfer();
    await untilReceived(1);

    expect(received[0]?.body).toEqual({
      event: 'wallet_transfer',
      id: expect.stringMatching(/^evt_[0-9a-f]{16}$/),
      timestamp: '2026-03-06T09:00:00.000Z',
      api_version: 'v1',
      data: {
        tx_id: expect.stringMatching(/^tx_/),
        from_agent: BUYER,
        to_agent: SUMMARIZER,
        amount_usdc: 5,
        memo: 'x',
      },
    });
  });

  test('has the other documented envelope, with dots, where that was asked for', async () => {
    await register({ envelope: 'type', names: 'dot', events: ['wallet.transfer'] }, SUMMARIZER_KEY);
    await transfer();
    await untilReceived(1);

    expect(received[0]?.body).toEqual({
      id: expect.stringMatching(/^evt_[0-9a-f]{16}$/),
      type: 'wallet.transfer',
      api_version: 'v1',
      created: 1_772_787_600,
      timestamp: '2026-03-06T09:00:00.000Z',
      agent_id: SUMMARIZER,
      data: expect.objectContaining({ amount_usdc: 5 }),
    });
  });

  test('tells both parties of an escrow, and those of a trade and a claim, but nobody else', async () => {
    const bystander = await registered({}, OUTSIDER_KEY);
    const buyer = await registered();
    const summarizer = await registered({}, SUMMARIZER_KEY);
    const id = await createEscrow(twin);
    await call(twin, `POST /escrow/complete/${id}`, { key: SUMMARIZER_KEY });
    await call(twin, `POST /escrow/release/${id}`, { key: BUYER_KEY });
    const order = { agent_id: BUYER, direction: 'long', amount: 50, asset: 'BTC-USDC', order_type: 'market' };
    await call(twin, 'POST /trading/order', { key: BUYER_KEY, body: order });
    await call(twin, 'POST /api/claim', { body: { agent_id: SUMMARIZER } });
    await untilReceived(8);

    const { body } = await call(twin, 'GET /_twin/webhooks');
    const sent = Object.fromEntries(
      (body['webhooks'] as { id: string; deliveries: { event: string }[] }[]).map((webhook) => [
        webhook.id,
        webhook.deliveries.map(({ event }) => event),
      ]),
    );
    const escrow = ['escrow_funded', 'escrow_completed', 'escrow_released'];
    expect(sent).toEqual({
      [bystander]: [],
      [buyer]: [...escrow, 'trade_filled'],
      [summarizer]: [...escrow, 'faucet_claimed'],
    });
  });

  test('is only of the events asked for', async () => {
    const id = await registered({ events: ['escrow.released', 'trade_filled'] });
    await transfer();
    await createEscrow(twin);

    expect(await deliveriesOf(id)).toEqual([]);
  });

  test('of what a timer did tells when it was due', async () => {
    await register({ events: ['escrow_refunded'] });
    await createEscrow(twin, { timeout_hours: 1 });
    await wait(2 * 3600);
    await untilReceived(1);

    expect(received[0]?.body).toMatchObject({ event: 'escrow_refunded', timestamp: '2026-03-06T10:00:00.000Z' });
    expect(received[0]?.headers['x-purpleflea-timestamp']).toBe(String(Date.parse('2026-03-06T11:00:00Z') / 1000));
  });

  test('is shown with its attempts', async () => {
    const id = await registered();
    await transfer();
    await untilAttempted(id, 1);

    const { body } = await look(id);
    const at = '2026-03-06T09:00:00Z';
    expect(body).toMatchObject({ last_delivery_at: at, total_deliveries: 1, failed_deliveries: 0 });
    expect(body['deliveries']).toEqual([
      {
        event_id: received[0]?.body['id'],
        event: 'wallet_transfer',
        status: 'delivered',
        created_at: at,
        next_attempt_at: null,
        attempts: [{ at, status_code: 200, response_time_ms: expect.any(Number), error: null }],
      },
    ]);
  });
});

describe('a delivery that is not taken', () => {
  test('is tried three times, signed anew each time, and then given up', async () => {
    answers = [500, null, 302];
    const { body } = await register();
    const id = String(body['id']);
    await transfer();
    await untilAttempted(id, 1);
    await wait(59);
    expect(received).toHaveLength(1);
    await wait(1);
    expect(received).toHaveLength(2);
    await wait(539);
    expect(received).toHaveLength(2);
    await wait(1);
    expect(received).toHaveLength(3);
    await wait(86_400);
    expect(received).toHaveLength(3);

    expect(new Set(received.map(({ text }) => text)).size).toBe(1);
    expect(received.map(({ headers }) => Number(headers['x-purpleflea-timestamp']) - 1_772_787_600)).toEqual([
      0, 60, 600,
    ]);
    for (const one of received) {
      expect(one.headers['x-purpleflea-signature']).toBe(signatureOf(one, String(body['secret'])));
    }
    expect(await deliveriesOf(id)).toMatchObject([
      {
        status: 'failed',
        next_attempt_at: null,
        attempts: [
          { status_code: 500, error: null },
          { status_code: null, error: expect.stringMatching(/./) },
          { status_code: 302, error: null },
        ],
      },
    ]);
    expect((await look(id)).body).toMatchObject({ total_deliveries: 1, failed_deliveries: 1, last_delivery_at: null });
  });

  test('is done when a later attempt is taken', async () => {
    answers = [503, 204];
    const id = await registered();
    await transfer();
    await untilAttempted(id, 1);
    await wait(3600);

    expect(received).toHaveLength(2);
    expect(await deliveriesOf(id)).toMatchObject([{ status: 'delivered' }]);
  });

  test('does not disturb the request that it tells of', async () => {
    const unreachable = await registered({ url: 'http://127.0.0.1:9/hook' });
    const { status } = await transfer();
    await untilAttempted(unreachable, 1);

    expect(status).toBe(200);
    expect(await deliveriesOf(unreachable)).toMatchObject([
      {
        status: 'pending',
        next_attempt_at: '2026-03-06T09:01:00Z',
        attempts: [{ status_code: null, error: expect.any(String) }],
      },
    ]);
  });

  test('ends with its webhook', async () => {
    answers = [500];
    const id = await registered();
    await transfer();
    await untilAttempted(id, 1);

    const deleted = await call(twin, `DELETE /v1/webhooks/${id}`, { key: BUYER_KEY });
    await wait(60);
    await transfer();

    expect([deleted.status, deleted.body]).toEqual([200, { id, deleted: true }]);
    expect(received).toHaveLength(1);
    expect((await look(id)).status).toBe(404);
    expect((await call(twin, 'GET /v1/webhooks', { key: BUYER_KEY })).body['count']).toBe(0);
  });

  test('is tried again by a twin that was started anew', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'twin-'));
    const file = join(folder, 'state.jsonl');
    answers = [500, 200];
    try {
      const first = await startTwin({ port: 0, agents: AGENTS, now: stoppedClock, file });
      await call(first, 'POST /v1/webhooks', { key: BUYER_KEY, body: { url, events: ['*'] } });
      const body = { from_agent: BUYER, to_agent: SUMMARIZER, amount: 5 };
      await call(first, 'POST /wallet/transfer', { key: BUYER_KEY, body });
      await untilReceived(1);
      await until(() => readFileSync(file, 'utf8').includes('"statusCode":500'));
      await first.close();

      const second = await startTwin({ port: 0, agents: AGENTS, now: stoppedClock, file });
      await call(second, 'POST /_twin/clock', { body: { advanceSeconds: 60 } });
      await second.close();

      expect(received.map(({ text }) => text)).toEqual([received[0]?.text, received[0]?.text]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('a test event', () => {
  const send = (webhook_id: unknown, event_type: unknown) =>
    call(twin, 'POST /v1/webhooks/test', { key: BUYER_KEY, body: { webhook_id, event_type } });

  test('is sent at once and says that it is one', async () => {
    const { body: webhook } = await register();
    const { status, body } = await send(webhook['id'], 'escrow.released');

    expect([status, body]).toEqual([
      200,
      {
        delivered: true,
        status_code: 200,
        response_time_ms: expect.any(Number),
        event_id: received[0]?.body['id'],
      },
    ]);
    expect(received[0]?.body).toMatchObject({ event: 'escrow_released', test: true, data: {} });
    expect(received[0]?.headers['x-purpleflea-signature']).toBe(
      signatureOf(received[0] as Received, String(webhook['secret'])),
    );
  });

  test('that is not taken is not tried again', async () => {
    answers = [500];
    const id = await registered();
    const refused = await send(id, 'trade_filled');
    const unreachable = await send(await registered({ url: 'http://127.0.0.1:9/hook' }), 'trade_filled');
    await wait(60);

    expect(refused.body).toMatchObject({ delivered: false, status_code: 500 });
    expect(unreachable.body).toMatchObject({ delivered: false, status_code: null });
    expect(received).toHaveLength(1);
  });

  test('needs a webhook and an event that there are', async () => {
    const id = await registered();
    const answers400 = [await send(id, 'bet.won'), await send(id, undefined), await send(undefined, 'trade_filled')];

    for (const { status } of answers400) expect(status).toBe(400);
    expect((await send('wh_none', 'trade_filled')).status).toBe(404);
  });
});
