import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startTwin, type Twin } from '../../../twin/server.ts';
import { call, stoppedClock, type Answer } from './calling.ts';

const AGENT = 'ag_0a1b2c3d4e5f';
const OTHER = 'ag_f5e4d3c2b1a0';
const OTHER_KEY = 'key-of-other';
const INFO = { service: 'agent-faucet', docs: expect.any(String), referral: expect.any(String), version: '1.0.0' };

let twin: Twin;

beforeEach(async () => {
  twin = await startTwin({
    port: 0,
    agents: [
      { agentId: AGENT, apiKey: 'key-of-agent', balanceUsd: '0.00' },
      { agentId: OTHER, apiKey: OTHER_KEY, balanceUsd: '5.00', referredBy: AGENT, referralCode: 'ref_other' },
    ],
    now: stoppedClock,
    rateLimits: false,
  });
});
afterEach(() => twin.close());

const claim = (agentId: unknown = AGENT) => call(twin, 'POST /api/claim', { body: { agent_id: agentId } });
const claimPublished = (body: unknown) => call(twin, 'POST /faucet/claim', { body });
const claimFrom = async (address: string, agentId: string): Promise<Pick<Answer, 'status' | 'body'>> => {
  const response = await fetch(`${twin.url}/faucet/claim`, {
    method: 'POST',
    headers: { 'x-forwarded-for': `${address}, 10.0.0.1` },
    body: JSON.stringify({ agent_casino_id: agentId }),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
};
const statusOf = async (agentId = AGENT) => (await call(twin, `GET /api/status?agent_id=${agentId}`)).body;
const wait = (advanceSeconds: number) => call(twin, 'POST /_twin/clock', { body: { advanceSeconds } });

describe('the documented faucet', () => {
  test('gives a dollar, without a key', async () => {
    const { status, body } = await claim();

    expect([status, body]).toEqual([200, { agent_id: AGENT, claimed_usdc: 1, message: expect.any(String) }]);
    expect((await call(twin, 'GET /_twin/ledger')).body).toMatchObject({
      conserved: true,
      total_usd: '6.00',
      sources: { faucet_usd: '-1.00' },
    });
  });

  test('gives it once, ever', async () => {
    expect(await statusOf()).toEqual({
      agent_id: AGENT,
      can_claim: true,
      next_eligible_at: '2026-01-01T00:00:00Z',
    });
    await claim();
    await wait(10 * 86_400);
    const again = await claim();

    expect([again.status, again.body['error']]).toEqual([409, 'ALREADY_CLAIMED']);
    expect(await statusOf()).toEqual({ agent_id: AGENT, can_claim: false, next_eligible_at: null });
  });

  test('gives it daily to an agent for which that was set', async () => {
    await call(twin, `PUT /_twin/faucet/${AGENT}`, { body: { everyHours: 24 } });
    await claim();
    await wait(86_399);
    const early = await claim();
    const waiting = await statusOf();
    await wait(1);
    const due = await claim();

    expect([early.status, due.status]).toEqual([409, 200]);
    expect(waiting).toEqual({ agent_id: AGENT, can_claim: false, next_eligible_at: '2026-01-02T00:00:00Z' });
    expect((await call(twin, 'GET /wallet/balance', { key: 'key-of-agent' })).body['available_usdc']).toBe(2);
  });

  test.each([
    ['no agent', undefined, 400, 'INVALID_REQUEST'],
    ['an agent it does not know', 'ag_nobody', 404, 'AGENT_NOT_FOUND'],
  ])('refuses %s', async (_, agentId, status, error) => {
    const claimed = await call(twin, 'POST /api/claim', { body: { agent_id: agentId } });
    const asked = await call(twin, `GET /api/status${agentId === undefined ? '' : `?agent_id=${agentId}`}`);

    for (const answer of [claimed, asked]) expect([answer.status, answer.body['error']]).toEqual([status, error]);
  });
});

describe('the published faucet', () => {
  test('gives a dollar, without a key', async () => {
    const { status, body } = await claimPublished({ agent_casino_id: ` ${AGENT} ` });

    expect([status, body]).toEqual([
      200,
      {
        credited: 1,
        message: expect.any(String),
        casino_url: 'https://casino.purpleflea.com',
        claim_id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
        agent_id: AGENT,
        referral_tracked: false,
        _info: INFO,
      },
    ]);
  });

  test.each([
    [OTHER, undefined, true],
    [OTHER, 'ref_nobody', false],
    [OTHER, 'ref_other', false],
    [AGENT, 'ref_other', true],
  ])('tracks the referral of %s with code %s: %s', async (agent_casino_id, referral_code, tracked) => {
    const { body } = await claimPublished({ agent_casino_id, referral_code });

    expect(body['referral_tracked']).toBe(tracked);
  });

  test.each([
    ['no agent', {}, 400, 'invalid_request'],
    ['a body that cannot be read', 'no json', 400, 'invalid_request'],
    ['an id of another form', { agent_casino_id: 'agent_x' }, 400, 'invalid_request'],
    ['an id that is no text', { agent_casino_id: 5 }, 400, 'invalid_request'],
    ['an agent it does not know', { agent_casino_id: 'ag_nobody' }, 404, 'agent_not_found'],
  ])('refuses %s', async (_, body, status, error) => {
    const answer = await claimPublished(body);

    expect([answer.status, answer.body['error'], answer.body['_info']]).toEqual([status, error, INFO]);
  });

  test('gives one dollar with the documented one', async () => {
    await claim();
    const { status, body } = await claimPublished({ agent_casino_id: AGENT });

    expect([status, body['error']]).toEqual([409, 'already_claimed']);
  });

  test('refuses an agent that counts as funded; a starting balance does not', async () => {
    await call(twin, `PUT /_twin/faucet/${AGENT}`, { body: { hasDeposits: true } });

    const funded = await claimPublished({ agent_casino_id: AGENT });
    const started = await claimPublished({ agent_casino_id: OTHER });

    expect([funded.status, funded.body['error']]).toEqual([403, 'has_deposits']);
    expect(started.status).toBe(200);
  });

  test('gives to one agent of an address in 24 hours, where that is switched on', async () => {
    await call(twin, 'PUT /_twin/faucet', { body: { limitAddresses: true } });
    await claimFrom('192.0.2.7', AGENT);
    await wait(3600);

    const same = await claimFrom('192.0.2.7', OTHER);
    const unknown = await claimFrom('192.0.2.7', 'ag_nobody');
    await wait(23 * 3600);
    const later = await claimFrom('192.0.2.7', OTHER);

    expect([same.status, same.body['error'], same.body['message']]).toEqual([
      429,
      'ip_rate_limited',
      expect.stringContaining('~23h'),
    ]);
    expect(unknown.status).toBe(429);
    expect(later.status).toBe(200);
  });

  test('knows no other path', async () => {
    const { status, body } = await call(twin, 'GET /faucet/claim');

    expect([status, body]).toEqual([404, { error: 'not_found', _info: INFO }]);
  });

  test('counts what it gave', async () => {
    const before = await call(twin, 'GET /faucet/stats');
    await claimFrom('192.0.2.7', AGENT);
    await claimFrom('192.0.2.7', OTHER);
    const after = await call(twin, 'GET /faucet/stats');

    const none = { total_claims: 0, total_agents: 0, total_value_usd: 0, avg_per_agent: 0, _info: INFO };
    expect(before.body).toEqual(none);
    expect(after.body).toEqual({ ...none, total_claims: 2, total_agents: 2, total_value_usd: 2, avg_per_agent: 1 });
  });
});

test.each([
  ['PUT /_twin/faucet', { limitAddresses: 'yes' }, 400],
  ['PUT /_twin/faucet/ag_0a1b2c3d4e5f', { everyHours: 0 }, 400],
  ['PUT /_twin/faucet/ag_nobody', { everyHours: 24 }, 404],
])('%s refuses %j', async (route, body, status) => {
  expect((await call(twin, route, { body })).status).toBe(status);
});
