import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import * as z from 'zod/mini';
import type { CallLimit } from '../../../../src/pacing/pace.ts';
import { unpaced, type Pacer } from '../../../../src/pacing/pacer.ts';
import { classify, sendEffect } from '../../../../src/purple-flea/send-effect.ts';
import type { Profile, ServiceDeps } from '../../../../src/purple-flea/service.ts';
import type { HttpAnswer } from '../../../../src/purple-flea/transport.ts';
import { readReferenceCode, type EffectRoute } from '../../../../src/purple-flea/wire.ts';
import { usdSchema } from '../../../../src/schemas.ts';
import { inert } from '../../../support/inert.ts';
import { REFERENCE_CODES } from '../../../support/escrow-examples.ts';
import {
  A_REFERENCE,
  aService,
  aServiceAnswering,
  anEffectRequest,
  answered,
  CANARY_CREDENTIALS,
} from '../../../support/purple-flea.ts';
import {
  answer,
  resetAfterRequest,
  silence,
  startScriptedServer,
  stuck,
  truncated,
  type Reply,
  type ScriptedServer,
} from '../../../support/scripted-server.ts';
import { CANARY } from '../../../support/secrecy.ts';
import { EFFECT_CALLS } from '../../../support/service-calls.ts';

const route: EffectRoute<{ readonly escrowId: string }> = {
  path: '/escrow/create',
  limit: undefined,
  request: z.object({
    amount_usd: usdSchema.check(z.refine((amount) => amount >= 1_000_000n, { error: 'too little' })),
  }),
  readApplied: (body: unknown) => (body === 'proof' ? { escrowId: 'esc_1' } : 'there is no proof'),
  refusals: { INSUFFICIENT_BALANCE: 400, FORBIDDEN: 403 },
  readCode: readReferenceCode,
};
const call = { operation: 'escrow.create', reference: A_REFERENCE, random: () => 0 };

function failure(httpStatus: number | undefined, code: string | undefined, moneyMayHaveMoved: boolean) {
  return { operation: 'escrow.create', httpStatus, code, reference: A_REFERENCE, moneyMayHaveMoved };
}

