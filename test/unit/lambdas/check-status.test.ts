import { describe, expect, test } from '@jest/globals';
import { createHandler } from '../../../lambdas/check-status/handler.ts';
import { SecretUnusableError, ServiceUnreadableError } from '../../../src/errors.ts';
import { parseUsd } from '../../../src/money.ts';
import { ESCROW_STATUSES } from '../../../src/purple-flea/escrow.ts';
import { aLockedState, aView, ESCROW_ID, REFERENCE } from '../../support/bonus-escrow.ts';
import { anEscrowTask } from '../../support/escrow-task.ts';

const now = () => new Date('2026-03-13T09:00:30Z');

describe('the status of an escrow', () => {
  test.each(ESCROW_STATUSES)('%s is handed to the workflow, with the next look', async (status) => {
    const { deps } = anEscrowTask({ readStatus: async () => aView({ status }) }, { now });

    expect(await createHandler(deps)(aLockedState())).toEqual({
      escrowId: ESCROW_ID,
      reference: REFERENCE,
      status,
      // Of a dispute nobody knows the end: it is looked at hours later.
      deadlineAt: status === 'disputed' ? '2026-03-13T13:00:30.000Z' : '2026-03-13T09:05:30.000Z',
    });
  });

  test('in a word that nobody knows is handed on as unrecognized, and logged as the service wrote it', async () => {
    const view = aView({ status: 'unrecognized', statusShown: 'settled', unrecognizedFields: ['settled_at'] });
    const { deps, recorder } = anEscrowTask({ readStatus: async () => view }, { now });

    expect(await createHandler(deps)(aLockedState())).toMatchObject({ status: 'unrecognized' });
    expect(recorder.logged).toEqual([
      [
        'status',
        {
          escrowId: ESCROW_ID,
          status: 'unrecognized',
          statusShown: 'settled',
          unrecognizedFields: ['settled_at'],
        },
      ],
    ]);
    expect(recorder.published).toEqual([]);
    expect(recorder.counted).toEqual({});
  });

  test('refunded is counted and said, paid by silence is said, any other not', async () => {
    const statuses = ESCROW_STATUSES.toSorted().toReversed();
    const { deps, recorder } = anEscrowTask({ readStatus: async () => aView({ status: statuses.pop() ?? 'locked' }) });
    const handler = createHandler(deps);
    while (statuses.length > 0) await handler(aLockedState());

    expect(recorder.published.toSorted(([one], [other]) => one.localeCompare(other))).toEqual([
      ['escrow.auto-released', { escrowId: ESCROW_ID, reference: REFERENCE }],
      ['escrow.refunded', { escrowId: ESCROW_ID }],
    ]);
    expect(recorder.counted).toEqual({ EscrowsRefunded: 1 });
  });

  test.each(['auto_released', 'released'] as const)(
    '%s with another fee than the configured one is a drift',
    async (status) => {
      const amounts = { fee: parseUsd('10.00'), net: parseUsd('40.00') };
      const { deps, recorder } = anEscrowTask({ readStatus: async () => aView({ status, ...amounts }) }, { now });

      await createHandler(deps)(aLockedState());

      expect(recorder.published[0]).toMatchObject(['ledger.drifted', { kind: 'fee-differs', escrowId: ESCROW_ID }]);
      expect(recorder.counted).toEqual({ LedgerDrifts: 1 });
    },
  );

  test('of an escrow that was completed brings the deadline of its auto-release', async () => {
    const deadlineAt = '2026-03-20T09:00:00Z';
    const { deps } = anEscrowTask({ readStatus: async () => aView({ status: 'completed', deadlineAt }) }, { now });

    expect(await createHandler(deps)(aLockedState())).toMatchObject({ deadlineAt: '2026-03-20T09:00:00.000Z' });
  });

  test('can be taken for the escrow of the next state', async () => {
    const { deps } = anEscrowTask({ readStatus: async () => aView() }, { now });
    const handler = createHandler(deps);
    const escrow = await handler(aLockedState());

    expect(await handler({ ...aLockedState(), escrow })).toEqual(escrow);
  });

  const unreadable = new ServiceUnreadableError(`status of ${ESCROW_ID}: status: Invalid option`);

  test.each([unreadable, new SecretUnusableError('secret keys: has no value')])(
    'that cannot be read is the last known one, to be looked at again in pauses that grow: %s',
    async (fault) => {
      const { deps, recorder } = anEscrowTask({ readStatus: () => Promise.reject(fault) });
      let escrow: object = { ...aLockedState().escrow, status: 'completed' };
      const lookAt = async (time: string) => {
        escrow = await createHandler({ ...deps, now: () => new Date(time) })({ ...aLockedState(), escrow });
        return escrow;
      };

      const known = {
        escrowId: ESCROW_ID,
        reference: REFERENCE,
        status: 'completed',
        settlesAt: '2026-03-13T09:00:00Z',
      };
      const unread = { ...known, unreadSince: '2026-03-10T12:00:00.000Z' };
      expect(await lookAt('2026-03-10T12:00:00.000Z')).toEqual({ ...unread, deadlineAt: '2026-03-10T12:00:15.000Z' });
      expect(await lookAt('2026-03-10T12:01:00.000Z')).toEqual({ ...unread, deadlineAt: '2026-03-10T12:02:00.000Z' });
      expect(await lookAt('2026-03-10T19:00:00.000Z')).toEqual({ ...unread, deadlineAt: '2026-03-10T19:15:00.000Z' });
      expect(await lookAt('2026-03-13T08:52:00.000Z')).toEqual({ ...unread, deadlineAt: '2026-03-13T08:53:00.000Z' });
      expect(await lookAt('2026-03-17T12:00:00.000Z')).toEqual({ ...unread, deadlineAt: '2026-03-17T18:00:00.000Z' });
      expect(recorder.published).toEqual([]);
      expect(recorder.counted).toEqual({ EscrowsUnread: 5 });
    },
  );

  test('forgets that it could not be read once it can', async () => {
    const { deps } = anEscrowTask({ readStatus: async () => aView() }, { now: () => new Date('2026-03-10T12:00:00Z') });
    const known = { unreadSince: '2026-03-10T10:00:00.000Z', settlesAt: '2026-03-13T09:00:00.000Z' };
    const escrow = { ...aLockedState().escrow, ...known, deadlineAt: '2026-03-10T12:00:00.000Z' };

    expect(await createHandler(deps)({ ...aLockedState(), escrow })).toEqual({
      escrowId: ESCROW_ID,
      reference: REFERENCE,
      status: 'locked',
      deadlineAt: '2026-03-13T09:00:00.000Z',
    });
  });

  test('that the service does not have is a fault: no wait would change it', async () => {
    const gone = new ServiceUnreadableError(`status of ${ESCROW_ID}`, { httpStatus: 404, code: 'ESCROW_NOT_FOUND' });
    const { deps } = anEscrowTask({ readStatus: () => Promise.reject(gone) });

    await expect(createHandler(deps)(aLockedState())).rejects.toBe(gone);
  });

  test('that cannot be read by a fault of our own is a fault', async () => {
    const { deps } = anEscrowTask({ readStatus: () => Promise.reject(new TypeError('x is not a function')) });

    await expect(createHandler(deps)(aLockedState())).rejects.toThrow(TypeError);
  });
});
