/** The twin's time: real time plus an offset that a test or a demo may change, backwards too. */
export interface Clock {
  /** In whole seconds, since that is what the service shows. */
  now(): Date;
  moveTo(time: Date): void;
  advance(milliseconds: number): void;
}

/** @param realNow the clock that goes on by itself. */
export function createClock(realNow: () => Date): Clock {
  let offsetMs = 0;
  return {
    now: () => new Date(Math.floor((realNow().getTime() + offsetMs) / 1000) * 1000),
    moveTo: (time) => {
      offsetMs = time.getTime() - realNow().getTime();
    },
    advance: (milliseconds) => {
      offsetMs += milliseconds;
    },
  };
}

/** ISO 8601 in UTC without milliseconds, as the service writes times. */
export function isoSeconds(time: Date): string {
  return time.toISOString().replace(/\.\d{3}Z$/, 'Z');
}