describe('an answer', () => {
  test.each([200, 201, 299])('%i with the proof is applied', (status) => {
    expect(classify(answered(status, 'proof'), route, call)).toEqual({
      kind: 'applied',
      result: { escrowId: 'esc_1' },
    });
  });

  test('200 without the proof is unknown, and says what is missing', () => {
    expect(classify(answered(200, {}), route, call)).toEqual({
      kind: 'unknown',
      reason: 'escrow.create: HTTP 200, but there is no proof',
      failure: failure(200, undefined, true),
    });
  });

  test.each([199, 300, 302, 400, 500])('%i is not applied, whatever its body shows', (status) => {
    expect(classify(answered(status, 'proof'), route, call)).toMatchObject({
      kind: 'unknown',
      failure: failure(status, undefined, true),
    });
  });

  test.each([
    [400, 'INSUFFICIENT_BALANCE'],
    [403, 'FORBIDDEN'],
  ])('%i with the listed code %s is rejected', (status, error) => {
    expect(classify(answered(status, { error, message: 'no' }), route, call)).toEqual({
      kind: 'rejected',
      reason: `escrow.create: HTTP ${status} ${error}`,
      failure: failure(status, error, false),
    });
  });

  test.each([
    [403, { error: 'INSUFFICIENT_BALANCE' }, 'HTTP 403 INSUFFICIENT_BALANCE', 'INSUFFICIENT_BALANCE'],
    [400, { error: 'insufficient_balance' }, 'HTTP 400 insufficient_balance', 'insufficient_balance'],
    [400, { error: 'SOMETHING_ELSE' }, 'HTTP 400 SOMETHING_ELSE', 'SOMETHING_ELSE'],
    [400, { code: 'INSUFFICIENT_BALANCE' }, 'HTTP 400 without a code', undefined],
    [400, 'INSUFFICIENT_BALANCE', 'HTTP 400 without a code', undefined],
    [400, undefined, 'HTTP 400 without a code', undefined],
    [400, { error: { code: 'INSUFFICIENT_BALANCE' } }, 'HTTP 400 without a code', undefined],
    [500, { error: 'FORBIDDEN' }, 'HTTP 500 FORBIDDEN', 'FORBIDDEN'],
    [503, undefined, 'HTTP 503 without a code', undefined],
    [400, { error: '__proto__' }, 'HTTP 400 __proto__', '__proto__'],
    [400, { error: 'constructor' }, 'HTTP 400 constructor', 'constructor'],
  ])('%i with %j is unknown', (status, body, said, code) => {
    expect(classify(answered(status, body), route, call)).toEqual({
      kind: 'unknown',
      reason: `escrow.create: ${said}`,
      failure: failure(status, code, true),
    });
  });

  test('that is only a lost connection is unknown', () => {
    expect(classify({ kind: 'lost', reason: 'aborted' }, route, call)).toEqual({
      kind: 'unknown',
      reason: 'escrow.create: aborted',
      failure: failure(undefined, undefined, true),
    });
  });

  test('that never could come, for want of a connection, may be asked for again soon', () => {
    expect(classify({ kind: 'not-sent', reason: 'refused' }, route, call)).toEqual({
      kind: 'not-sent',
      reason: 'escrow.create: refused',
      retryAfterSeconds: 15,
      failure: failure(undefined, undefined, false),
    });
  });

  test('is never applied without the proof, nor rejected without a listed code', () => {
    const anyAnswer = fc.record({
      kind: fc.constant('answered' as const),
      status: fc.integer({ min: 100, max: 599 }),
      body: fc.oneof(fc.jsonValue(), fc.record({ error: fc.constantFrom('INSUFFICIENT_BALANCE', 'FORBIDDEN', 'X') })),
      retryAfterSeconds: fc.option(fc.nat(), { nil: undefined }),
    });
    fc.assert(
      fc.property(anyAnswer, (any) => {
        const listed =
          JSON.stringify(any.body) === `{"error":"${any.status === 400 ? 'INSUFFICIENT_BALANCE' : 'FORBIDDEN'}"}` &&
          (any.status === 400 || any.status === 403);
        const limited = any.status === 429;
        expect(classify(any, route, call).kind).toBe(listed ? 'rejected' : limited ? 'not-sent' : 'unknown');
      }),
      { numRuns: 500 },
    );
  });

  test('says that money may have moved wherever it is unknown, and nowhere else', () => {
    const anyAnswer: fc.Arbitrary<HttpAnswer> = fc.oneof(
      fc.record({
        kind: fc.constant('answered' as const),
        status: fc.integer({ min: 100, max: 599 }),
        body: fc.constantFrom('proof', undefined, { error: 'FORBIDDEN' }, { error: 'INSUFFICIENT_BALANCE' }),
        retryAfterSeconds: fc.constant(undefined),
      }),
      fc.record({ kind: fc.constantFrom('lost' as const, 'not-sent' as const), reason: fc.string() }),
    );
    fc.assert(
      fc.property(anyAnswer, (any) => {
        const result = classify(any, route, call);
        if (result.kind === 'applied') return;
        expect(result.failure?.moneyMayHaveMoved).toBe(result.kind === 'unknown');
        expect(result.failure).toMatchObject({ operation: 'escrow.create', reference: A_REFERENCE });
      }),
      { numRuns: 500 },
    );
  });
});

describe('a rate limit', () => {
  test.each([
    [0, 15],
    [0.5, 22],
    [0.999, 29],
  ])('that names no time is waited out for a part of a window: %p gives %i s', (random, retryAfterSeconds) => {
    const limited = answered(429, { error: 'RATE_LIMITED' });

    expect(classify(limited, route, { ...call, random: () => random })).toEqual({
      kind: 'not-sent',
      reason: 'escrow.create: HTTP 429, rate limited',
      waitsFor: 'rate-limit',
      retryAfterSeconds,
      failure: failure(429, 'RATE_LIMITED', false),
    });
  });

  test.each([
    [7, 7],
    [0, 1],
    [900, 900],
    [901, 900],
    [99_999, 900],
    [Infinity, 900],
  ])('that asks for %p s is given %i s', (asked, retryAfterSeconds) => {
    expect(classify(answered(429, undefined, asked), route, call)).toMatchObject({
      kind: 'not-sent',
      retryAfterSeconds,
    });
  });
});

