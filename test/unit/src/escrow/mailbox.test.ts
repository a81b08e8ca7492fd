import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  awaitSignal,
  deliverDeadlines,
  deliverSignal,
  escrowAddress,
  trainingJobAddress,
  type MailboxDeps,
  type Signal,
  type SignalType,
  type Wait,
} from '../../../../src/escrow/mailbox.ts';
import { inEveryOrder } from '../../../support/interleavings.ts';
import { createMemoryMailbox, createTasks, noMail } from '../../../support/memory-mailbox.ts';

const ESCROW = escrowAddress('esc_1');
const JOB = trainingJobAddress('churn-xgb-demo');
const DELIVERED = { signal: 'delivered', at: '2026-03-06T10:00:00Z', deliveredBy: 'registry', note: 'model v7' };

function aWait(overrides: Partial<Wait> = {}): Wait {
  return {
    taskToken: 'token-1',
    addresses: [ESCROW, JOB],
    takes: ['delivered', 'approved', 'rejected', 'changed'],
    notBefore: '2026-03-06T08:10:00.000Z',
    deadlineAt: '2026-03-13T09:00:00Z',
    ...overrides,
  };
}

function aSignal(overrides: Partial<Extract<Signal, { type: 'delivered' }>> = {}): Signal {
  return { type: 'delivered', at: '2026-03-06T10:00:00Z', deliveredBy: 'registry', note: 'model v7', ...overrides };
}

function aPost(openTokens: readonly string[] = ['token-1']) {
  const mailbox = createMemoryMailbox();
  const tasks = createTasks(openTokens);
  const deps: MailboxDeps = { mailbox, resume: tasks.resume };
  return { mailbox, tasks, deps };
}

test('addresses of escrows and of training jobs never meet', () => {
  expect(escrowAddress('x')).toBe('escrow:x');
  expect(trainingJobAddress('x')).toBe('training-job:x');
});

