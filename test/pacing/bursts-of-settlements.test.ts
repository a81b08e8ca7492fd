import { expect, test } from '@jest/globals';
import { createEscrowClient } from '../../src/purple-flea/escrow-client.ts';
import type { ServiceDeps } from '../../src/purple-flea/service.ts';
import { createTradingClient } from '../../src/purple-flea/trading-client.ts';
import { aStage, type TaskEnd } from './escrow-stage.ts';
import { MINUTE, START, TREASURY_CREDENTIALS } from './loaded-service.ts';

const HOUR = 60 * MINUTE;
const SECOND = 1_000;

/** What the dialect allows, and the calls of one release: a look, the release, a look. */
const PER_MINUTE = 60;
const CALLS_OF_RELEASE = 3;

test('600 approved releases at once, 20 of them with 6 minutes left, amid 400 creates and a trickle of trades', async () => {
  const stage = aStage('reference');
  const { scheduler } = stage;
  const released = new Map<number, TaskEnd>();
  const locked: TaskEnd[] = [];
  const isPressing = (escrow: number) => escrow % 30 === 29;
  for (let escrow = 0; escrow < 600; escrow += 1) {
    const deadlineAt = START + (isPressing(escrow) ? 6 * MINUTE : 100 * HOUR);
    scheduler.spawn(START, async () => {
      released.set(escrow, await stage.release(`delivered-${escrow}`, deadlineAt));
    });
  }
  for (let job = 0; job < 400; job += 1) {
    scheduler.spawn(START, async () => void locked.push(await stage.lock(`job-${job}`)));
  }
  const prompt: number[] = [];
  const inTime = async (call: (service: ServiceDeps) => Promise<unknown>) => {
    const began = scheduler.now();
    const isMade = await call(stage.newFunction()).then(
      () => true,
      () => false,
    );
    prompt.push(isMade ? scheduler.now() - began : Infinity);
  };
  for (let trade = 0; trade < 240; trade += 1) {
    scheduler.spawn(START + trade * 15 * SECOND, () => inTime(readForTrade));
    // Others look at escrows with the same key meanwhile.
    if (trade % 2 === 0) scheduler.spawn(START + trade * 15 * SECOND, () => inTime(look));
  }
  await scheduler.run(START + 120 * MINUTE);

  const ends = [...released.values(), ...locked];
  expect(ends.filter(({ said }) => said['outcome'] !== 'applied')).toEqual([]);
  expect([released.size, locked.length]).toEqual([600, 400]);
  expect(stage.calls.filter(({ status }) => status === 429)).toEqual([]);
  expect(stage.busiestMinute()).toBeLessThanOrEqual(PER_MINUTE);

  const minutesOf = (some: readonly TaskEnd[]) => Math.max(...some.map(({ at }) => at)) / MINUTE;
  const pressing = [...released].flatMap(([escrow, end]) => (isPressing(escrow) ? [end] : []));
  const releasedIn = minutesOf([...released.values()]);
  process.stdout.write(
    `pressing ${minutesOf(pressing).toFixed(1)} minutes, all releases ${releasedIn.toFixed(1)}, ` +
      `all creates ${minutesOf(locked).toFixed(1)}, slowest trade ${(Math.max(...prompt) / SECOND).toFixed(1)} s\n`,
  );
  expect(minutesOf(pressing)).toBeLessThan(6);
  expect(releasedIn).toBeLessThanOrEqual((1.5 * 600 * CALLS_OF_RELEASE) / PER_MINUTE);
  expect(minutesOf(locked)).toBeLessThanOrEqual((1.5 * (600 * CALLS_OF_RELEASE + 400)) / PER_MINUTE);
  expect(locked.some(({ at }) => at > 5 * MINUTE && at < (releasedIn - 5) * MINUTE)).toBe(true);
  expect(Math.max(...prompt)).toBeLessThanOrEqual(12 * SECOND);
  expect(Math.max(...ends.map(({ visits }) => visits))).toBeLessThan(60);
});

/** Prompt calls: those of a trade, and a look at escrows. */
async function readForTrade(service: ServiceDeps): Promise<void> {
  const trading = createTradingClient(service, TREASURY_CREDENTIALS);
  expect(await trading.reserve(['read'], { key: 'trade' })).toBeUndefined();
  await trading.readPositions();
}

async function look(service: ServiceDeps): Promise<void> {
  await createEscrowClient(service, TREASURY_CREDENTIALS).list();
}

test('a release is made at once amid hundreds of creates that wait', async () => {
  const stage = aStage('reference');
  const { scheduler } = stage;
  const released: TaskEnd[] = [];
  for (let job = 0; job < 400; job += 1) {
    scheduler.spawn(START, async () => void (await stage.lock(`job-${job}`)));
  }
  scheduler.spawn(START + MINUTE, async () => {
    released.push(await stage.release('delivered', START + 100 * HOUR));
  });
  await scheduler.run(START + 20 * MINUTE);

  expect(released).toEqual([expect.objectContaining({ said: expect.objectContaining({ outcome: 'applied' }) })]);
  expect((released[0]?.at ?? Infinity) - MINUTE).toBeLessThan(15 * SECOND);
});

test('of more settlements than their time allows, those that can wait give way, and no call is refused', async () => {
  const stage = aStage('reference');
  const { scheduler } = stage;
  const released = new Map<number, TaskEnd>();
  // 300 releases take 16 minutes at 57 calls a minute; every third has 12 minutes, the others an hour.
  const minutesLeft = (escrow: number) => (escrow % 3 === 2 ? 12 : 60);
  for (let escrow = 0; escrow < 300; escrow += 1) {
    scheduler.spawn(START, async () => {
      released.set(escrow, await stage.release(`delivered-${escrow}`, START + minutesLeft(escrow) * MINUTE));
    });
  }
  await scheduler.run(START + 60 * MINUTE);

  expect(released.size).toBe(300);
  const late = [...released].filter(([escrow, { at }]) => at > minutesLeft(escrow) * MINUTE);
  expect(late).toEqual([]);
  expect(stage.calls.filter(({ status }) => status === 429)).toEqual([]);
});