describe('an effect', () => {
  test('is posted as it was recorded, to the byte, with its key and the key of the effect', async () => {
    const { deps, requests } = aServiceAnswering('reference', answered(201, 'proof'));
    const body = '{ "amount_usd": 1.10, "more": "kept" }';

    expect(await sendEffect(deps, CANARY_CREDENTIALS, 'escrow.create', route, anEffectRequest(body))).toEqual({
      kind: 'applied',
      result: { escrowId: 'esc_1' },
    });
    expect(requests).toEqual([
      { method: 'POST', url: 'http://service/escrow/create', apiKey: CANARY, body, idempotencyKey: 'the-key' },
    ]);
  });

  test.each([
    ['{"amount_usd":0.99}', 'amount_usd: too little'],
    ['{"amount_usd":"lots"}', 'amount_usd: "lots" is not an amount'],
    ['{}', 'amount_usd: Invalid input'],
    ['null', 'body: Invalid input'],
  ])('that the dialect cannot take is rejected before anything is sent: %s', async (body, problem) => {
    const { deps, requests } = aServiceAnswering('reference');

    expect(await sendEffect(deps, CANARY_CREDENTIALS, 'escrow.create', route, anEffectRequest(body))).toEqual({
      kind: 'rejected',
      reason: expect.stringContaining(`escrow.create: not sent, since ${problem}`),
      failure: failure(undefined, undefined, false),
    });
    expect(requests).toEqual([]);
  });
});

/** Every code that any route of either dialect lists, those of the reference, and some that nobody lists. */
const CODES = [
  ...new Set([
    ...EFFECT_CALLS.flatMap(({ refusals }) => Object.keys(refusals)),
    ...Object.keys(REFERENCE_CODES),
    'DEBIT_FAILED',
    'TRADE_FAILED',
    'POSITION_TOO_LARGE',
    'SOMETHING_NEW',
  ]),
];
const STATUSES = [400, 401, 402, 403, 404, 409, 410, 422, 500];

/** A refusal as a service of this dialect writes it. */
function refusalBody(profile: Profile, code: string): object {
  if (profile === 'reference') return { success: false, error: code, message: 'No.' };
  if (code === 'ESCROW_NOT_FOUND') return { error: 'not_found', message: 'Escrow not found', _info: {} };
  const words: Readonly<Record<string, string>> = {
    BELOW_MINIMUM_AMOUNT: 'invalid_amount',
    INVALID_STATUS_TRANSITION: 'invalid_status',
    SERVER_ERROR: 'internal_error',
  };
  return { error: words[code] ?? code.toLowerCase(), message: 'No.', _info: {} };
}

