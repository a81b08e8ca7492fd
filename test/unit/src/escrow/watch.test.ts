import { describe, expect, test } from '@jest/globals';
import { ServiceUnreadableError } from '../../../../src/errors.ts';
import { escrowAddress } from '../../../../src/escrow/mailbox.ts';
import { watchEscrows, type WatchDeps } from '../../../../src/escrow/watch.ts';
import type { ServicePlace } from '../../../../src/ledger/owner.ts';
import type { EscrowClient, EscrowQuery, EscrowRow, EscrowStatus } from '../../../../src/purple-flea/escrow.ts';
import { aView } from '../../../support/bonus-escrow.ts';
import { afterNoon, MINUTE, NOON } from '../../../support/effects.ts';
import { anEscrowClient } from '../../../support/escrow-task.ts';
import { createMemoryMailbox, createTasks, noMail } from '../../../support/memory-mailbox.ts';
import { createMemoryWatch } from '../../../support/memory-watch.ts';

const HOUR = 60 * MINUTE;
const HERE: ServicePlace = { baseUrl: 'https://escrow.example.com', profile: 'reference' };
const BEFORE: ServicePlace = { baseUrl: 'https://before.example.com', profile: 'published' };

interface Known {
  readonly status: EscrowStatus;
  readonly createdAt?: Date;
}

/** A service with these escrows, newest first, and executions that wait for some of them. */
function aRoom(shown: Readonly<Record<string, Known>>, options: { readonly hasList?: boolean } = {}) {
  const mail = noMail();
  const mailbox = createMemoryMailbox(undefined, mail);
  const tokens = Object.keys(shown).map((id) => `token-${id}`);
  const tasks = createTasks(tokens);
  const watch = createMemoryWatch(mail);
  const asked: (EscrowQuery | string)[] = [];
  const world = {
    now: NOON,
    remainingMs: 60_000,
    isDown: false,
    isGone: false,
    unreadable: '',
    bad: '',
    shown: { ...shown },
  };
  const escrow: EscrowClient = anEscrowClient({
    list: async (query = {}) => {
      if (options.hasList === false) return { kind: 'unsupported', reason: 'no list' };
      if (world.isDown) throw new ServiceUnreadableError('escrow.list: HTTP 503');
      asked.push(query);
      const { offset = 0, limit = 20 } = query;
      const all = Object.entries(world.shown);
      const rows = all.slice(offset, offset + limit).map(([escrowId, { status, createdAt = NOON }]): EscrowRow => {
        const { amount, description } = aView();
        const times = { createdAt: createdAt.toISOString(), expiresAt: afterNoon(99 * HOUR).toISOString() };
        return { escrowId, status, statusShown: status, amount, description, role: 'creator', ...times };
      });
      return { kind: 'read', value: { total: all.length, offset, escrows: rows } };
    },
    readStatus: async (escrowId) => {
      asked.push(escrowId);
      if (world.isDown) throw new ServiceUnreadableError('escrow.status: HTTP 503', { httpStatus: 503 });
      if (escrowId === world.unreadable)
        throw new ServiceUnreadableError('escrow.status: HTTP 404', { httpStatus: 404 });
      return aView({ escrowId, status: world.shown[escrowId]?.status ?? 'locked' });
    },
  });
  /** The same escrows, at the address where the service was before. */
  const readElsewhere = async (at: ServicePlace | undefined, escrowId: string) => {
    asked.push(`${at?.baseUrl}/${escrowId}`);
    if (world.isGone) throw new ServiceUnreadableError('escrow.status: no connection');
    return aView({ escrowId, status: world.shown[escrowId]?.status ?? 'locked' });
  };
  const deps: WatchDeps = {
    mailbox,
    resume: (token, output) =>
      token === world.bad ? Promise.reject(new Error('not a token')) : tasks.resume(token, output),
    watch,
    escrow,
    configured: HERE,
    viewEscrows: (at) => ({ profile: 'reference', readStatus: (id) => readElsewhere(at, id) }),
    now: () => world.now,
    remainingMs: () => world.remainingMs,
  };
  /** An execution waits for an escrow of which it knows this. */
  const wait = (escrowId: string, status: EscrowStatus = 'locked', since: Date = NOON, service?: ServicePlace) =>
    mailbox.putWait({
      taskToken: `token-${escrowId}`,
      addresses: [escrowAddress(escrowId)],
      takes: ['delivered', 'approved', 'rejected', 'changed'],
      notBefore: since.toISOString(),
      deadlineAt: afterNoon(99 * HOUR).toISOString(),
      escrowId,
      status,
      service,
    });
  return { world, tasks, watch, asked, wait, run: () => watchEscrows(deps) };
}

