import { allowanceMs, paceOf, SLOT_MS, slotsFrom, type CallLimit, type Pace, type QueueName } from './pace.ts';

/** One call that somebody is about to make. */
export interface PacedCall {
  /** What the service counts together, over all functions. */
  readonly lane: string;
  readonly limit: CallLimit;
}

/** The calls of one effect in one lane. */
export interface PacedCalls extends PacedCall {
  readonly count: number;
  /** The effect key. Its place in a queue stays its own. */
  readonly holder: string;
  /** When silence would settle what it settles, in milliseconds since 1970. */
  readonly urgentBy?: number | undefined;
  /** As long as it is worth to sleep for the first, in milliseconds, if that is less than others sleep. */
  readonly patienceMs?: number | undefined;
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
  /**
   * Reserves slots before an effect is claimed, and waits for the first of each lane. What is not used in time expires.
   *
   * @param calls of an effect, each of another lane.
   */
  reserve(...calls: PacedCalls[]): Promise<PaceWait | undefined>;
  /** Waits for the slot of one call: one that was reserved, or else a new one, `patienceMs` at most. */
  take(call: PacedCall, patienceMs: number): Promise<PaceWait | undefined>;
  /** The service refused a call as one too many: no slot of its lane begins before these seconds are over. */
  holdBack(call: PacedCall, seconds: number): Promise<void>;
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
  /**
   * Moves several lanes on in one write, if each stands where it was last seen, and that is not later than `until`.
   *
   * @returns where they stood; undefined where none was moved.
   */
  advanceAll(
    moves: readonly { readonly lane: string; readonly now: number; readonly byMs: number; readonly until: number }[],
  ): Promise<readonly number[] | undefined>;
  /** Moves a lane on to a time, unless it is there already. */
  postpone(lane: string, until: number): Promise<void>;
  /** When it is a holder's turn, by the place that it took. */
  readTicket(holder: string): Promise<number | undefined>;
  keepTicket(holder: string, turnAt: number): Promise<void>;
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

/** How calls stand in a queue. */
interface QueueRules {
  /** As long as they sleep for their first slot. Who sleeps longer goes first, so that it is less than `SOON_MS`. */
  readonly patienceMs: number;
  /** How much of the lane they may use. The rest is for those that do not queue, and for the queue that comes after. */
  readonly percent: number;
  /** As long as a place is kept for who comes late. */
  readonly keptMs: number;
  /** Who found no slot for so long after its turn queues anew: to try again and again would keep functions busy. */
  readonly triesMs: number;
}

const QUEUES: Readonly<Record<QueueName, QueueRules>> = {
  settlement: { patienceMs: 4_000, percent: 85, keptMs: 30 * 60_000, triesMs: 30 * 60_000 },
  bulk: { patienceMs: 2_000, percent: 100, keptMs: 5 * 60_000, triesMs: 5_000 },
};

/** As long as a settlement sleeps that has to be made before its turn. */
const URGENT_PATIENCE_MS = 6_500;

/** A settlement whose turn comes too late for its deadline is made before its turn, so long before the deadline. */
const URGENT_MS = 15 * 60_000;

/** What has to be left of the time until the deadline when it is its turn. */
const MARGIN_MS = 3 * 60_000;

/** Who finds no slot at its turn comes back within so long, so that not all come together. */
const SPREAD_MS = 10_000;

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

  async function reserveSlots(
    { lane, limit, count }: PacedCall & { readonly count: number },
    withinMs: number,
  ): Promise<number | undefined> {
    const missing = count - slotsOf(lane).length;
    return missing <= 0 ? undefined : book(lane, paceOf(limit, deps.percent), missing, withinMs);
  }

  /** Takes the next place in a queue. @returns when it is its turn, in milliseconds since 1970. */
  async function queueUp({ lane, limit, count }: PacedCalls, queue: QueueName): Promise<number> {
    const at = now();
    const pace = paceOf(limit, deps.percent);
    const byMs = Math.ceil((count * pace.intervalMs * 100) / QUEUES[queue].percent);
    const { turnAt } = await store.advance(`${lane}/${queue}`, { now: at, byMs, until: Infinity });
    return Math.max(at, turnAt - allowanceMs(pace));
  }

