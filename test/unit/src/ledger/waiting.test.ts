import { expect, test } from '@jest/globals';
import { nextWait, pauseSeconds, type Obstacle } from '../../../../src/ledger/waiting.ts';

test.each([
  ['service', 99, 0, 900],
  ['service', 103, 0, 7_200],
  ['service', 103, 102, 30],
  ['rate-limit', 103, 103, 2],
  ['rate-limit', 103, 0, 2],
  ['rate-limit', 200, 200, 15],
  ['rate-limit', 206, 206, 900],
  ['rate-limit', 303, 303, 7_200],
] as const)(
  'a pause for the %s after %d waits, %d of them for limits, takes %d s',
  (waitsFor, waits, limitWaits, seconds) => {
    expect(pauseSeconds({ waitsFor, atLeastSeconds: 2 }, { waits, limitWaits })).toBe(seconds);
  },
);

test('waits for a limit or the pace do not lengthen the pause of another obstacle', () => {
  const now = new Date('2026-03-06T12:00:00Z');
  let intent: Parameters<typeof nextWait>[0] = { expiresAt: '2026-07-01T00:00:00Z' };
  const wait = (waitsFor: Obstacle) => {
    intent = { ...intent, ...nextWait(intent, { reason: 'later', waitsFor, atLeastSeconds: 1 }, now) };
    return intent;
  };
  for (let times = 0; times < 50; times += 1) wait('rate-limit');

  expect(wait('service')).toMatchObject({ notBefore: '2026-03-06T12:00:15.000Z', waits: 51, limitWaits: 50 });
  expect(wait('service')).toMatchObject({ notBefore: '2026-03-06T12:00:30.000Z', waits: 52, limitWaits: 50 });
});

test('a limit that does not say when it is over is asked again after a quarter of a minute', () => {
  expect(pauseSeconds({ waitsFor: 'rate-limit' }, {})).toBe(15);
});
