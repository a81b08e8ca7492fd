import { describe, expect, test } from '@jest/globals';
import type { CallLimit } from '../../../../src/pacing/pace.ts';
import { createPacer, type Pacer, type PaceStore } from '../../../../src/pacing/pacer.ts';
import { createMemoryPaces } from '../../../support/memory-paces.ts';

const CALLS: CallLimit = { name: 'escrow', per: 'account', perMinute: 60 };
const CREATES: CallLimit = { name: 'POST /escrow/create', per: 'address', perMinute: 20, queue: 'bulk' };
const BULK_CALLS: CallLimit = { ...CALLS, queue: 'bulk' };
const SETTLEMENTS: CallLimit = { ...CALLS, queue: 'settlement' };

const calls = (limit: CallLimit, count: number, holder = 'effect') => ({ lane: limit.name, limit, count, holder });

/** A function of its own at a clock that all share: what it sleeps passes for it alone. */
function aFunction(store: PaceStore, clock: { now: number }, failures: unknown[] = []): Pacer & { slept: number } {
  const one = { slept: 0 };
  const pacer = createPacer({
    store,
    percent: 100,
    now: () => clock.now + one.slept,
    sleep: async (milliseconds) => {
      one.slept += milliseconds;
    },
    random: () => 0,
    onUnpaced: (error) => failures.push(error),
  });
  return Object.assign(one, pacer);
}

describe('a reserve', () => {
  test('of a burst costs no time, and is one write for all calls of an effect', async () => {
    const store = createMemoryPaces();
    let writes = 0;
    const counted = {
      ...store,
      advance: async (...args: Parameters<PaceStore['advance']>) => (writes++, store.advance(...args)),
    };
    const one = aFunction(counted, { now: 0 });

    expect(await one.reserve(calls(CALLS, 3))).toBeUndefined();
    for (let call = 0; call < 3; call += 1) expect(await one.take(calls(CALLS, 1), 0)).toBeUndefined();

    expect({ slept: one.slept, writes }).toEqual({ slept: 0, writes: 1 });
  });

  test('that comes soon is slept for; a later one says when', async () => {
    const store = createMemoryPaces();
    const clock = { now: 0 };
    for (let done = 0; done < 4; done += 1) await aFunction(store, clock).reserve(calls(CALLS, 3));
    const soon = aFunction(store, clock);
    const late = aFunction(store, clock);

    expect(await soon.reserve(calls(CALLS, 3))).toBeUndefined();
    expect(soon.slept).toBeGreaterThan(8_000);
    expect(await late.reserve(calls(CALLS, 3))).toEqual({
      reason: 'paced: the next slot for "escrow" is in 14 s',
      retryAfterSeconds: 14,
    });
    expect(late.slept).toBe(0);
  });

  test('that is not used expires, and another is made', async () => {
    const store = createMemoryPaces();
    const clock = { now: 0 };
    const one = aFunction(store, clock);
    await one.reserve(calls(CALLS, 4));
    clock.now = 1_001;

    await one.take(calls(CALLS, 1), 2_000);

    // The burst of four is used up, so that another slot is one interval after the first.
    expect(one.slept).toBeGreaterThan(0);
  });
});

describe('bulk calls', () => {
  test('queue up: each is promised a slot, keeps it, and finds it free when it comes back', async () => {
    const store = createMemoryPaces();
    const clock = { now: 0 };
    const waits = new Map<string, number>();
    for (let index = 0; index < 30; index += 1) {
      const wait = await aFunction(store, clock).reserve(calls(CREATES, 1, `effect-${index}`));
      waits.set(`effect-${index}`, wait?.retryAfterSeconds ?? 0);
    }
    expect([...waits.values()]).toEqual([...waits.values()].toSorted((one, other) => one - other));

    clock.now = (waits.get('effect-20') ?? 0) * 1000;
    const back = aFunction(store, clock);
    expect(await back.reserve(calls(CREATES, 1, 'effect-20'))).toBeUndefined();
    expect(back.slept).toBeLessThan(1_000);
    expect(store.tickets.has('effect-20')).toBe(false);
  });

  test('that come back early wait for their own slot, and lose no place', async () => {
    const store = createMemoryPaces();
    const clock = { now: 0 };
    for (let index = 0; index < 30; index += 1)
      await aFunction(store, clock).reserve(calls(CREATES, 1, `effect-${index}`));
    clock.now = 30_000;

    expect(await aFunction(store, clock).reserve(calls(CREATES, 1, 'effect-20'))).toEqual(
      expect.objectContaining({ retryAfterSeconds: 32 }),
    );
  });

  test('that wait for long are told to come back before their slot, since a sweep once a minute wakes them', async () => {
    const store = createMemoryPaces();
    const clock = { now: 0 };
    for (let index = 0; index < 100; index += 1)
      await aFunction(store, clock).reserve(calls(CREATES, 1, `effect-${index}`));

    const wait = await aFunction(store, clock).reserve(calls(CREATES, 1, 'effect-100'));

    expect(wait).toEqual({ reason: expect.stringContaining('is in 310 s'), retryAfterSeconds: 235 });
  });

  test('do not hold up calls that cannot wait: a settlement finds a slot at once although hundreds of creates wait', async () => {
    const store = createMemoryPaces();
    const clock = { now: 0 };
    for (let index = 0; index < 400; index += 1) {
      await aFunction(store, clock).reserve(calls(BULK_CALLS, 1, `effect-${index}`));
    }
    const settlement = aFunction(store, clock);

    expect(await settlement.reserve(calls(CALLS, 3))).toBeUndefined();
    expect(settlement.slept).toBeLessThanOrEqual(5_000);
  });

  test('come back a little later where others took their slot, and are still the first of their kind', async () => {
    const store = createMemoryPaces();
    const clock = { now: 0 };
    for (let index = 0; index < 20; index += 1)
      await aFunction(store, clock).reserve(calls(BULK_CALLS, 1, `effect-${index}`));
    clock.now = 15_000;
    for (let other = 0; other < 4; other += 1) await aFunction(store, clock).reserve(calls(CALLS, 3));

    const wait = await aFunction(store, clock).reserve(calls(BULK_CALLS, 1, 'effect-15'));
    expect(wait?.retryAfterSeconds).toBeLessThanOrEqual(10);
    expect(store.tickets.get('effect-15')).toBeLessThan(26_000);
  });
});

