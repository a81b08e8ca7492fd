import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ServiceUnreadableError } from '../../../../src/errors.ts';
import type { CallLimit } from '../../../../src/pacing/pace.ts';
import { unpaced, type Pacer } from '../../../../src/pacing/pacer.ts';
import { readService } from '../../../../src/purple-flea/read-service.ts';
import type { ServiceDeps } from '../../../../src/purple-flea/service.ts';
import type { HttpAnswer, HttpRequest } from '../../../../src/purple-flea/transport.ts';
import { readReferenceCode, type ReadRoute } from '../../../../src/purple-flea/wire.ts';
import { answered, CANARY_CREDENTIALS } from '../../../support/purple-flea.ts';
import { allTextOf, CANARY } from '../../../support/secrecy.ts';
import { READ_CALLS } from '../../../support/service-calls.ts';

const VALUE = { escrowId: 'esc_1' };
const SHOWN = answered(200, VALUE);
const route: ReadRoute<typeof VALUE> = {
  path: '/escrow/status/esc_1',
  limit: undefined,
  read: (body) =>
    typeof body === 'object' && body !== null && 'escrowId' in body ? VALUE : 'escrow_id: Invalid input',
  readCode: readReferenceCode,
};

interface ReadOptions {
  readonly pacer?: Pacer;
  readonly readMs?: number;
  readonly random?: () => number;
  /** How long a request takes. */
  readonly requestMs?: number;
}

/** A reader on a clock of its own: the service gives these answers, the last of them for ever. */
function aReader(answers: readonly HttpAnswer[], options: ReadOptions = {}, asked = route) {
  const { pacer = unpaced, readMs = 10_000, random = () => 0.5, requestMs = 0 } = options;
  const clock = { now: 50_000 };
  const requests: HttpRequest[] = [];
  const startedAt: number[] = [];
  const slept: number[] = [];
  const deps: ServiceDeps = {
    service: { baseUrl: 'http://service', profile: 'reference' },
    async transport(request) {
      startedAt.push(clock.now - 50_000);
      requests.push(request);
      clock.now += Math.min(requestMs, request.totalMs ?? Infinity);
      return answers[requests.length - 1] ?? answers.at(-1) ?? SHOWN;
    },
    pacer,
    readMs,
    now: () => clock.now,
    async sleep(milliseconds) {
      slept.push(milliseconds);
      clock.now += milliseconds;
    },
    random,
  };
  return {
    requests,
    slept,
    startedAt,
    elapsed: () => clock.now - 50_000,
    read: () => readService(deps, CANARY_CREDENTIALS, 'escrow.status', asked),
  };
}

async function failureOf(reading: Promise<unknown>): Promise<ServiceUnreadableError> {
  const thrown: unknown = await reading.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof ServiceUnreadableError)) throw new Error(`not unreadable: ${String(thrown)}`);
  return thrown;
}

const LOST: HttpAnswer = { kind: 'lost', reason: 'aborted' };
const NOT_SENT: HttpAnswer = { kind: 'not-sent', reason: 'connect ECONNREFUSED' };

describe('a read', () => {
  test('is one GET with the key, its deadline that of the read', async () => {
    const { read, requests } = aReader([SHOWN]);

    expect(await read()).toBe(VALUE);
    expect(requests).toEqual([
      { method: 'GET', url: 'http://service/escrow/status/esc_1', apiKey: CANARY, totalMs: 10_000 },
    ]);
  });

  test.each<[string, HttpAnswer]>([
    ['no connection', NOT_SENT],
    ['a lost answer', LOST],
    ['500', answered(500, { error: 'SERVER_ERROR' })],
    ['502 without JSON', answered(502)],
    ['503', answered(503, {})],
    ['200 that is no JSON', answered(200)],
    ['429 that asks for a second', answered(429, { error: 'RATE_LIMITED' }, 1)],
  ])('is tried again after %s', async (_case, failure) => {
    const { read, requests } = aReader([failure, failure, SHOWN]);

    expect(await read()).toBe(VALUE);
    expect(requests).toHaveLength(3);
    expect(requests.map(({ method }) => method)).toEqual(['GET', 'GET', 'GET']);
  });

  test.each<[string, HttpAnswer, string]>([
    ['404', answered(404, { error: 'ESCROW_NOT_FOUND' }), 'HTTP 404 ESCROW_NOT_FOUND'],
    ['404 that is no JSON', answered(404), 'HTTP 404'],
    ['a redirect', answered(302), 'HTTP 302'],
    ['401', answered(401, { error: 'UNAUTHORIZED' }), 'HTTP 401 UNAUTHORIZED'],
    ['400 without a code', answered(400, {}), 'HTTP 400'],
    ['200 that lacks what it should have', answered(200, {}), 'HTTP 200, but escrow_id: Invalid input'],
    ['200 with null', answered(200, null), 'HTTP 200, but escrow_id: Invalid input'],
    ['201 with all it should have', answered(201, VALUE), 'HTTP 201'],
    ['a redirect with JSON', answered(302, {}), 'HTTP 302'],
  ])('is not tried again after %s', async (_case, answer, said) => {
    const { read, requests, slept } = aReader([answer]);

    expect((await failureOf(read())).message).toBe(`escrow.status /escrow/status/esc_1: ${said}`);
    expect(requests).toHaveLength(1);
    expect(slept).toEqual([]);
  });
});

