import { expect, test } from '@jest/globals';
import { pauseSeconds } from '../../../../src/ledger/waiting.ts';

test.each([
  ['service', 99, 900],
  ['service', 103, 7_200],
  ['rate-limit', 103, 2],
  ['rate-limit', 1_000, 900],
] as const)('a pause for the %s after %d others takes %d s', (waitsFor, waits, seconds) => {
  expect(pauseSeconds({ waitsFor, atLeastSeconds: 2 }, waits)).toBe(seconds);
});

test('a limit that does not say when it is over is asked every quarter of an hour, also after a day', () => {
  expect(pauseSeconds({ waitsFor: 'rate-limit' }, 150)).toBe(900);
});
