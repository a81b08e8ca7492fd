import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { classify } from '../../../../src/purple-flea/service.ts';
import type { HttpAnswer } from '../../../../src/purple-flea/transport.ts';

const route = {
  readApplied: (body: unknown) => (body === 'proof' ? { escrowId: 'esc_1' } : 'there is no proof'),
  refusals: { INSUFFICIENT_BALANCE: 400, FORBIDDEN: 403 },
  random: () => 0,
};

function answered(status: number, body: unknown, retryAfterSeconds?: number): HttpAnswer {
  return { kind: 'answered', status, body, retryAfterSeconds };
}

describe('an answer', () => {
  test.each([200, 201, 299])('%i with the proof is applied', (status) => {
    expect(classify(answered(status, 'proof'), route)).toEqual({ kind: 'applied', result: { escrowId: 'esc_1' } });
  });

  test('200 without the proof is unknown, and says what is missing', () => {
    expect(classify(answered(200, {}), route)).toEqual({ kind: 'unknown', reason: 'HTTP 200, but there is no proof' });
  });

  test.each([199, 300, 302, 400, 500])('%i is not applied, whatever its body shows', (status) => {
    expect(classify(answered(status, 'proof'), route)).toMatchObject({ kind: 'unknown' });
  });

  test.each([
    [400, 'INSUFFICIENT_BALANCE'],
    [403, 'FORBIDDEN'],
  ])('%i with the listed code %s is rejected', (status, error) => {
    expect(classify(answered(status, { error, message: 'no' }), route)).toEqual({
      kind: 'rejected',
      reason: `HTTP ${status} ${error}`,
    });
  });

  test.each([
    [403, { error: 'INSUFFICIENT_BALANCE' }, 'HTTP 403 INSUFFICIENT_BALANCE'],
    [400, { error: 'insufficient_balance' }, 'HTTP 400 insufficient_balance'],
    [400, { error: 'SOMETHING_ELSE' }, 'HTTP 400 SOMETHING_ELSE'],
    [400, { code: 'INSUFFICIENT_BALANCE' }, 'HTTP 400 without a code'],
    [400, 'INSUFFICIENT_BALANCE', 'HTTP 400 without a code'],
    [400, undefined, 'HTTP 400 without a code'],
    [400, { error: { code: 'INSUFFICIENT_BALANCE' } }, 'HTTP 400 without a code'],
    [500, { error: 'FORBIDDEN' }, 'HTTP 500 FORBIDDEN'],
    [503, undefined, 'HTTP 503 without a code'],
    [400, { error: '__proto__' }, 'HTTP 400 __proto__'],
    [400, { error: 'constructor' }, 'HTTP 400 constructor'],
  ])('%i with %j is unknown', (status, body, reason) => {
    expect(classify(answered(status, body), route)).toEqual({ kind: 'unknown', reason });
  });

  test('that is only a lost connection is unknown', () => {
    expect(classify({ kind: 'lost', reason: 'aborted' }, route)).toEqual({ kind: 'unknown', reason: 'aborted' });
  });

  test('that never could come, for want of a connection, may be asked for again soon', () => {
    expect(classify({ kind: 'not-sent', reason: 'refused' }, route)).toEqual({
      kind: 'not-sent',
      reason: 'refused',
      retryAfterSeconds: 15,
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
        expect(classify(any, route).kind).toBe(listed ? 'rejected' : limited ? 'not-sent' : 'unknown');
      }),
      { numRuns: 500 },
    );
  });
});

describe('a rate limit', () => {
  test.each([
    [0, 60],
    [0.5, 90],
    [0.999, 119],
  ])('that names no time is waited out for more than one window: %p gives %i s', (random, retryAfterSeconds) => {
    expect(classify(answered(429, { error: 'RATE_LIMITED' }), { ...route, random: () => random })).toEqual({
      kind: 'not-sent',
      reason: 'HTTP 429, rate limited',
      retryAfterSeconds,
    });
  });

  test.each([
    [7, 7],
    [0, 1],
    [900, 900],
    [901, 900],
    [99_999, 900],
  ])('that asks for %i s is given %i s', (asked, retryAfterSeconds) => {
    expect(classify(answered(429, undefined, asked), route)).toMatchObject({ kind: 'not-sent', retryAfterSeconds });
  });
});