describe('the wait before another try', () => {
  test.each([
    [0, [0, 0, 0, 0, 0, 0]],
    [0.5, [100, 200, 400, 800, 1_000, 1_000]],
    [1, [200, 400, 800, 1_600, 2_000, 2_000]],
  ])('is %p of a bound that doubles from 200 ms to 2 s', async (random, waits) => {
    const { read, slept } = aReader([LOST, LOST, LOST, LOST, LOST, LOST, SHOWN], { random: () => random });

    expect(await read()).toBe(VALUE);
    expect(slept).toEqual(waits);
  });

  test('is drawn anew each time', async () => {
    const draws = [0.1, 0.9, 0.3];
    const { read, slept } = aReader([LOST, LOST, LOST, SHOWN], { random: () => draws.shift() ?? 0 });

    await read();

    expect(slept).toEqual([20, 360, 240]);
  });

  test('after a rate limit is what was asked for', async () => {
    const { read, slept } = aReader([answered(429, {}, 7), answered(429, {}, 2), SHOWN]);

    expect(await read()).toBe(VALUE);
    expect(slept).toEqual([7_000, 2_000]);
  });
});

describe('the pace', () => {
  const LIMIT: CallLimit = { name: 'escrow', per: 'account', perMinute: 60 };
  const limited = { ...route, limit: LIMIT };
  const lane = { lane: `service/escrow/${CANARY_CREDENTIALS.agentId}`, limit: LIMIT };

  test('gives every attempt its slot, and leaves a wait that is too long to the caller', async () => {
    const taken: unknown[] = [];
    const pacer: Pacer = {
      ...unpaced,
      async take(...asked) {
        taken.push(asked);
        return taken.length < 3 ? undefined : { reason: 'paced', retryAfterSeconds: 12 };
      },
    };
    const { read, requests } = aReader([LOST], { pacer }, limited);

    await expect(read()).rejects.toMatchObject({ name: 'ServiceUnreadableError', retryAfterSeconds: 12 });
    expect(requests).toHaveLength(2);
    expect(taken).toEqual([
      [lane, 9_750],
      [lane, 9_650],
      [lane, 9_450],
    ]);
  });

  test('learns of a 429', async () => {
    const heldBack: unknown[] = [];
    const pacer: Pacer = { ...unpaced, holdBack: async (...said) => void heldBack.push(said) };
    await aReader([answered(429, {}, 7), SHOWN], { pacer }, limited).read();

    expect(heldBack).toEqual([[lane, 7]]);
  });
});

