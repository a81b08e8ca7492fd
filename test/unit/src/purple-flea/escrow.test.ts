import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ServiceUnreadableError } from '../../../../src/errors.ts';
import { parseUsd } from '../../../../src/money.ts';
import { createEscrowClient, escrowRequestBody, ESCROW_STATUSES } from '../../../../src/purple-flea/escrow.ts';
import { startTwin, type Twin } from '../../../../twin/server.ts';
import {
  AGENTS,
  BUYER,
  BUYER_KEY,
  call,
  OUTSIDER_KEY,
  setClock,
  stoppedClock,
  SUMMARIZER,
  SUMMARIZER_KEY,
} from '../../twin/calling.ts';
import { aService, CANARY_CREDENTIALS } from '../../../support/purple-flea.ts';
import {
  answer,
  answerFrom,
  resetAfterRequest,
  silence,
  startScriptedServer,
  truncated,
  type Reply,
  type ScriptedServer,
} from '../../../support/scripted-server.ts';
import { allTextOf, CANARY } from '../../../support/secrecy.ts';

const REQUEST = {
  amount: parseUsd('50.00'),
  description: 'pf1:aaaaaaaaaaaaaaaaaaaa Bonus for a training job',
  counterpartyAgentId: SUMMARIZER,
  timeoutHours: 48,
  metadata: { reference: 'pf1:aaaaaaaaaaaaaaaaaaaa' },
};
const BODY = escrowRequestBody(REQUEST);
const ID = 'esc_0011223344556677';

/** What the service answers to a create, a complete and a release that it carried out. */
const CREATED = {
  success: true,
  escrow_id: ID,
  status: 'locked',
  amount_usd: '50.00',
  fee_usd: '0.50',
  net_payout_usd: '49.50',
  creator_agent_id: BUYER,
  counterparty_agent_id: SUMMARIZER,
  description: REQUEST.description,
  timeout_hours: 48,
  expires_at: '2026-03-08T09:00:00Z',
  created_at: '2026-03-06T09:00:00Z',
};
const COMPLETED = {
  success: true,
  escrow_id: ID,
  status: 'completed',
  completed_at: '2026-03-07T14:22:00Z',
  auto_release_at: '2026-03-09T14:22:00Z',
};
const RELEASED = {
  success: true,
  escrow_id: ID,
  status: 'released',
  amount_locked: '50.00',
  fee_charged: '0.50',
  amount_paid_out: '49.50',
  counterparty_agent_id: SUMMARIZER,
  released_at: '2026-03-07T15:00:00Z',
};
const SHOWN = {
  ...CREATED,
  completion_note: null,
  delivery_url: null,
  completed_at: null,
  auto_release_at: null,
  released_at: null,
  disputed_at: null,
};

let server: ScriptedServer;

beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(() => server.close());

function client({ totalMs = 5_000, random = (): number => 0 } = {}) {
  return createEscrowClient(aService(server.url, { totalMs, random }), CANARY_CREDENTIALS);
}
type Client = ReturnType<typeof client>;

/** The three calls that move money or start a timer, with the answer that proves each. */
const CALLS = [
  { call: 'create', path: '/escrow/create', send: (it: Client) => it.create(BODY, 'the-key'), proof: CREATED },
  {
    call: 'complete',
    path: `/escrow/complete/${ID}`,
    send: (it: Client) => it.complete(ID, BODY, 'the-key'),
    proof: COMPLETED,
  },
  {
    call: 'release',
    path: `/escrow/release/${ID}`,
    send: (it: Client) => it.release(ID, BODY, 'the-key'),
    proof: RELEASED,
  },
] as const;

describe('the body of a create request', () => {
  test('has the amount as a JSON number with its cents', () => {
    expect(BODY).toBe(
      '{"amount_usd":50.00,"description":"pf1:aaaaaaaaaaaaaaaaaaaa Bonus for a training job",' +
        `"counterparty_agent_id":"${SUMMARIZER}","timeout_hours":48,"metadata":{"reference":"pf1:aaaaaaaaaaaaaaaaaaaa"}}`,
    );
  });

  test('shortens the description at its end, so that the reference stays', () => {
    const { description } = JSON.parse(
      escrowRequestBody({ ...REQUEST, description: `pf1:aaaaaaaaaaaaaaaaaaaa ${'x'.repeat(500)}` }),
    ) as { description: string };

    expect(description).toBe(`pf1:aaaaaaaaaaaaaaaaaaaa ${'x'.repeat(255)}`);
  });
});

