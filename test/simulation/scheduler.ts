/** A pause of one thread. */
interface Pause {
  /** In virtual milliseconds; infinite until somebody wakes it. */
  at: number;
  readonly name: string | undefined;
  readonly resume: () => void;
}

/**
 * Threads over a virtual clock. A thread is an async function of which every wait is a pause here. When all of them
 * pause, chance decides which of those that are due goes on. There are no timers: nothing but the seed decides the order.
 */
export interface Scheduler {
  /** Virtual milliseconds since 1970. */
  readonly now: () => number;
  /** Starts a thread at a moment. */
  spawn(at: number, run: () => Promise<void>): void;
  /** Lets others go on for at least so long. A named pause may be ended by `wake`. */
  pause(milliseconds: number, name?: string): Promise<void>;
  /** Ends a named pause now. False where nobody pauses under that name. */
  wake(name: string): boolean;
  /** Runs until nobody is due before `until`. */
  run(until: number): Promise<void>;
}

/** @param roll gives numbers in [0, 1). */
export function createScheduler(roll: () => number, start: number): Scheduler {
  const pauses: Pause[] = [];
  let now = start;
  let limit = start;
  let finished = (): void => {};
  let failed = (_error: unknown): void => {};

  /** The pause that ends next: of those that are due, chance decides. */
  function takeNext(): Pause | undefined {
    let earliest = Infinity;
    for (const { at } of pauses) if (at < earliest) earliest = at;
    if (earliest > limit) return undefined;
    if (earliest > now) now = earliest;
    let due = 0;
    for (const { at } of pauses) if (at <= now) due += 1;
    let skipped = due === 1 ? 0 : Math.floor(roll() * due);
    let index = 0;
    for (; index < pauses.length; index += 1) {
      if ((pauses[index]?.at ?? Infinity) > now) continue;
      if (skipped === 0) break;
      skipped -= 1;
    }
    const next = pauses[index];
    pauses.splice(index, 1);
    return next;
  }

  /** A tick that is asked for in a microtask comes after all of them: whoever went on has ended or pauses again. */
  const whenAllPause = (act: () => void): void => queueMicrotask(() => process.nextTick(act));

  function resumeNext(): void {
    const next = takeNext();
    if (next === undefined) {
      finished();
      return;
    }
    next.resume();
    whenAllPause(resumeNext);
  }

  return {
    now: () => now,
    spawn(at, run) {
      pauses.push({ at, name: undefined, resume: () => void run().catch((error: unknown) => failed(error)) });
    },
    pause: (milliseconds, name) =>
      new Promise<void>((resume) => {
        pauses.push({ at: now + milliseconds, name, resume });
      }),
    wake(name) {
      const pause = pauses.find((one) => one.name === name);
      if (pause === undefined) return false;
      pause.at = Math.min(pause.at, now);
      return true;
    },
    run: (until) =>
      new Promise<void>((resolve, reject) => {
        limit = until;
        finished = resolve;
        failed = reject;
        whenAllPause(resumeNext);
      }),
  };
}