  async function reserveQueued(calls: PacedCalls, queue: QueueName): Promise<PaceWait | undefined> {
    const { holder, limit, urgentBy } = calls;
    const { patienceMs, keptMs, triesMs } = QUEUES[queue];
    const known = await store.readTicket(holder);
    const isKept = known !== undefined && now() <= known + keptMs;
    const turnAt = isKept ? known : await queueUp(calls, queue);
    const comeBack = async (backAt: number, newTurnAt = turnAt): Promise<PaceWait> => {
      if (newTurnAt !== known) await store.keepTicket(holder, newTurnAt);
      return waitFor(limit, backAt - now());
    };
    const at = now();
    const isUrgent = isTooLate(turnAt, urgentBy, at);
    if (turnAt > at + patienceMs && !isUrgent) return comeBack(whenToCome(turnAt, urgentBy, at));
    const busyUntil = await reserveSlots(calls, isUrgent ? URGENT_PATIENCE_MS : patienceMs);
    if (busyUntil === undefined) {
      if (known !== undefined) await store.dropTicket(holder);
      return undefined;
    }
    const again = busyUntil - patienceMs + deps.random() * SPREAD_MS;
    if (at <= turnAt + triesMs) return comeBack(again);
    const next = await queueUp(calls, queue);
    return comeBack(Math.max(again, next), next);
  }

  async function reservePrompt(
    calls: PacedCall & { readonly count: number },
    withinMs: number,
  ): Promise<PaceWait | undefined> {
    const busyUntil = await reserveSlots(calls, withinMs);
    return busyUntil === undefined ? undefined : waitFor(calls.limit, busyUntil - now());
  }

  async function reserve(...all: PacedCalls[]): Promise<PaceWait | undefined> {
    if (all.length > 1 && all.every(({ limit }) => limit.queue === undefined)) await unlessUnpaced(() => bookAll(all));
    for (const calls of all) {
      const { queue } = calls.limit;
      const wait = await unlessUnpaced(() =>
        queue === undefined ? reservePrompt(calls, patienceOf(calls)) : reserveQueued(calls, queue),
      );
      if (wait !== undefined) return wait;
    }
    await sleepUntil(Math.max(...all.map(({ lane }) => slotsOf(lane)[0] ?? 0)));
    return undefined;
  }

  /** Reserves the slots of several lanes in one write. Where that cannot be had, each is left to be reserved by itself. */
  async function bookAll(all: readonly PacedCalls[]): Promise<void> {
    const at = now();
    const missing = all.flatMap((calls) => {
      const count = calls.count - slotsOf(calls.lane).length;
      const pace = paceOf(calls.limit, deps.percent);
      return count <= 0 ? [] : [{ lane: calls.lane, count, pace, withinMs: patienceOf(calls) }];
    });
    if (missing.length < 2) return;
    const turns = await store.advanceAll(
      missing.map(({ lane, count, pace, withinMs }) => ({
        lane,
        now: at,
        byMs: count * pace.intervalMs,
        until: at + withinMs + allowanceMs(pace),
      })),
    );
    turns?.forEach((turnAt, index) => {
      const booked = missing[index];
      if (booked === undefined) return;
      const { lane, count, pace } = booked;
      held.set(lane, [...slotsOf(lane), ...slotsFrom(turnAt, count, pace, at)]);
    });
  }

  async function take(call: PacedCall, patienceMs: number): Promise<PaceWait | undefined> {
    const wait = await unlessUnpaced(() => reservePrompt({ ...call, count: 1 }, patienceMs));
    if (wait !== undefined) return wait;
    await sleepUntil(slotsOf(call.lane).shift());
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

function patienceOf({ patienceMs = SOON_MS }: PacedCalls): number {
  return Math.max(0, Math.min(patienceMs, SOON_MS));
}

/** Whether a deadline is near that would be missed by waiting. One that is over gives nobody a right to go first. */
function isTooLate(turnAt: number, urgentBy: number | undefined, at: number): boolean {
  if (urgentBy === undefined || urgentBy <= at || urgentBy - at > URGENT_MS) return false;
  return Math.max(turnAt, at) > urgentBy - MARGIN_MS;
}

/** At its turn; or, where that may be too late, when the deadline is near. */
function whenToCome(turnAt: number, urgentBy: number | undefined, at: number): number {
  const nearAt = (urgentBy ?? Infinity) - URGENT_MS;
  return nearAt > at ? Math.min(turnAt, nearAt) : turnAt;
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