describe.each(CALLS)('$call', ({ call: name, path, send, proof }) => {
  test('posts the recorded body with key and idempotency key, once', async () => {
    server.script(answer(200, proof));

    expect(await send(client())).toMatchObject({ kind: 'applied' });

    expect(server.requests).toEqual([
      {
        method: 'POST',
        path,
        body: BODY,
        headers: expect.objectContaining({ authorization: `Bearer ${CANARY}`, 'idempotency-key': 'the-key' }),
      },
    ]);
  });

  const shared: [string, Reply, string][] = [
    ['500', answer(500, { error: 'SERVER_ERROR' }), 'HTTP 500 SERVER_ERROR'],
    ['502 with a page', answer(502, '<h1>Bad gateway</h1>'), 'HTTP 502 without a code'],
    ['503', answer(503), 'HTTP 503 without a code'],
    ['409', answer(409, { error: 'INVALID_STATUS_TRANSITION' }), 'HTTP 409 INVALID_STATUS_TRANSITION'],
    ['400 with an unknown code', answer(400, { error: 'INVALID_REQUEST' }), 'HTTP 400 INVALID_REQUEST'],
    ['401 without a code', answer(401), 'HTTP 401 without a code'],
    ['403 with a page', answer(403, 'forbidden by a proxy'), 'HTTP 403 without a code'],
    ['a listed code under another status', answer(404, { error: 'FORBIDDEN' }), 'HTTP 404 FORBIDDEN'],
    ['a redirect', answer(307, '', { location: '/escrow/create' }), 'HTTP 307 without a code'],
    ['200 with broken JSON', answer(200, JSON.stringify(proof).slice(0, -1)), 'HTTP 200, but '],
    ['204 without a body', answer(204), 'HTTP 204, but '],
    ['200 that is an error', answer(200, { success: false, error: 'SERVER_ERROR' }), 'HTTP 200, but '],
    ['another status word', answer(200, { ...proof, status: 'pending' }), 'HTTP 200, but status: '],
    ['a body that breaks off', truncated(200, JSON.stringify(proof)), 'aborted'],
    ['a body over a megabyte', answer(200, { ...proof, padding: 'x'.repeat(1024 * 1024) }), 'larger than'],
    ['a reset', resetAfterRequest, 'ECONNRESET'],
  ];

  test.each(shared)('is unknown after %s, and not repeated', async (_case, reply, reason) => {
    server.script(reply);

    expect(await send(client())).toEqual({ kind: 'unknown', reason: expect.stringContaining(reason) });
    expect(server.requests).toHaveLength(1);
  });

  test('is unknown after silence, by the total deadline', async () => {
    server.script(silence);

    expect(await send(client({ totalMs: 100 }))).toEqual({
      kind: 'unknown',
      reason: 'no complete answer within 100 ms',
    });
  });

  test('is not sent where the connection is refused', async () => {
    await server.close();

    expect(await send(client())).toEqual({
      kind: 'not-sent',
      reason: expect.stringContaining('ECONNREFUSED'),
      retryAfterSeconds: 15,
    });
  });

  test.each([
    [{}, 0, 60],
    [{}, 0.75, 105],
    [{ 'retry-after': '7' }, 0.75, 7],
    [{ 'retry-after': '3600' }, 0.75, 900],
  ])('is not sent at a rate limit with %j, and may be in a while (%p)', async (headers, random, seconds) => {
    server.script(answer(429, { error: 'RATE_LIMITED' }, headers));

    expect(await send(client({ random: () => random }))).toEqual({
      kind: 'not-sent',
      reason: 'HTTP 429, rate limited',
      retryAfterSeconds: seconds,
    });
  });

  const refusals: Record<typeof name, [number, string][]> = {
    create: [
      [401, 'UNAUTHORIZED'],
      [403, 'FORBIDDEN'],
      [400, 'INSUFFICIENT_BALANCE'],
      [400, 'BELOW_MINIMUM_AMOUNT'],
      [400, 'ABOVE_MAXIMUM_AMOUNT'],
      [400, 'COUNTERPARTY_NOT_FOUND'],
      [400, 'INVALID_TIMEOUT'],
    ],
    complete: [
      [401, 'UNAUTHORIZED'],
      [403, 'FORBIDDEN'],
      [403, 'WRONG_PARTY'],
      [404, 'ESCROW_NOT_FOUND'],
    ],
    release: [
      [401, 'UNAUTHORIZED'],
      [403, 'FORBIDDEN'],
      [403, 'WRONG_PARTY'],
      [404, 'ESCROW_NOT_FOUND'],
    ],
  };

  test.each(refusals[name])('is rejected by %i %s', async (status, error) => {
    server.script(answer(status, { success: false, error, message: 'No.' }));

    expect(await send(client())).toEqual({ kind: 'rejected', reason: `HTTP ${status} ${error}` });
  });

  test.each<[string, Reply]>([
    ['401 that quotes it', answerFrom(401, ({ headers }) => ({ error: `bad key ${headers.authorization}` }))],
    [
      'a result that quotes it',
      answerFrom(200, ({ headers }) => ({
        ...proof,
        amount_usd: headers.authorization,
        amount_locked: headers.authorization,
        status: headers.authorization,
      })),
    ],
    ['a reset', resetAfterRequest],
  ])('shows the key nowhere after %s', async (_case, reply) => {
    server.script(reply);

    expect(allTextOf(await send(client()))).not.toContain(CANARY);
  });
});

