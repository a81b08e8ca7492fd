import type { MarketHours } from './trade-policy.ts';

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** Whether a moment is within a market's hours, by its own wall clock. Public holidays are not known. */
export function isOpen({ days, from, until, timeZone }: MarketHours, at: Date): boolean {
  const parts = Object.fromEntries(
    clockOf(timeZone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const time = `${parts['hour']}:${parts['minute']}`;
  return days.includes(WEEKDAYS.indexOf(parts['weekday'] ?? '') + 1) && from <= time && time < until;
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** A zone's clock: kept, because making one takes fifteen times as long as reading it. */
function clockOf(timeZone: string): Intl.DateTimeFormat {
  const known = clocks.get(timeZone);
  if (known !== undefined) return known;
  const clock = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  clocks.set(timeZone, clock);
  return clock;
}