const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => `esc_${index}`);

function escrows(count: number, status: EscrowStatus = 'locked'): Record<string, Known> {
  return Object.fromEntries(ids(count).map((id) => [id, { status }]));
}

describe('where there is a list', () => {
  test('nothing is asked while no execution waits for an escrow', async () => {
    const { run, asked } = aRoom(escrows(3));

    expect(await run()).toEqual({ watched: 0, calls: 0, changed: 0, lagSeconds: 0, failed: [] });
    expect(asked).toEqual([]);
  });

  test('one call wakes those whose escrow shows something new, and nobody else', async () => {
    const { run, wait, asked, tasks } = aRoom({
      ...escrows(3),
      esc_3: { status: 'disputed' },
      esc_4: { status: 'completed' },
    });
    for (const id of ids(5)) await wait(id);

    expect(await run()).toEqual({ watched: 5, calls: 1, changed: 2, lagSeconds: 0, failed: [] });

    expect(asked).toEqual([{ role: 'creator', limit: 100, offset: 0 }]);
    const changed = { signal: 'changed', at: NOON.toISOString(), source: 'look' };
    expect(tasks.ended).toEqual(
      new Map([
        ['token-esc_3', changed],
        ['token-esc_4', changed],
      ]),
    );
  });

  test('an execution that knows already is left alone', async () => {
    const { run, wait } = aRoom(escrows(2, 'disputed'));
    for (const id of ids(2)) await wait(id, 'disputed');

    expect(await run()).toMatchObject({ calls: 1, changed: 0 });
  });

  test('no more than one call a minute is made for each hundred open escrows', async () => {
    const { run, wait, asked } = aRoom(escrows(250));
    for (const id of ids(100)) await wait(id);

    expect(await run()).toMatchObject({ watched: 100, calls: 1 });
    expect(await run()).toMatchObject({ watched: 100, calls: 1 });
    expect(asked.map((query) => (typeof query === 'string' ? query : query.offset))).toEqual([0, 100]);
  });

  test('a round goes on where the last run stopped, begins anew at the end, and its age is told', async () => {
    const { run, wait, asked, world, watch } = aRoom(escrows(250));
    await wait('esc_249');
    const lags: number[] = [];
    for (const minute of [0, 1, 2, 3]) {
      world.now = afterNoon(minute * MINUTE);
      lags.push((await run()).lagSeconds);
    }

    expect(asked.map((query) => (typeof query === 'string' ? query : query.offset))).toEqual([0, 100, 200, 0]);
    expect(lags).toEqual([0, 60, 120, 60]);
    expect(watch.round).toEqual({ startedAt: afterNoon(2 * MINUTE).toISOString(), position: 100 });
  });

  test('a round ends where the list is older than what is waited for', async () => {
    const old = Object.fromEntries(
      Object.keys(escrows(150)).map((id) => [id, { status: 'released', createdAt: afterNoon(-HOUR) } as const]),
    );
    const { run, wait, asked } = aRoom({ esc_new: { status: 'completed' }, ...old });
    await wait('esc_new');

    expect(await run()).toMatchObject({ calls: 1, changed: 1 });
    await wait('esc_new', 'completed');
    await run();
    expect(asked.map((query) => (typeof query === 'string' ? query : query.offset))).toEqual([0, 0]);
  });

  test('of ten thousand open escrows all changes are found in ten minutes, by ten calls a minute', async () => {
    const { run, wait, tasks, world } = aRoom({ ...escrows(10_000) });
    for (const id of ids(10_000)) await wait(id);
    const changed = ['esc_0', 'esc_999', 'esc_5432', 'esc_9999'];
    for (const id of changed) world.shown[id] = { status: 'disputed' };

    const runs = [];
    for (let minute = 0; minute < 10; minute += 1) runs.push(await run());

    expect(runs.map(({ calls }) => calls)).toEqual(Array.from({ length: 10 }, () => 10));
    expect([...tasks.ended.keys()]).toEqual(changed.map((id) => `token-${id}`));
  });

  test('a run that is short of time leaves the rest to the next', async () => {
    const { run, wait, world, asked } = aRoom(escrows(300));
    for (const id of ids(300)) await wait(id);
    world.remainingMs = 10_000;

    expect(await run()).toMatchObject({ calls: 0 });
    world.remainingMs = 60_000;
    expect(await run()).toMatchObject({ calls: 3 });
    expect(asked).toHaveLength(3);
  });
});