describe('a created escrow', () => {
  test('is what the ledger keeps, with the deadline of the lock', async () => {
    server.script(answer(201, CREATED));

    expect(await client().create(BODY, 'the-key')).toEqual({
      kind: 'applied',
      result: {
        escrowId: ID,
        status: 'locked',
        amountUsd: '50.00',
        feeUsd: '0.50',
        netUsd: '49.50',
        deadlineAt: '2026-03-08T09:00:00.000Z',
      },
    });
  });

  test('may show its amounts as numbers with float noise', async () => {
    server.script(answer(201, { ...CREATED, amount_usd: 50.00000000000001, fee_usd: 0.5, net_payout_usd: 49.5 }));

    expect(await client().create(BODY, 'the-key')).toMatchObject({ kind: 'applied', result: { amountUsd: '50.00' } });
  });

  test.each([
    ['an amount', { amount_usd: '51.00', net_payout_usd: '50.50' }, 'amount_usd is 51.00'],
    ['a fee', { fee_usd: '0.51' }, 'net_payout_usd and fee_usd do not add up'],
    ['a counterparty', { counterparty_agent_id: BUYER }, 'counterparty_agent_id is another'],
    ['a description', { description: 'pf1:bbbbbbbbbbbbbbbbbbbb Bonus' }, 'description is another'],
    ['a timeout', { timeout_hours: 24 }, 'timeout_hours is 24'],
    ['an empty id', { escrow_id: '' }, 'escrow_id: '],
    ['no id', { escrow_id: undefined }, 'escrow_id: '],
    ['a deadline that is none', { expires_at: 'soon' }, 'expires_at: '],
    ['an amount that is none', { amount_usd: '50 USDC' }, 'amount_usd: '],
  ])('that shows %s other than asked is unknown', async (_case, overrides, reason) => {
    server.script(answer(201, { ...CREATED, ...overrides }));

    expect(await client().create(BODY, 'the-key')).toEqual({
      kind: 'unknown',
      reason: expect.stringContaining(`HTTP 201, but ${reason}`),
    });
  });
});

describe('a completed escrow', () => {
  test('is applied, and unknown where the answer is about another', async () => {
    server.script(answer(200, COMPLETED), answer(200, { ...COMPLETED, escrow_id: 'esc_other' }));

    expect(await client().complete(ID, '{}', 'k')).toEqual({
      kind: 'applied',
      result: { escrowId: ID, status: 'completed' },
    });
    expect(await client().complete(ID, '{}', 'k')).toEqual({
      kind: 'unknown',
      reason: 'HTTP 200, but escrow_id is another',
    });
  });
});

