/** The twin's time: real time plus an offset that a test or a demo may change, backwards too. */
export interface Clock {
  /** In whole seconds, since that is what the service shows. */
  now(): Date;
  moveTo(time: Date): void;
  advance(milliseconds: number): void;
  /** What is added to real time, in milliseconds: all that a clock has to be restored from. */
  offsetMs(): number;
}

/** @param realNow the clock that goes on by itself. */
export function createClock(realNow: () => Date, initialOffsetMs = 0): Clock {
  let offsetMs = initialOffsetMs;
  return {
    now: () => new Date(Math.floor((realNow().getTime() + offsetMs) / 1000) * 1000),
    moveTo: (time) => {
      offsetMs = time.getTime() - realNow().getTime();
    },
    advance: (milliseconds) => {
      offsetMs += milliseconds;
    },
    offsetMs: () => offsetMs,
  };
}

/** ISO 8601 in UTC without milliseconds, as the service writes times. */
export function isoSeconds(time: Date): string {
  return time.toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** A time in milliseconds since 1970, as records keep it, in the form of {@link isoSeconds}. */
export function isoOf(milliseconds: number): string {
  return isoSeconds(new Date(milliseconds));
}

/** The same for a time that may not have come. */
export function isoOrNull(milliseconds: number | null): string | null {
  return milliseconds === null ? null : isoOf(milliseconds);
}
