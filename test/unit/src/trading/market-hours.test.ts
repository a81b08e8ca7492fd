import { describe, expect, test } from '@jest/globals';
import { isOpen } from '../../../../src/trading/market-hours.ts';

const NEW_YORK = { days: [1, 2, 3, 4, 5], from: '09:30', until: '16:00', timeZone: 'America/New_York' };

describe('the hours of a market', () => {
  test.each([
    ['2026-03-06T14:29:59Z', false],
    ['2026-03-06T14:30:00Z', true],
    ['2026-03-06T20:59:59.999Z', true],
    ['2026-03-06T21:00:00Z', false],
    // Saturday and Sunday.
    ['2026-03-07T16:00:00Z', false],
    ['2026-03-08T16:00:00Z', false],
    // Summer time began on Sunday: an hour earlier in UTC.
    ['2026-03-09T13:29:59Z', false],
    ['2026-03-09T13:30:00Z', true],
    ['2026-03-09T20:00:00Z', false],
    // Monday in New York is Tuesday in UTC by then.
    ['2026-03-10T00:30:00Z', false],
  ])('are those of its own wall clock: %s', (at, expected) => {
    expect(isOpen(NEW_YORK, new Date(at))).toBe(expected);
  });

  test('count the weekdays of where the market is', () => {
    const sunday = { days: [7], from: '00:00', until: '23:59', timeZone: 'Pacific/Auckland' };

    expect(isOpen(sunday, new Date('2026-03-07T12:00:00Z'))).toBe(true);
    expect(isOpen(sunday, new Date('2026-03-08T12:00:00Z'))).toBe(false);
  });
});