describe.each([
  ['the escrow', ESCROW],
  ["the training job's name", JOB],
])('a signal addressed to %s', (_case, address) => {
  test('ends a wait that stands, with what was said', async () => {
    const { deps, tasks, mailbox } = aPost();

    expect(await awaitSignal(deps, aWait())).toBe('waiting');
    expect(await deliverSignal(deps, address, aSignal())).toBe('resumed');

    expect(tasks.ended).toEqual(new Map([['token-1', DELIVERED]]));
    expect(mailbox.waiting()).toEqual([]);
  });

  test('is kept for a wait that comes later', async () => {
    const { deps, tasks, mailbox } = aPost();

    expect(await deliverSignal(deps, address, aSignal())).toBe('kept');
    expect(await awaitSignal(deps, aWait())).toBe('resumed');

    expect(tasks.ended).toEqual(new Map([['token-1', DELIVERED]]));
    expect(mailbox.waiting()).toEqual([]);
  });

  test('meets a wait of the same moment in every order, and ends it once', async () => {
    const orders = await inEveryOrder(
      (turnOf) => {
        const mail = noMail();
        const { resume, ended } = createTasks(['token-1']);
        const depsOf = (actor: number): MailboxDeps => ({ mailbox: createMemoryMailbox(turnOf(actor), mail), resume });
        return { ended, actors: [awaitSignal(depsOf(0), aWait()), deliverSignal(depsOf(1), address, aSignal())] };
      },
      ({ ended }) => {
        expect(ended).toEqual(new Map([['token-1', DELIVERED]]));
      },
    );

    expect(orders).toBeGreaterThan(10);
  });

  test('that is said twice changes nothing', async () => {
    const { deps, tasks } = aPost();
    await awaitSignal(deps, aWait());
    await deliverSignal(deps, address, aSignal());

    expect(await deliverSignal(deps, address, aSignal())).toBe('repeated');
    expect(tasks.attempts).toEqual(['token-1']);
  });

  test('that is said twice before the wait counts once', async () => {
    const { deps, tasks } = aPost();

    expect(await deliverSignal(deps, address, aSignal())).toBe('kept');
    expect(await deliverSignal(deps, address, aSignal())).toBe('repeated');
    expect(await awaitSignal(deps, aWait())).toBe('resumed');
    expect(tasks.attempts).toEqual(['token-1']);
  });

  test('that an older training job of the same name was about ends no wait, in either order', async () => {
    const stale = aSignal({ at: '2026-03-06T08:09:59Z' });
    const before = aPost();
    expect(await deliverSignal(before.deps, address, stale)).toBe('kept');
    expect(await awaitSignal(before.deps, aWait())).toBe('waiting');
    const after = aPost();
    await awaitSignal(after.deps, aWait());
    expect(await deliverSignal(after.deps, address, stale)).toBe('kept');

    for (const { deps, tasks } of [before, after]) {
      expect(tasks.attempts).toEqual([]);
      expect(await deliverSignal(deps, address, aSignal())).toBe('resumed');
      expect(tasks.ended.get('token-1')).toEqual(DELIVERED);
    }
  });

  test('from the very moment that the wait starts to count is meant for it', async () => {
    const { deps } = aPost();
    await deliverSignal(deps, address, aSignal({ at: '2026-03-06T08:10:00Z' }));

    expect(await awaitSignal(deps, aWait())).toBe('resumed');
  });

  test('that comes after the deadline ended the wait is there for the next', async () => {
    const { deps, tasks } = aPost(['token-1', 'token-2']);
    await awaitSignal(deps, aWait());
    await deliverDeadlines(deps, new Date('2026-03-13T09:00:01Z'), 10);

    await deliverSignal(deps, address, aSignal({ at: '2026-03-13T09:00:02Z' }));
    expect(await awaitSignal(deps, aWait({ taskToken: 'token-2' }))).toBe('resumed');

    expect(tasks.ended.get('token-1')).toEqual({ signal: 'deadline', deadlineAt: '2026-03-13T09:00:00Z' });
    expect(tasks.ended.get('token-2')).toMatchObject({ signal: 'delivered', at: '2026-03-13T09:00:02Z' });
  });

  test('for a wait whose task has ended elsewhere is no fault', async () => {
    const { deps, tasks, mailbox } = aPost([]);
    await awaitSignal(deps, aWait());

    expect(await deliverSignal(deps, address, aSignal())).toBe('repeated');
    expect(tasks.ended.size).toBe(0);
    expect(mailbox.waiting()).toEqual([]);
  });

  test('is found again where resuming failed', async () => {
    const { deps, tasks } = aPost();
    await awaitSignal(deps, aWait());
    const broken = { ...deps, resume: () => Promise.reject(new Error('throttled')) };

    await expect(deliverSignal(broken, address, aSignal())).rejects.toThrow('throttled');
    expect(await deliverSignal(deps, address, aSignal())).toBe('resumed');
    expect(tasks.ended.get('token-1')).toEqual(DELIVERED);
  });
});

test('a signal for another address ends nothing', async () => {
  const { deps, tasks, mailbox } = aPost();
  await awaitSignal(deps, aWait());

  expect(await deliverSignal(deps, escrowAddress('esc_2'), aSignal())).toBe('kept');
  expect(await deliverSignal(deps, trainingJobAddress('churn-xgb-demo-2'), aSignal())).toBe('kept');
  expect(tasks.attempts).toEqual([]);
  expect(mailbox.waiting()).toEqual([ESCROW, JOB]);
});

test('a signal of an older job of the same name does not stand before that of the newer', async () => {
  const { deps, tasks } = aPost();
  await deliverSignal(deps, JOB, aSignal({ at: '2026-03-06T07:00:00Z', note: 'of the older job' }));

  expect(await deliverSignal(deps, JOB, aSignal())).toBe('kept');
  await awaitSignal(deps, aWait());
  expect(tasks.ended.get('token-1')).toEqual(DELIVERED);
});

