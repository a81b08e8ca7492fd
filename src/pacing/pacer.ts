import { allowanceMs, paceOf, SLOT_MS, slotsFrom, type CallLimit, type Pace } from './pace.ts';

/** Calls of one kind that somebody is about to make. */
export interface PacedCalls {
  /** What the service counts together, over all functions; see `laneOf`. */
  readonly lane: string;
  readonly limit: CallLimit;
  readonly count: number;
  /** The effect key. Its place in a queue of bulk calls stays its own. */
  readonly holder?: string | undefined;
}

/** There is no slot soon. Nothing was called. */
export interface PaceWait {
  readonly reason: string;
  /** When to come back, in whole seconds. */
  readonly retryAfterSeconds: number;
}

/**
 * Gives calls to Purple Flea their time, so that all functions together stay below its limits. A slot that comes soon is
 * slept for; a later one is a `PaceWait`.
 */
export interface Pacer {
  /** Reserves slots before an effect is claimed, and waits for the first. What is not used in time expires. */
  reserve(calls: PacedCalls): Promise<PaceWait | undefined>;
  /** Waits for the slot of one call: one that was reserved, or else a new one, `patienceMs` at most. */
  take(calls: Omit<PacedCalls, 'count'>, patienceMs: number): Promise<PaceWait | undefined>;
  /** The service refused a call as one too many: no slot of its lane begins before these seconds are over. */
  holdBack(calls: Pick<PacedCalls, 'lane' | 'limit'>, seconds: number): Promise<void>;
}

/** Where lanes stand, for all functions. Times are milliseconds since 1970. */
export interface PaceStore {
  /**
   * Moves a lane on by `byMs`, from where it stands or from `now`, whichever is later; not if it stands later than `until`.
   * Atomic, whoever else does the same.
   *
   * @returns where it stood, and whether it was moved.
   */
  advance(
    lane: string,
    move: { readonly now: number; readonly byMs: number; readonly until: number },
  ): Promise<{ readonly isMoved: boolean; readonly turnAt: number }>;
  /** Moves a lane on to a time, unless it is there already. */
  postpone(lane: string, until: number): Promise<void>;
  /** The slot that a holder was promised. */
  readTicket(holder: string): Promise<number | undefined>;
  keepTicket(holder: string, at: number): Promise<void>;
  dropTicket(holder: string): Promise<void>;
}

export interface PacerDeps {
  readonly store: PaceStore;
  /** The part of each limit that is ours, in per cent. */
  readonly percent: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** In [0, 1). */
  readonly random: () => number;
  /** The store could not be read or written; the calls go out without a slot. */
  readonly onUnpaced: (error: unknown) => void;
}

/** As long as a function may sleep for its first slot before it claims an effect. */
const SOON_MS = 10_000;

/** The same for bulk calls. It is shorter, so that all others find a slot although bulk calls wait. */
const BULK_SOON_MS = 3_000;

/** As long as a promised slot is kept for a holder that is late. */
const TICKET_MS = 5 * 60_000;

/** Bulk calls that find no slot at their time come back spread over so many seconds. */
const SPREAD_SECONDS = 10;

/** Longer waits are ended by a sweep, once a minute: who waits so long is woken before its slot, and then waits exactly. */
const LONG_WAIT_SECONDS = 120;
const SWEEP_SECONDS = 75;

/**
 * A pacer over a shared store.
 *
 * Where the store fails, calls go out unpaced: then the service's own 429 paces them, which is certainly no effect and costs
 * nothing. To wait instead would stop everything for the sake of a counter.
 */
