/** A pause of one thread. */
interface Pause {
  /** In virtual milliseconds; infinite until somebody wakes it. */
  at: number;
  readonly name: string | undefined;
  readonly resume: () => void;
}

/**
 * Threads over a virtual clock. A thread is an async function of which every wait is a pause here; whenever it pauses,
 * chance decides which of those that are due goes on. There are no timers: nothing but the seed decides the order.
 */
export interface Scheduler {
  /** Virtual milliseconds since 1970. */
  readonly now: () => number;
  /** Starts a thread at a moment. */
  spawn(at: number, run: () => Promise<void>): void;
  /** Lets others go on for at least so long. A named pause may be ended by `wake`. */
  pause(milliseconds: number, name?: string): Promise<void>;
  /** The same for one who goes on beside the one that is running, which still has to pause itself. */
  pauseBeside(milliseconds: number, name?: string): Promise<void>;
  /** Ends a named pause now. False where nobody pauses under that name. */
  wake(name: string): boolean;
  /** Says that whoever was running will not pause again, because it is gone. */
  leave(): void;
  /** Runs until nobody is due before `until`. */
  run(until: number): Promise<void>;
}

/** @param roll gives numbers in [0, 1). */
export function createScheduler(roll: () => number, start: number): Scheduler {
  let now = start;
  let pauses: Pause[] = [];
  let blocked = (): void => {};
  let failed = (_error: unknown): void => {};

  function takeNext(until: number): Pause | undefined {
    let earliest = Infinity;
    for (const { at } of pauses) if (at < earliest) earliest = at;
    if (earliest > until) return undefined;
    if (earliest > now) now = earliest;
    const due = pauses.filter(({ at }) => at <= now);
    const next = due.length === 1 ? due[0] : due[Math.floor(roll() * due.length)];
    pauses = pauses.filter((pause) => pause !== next);
    return next;
  }

  return {
    now: () => now,
    spawn(at, run) {
      const resume = () =>
        void run().then(
          () => blocked(),
          (error: unknown) => failed(error),
        );
      pauses.push({ at, name: undefined, resume });
    },
    pause: (milliseconds, name) =>
      new Promise<void>((resolve) => {
        pauses.push({ at: now + milliseconds, name, resume: resolve });
        blocked();
      }),
    pauseBeside: (milliseconds, name) =>
      new Promise<void>((resolve) => {
        pauses.push({ at: now + milliseconds, name, resume: resolve });
      }),
    wake(name) {
      const pause = pauses.find((one) => one.name === name);
      if (pause === undefined) return false;
      pause.at = Math.min(pause.at, now);
      return true;
    },
    leave: () => blocked(),
    async run(until) {
      for (let next = takeNext(until); next !== undefined; next = takeNext(until)) {
        const { resume } = next;
        await new Promise<void>((resolve, reject) => {
          blocked = resolve;
          failed = reject;
          resume();
        });
      }
    },
  };
}