describe('a released escrow', () => {
  test('is what was paid', async () => {
    server.script(answer(200, RELEASED));

    expect(await client().release(ID, '{}', 'k')).toEqual({
      kind: 'applied',
      result: { escrowId: ID, status: 'released', amountUsd: '50.00', feeUsd: '0.50', paidOutUsd: '49.50' },
    });
  });

  test.each([
    [{ escrow_id: 'esc_other' }, 'escrow_id is another'],
    [{ amount_paid_out: '49.00' }, 'amount_paid_out and fee_charged do not add up'],
    [{ status: 'completed' }, 'status: '],
    [{ amount_locked: null }, 'amount_locked: '],
  ])('is unknown with %j', async (overrides, reason) => {
    server.script(answer(200, { ...RELEASED, ...overrides }));

    expect(await client().release(ID, '{}', 'k')).toEqual({
      kind: 'unknown',
      reason: expect.stringContaining(`HTTP 200, but ${reason}`),
    });
  });
});

describe('the status of an escrow', () => {
  test('is read with its deadline: the end of the lock, and once completed that of the auto-release', async () => {
    server.script(
      answer(200, SHOWN),
      answer(200, { ...SHOWN, status: 'completed', auto_release_at: '2026-03-09T14:22:00Z' }),
    );
    const view = {
      escrowId: ID,
      status: 'locked',
      amount: parseUsd('50.00'),
      fee: parseUsd('0.50'),
      net: parseUsd('49.50'),
      creatorAgentId: BUYER,
      counterpartyAgentId: SUMMARIZER,
      description: REQUEST.description,
      deadlineAt: '2026-03-08T09:00:00.000Z',
    };

    expect(await client().readStatus(ID)).toEqual(view);
    expect(await client().readStatus(ID)).toEqual({
      ...view,
      status: 'completed',
      deadlineAt: '2026-03-09T14:22:00.000Z',
    });
    expect(server.requests).toMatchObject([
      { method: 'GET', path: `/escrow/status/${ID}`, body: '' },
      { method: 'GET', path: `/escrow/status/${ID}`, body: '' },
    ]);
  });

  test.each(ESCROW_STATUSES)('may be %s', async (status) => {
    server.script(answer(200, { ...SHOWN, status }));

    expect(await client().readStatus(ID)).toMatchObject({ status });
  });

  test.each<[string, Reply, string]>([
    ['an unknown word', answer(200, { ...SHOWN, status: 'settled' }), `status of ${ID}: status: `],
    ['of another escrow', answer(200, { ...SHOWN, escrow_id: 'esc_other' }), `status of ${ID}: escrow_id is another`],
    ['without an amount', answer(200, { ...SHOWN, amount_usd: undefined }), `status of ${ID}: amount_usd: `],
    ['404', answer(404, { error: 'ESCROW_NOT_FOUND' }), `status of ${ID}: HTTP 404`],
    ['500', answer(500, SHOWN), `status of ${ID}: HTTP 500`],
    ['429', answer(429), `status of ${ID}: HTTP 429`],
    ['a redirect', answer(302, '', { location: '/' }), `status of ${ID}: HTTP 302`],
    ['not JSON', answer(200, '<html>'), `status of ${ID}: body: `],
    ['a JSON null', answer(200, 'null'), `status of ${ID}: body: `],
    ['a reset', resetAfterRequest, `status of ${ID}: `],
    ['a truncated body', truncated(200, JSON.stringify(SHOWN)), 'aborted'],
  ])('cannot be read from %s', async (_case, reply, message) => {
    server.script(reply);

    const reading = client().readStatus(ID);

    await expect(reading).rejects.toThrow(ServiceUnreadableError);
    await expect(reading).rejects.toThrow(message);
    expect(allTextOf(await reading.catch((error: unknown) => error))).not.toContain(CANARY);
  });

  test('cannot be read from a service that is not there, or with a key that no header can hold', async () => {
    const badKey = createEscrowClient(aService(server.url), { ...CANARY_CREDENTIALS, apiKey: `${CANARY}\n` });
    const failures = [badKey.readStatus(ID)];
    await Promise.allSettled(failures);
    await server.close();
    failures.push(client().readStatus(ID));

    for (const result of await Promise.allSettled(failures)) {
      expect(result).toMatchObject({ status: 'rejected', reason: expect.any(ServiceUnreadableError) });
      expect(allTextOf(result)).not.toContain(CANARY);
    }
  });

  test('is asked for under an id that cannot lead elsewhere', async () => {
    await expect(client().readStatus('../release/esc_1?x=#')).rejects.toThrow('HTTP 501');

    expect(server.requests[0]?.path).toBe('/escrow/status/..%2Frelease%2Fesc_1%3Fx%3D%23');
  });
});

