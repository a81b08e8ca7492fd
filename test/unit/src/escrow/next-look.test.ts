import { describe, expect, test } from '@jest/globals';
import { nextLook } from '../../../../src/escrow/next-look.ts';

const NOW = new Date('2026-03-06T09:00:00Z');
const OPEN = { status: 'locked', disputedAt: undefined } as const;

describe('the next look at an escrow that is still open', () => {
  test.each([
    ['a second away', '2026-03-06T09:00:01Z', '2026-03-06T09:00:01.000Z'],
    ['a month away', '2026-04-05T09:00:00Z', '2026-04-05T09:00:00.000Z'],
  ])('is at its deadline, %s', (_, deadlineAt, look) => {
    expect(nextLook({ ...OPEN, deadlineAt }, NOW)).toBe(look);
  });

  test.each([
    ['passed this moment', '2026-03-06T09:00:00Z', '2026-03-06T09:05:00.000Z'],
    ['passed four minutes ago', '2026-03-06T08:56:00Z', '2026-03-06T09:05:00.000Z'],
  ])('is in five minutes where the deadline %s', (_, deadlineAt, look) => {
    expect(nextLook({ ...OPEN, deadlineAt }, NOW)).toBe(look);
  });

  test.each([
    ['an hour', '2026-03-06T08:00:00Z', '2026-03-06T10:00:00.000Z'],
    ['a month', '2026-02-04T09:00:00Z', '2026-03-07T09:00:00.000Z'],
  ])('is as far ahead as the deadline is behind, up to a day, where it passed %s ago', (_, deadlineAt, look) => {
    expect(nextLook({ ...OPEN, deadlineAt }, NOW)).toBe(look);
  });

  test('comes at most 40 times in a month of looking in vain', () => {
    const deadlineAt = NOW.toISOString();
    let now = NOW;
    let looks = 0;
    while (now.getTime() < NOW.getTime() + 30 * 24 * 3_600_000) {
      now = new Date(nextLook({ ...OPEN, deadlineAt }, now));
      looks += 1;
    }
    expect(looks).toBeLessThanOrEqual(40);
  });
});

describe('the next look at an escrow that is disputed', () => {
  const look = (disputedAt: string | undefined) =>
    nextLook({ status: 'disputed', deadlineAt: '2026-03-06T08:00:00Z', disputedAt }, NOW);

  test.each([
    ['just now', '2026-03-06T08:59:00Z', '2026-03-06T13:00:00.000Z'],
    ['four hours ago', '2026-03-06T05:00:00Z', '2026-03-06T13:00:00.000Z'],
    ['a day ago', '2026-03-05T09:00:00Z', '2026-03-07T09:00:00.000Z'],
    ['a month ago', '2026-02-04T09:00:00Z', '2026-03-12T09:00:00.000Z'],
    ['nobody knows when', undefined, '2026-03-06T13:00:00.000Z'],
  ])('is as far ahead as that is behind, from four hours up to six days: %s', (_, disputedAt, expected) => {
    expect(look(disputedAt)).toBe(expected);
  });

  test('comes at most 12 times in the 720 hours that staff may take, and goes on after them', () => {
    const disputedAt = NOW.toISOString();
    let now = NOW;
    let looks = 0;
    while (now.getTime() < NOW.getTime() + 720 * 3_600_000) {
      now = new Date(nextLook({ status: 'disputed', deadlineAt: disputedAt, disputedAt }, now));
      looks += 1;
    }
    expect(looks).toBeLessThanOrEqual(12);
  });
});
