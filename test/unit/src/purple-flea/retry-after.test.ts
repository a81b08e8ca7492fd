import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { rateLimitWait, readRetryAfter } from '../../../../src/purple-flea/retry-after.ts';

const NINE = 'Fri, 06 Mar 2026 09:00:00 GMT';

describe('Retry-After', () => {
  test.each([
    ['0', 0],
    ['7', 7],
    ['007', 7],
    ['86400', 86_400],
  ])('%p is so many seconds, whatever the date', (header, seconds) => {
    expect(readRetryAfter(header, NINE)).toBe(seconds);
    expect(readRetryAfter(header, undefined)).toBe(seconds);
    expect(readRetryAfter(header, 'today')).toBe(seconds);
  });

  test.each([
    ['Fri, 06 Mar 2026 09:00:30 GMT', 30],
    ['Sat, 07 Mar 2026 09:00:00 GMT', 86_400],
    [NINE, 0],
    ['Fri, 06 Mar 2026 08:00:00 GMT', 0],
  ])('%p is measured from the date of the answer, whatever the clock here', (header, seconds) => {
    expect(readRetryAfter(header, NINE)).toBe(seconds);
  });

  test.each([undefined, '', 'today', '2026-03-06T09:00:00Z'])(
    'as a date is measured from the clock here where the answer has %p for its date',
    (date) => {
      const inAnHour = new Date(Date.now() + 3_600_000).toUTCString();

      expect(readRetryAfter('Thu, 01 Jan 2015 00:00:00 GMT', date)).toBe(0);
      expect(readRetryAfter(inAnHour, date)).toBeGreaterThan(3_000);
      expect(readRetryAfter(inAnHour, date)).toBeLessThanOrEqual(3_600);
    },
  );

  test.each([
    undefined,
    '',
    ' ',
    'soon',
    '-1',
    '+5',
    '1.5',
    '5e1',
    '0x10',
    '1_000',
    '5 seconds',
    '5, 6',
    '2026-03-06T09:00:30Z',
    'Fri, 6 Mar 2026 09:00:30 GMT',
    'Friday, 06-Mar-26 09:00:30 GMT',
    'Fri Mar  6 09:00:30 2026',
    'Fri, 06 Mar 2026 09:00:30 CET',
    'Fri, 99 Abc 2026 09:00:30 GMT',
  ])('%p says nothing', (header) => {
    expect(readRetryAfter(header, NINE)).toBeUndefined();
  });

  test('is never negative, nor a fraction, nor no number', () => {
    const texts = fc.oneof(fc.string(), fc.nat().map(String), fc.date({ noInvalidDate: true }).map(asHttpDate));
    fc.assert(
      fc.property(texts, fc.option(texts, { nil: undefined }), (header, date) => {
        const seconds = readRetryAfter(header, date) ?? 0;
        expect(seconds).toBeGreaterThanOrEqual(0);
        expect(Number.isInteger(seconds) || seconds === Infinity).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

function asHttpDate(date: Date): string {
  return date.toUTCString();
}

describe('the wait after a rate limit', () => {
  test.each([
    [7, 7],
    [0, 1],
    [900, 900],
    [901, 900],
    [Infinity, 900],
  ])('of %p s that were asked for is %i s', (retryAfterSeconds, seconds) => {
    expect(rateLimitWait({ retryAfterSeconds }, () => 0.5)).toBe(seconds);
  });

  test.each([
    [0, 15],
    [0.5, 22],
    [0.999, 29],
  ])(
    'that nobody asked for is a quarter of a window and a random part of another: %p gives %i s',
    (random, seconds) => {
      expect(rateLimitWait({ retryAfterSeconds: undefined }, () => random)).toBe(seconds);
    },
  );
});