describe('with the twin', () => {
  let twin: Twin;

  beforeEach(async () => {
    twin = await startTwin({ agents: AGENTS, now: stoppedClock });
    await setClock(twin, '2026-03-06T09:00:00Z');
  });
  afterEach(() => twin.close());

  function clientOf(apiKey: string, agentId = 'any') {
    return createEscrowClient(aService(twin.url), { apiKey, agentId });
  }

  test('an escrow goes from lock to payout', async () => {
    const [buyer, summarizer] = [clientOf(BUYER_KEY), clientOf(SUMMARIZER_KEY)];

    const created = await buyer.create(BODY, 'k1');
    expect(created).toMatchObject({
      kind: 'applied',
      result: { status: 'locked', deadlineAt: '2026-03-08T09:00:00.000Z' },
    });
    const escrowId = created.kind === 'applied' ? created.result.escrowId : '';
    expect(await summarizer.complete(escrowId, '{"completion_note":"done"}', 'k2')).toMatchObject({ kind: 'applied' });
    expect(await buyer.readStatus(escrowId)).toMatchObject({
      status: 'completed',
      deadlineAt: '2026-03-08T09:00:00.000Z',
      description: REQUEST.description,
    });
    expect(await buyer.release(escrowId, '{"release_note":"good"}', 'k3')).toMatchObject({
      kind: 'applied',
      result: { paidOutUsd: '49.50' },
    });
    expect(
      (await call(twin, `GET /wallet/balance?agent_id=${SUMMARIZER}`, { key: SUMMARIZER_KEY })).body,
    ).toMatchObject({
      available_usdc: 49.5,
    });
  });

  test.each([
    ['UNAUTHORIZED', 'nobody', {}, 401],
    ['BELOW_MINIMUM_AMOUNT', BUYER_KEY, { amount: parseUsd('0.99') }, 400],
    ['ABOVE_MAXIMUM_AMOUNT', BUYER_KEY, { amount: parseUsd('10000.01') }, 400],
    ['INSUFFICIENT_BALANCE', BUYER_KEY, { amount: parseUsd('1000.01') }, 400],
    ['COUNTERPARTY_NOT_FOUND', BUYER_KEY, { counterpartyAgentId: 'agent_nobody' }, 400],
    ['INVALID_TIMEOUT', BUYER_KEY, { timeoutHours: 721 }, 400],
  ])('create is rejected by %s', async (code, key, overrides, status) => {
    expect(await clientOf(key).create(escrowRequestBody({ ...REQUEST, ...overrides }), 'k')).toEqual({
      kind: 'rejected',
      reason: `HTTP ${status} ${code}`,
    });
  });

  test('release is rejected for outsiders, for the other party and for an escrow that is not there', async () => {
    const created = await clientOf(BUYER_KEY).create(BODY, 'k1');
    const escrowId = created.kind === 'applied' ? created.result.escrowId : '';

    expect(await clientOf(OUTSIDER_KEY).release(escrowId, '{}', 'k')).toMatchObject({ reason: 'HTTP 403 FORBIDDEN' });
    expect(await clientOf(SUMMARIZER_KEY).release(escrowId, '{}', 'k')).toMatchObject({
      reason: 'HTTP 403 WRONG_PARTY',
    });
    expect(await clientOf(BUYER_KEY).release('esc_none', '{}', 'k')).toEqual({
      kind: 'rejected',
      reason: 'HTTP 404 ESCROW_NOT_FOUND',
    });
  });

  test('a second release is not taken for a refusal: the first may have paid', async () => {
    const created = await clientOf(BUYER_KEY).create(BODY, 'k1');
    const escrowId = created.kind === 'applied' ? created.result.escrowId : '';
    await clientOf(BUYER_KEY).release(escrowId, '{}', 'k');

    expect(await clientOf(BUYER_KEY).release(escrowId, '{}', 'k')).toEqual({
      kind: 'unknown',
      reason: 'HTTP 409 INVALID_STATUS_TRANSITION',
    });
  });
});