test('the end of an older wait leaves a newer one under the same address alone', async () => {
  const { deps, tasks, mailbox } = aPost(['token-2']);
  await awaitSignal(deps, aWait());
  await awaitSignal(deps, aWait({ taskToken: 'token-2' }));

  await mailbox.removeWait(ESCROW, 'token-1');

  expect(await deliverSignal(deps, ESCROW, aSignal())).toBe('resumed');
  expect([...tasks.ended.keys()]).toEqual(['token-2']);
});

const TYPES: readonly SignalType[] = ['delivered', 'approved', 'rejected', 'changed'];

/** Something of a type, said so many hours after nine. */
function said(type: SignalType, hour = 1): Signal {
  const at = new Date(Date.parse('2026-03-06T09:00:00Z') + hour * 3_600_000).toISOString();
  switch (type) {
    case 'delivered':
      return { type, at, deliveredBy: 'registry' };
    case 'approved':
    case 'rejected':
      return { type, at, by: 'ada', reason: 'seen' };
    case 'changed':
      return { type, at, source: 'sweeper' };
  }
}

describe.each(TYPES)('a signal that something is %s', (type) => {
  const { type: signal, ...words } = said(type);

  test('ends a wait that takes it, in its own words', async () => {
    const { deps, tasks, mailbox } = aPost();
    await awaitSignal(deps, aWait({ takes: [type] }));

    expect(await deliverSignal(deps, ESCROW, said(type))).toBe('resumed');
    expect(tasks.ended.get('token-1')).toEqual({ signal, ...words });
    expect(mailbox.waiting()).toEqual([]);
  });

  test('leaves a wait alone that takes anything else', async () => {
    const { deps, tasks, mailbox } = aPost();
    await awaitSignal(deps, aWait({ takes: TYPES.filter((other) => other !== type) }));

    expect(await deliverSignal(deps, ESCROW, said(type))).toBe(type === 'changed' ? 'nobody-waits' : 'kept');
    expect(tasks.attempts).toEqual([]);
    expect(mailbox.waiting()).toEqual([ESCROW, JOB]);
  });

  test('is kept for a wait that takes it, unless it only says that there is something to look at', async () => {
    const { deps, tasks } = aPost();
    const isKept = type !== 'changed';

    expect(await deliverSignal(deps, JOB, said(type))).toBe(isKept ? 'kept' : 'nobody-waits');
    expect(await awaitSignal(deps, aWait())).toBe(isKept ? 'resumed' : 'waiting');
    expect(tasks.ended.get('token-1')).toEqual(isKept ? { signal, ...words } : undefined);
  });

  test('said before the wait is not taken by one that takes anything else', async () => {
    const { deps, tasks } = aPost();
    await deliverSignal(deps, ESCROW, said(type));

    expect(await awaitSignal(deps, aWait({ takes: TYPES.filter((other) => other !== type) }))).toBe('waiting');
    expect(tasks.attempts).toEqual([]);
  });
});

