import { afterEach, describe, expect, test } from '@jest/globals';
import { createRateLimiter } from '../../../twin/rate-limits.ts';
import type { Twin } from '../../../twin/server.ts';
import {
  BUYER_KEY,
  call,
  createPublishedEscrow,
  OUTSIDER_KEY,
  startExampleTwin,
  startPublishedTwin,
  SUMMARIZER_KEY,
  type Answer,
  type Sent,
} from './calling.ts';

let twin: Twin;
afterEach(() => twin.close());

/** The status of the last of a number of the same call. */
async function repeat(times: number, route: string, sent: Sent = {}): Promise<Answer> {
  let answer = await call(twin, route, sent);
  for (let done = 1; done < times; done += 1) answer = await call(twin, route, sent);
  return answer;
}

async function advance(advanceSeconds: number): Promise<void> {
  await call(twin, 'POST /_twin/clock', { body: { advanceSeconds } });
}

describe('the published server', () => {
  test('takes 20 creates a minute, failing ones and those without a key included', async () => {
    twin = await startPublishedTwin();
    await repeat(19, 'POST /escrow/create');
    expect((await repeat(1, 'POST /escrow/create', { key: BUYER_KEY, body: 'null' })).status).toBe(500);

    const { status, headers, body } = await call(twin, 'POST /escrow/create', { key: OUTSIDER_KEY });

    expect(status).toBe(429);
    expect(headers.get('retry-after')).toBeNull();
    expect(body).toMatchObject({ error: 'rate_limited', message: 'Too many requests. Limit: 20 per 60s', _info: {} });
    await advance(59);
    expect((await call(twin, 'POST /escrow/create')).status).toBe(429);
    await advance(1);
    expect((await call(twin, 'POST /escrow/create')).status).toBe(401);
  });

  test('counts by address: the first that was forwarded, else the real one, else nobody', async () => {
    twin = await startPublishedTwin();
    await repeat(20, 'POST /escrow/create', { headers: { 'x-forwarded-for': '10.0.0.1, 10.9.9.9' } });
    await repeat(20, 'POST /escrow/create', { headers: { 'x-real-ip': '10.0.0.2' } });
    const statusFrom = async (headers: Record<string, string>) =>
      (await call(twin, 'POST /escrow/create', { headers })).status;

    expect(await statusFrom({ 'x-forwarded-for': '10.0.0.1' })).toBe(429);
    expect(await statusFrom({ 'x-forwarded-for': '10.0.0.2' })).toBe(429);
    expect(await statusFrom({ 'x-forwarded-for': '10.9.9.9' })).toBe(401);
    expect(await statusFrom({})).toBe(401);
  });

  test.each([
    ['complete', 30],
    ['release', 30],
    ['dispute', 10],
  ])('counts %s by escrow, %d a minute', async (action, limit) => {
    twin = await startPublishedTwin();
    const [one, other] = [await createPublishedEscrow(twin), await createPublishedEscrow(twin)];

    expect((await repeat(limit, `POST /escrow/${action}/${one}`)).status).toBe(401);
    expect((await call(twin, `POST /escrow/${action}/${one}`)).status).toBe(429);
    expect((await call(twin, `POST /escrow/${action}/${other}`)).status).toBe(401);
  });

  test.each([
    ['POST /v1/trade/open', 30, 'agent-trading'],
    ['POST /v1/trade/close', 30, 'agent-trading'],
    ['POST /faucet/claim', 5, 'agent-faucet'],
  ])('counts %s, %d a minute', async (route, limit, service) => {
    twin = await startPublishedTwin();

    expect((await repeat(limit, route)).status).not.toBe(429);
    expect(await call(twin, route)).toMatchObject({
      status: 429,
      body: { message: `Too many requests. Limit: ${limit} per 60s`, _info: { service } },
    });
  });

  test('does not count reads', async () => {
    twin = await startPublishedTwin();

    expect((await repeat(100, 'GET /escrow/stats')).status).toBe(200);
  });
});

describe('the reference', () => {
  test('takes 60 calls a minute for a key and a service, and says when to come back', async () => {
    twin = await startExampleTwin();
    await repeat(1, 'GET /escrow/list', { key: BUYER_KEY });
    await advance(20);
    await repeat(59, 'GET /escrow/stats', { key: BUYER_KEY });

    const { status, headers, body } = await call(twin, 'GET /escrow/list', { key: BUYER_KEY });

    expect(status).toBe(429);
    expect(headers.get('retry-after')).toBe('40');
    expect(body).toEqual({
      success: false,
      error: 'RATE_LIMITED',
      message: 'Too many requests. See Retry-After header.',
    });
    expect((await call(twin, 'GET /escrow/list', { key: SUMMARIZER_KEY })).status).toBe(200);
    expect((await call(twin, 'GET /wallet/balance', { key: BUYER_KEY })).status).not.toBe(429);
    expect((await call(twin, 'GET /health', { key: BUYER_KEY })).status).toBe(200);
    await advance(40);
    expect((await call(twin, 'GET /escrow/list', { key: BUYER_KEY })).status).toBe(200);
  });

  test('does not count its own controls or SageMaker', async () => {
    twin = await startExampleTwin();

    expect((await repeat(70, 'GET /_twin/clock')).status).toBe(200);
    expect((await repeat(70, 'POST /endpoints/none/invocations', { body: {} })).status).toBe(400);
  });
});

test('limits can be switched off', async () => {
  twin = await startPublishedTwin({ rateLimits: false });

  expect((await repeat(25, 'POST /escrow/create')).status).toBe(401);
});

test('a clock that is moved back begins a new window', async () => {
  twin = await startExampleTwin();
  const limiter = createRateLimiter();
  limiter.take('key', 1, 100_000);

  expect(limiter.take('key', 1, 100_001)).toBe(59_999);
  expect(limiter.take('key', 1, 50_000)).toBeUndefined();
});
