import { describe, expect, test } from '@jest/globals';
import { nextLook } from '../../../../src/escrow/next-look.ts';

const NOW = new Date('2026-03-06T09:00:00Z');

describe('the next look at an escrow that is still open', () => {
  test.each([
    ['a second away', '2026-03-06T09:00:01Z', '2026-03-06T09:00:01.000Z'],
    ['a month away', '2026-04-05T09:00:00Z', '2026-04-05T09:00:00.000Z'],
  ])('is at its deadline, %s', (_, deadlineAt, look) => {
    expect(nextLook({ deadlineAt }, NOW)).toBe(look);
  });

  test.each([
    ['passed this moment', '2026-03-06T09:00:00Z', '2026-03-06T09:05:00.000Z'],
    ['passed four minutes ago', '2026-03-06T08:56:00Z', '2026-03-06T09:05:00.000Z'],
  ])('is in five minutes where the deadline %s', (_, deadlineAt, look) => {
    expect(nextLook({ deadlineAt }, NOW)).toBe(look);
  });

  test.each([
    ['an hour', '2026-03-06T08:00:00Z', '2026-03-06T10:00:00.000Z'],
    ['a month', '2026-02-04T09:00:00Z', '2026-03-07T09:00:00.000Z'],
  ])('is as far ahead as the deadline is behind, up to a day, where it passed %s ago', (_, deadlineAt, look) => {
    expect(nextLook({ deadlineAt }, NOW)).toBe(look);
  });

  test('comes at most 40 times in a month of looking in vain', () => {
    const deadlineAt = NOW.toISOString();
    let now = NOW;
    let looks = 0;
    while (now.getTime() < NOW.getTime() + 30 * 24 * 3_600_000) {
      now = new Date(nextLook({ deadlineAt }, now));
      looks += 1;
    }
    expect(looks).toBeLessThanOrEqual(40);
  });
});