describe('of several things that were said before the wait', () => {
  test.each<[string, readonly Signal[], SignalType]>([
    ['the first counts', [said('approved', 1), said('rejected', 2)], 'approved'],
    ['the first counts', [said('rejected', 1), said('approved', 2)], 'rejected'],
    ['the first counts, however they came in', [said('approved', 2), said('rejected', 1)], 'rejected'],
    ['the first counts, however they came in', [said('rejected', 2), said('approved', 1)], 'approved'],
    ['a delivery before a word counts', [said('delivered', 1), said('rejected', 2)], 'delivered'],
    ['said at once, that counts which keeps the money', [said('approved', 1), said('rejected', 1)], 'rejected'],
    ['said at once, that counts which keeps the money', [said('rejected', 1), said('approved', 1)], 'rejected'],
    ['said at once, that counts which keeps the money', [said('delivered', 1), said('rejected', 1)], 'rejected'],
    [
      'one that is repeated does not come after what contradicts it',
      [said('rejected', 1), said('approved', 2), said('rejected', 3)],
      'rejected',
    ],
    [
      'one that is repeated does not come after what contradicts it',
      [said('approved', 1), said('rejected', 2), said('approved', 3)],
      'approved',
    ],
  ])('%s', async (_case, signals, counts) => {
    for (const addressOf of [() => ESCROW, () => JOB, (index: number) => (index % 2 === 0 ? ESCROW : JOB)]) {
      const { deps, tasks } = aPost();
      for (const [index, signal] of signals.entries()) await deliverSignal(deps, addressOf(index), signal);

      expect(await awaitSignal(deps, aWait())).toBe('resumed');
      expect(tasks.ended.get('token-1')?.signal).toBe(counts);
    }
  });

  test('the first that the wait takes counts, and the others are there for the next', async () => {
    const { deps, tasks } = aPost(['token-1', 'token-2']);
    await deliverSignal(deps, ESCROW, said('rejected', 2));
    await deliverSignal(deps, ESCROW, said('delivered', 1));

    await awaitSignal(deps, aWait());
    await awaitSignal(deps, aWait({ taskToken: 'token-2', takes: ['approved', 'rejected', 'changed'] }));

    expect([...tasks.ended.values()].map(({ signal }) => signal)).toEqual(['delivered', 'rejected']);
  });

  test('a delivery that one wait has taken ends no later wait for a decision', async () => {
    const { deps, tasks } = aPost(['token-1', 'token-2']);
    await deliverSignal(deps, ESCROW, said('delivered', 1));
    await awaitSignal(deps, aWait());
    const decision = aWait({ taskToken: 'token-2', takes: ['approved', 'rejected', 'changed'] });

    expect(await awaitSignal(deps, decision)).toBe('waiting');
    expect(await deliverSignal(deps, ESCROW, said('delivered', 2))).toBe('kept');
    expect([...tasks.ended.keys()]).toEqual(['token-1']);
  });
});

test.each<[SignalType, SignalType]>([
  ['approved', 'rejected'],
  ['delivered', 'rejected'],
  ['delivered', 'changed'],
  ['changed', 'approved'],
])('a wait, "%s" and "%s" of the same moment meet in every order, and one of the two ends it', async (one, other) => {
  const endings = new Set<string>();
  const orders = await inEveryOrder(
    (turnOf) => {
      const mail = noMail();
      const { resume, ended } = createTasks(['token-1']);
      const depsOf = (actor: number): MailboxDeps => ({ mailbox: createMemoryMailbox(turnOf(actor), mail), resume });
      const actors = [
        awaitSignal(depsOf(0), aWait({ addresses: [ESCROW] })),
        deliverSignal(depsOf(1), ESCROW, said(one)),
        deliverSignal(depsOf(2), ESCROW, said(other)),
      ];
      return { ended, actors };
    },
    ({ ended }) => {
      const [end] = ended.values();
      // A change that comes before the wait is not kept: then the other ends it.
      expect([one, other]).toContain(end?.signal);
      endings.add(end?.signal ?? '');
    },
  );

  expect(orders).toBeGreaterThan(100);
  expect(endings).toEqual(new Set([one, other]));
});

test('a token that was issued anew takes the place of the old: the old one is never used again', async () => {
  const { deps, tasks } = aPost(['token-1', 'token-2']);
  await awaitSignal(deps, aWait());
  await awaitSignal(deps, aWait({ taskToken: 'token-2' }));

  await deliverSignal(deps, JOB, said('approved'));
  await deliverDeadlines(deps, new Date('2027-01-01T00:00:00Z'), 10);

  expect(tasks.attempts).toEqual(['token-2']);
});

