import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { paceOf, SLOT_MS, slotsFrom } from '../../../../src/pacing/pace.ts';

const MINUTE = 60_000;
const LIMITS = [1, 2, 5, 10, 20, 30, 60, 120, 600];

/** The most events that any 60 s hold. */
function mostInAMinute(times: readonly number[]): number {
  const sorted = times.toSorted((one, other) => one - other);
  let most = 0;
  let start = 0;
  for (const [end, at] of sorted.entries()) {
    while (at - (sorted[start] ?? at) >= MINUTE) start += 1;
    most = Math.max(most, end - start + 1);
  }
  return most;
}

/** Where a lane's slots are for calls that are asked for at these times. */
function slotsFor(arrivals: readonly number[], perMinute: number): number[] {
  const pace = paceOf({ perMinute });
  let turnAt = 0;
  return arrivals.map((now) => {
    const from = Math.max(turnAt, now);
    turnAt = from + pace.intervalMs;
    return slotsFrom(from, 1, pace, now)[0] ?? 0;
  });
}

describe('a pace', () => {
  test.each(LIMITS)(
    'of %d calls a minute is never exceeded in any 60 s, however calls come and however fast they are',
    (perMinute) => {
      const steps = fc.array(fc.oneof(fc.constant(0), fc.nat(500), fc.nat(90_000)), { minLength: 1, maxLength: 400 });
      fc.assert(
        fc.property(steps, fc.infiniteStream(fc.nat(SLOT_MS - 1)), (pauses, latencies) => {
          let now = 0;
          const arrivals = pauses.map((pause) => (now += pause));
          const calls = slotsFor(arrivals, perMinute).map((slot) => slot + (latencies.next().value ?? 0));
          expect(mostInAMinute(calls)).toBeLessThanOrEqual(perMinute);
        }),
        { numRuns: 200 },
      );
    },
  );

  test.each(LIMITS)('of %d calls a minute uses at least 90 %% of them under load', (perMinute) => {
    const slots = slotsFor(
      Array.from({ length: perMinute * 40 }, () => 0),
      perMinute,
    );

    expect(slots.filter((at) => at < 30 * MINUTE).length).toBeGreaterThanOrEqual(0.9 * 30 * perMinute);
  });

  test('lets the calls of one trade go at once', () => {
    expect(slotsFor([0, 0, 0, 0], 60)).toEqual([0, 0, 0, 0]);
  });

  test('takes a part of the limit where others share it, and never less than one call', () => {
    expect(paceOf({ perMinute: 60 }, 50)).toEqual(paceOf({ perMinute: 30 }));
    expect(paceOf({ perMinute: 5 }, 10)).toEqual(paceOf({ perMinute: 1 }));
  });
});