describe('settlements', () => {
  const MINUTE = 60_000;

  /** A queue of so many, each with three calls. */
  async function queueUp(count: number, store: PaceStore, clock: { now: number }): Promise<number[]> {
    const waits: number[] = [];
    for (let index = 0; index < count; index += 1) {
      const wait = await aFunction(store, clock).reserve(calls(SETTLEMENTS, 3, `release-${index}`));
      waits.push(wait?.retryAfterSeconds ?? 0);
    }
    return waits;
  }

  test('queue up with all of their calls, and leave room for others', async () => {
    const waits = await queueUp(30, createMemoryPaces(), { now: 0 });

    expect(waits).toEqual(waits.toSorted((one, other) => one - other));
    // 3 calls of 1.088 s each, at 85 per cent.
    expect((waits[29] ?? 0) - (waits[9] ?? 0)).toBe(77);
  });

  test('keep their place while others take their slots', async () => {
    const store = createMemoryPaces();
    const clock = { now: 0 };
    const turnAt = ((await queueUp(20, store, clock))[19] ?? 0) * 1000;
    clock.now = turnAt;
    for (let other = 0; other < 3; other += 1) await aFunction(store, clock).reserve(calls(CALLS, 3));

    const wait = await aFunction(store, clock).reserve(calls(SETTLEMENTS, 3, 'release-19'));
    expect(wait?.retryAfterSeconds).toBeLessThanOrEqual(15);
    clock.now += 60_000;
    expect(await aFunction(store, clock).reserve(calls(SETTLEMENTS, 3, 'release-19'))).toBeUndefined();
  });

  test('go before their turn where it comes too late for their deadline', async () => {
    const store = createMemoryPaces();
    const clock = { now: 0 };
    await queueUp(200, store, clock);
    clock.now = MINUTE;
    const urgent = { ...calls(SETTLEMENTS, 3, 'urgent'), urgentBy: 7 * MINUTE };
    const over = { ...calls(SETTLEMENTS, 3, 'over'), urgentBy: MINUTE };
    const later = { ...calls(SETTLEMENTS, 3, 'later'), urgentBy: 20 * MINUTE };

    expect(await aFunction(store, clock).reserve(urgent)).toBeUndefined();
    const beyond = await aFunction(store, clock).reserve(over);
    expect(beyond?.retryAfterSeconds).toBeGreaterThan(8 * 60);
    clock.now = 2 * MINUTE;
    expect(await aFunction(store, clock).reserve(later)).toEqual({
      reason: expect.stringContaining('is in 180 s'),
      retryAfterSeconds: 180 - 75,
    });
  });
});

describe('a refusal as one too many', () => {
  test('holds back the lane for as long as the service said, for all functions', async () => {
    const store = createMemoryPaces();
    const clock = { now: 0 };
    await aFunction(store, clock).holdBack(calls(CALLS, 1), 40);

    expect(await aFunction(store, clock).reserve(calls(CALLS, 1))).toEqual(
      expect.objectContaining({ retryAfterSeconds: 40 }),
    );
  });
});

describe('where the store fails', () => {
  test('calls go out without a slot, and it is said why', async () => {
    const failing = async (): Promise<never> => {
      throw new Error('throttled');
    };
    const store = { ...createMemoryPaces(), advance: failing, postpone: failing, readTicket: failing };
    const failures: unknown[] = [];
    const one = aFunction(store, { now: 0 }, failures);

    expect(await one.reserve(calls(CREATES, 1, 'effect'))).toBeUndefined();
    expect(await one.take(calls(CALLS, 1), 0)).toBeUndefined();
    await one.holdBack(calls(CALLS, 1), 1);

    expect(failures).toHaveLength(3);
  });
});