describe('a deadline', () => {
  test.each(['2026-03-13T08:59:59.999Z', '2026-03-06T09:00:00Z'])('is not due at %s', async (now) => {
    const { deps, tasks, mailbox } = aPost();
    await awaitSignal(deps, aWait());

    expect(await deliverDeadlines(deps, new Date(now), 10)).toEqual({ delivered: 0, lagSeconds: 0, failed: [] });
    expect(tasks.attempts).toEqual([]);
    expect(mailbox.waiting()).toEqual([ESCROW, JOB]);
  });

  test('that is due ends its wait once, and says how late', async () => {
    const { deps, tasks } = aPost();
    await awaitSignal(deps, aWait());
    const now = new Date('2026-03-13T09:01:30Z');

    expect(await deliverDeadlines(deps, now, 10)).toEqual({ delivered: 1, lagSeconds: 90, failed: [] });
    expect(await deliverDeadlines(deps, now, 10)).toEqual({ delivered: 0, lagSeconds: 0, failed: [] });

    expect(tasks.attempts).toEqual(['token-1']);
    expect(tasks.ended.get('token-1')).toEqual({ signal: 'deadline', deadlineAt: '2026-03-13T09:00:00Z' });
  });

  test('of a wait that was ended by a signal never falls due', async () => {
    const { deps, tasks } = aPost();
    await awaitSignal(deps, aWait());
    await deliverSignal(deps, JOB, aSignal());

    expect(await deliverDeadlines(deps, new Date('2027-01-01T00:00:00Z'), 10)).toEqual({
      delivered: 0,
      lagSeconds: 0,
      failed: [],
    });
    expect(tasks.attempts).toEqual(['token-1']);
  });

  test('of a task that has ended elsewhere is cleared without being counted', async () => {
    const { deps } = aPost([]);
    await awaitSignal(deps, aWait());

    expect(await deliverDeadlines(deps, new Date('2026-03-13T09:00:10Z'), 10)).toEqual({
      delivered: 0,
      lagSeconds: 10,
      failed: [],
    });
    expect(await deps.mailbox.listDue(new Date('2027-01-01T00:00:00Z'), 10)).toEqual([]);
  });

  test('waits for the next run where there are more than one run takes, oldest first', async () => {
    const tokens = ['a', 'b', 'c'];
    const { deps, tasks } = aPost(tokens);
    for (const [index, taskToken] of tokens.entries()) {
      const deadlineAt = `2026-03-13T09:00:0${9 - index}Z`;
      await awaitSignal(deps, aWait({ taskToken, addresses: [escrowAddress(taskToken)], deadlineAt }));
    }
    const now = new Date('2026-03-13T09:00:10Z');

    expect(await deliverDeadlines(deps, now, 2)).toEqual({ delivered: 2, lagSeconds: 3, failed: [] });
    expect(tasks.attempts).toEqual(['c', 'b']);
    expect(await deliverDeadlines(deps, now, 2)).toEqual({ delivered: 1, lagSeconds: 1, failed: [] });
  });
});

test('a wait, two signals and a deadline at once end it exactly once, whatever the order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), async (scheduler) => {
      const mailbox = createMemoryMailbox(() => scheduler.schedule(Promise.resolve()));
      const { resume, ended } = createTasks(['token-1']);
      const deps: MailboxDeps = { mailbox, resume };

      const all = Promise.all([
        awaitSignal(deps, aWait()),
        deliverSignal(deps, ESCROW, aSignal()),
        deliverSignal(deps, JOB, aSignal({ at: '2026-03-06T11:00:00Z' })),
        deliverDeadlines(deps, new Date('2026-03-13T09:00:10Z'), 10),
      ]);
      await scheduler.waitIdle();
      await all;

      expect([...ended.keys()]).toEqual(['token-1']);
    }),
  );
});

test('a thousand deadlines of one minute are told in one run', async () => {
  const tokens = Array.from({ length: 1_000 }, (_, index) => `token-${index}`);
  const { deps, tasks, mailbox } = aPost(tokens);
  for (const taskToken of tokens) {
    await awaitSignal(deps, aWait({ taskToken, addresses: [escrowAddress(taskToken)] }));
  }

  const run = await deliverDeadlines(deps, new Date('2026-03-13T09:00:30Z'), 2_000);

  expect(run).toEqual({ delivered: 1_000, lagSeconds: 30, failed: [] });
  expect(tasks.ended.size).toBe(1_000);
  expect(mailbox.waiting()).toEqual([]);
});