describe.each(EFFECT_CALLS)('$operation of the $profile dialect', (effect) => {
  const { profile, operation, path, body, proof } = effect;
  let server: ScriptedServer;

  beforeEach(async () => {
    server = await startScriptedServer();
  });
  afterEach(() => server.close());

  const send = (totalMs = 5_000) => effect.send(aService(server.url, { profile, totalMs }), anEffectRequest(body));

  test('is posted once, with the recorded body, the key and the key of the effect', async () => {
    server.script(answer(200, proof));

    expect(await send()).toMatchObject({ kind: 'applied' });
    expect(server.requests).toEqual([
      {
        method: 'POST',
        path,
        body,
        headers: expect.objectContaining({ authorization: `Bearer ${CANARY}`, 'idempotency-key': 'the-key' }),
      },
    ]);
  });

  test('is applied by any 2xx with its proof', async () => {
    for (const status of [200, 201, 202]) {
      const { deps } = aServiceAnswering(profile, answered(status, proof));
      expect(await effect.send(deps, anEffectRequest(body))).toMatchObject({ kind: 'applied' });
    }
  });

  const doubtful: [string, Reply, string][] = [
    ['500', answer(500, { error: 'SERVER_ERROR' }), 'HTTP 500 SERVER_ERROR'],
    [
      '502 with a page',
      answer(502, '<h1>Bad gateway</h1>', { 'content-type': 'text/html' }),
      'HTTP 502 without a code',
    ],
    ['503', answer(503), 'HTTP 503 without a code'],
    ['409 for a status', answer(409, { error: 'INVALID_STATUS_TRANSITION' }), 'HTTP 409 INVALID_STATUS_TRANSITION'],
    ['402 without a code', answer(402), 'HTTP 402 without a code'],
    ['400 with an unknown code', answer(400, { error: 'SOMETHING_NEW' }), 'HTTP 400 SOMETHING_NEW'],
    ['401 without a code', answer(401), 'HTTP 401 without a code'],
    ['403 with a page', answer(403, 'forbidden by a proxy'), 'HTTP 403 without a code'],
    [
      '401 that is not declared as JSON',
      answer(401, { error: 'UNAUTHORIZED' }, { 'content-type': 'text/html' }),
      '401',
    ],
    ['a redirect', answer(307, '', { location: '/escrow/create' }), 'HTTP 307 without a code'],
    ['200 with broken JSON', answer(200, JSON.stringify(proof).slice(0, -1)), 'HTTP 200, but '],
    ['200 that is not declared as JSON', answer(200, proof, { 'content-type': 'text/plain' }), 'HTTP 200, but body: '],
    ['204 without a body', answer(204), 'HTTP 204, but '],
    ['200 with null', answer(200, 'null'), 'HTTP 200, but body: '],
    ['200 that is an error', answer(200, { success: false, error: 'SERVER_ERROR' }), 'HTTP 200, but '],
    ['headers that break off', (request) => request.socket.end('HTTP/1.1 200 OK\r\ncontent'), 'hang up'],
    ['a body that breaks off', truncated(200, JSON.stringify(proof)), 'aborted'],
    ['a body over a megabyte', answer(200, { ...proof, padding: 'x'.repeat(1024 * 1024) }), 'larger than'],
    ['a reset', resetAfterRequest, 'ECONNRESET'],
  ];

  test('is refused by its own refusals with their own status, for good but for the key, and by nothing else', async () => {
    const combinations = CODES.flatMap((code) => STATUSES.map((status) => ({ code, status })));
    const results = await Promise.all(
      combinations.map(async ({ code, status }) => {
        const { deps, requests } = aServiceAnswering(profile, answered(status, refusalBody(profile, code)));
        const result = await effect.send(deps, anEffectRequest(body));
        return { code, status, result, sent: requests.length };
      }),
    );
    const refused = results.filter(({ result }) => result.kind !== 'unknown');

    expect(refused.map(({ code, status }) => `${status} ${code}`).toSorted()).toEqual(
      Object.entries(effect.refusals)
        .map(([code, status]) => `${status} ${code}`)
        .toSorted(),
    );
    for (const { code, status, result, sent } of results) {
      const final = status === 401 ? 'not-sent' : 'rejected';
      const kind = effect.refusals[code] === status ? final : 'unknown';
      expect(sent).toBe(1);
      expect(result).toEqual({
        kind,
        ...(kind === 'not-sent' ? { retryAfterSeconds: 15, waitsFor: 'secret' } : {}),
        reason: `${operation}: HTTP ${status} ${code}`,
        failure: {
          operation,
          httpStatus: status,
          code,
          reference: A_REFERENCE,
          moneyMayHaveMoved: kind === 'unknown',
        },
      });
    }
  });

  test.each(doubtful)('is unknown after %s, and sent once', async (_case, reply, reason) => {
    server.script(reply);

    expect(await send()).toEqual({
      kind: 'unknown',
      reason: expect.stringMatching(new RegExp(`^${operation}: .*${reason}`)),
      failure: expect.objectContaining({ operation, reference: A_REFERENCE, moneyMayHaveMoved: true }),
    });
    expect(server.requests).toHaveLength(1);
  });

  test.each([
    ['silence', silence, 'no complete answer within 50 ms'],
    ['an answer that never ends', stuck(200, '{"success": true'), 'no complete answer within 50 ms'],
  ])('is unknown after %s, by the total deadline, and sent once', async (_case, reply, reason) => {
    server.script(reply);

    expect(await send(50)).toEqual({
      kind: 'unknown',
      reason: expect.stringMatching(new RegExp(`^${operation}: .*${reason}`)),
      failure: { operation, httpStatus: undefined, code: undefined, reference: A_REFERENCE, moneyMayHaveMoved: true },
    });
    expect(server.requests).toHaveLength(1);
  });

  test('is not sent at a rate limit, and not tried again here', async () => {
    server.script(answer(429, { error: 'RATE_LIMITED' }, { 'retry-after': '1' }));

    expect(await send()).toEqual({
      kind: 'not-sent',
      reason: `${operation}: HTTP 429, rate limited`,
      waitsFor: 'rate-limit',
      retryAfterSeconds: 1,
      failure: { operation, httpStatus: 429, code: 'RATE_LIMITED', reference: A_REFERENCE, moneyMayHaveMoved: false },
    });
    expect(server.requests).toHaveLength(1);
  });

  test('is not sent where the connection is refused', async () => {
    await server.close();

    expect(await send()).toMatchObject({
      kind: 'not-sent',
      reason: expect.stringMatching(new RegExp(`^${operation}: .*ECONNREFUSED`)),
      retryAfterSeconds: 15,
      failure: { operation, httpStatus: undefined, reference: A_REFERENCE, moneyMayHaveMoved: false },
    });
  });
});