describe('a read that comes to nothing', () => {
  test('ends before its time is over, and its last request has what is left', async () => {
    const { read, slept, requests, elapsed } = aReader([LOST], { readMs: 3_000, random: () => 1 });

    await failureOf(read());

    expect(slept).toEqual([200, 400, 800]);
    expect(requests.map(({ totalMs }) => totalMs)).toEqual([3_000, 2_800, 2_400, 1_600]);
    expect(elapsed()).toBe(1_400);
  });

  test('does not wait for what would come too late', async () => {
    const { read, slept, requests } = aReader([LOST], { readMs: 200, random: () => 1 });

    await failureOf(read());

    expect(requests).toHaveLength(1);
    expect(slept).toEqual([]);
  });

  test.each([
    [450, 2],
    [449, 1],
  ])('of %i ms tries again after 200 ms only where a quarter of a second is left', async (readMs, tries) => {
    const { read, requests } = aReader([LOST, SHOWN], { readMs, random: () => 1 });

    const [result] = await Promise.allSettled([read()]);

    expect(requests).toHaveLength(tries);
    expect(result?.status).toBe(tries === 2 ? 'fulfilled' : 'rejected');
  });

  test('counts the time of its requests', async () => {
    const { read, requests, elapsed } = aReader([LOST], { readMs: 10_000, requestMs: 6_000 });

    await failureOf(read());

    expect(requests.map(({ totalMs }) => totalMs)).toEqual([10_000, 3_900]);
    expect(elapsed()).toBe(10_000);
  });

  test('never takes longer than its time, whatever the service does', async () => {
    const anyAnswer = fc.constantFrom(
      LOST,
      NOT_SENT,
      answered(500, {}),
      answered(502),
      answered(429, {}, 1),
      answered(429, {}),
      answered(404, {}),
      answered(200, {}),
      SHOWN,
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyAnswer, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 20_000 }),
        fc.nat(5_000),
        fc.double({ min: 0.01, max: 1, noNaN: true, maxExcluded: true }),
        async (answers, readMs, requestMs, random) => {
          const reader = aReader(answers, { readMs, requestMs, random: () => random });
          const value = await reader.read().catch((error: unknown) => error);
          expect(value === VALUE || value instanceof ServiceUnreadableError).toBe(true);
          expect(reader.elapsed()).toBeLessThanOrEqual(readMs);
          for (const [index, { totalMs = 0 }] of reader.requests.entries()) {
            expect(totalMs).toBeGreaterThan(0);
            expect((reader.startedAt[index] ?? 0) + totalMs).toBeCloseTo(readMs, 6);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('the error of a read', () => {
  const reading = (answer: HttpAnswer, options: ReadOptions = {}) => failureOf(aReader([answer], options).read());

  test('names operation, status and code, and says that nothing was moved', async () => {
    const error = await reading(answered(404, { success: false, error: 'ESCROW_NOT_FOUND', message: 'No.' }));

    expect({ ...error }).toEqual({
      name: 'ServiceUnreadableError',
      operation: 'escrow.status',
      httpStatus: 404,
      code: 'ESCROW_NOT_FOUND',
      retryAfterSeconds: undefined,
      moneyMayHaveMoved: false,
    });
  });

  test.each([
    [answered(500, { error: 'SERVER_ERROR' }), 'HTTP 500 SERVER_ERROR', 500, 'SERVER_ERROR'],
    [answered(502), 'HTTP 502', 502, undefined],
    [answered(200, { error: 'FORBIDDEN' }), 'HTTP 200, but escrow_id: Invalid input', 200, undefined],
    [LOST, 'aborted', undefined, undefined],
    [NOT_SENT, 'connect ECONNREFUSED', undefined, undefined],
  ])('after %j is of the last answer', async (answer, said, httpStatus, code) => {
    const error = await reading(answer);

    expect(error.message).toBe(`escrow.status /escrow/status/esc_1: ${said}`);
    expect(error).toMatchObject({ operation: 'escrow.status', httpStatus, code, retryAfterSeconds: undefined });
  });

  test.each([
    [30, 0.5, 30],
    [9_999, 0.5, 900],
    [undefined, 0, 15],
    [undefined, 0.5, 22],
  ])('after a rate limit of %p s beyond its time (%p) says when to ask again', async (asked, random, seconds) => {
    const error = await reading(answered(429, { error: 'RATE_LIMITED' }, asked), { random: () => random });

    expect(error).toMatchObject({ httpStatus: 429, code: 'RATE_LIMITED', retryAfterSeconds: seconds });
  });

  test('is of the last answer, where others came before it', async () => {
    const { read } = aReader([LOST, answered(500, {}), answered(404, { error: 'ESCROW_NOT_FOUND' })]);

    expect(await failureOf(read())).toMatchObject({ httpStatus: 404, code: 'ESCROW_NOT_FOUND' });
  });

  test('does not show the key', async () => {
    for (const answer of [LOST, answered(500, { error: 'x' }), answered(200, {})]) {
      expect(allTextOf(await reading(answer))).not.toContain(CANARY);
    }
  });
});

describe.each(READ_CALLS)('$operation of the $profile dialect', ({ profile, operation, path, answer, read }) => {
  /** The same service, with a clock on which a second try has time. */
  function aFailing(...answers: HttpAnswer[]) {
    const requests: HttpRequest[] = [];
    let now = 0;
    const deps: ServiceDeps = {
      service: { baseUrl: 'http://service', profile },
      async transport(request) {
        requests.push(request);
        return answers.shift() ?? answered(200, answer);
      },
      pacer: unpaced,
      readMs: 5_000,
      now: () => now,
      async sleep(milliseconds) {
        now += milliseconds;
      },
      random: () => 0.5,
    };
    return { deps, requests };
  }

  test('is asked at its path with the key, and tried again after a fault', async () => {
    const { deps, requests } = aFailing(LOST, answered(500, {}));

    expect(await read(deps)).toEqual(await read(aFailing().deps));
    expect(requests).toHaveLength(3);
    for (const request of requests) {
      expect(request).toEqual({
        method: 'GET',
        url: `http://service${path}`,
        apiKey: CANARY,
        totalMs: expect.any(Number),
      });
    }
  });

  test.each<[string, HttpAnswer, string]>([
    ['401', answered(401, { error: 'UNAUTHORIZED' }), 'HTTP 401 UNAUTHORIZED'],
    ['null', answered(200, null), 'HTTP 200, but '],
    ['text', answered(200, 'ok'), 'HTTP 200, but '],
    ['a list', answered(200, []), 'HTTP 200, but '],
    ['an error', answered(200, { success: false, error: 'SERVER_ERROR' }), 'HTTP 200, but '],
  ])('cannot be read from %s', async (_case, failure, said) => {
    const { deps, requests } = aFailing(failure);

    const error = await failureOf(read(deps));

    expect(error.message.startsWith(`${operation} ${path}: ${said}`)).toBe(true);
    expect(error).toMatchObject({ operation, moneyMayHaveMoved: false });
    expect(requests).toHaveLength(1);
  });
});