export function createPacer(deps: PacerDeps): Pacer {
  const { store, now, sleep } = deps;
  const held = new Map<string, number[]>();

  /** What may still be used: the other half of a slot's time is for the way to the service. */
  const slotsOf = (lane: string): number[] => {
    const usable = (held.get(lane) ?? []).filter((at) => now() <= at + SLOT_MS / 2);
    held.set(lane, usable);
    return usable;
  };

  /** Reserves slots of which the first comes within some time; or says when the lane will be there. */
  async function book(lane: string, pace: Pace, count: number, withinMs: number): Promise<number | undefined> {
    const at = now();
    const until = at + withinMs + allowanceMs(pace);
    const moved = await store.advance(lane, { now: at, byMs: count * pace.intervalMs, until });
    if (!moved.isMoved) return moved.turnAt - allowanceMs(pace);
    held.set(lane, [...slotsOf(lane), ...slotsFrom(moved.turnAt, count, pace, at)]);
    return undefined;
  }

  async function reserveSlots({ lane, limit, count }: PacedCalls, withinMs: number): Promise<number | undefined> {
    const missing = count - slotsOf(lane).length;
    return missing <= 0 ? undefined : book(lane, paceOf(limit, deps.percent), missing, withinMs);
  }

  /** When a bulk call may go, by its place in the queue. Undefined: now. */
  async function queueUp(
    { lane, limit, holder }: PacedCalls,
    promised: number | undefined,
  ): Promise<number | undefined> {
    const at = now();
    if (promised === undefined || at > promised + TICKET_MS) {
      const pace = paceOf(limit, deps.percent);
      const { turnAt } = await store.advance(bulkLane(lane), { now: at, byMs: pace.intervalMs, until: Infinity });
      const slot = Math.max(at, turnAt - allowanceMs(pace));
      if (slot <= at + BULK_SOON_MS) return undefined;
      if (holder !== undefined) await store.keepTicket(holder, slot);
      return slot;
    }
    return promised <= at + BULK_SOON_MS ? undefined : promised;
  }

  async function reserveBulk(calls: PacedCalls): Promise<PaceWait | undefined> {
    const { holder, limit } = calls;
    const promised = holder === undefined ? undefined : await store.readTicket(holder);
    const slot = await queueUp(calls, promised);
    if (slot !== undefined) return waitFor(limit, slot - now());
    const busyUntil = await reserveSlots(calls, BULK_SOON_MS);
    if (busyUntil === undefined) {
      if (holder !== undefined && promised !== undefined) await store.dropTicket(holder);
      return undefined;
    }
    const again = busyUntil + Math.floor(deps.random() * SPREAD_SECONDS) * 1000;
    if (holder !== undefined) await store.keepTicket(holder, again);
    return waitFor(limit, again - now());
  }

  async function reservePrompt(calls: PacedCalls, withinMs: number): Promise<PaceWait | undefined> {
    const busyUntil = await reserveSlots(calls, withinMs);
    return busyUntil === undefined ? undefined : waitFor(calls.limit, busyUntil - now());
  }

  async function reserve(calls: PacedCalls): Promise<PaceWait | undefined> {
    const wait = await unlessUnpaced(() => (calls.limit.isBulk ? reserveBulk(calls) : reservePrompt(calls, SOON_MS)));
    if (wait !== undefined) return wait;
    await sleepUntil(slotsOf(calls.lane)[0]);
    return undefined;
  }

  async function take(calls: Omit<PacedCalls, 'count'>, patienceMs: number): Promise<PaceWait | undefined> {
    const wait = await unlessUnpaced(() => reservePrompt({ ...calls, count: 1 }, patienceMs));
    if (wait !== undefined) return wait;
    await sleepUntil(slotsOf(calls.lane).shift());
    return undefined;
  }

  async function sleepUntil(slot: number | undefined): Promise<void> {
    const waitMs = (slot ?? 0) - now();
    if (waitMs > 0) await sleep(waitMs);
  }

  async function unlessUnpaced<Value>(ask: () => Promise<Value>): Promise<Value | undefined> {
    try {
      return await ask();
    } catch (error) {
      deps.onUnpaced(error);
      return undefined;
    }
  }

  return {
    reserve,
    take,
    async holdBack({ lane, limit }, seconds) {
      held.delete(lane);
      const at = now() + seconds * 1000 + allowanceMs(paceOf(limit, deps.percent));
      await unlessUnpaced(() => store.postpone(lane, at));
    },
  };
}

function bulkLane(lane: string): string {
  return `${lane}/bulk`;
}

function waitFor({ name }: CallLimit, waitMs: number): PaceWait {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  const retryAfterSeconds = seconds > LONG_WAIT_SECONDS ? seconds - SWEEP_SECONDS : seconds;
  return { reason: `paced: the next slot for "${name}" is in ${seconds} s`, retryAfterSeconds };
}

/** No pacing, for tests and tools that call a service of their own. */
export const unpaced: Pacer = {
  reserve: async () => undefined,
  take: async () => undefined,
  holdBack: async () => undefined,
};