describe('the pace', () => {
  const LIMIT: CallLimit = { name: 'escrow', per: 'account', perMinute: 60 };
  const inertPacer: Pacer = { reserve: inert('reserve'), take: inert('take'), holdBack: inert('holdBack') };
  const limited = { ...route, limit: LIMIT };
  const lane = { lane: `service/escrow/${CANARY_CREDENTIALS.agentId}`, limit: LIMIT };
  const send = (deps: ServiceDeps, sent: typeof route = limited) =>
    sendEffect(deps, CANARY_CREDENTIALS, 'escrow.create', sent, anEffectRequest('{"amount_usd":1}'));

  test('gives each call its slot, counted by agent: no key stands in a lane', async () => {
    const { deps } = aServiceAnswering('reference', answered(201, 'proof'));
    const taken: unknown[] = [];
    await send({ ...deps, pacer: { ...unpaced, take: async (calls) => void taken.push(calls) } });

    expect(taken).toEqual([lane]);
  });

  test('has nothing sent where no slot comes soon, and says when to come back', async () => {
    const { deps, requests } = aServiceAnswering('reference');
    const wait = { reason: 'paced', retryAfterSeconds: 95 };

    expect(await send({ ...deps, pacer: { ...unpaced, take: async () => wait } })).toEqual({
      kind: 'not-sent',
      reason: 'escrow.create: paced',
      waitsFor: 'rate-limit',
      retryAfterSeconds: 95,
      failure: failure(undefined, undefined, false),
    });
    expect(requests).toEqual([]);
  });

  test('learns of a 429 for how long nothing more is to be sent', async () => {
    const { deps } = aServiceAnswering('reference', answered(429, { error: 'RATE_LIMITED' }, 40));
    const heldBack: unknown[] = [];
    await send({ ...deps, pacer: { ...unpaced, holdBack: async (...said) => void heldBack.push(said) } });

    expect(heldBack).toEqual([[lane, 40]]);
  });

  test.each([undefined, { ...LIMIT, per: 'escrow' as const }])(
    'does not count calls that are free or counted by escrow: %p',
    async (limit) => {
      const { deps } = aServiceAnswering('reference', answered(201, 'proof'));

      expect(await send({ ...deps, pacer: inertPacer }, { ...route, limit })).toMatchObject({ kind: 'applied' });
    },
  );
});
