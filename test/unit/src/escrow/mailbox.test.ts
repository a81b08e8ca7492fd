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
    notBefore: '2026-03-06T08:10:00.000Z',
    deadlineAt: '2026-03-13T09:00:00Z',
    ...overrides,
  };
}

function aSignal(overrides: Partial<Signal> = {}): Signal {
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

test('a later signal replaces an earlier one that nobody has met', async () => {
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

describe('a deadline', () => {
  test.each(['2026-03-13T08:59:59.999Z', '2026-03-06T09:00:00Z'])('is not due at %s', async (now) => {
    const { deps, tasks, mailbox } = aPost();
    await awaitSignal(deps, aWait());

    expect(await deliverDeadlines(deps, new Date(now), 10)).toEqual({ delivered: 0, lagSeconds: 0 });
    expect(tasks.attempts).toEqual([]);
    expect(mailbox.waiting()).toEqual([ESCROW, JOB]);
  });

  test('that is due ends its wait once, and says how late', async () => {
    const { deps, tasks } = aPost();
    await awaitSignal(deps, aWait());
    const now = new Date('2026-03-13T09:01:30Z');

    expect(await deliverDeadlines(deps, now, 10)).toEqual({ delivered: 1, lagSeconds: 90 });
    expect(await deliverDeadlines(deps, now, 10)).toEqual({ delivered: 0, lagSeconds: 0 });

    expect(tasks.attempts).toEqual(['token-1']);
    expect(tasks.ended.get('token-1')).toEqual({ signal: 'deadline', deadlineAt: '2026-03-13T09:00:00Z' });
  });

  test('of a wait that was ended by a signal never falls due', async () => {
    const { deps, tasks } = aPost();
    await awaitSignal(deps, aWait());
    await deliverSignal(deps, JOB, aSignal());

    expect(await deliverDeadlines(deps, new Date('2027-01-01T00:00:00Z'), 10)).toEqual({ delivered: 0, lagSeconds: 0 });
    expect(tasks.attempts).toEqual(['token-1']);
  });

  test('of a task that has ended elsewhere is cleared without being counted', async () => {
    const { deps } = aPost([]);
    await awaitSignal(deps, aWait());

    expect(await deliverDeadlines(deps, new Date('2026-03-13T09:00:10Z'), 10)).toEqual({
      delivered: 0,
      lagSeconds: 10,
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

    expect(await deliverDeadlines(deps, now, 2)).toEqual({ delivered: 2, lagSeconds: 3 });
    expect(tasks.attempts).toEqual(['c', 'b']);
    expect(await deliverDeadlines(deps, now, 2)).toEqual({ delivered: 1, lagSeconds: 1 });
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