describe('where there is no list', () => {
  test('escrows are read one by one, ten a minute, each in its turn', async () => {
    const { run, wait, asked, tasks, world } = aRoom(escrows(25), { hasList: false });
    for (const id of ids(25)) await wait(id);
    world.shown['esc_9'] = { status: 'completed' };

    const calls = [];
    for (let minute = 0; minute < 3; minute += 1) calls.push((await run()).calls);

    expect(calls).toEqual([10, 10, 5]);
    expect(new Set(asked)).toEqual(new Set(ids(25)));
    expect([...tasks.ended.keys()]).toEqual(['token-esc_9']);
  });

  test('one escrow that the service does not answer for keeps no other from being looked at', async () => {
    const { run, wait, tasks, world } = aRoom(escrows(25), { hasList: false });
    for (const id of ids(25)) await wait(id);
    world.unreadable = 'esc_0';
    world.shown['esc_1'] = { status: 'completed' };

    expect(await run()).toMatchObject({
      calls: 10,
      changed: 1,
      failed: [{ escrowId: 'esc_0', reason: 'ServiceUnreadableError: escrow.status: HTTP 404' }],
    });
    expect([...tasks.ended.keys()]).toEqual(['token-esc_1']);
  });

  test('a service that is down fails the run, and the round is where it was', async () => {
    const { run, wait, watch, world } = aRoom(escrows(25), { hasList: false });
    for (const id of ids(25)) await wait(id);
    await run();
    const before = watch.round;
    world.isDown = true;

    await expect(run()).rejects.toThrow('HTTP 503');
    expect(watch.round).toEqual(before);
  });
});

test('one execution that cannot be woken keeps no other from being woken', async () => {
  const { run, wait, tasks, world } = aRoom(escrows(3));
  for (const id of ids(3)) await wait(id);
  for (const id of ['esc_0', 'esc_2']) world.shown[id] = { status: 'completed' };
  world.bad = 'token-esc_0';

  expect(await run()).toMatchObject({ changed: 1, failed: [{ escrowId: 'esc_0' }] });
  expect([...tasks.ended.keys()]).toEqual(['token-esc_2']);
});

test('a service that cannot be read fails the run, and the round is where it was', async () => {
  const { run, wait, watch, world } = aRoom(escrows(250));
  for (const id of ids(100)) await wait(id);
  await run();
  const before = watch.round;
  world.isDown = true;

  await expect(run()).rejects.toThrow('HTTP 503');
  expect(watch.round).toEqual(before);
});

describe('escrows that live where the service was before', () => {
  const rooms = async () => {
    const room = aRoom({ ...escrows(2), esc_2: { status: 'completed' }, esc_3: { status: 'disputed' } });
    await room.wait('esc_0', 'locked', NOON, HERE);
    await room.wait('esc_2', 'locked', NOON, BEFORE);
    await room.wait('esc_3', 'locked', NOON, BEFORE);
    return room;
  };

  test('are read there, one by one, and the others in the list of today', async () => {
    const { run, asked, tasks } = await rooms();

    expect(await run()).toEqual({ watched: 3, calls: 3, changed: 2, lagSeconds: 0, failed: [] });
    expect(asked).toEqual([
      { role: 'creator', limit: 100, offset: 0 },
      'https://before.example.com/esc_2',
      'https://before.example.com/esc_3',
    ]);
    expect([...tasks.ended.keys()]).toEqual(['token-esc_2', 'token-esc_3']);
  });

  test('count as unread while nobody answers there, and keep no other from being looked at', async () => {
    const { run, asked, world } = await rooms();
    world.isGone = true;
    const unread = (escrowId: string) => [{ escrowId, reason: 'ServiceUnreadableError: escrow.status: no connection' }];

    expect(await run()).toMatchObject({ changed: 0, failed: [], unread: unread('esc_2') });
    expect(await run()).toMatchObject({ changed: 0, failed: [], unread: unread('esc_3') });
    expect(asked.filter((one) => typeof one === 'object')).toHaveLength(2);
  });

  test('keep no round open where nothing else is waited for', async () => {
    const { run, wait, world } = aRoom(escrows(1));
    await wait('esc_0', 'locked', NOON, BEFORE);
    await run();
    world.now = afterNoon(HOUR);

    expect(await run()).toMatchObject({ watched: 1, lagSeconds: 3600 });
    expect(await run()).toMatchObject({ lagSeconds: 0 });
  });
});
