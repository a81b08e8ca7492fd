import { expect, test } from '@jest/globals';
import { createHandler } from '../../../lambdas/watch-escrows/handler.ts';
import { escrowAddress } from '../../../src/escrow/mailbox.ts';
import { aView, ESCROW_ID } from '../../support/bonus-escrow.ts';
import { afterNoon, MINUTE, NOON } from '../../support/effects.ts';
import { anEscrowClient } from '../../support/escrow-task.ts';
import { inert } from '../../support/inert.ts';
import { timeLeft } from '../../support/lambda-events.ts';
import { createMemoryMailbox, createTasks, noMail } from '../../support/memory-mailbox.ts';
import { createMemoryWatch } from '../../support/memory-watch.ts';
import { createRecorder } from '../../support/recorder.ts';

test('a change is told to who waits for it, with the own key, and how long the round takes is counted', async () => {
  const mail = noMail();
  const mailbox = createMemoryMailbox(undefined, mail);
  const tasks = createTasks(['token-1']);
  const recorder = createRecorder();
  let opened = 0;
  const watch = createMemoryWatch(mail);
  await watch.writeRound({ startedAt: afterNoon(-5 * MINUTE).toISOString(), position: 0 });
  await mailbox.putWait({
    taskToken: 'token-1',
    addresses: [escrowAddress(ESCROW_ID)],
    takes: ['changed'],
    notBefore: afterNoon(-MINUTE).toISOString(),
    deadlineAt: afterNoon(MINUTE).toISOString(),
    escrowId: ESCROW_ID,
    status: 'disputed',
  });
  const handler = createHandler({
    mailbox,
    resume: tasks.resume,
    watch,
    configured: { baseUrl: 'https://escrow.example.com', profile: 'reference' },
    viewEscrows: inert('viewEscrows'),
    openEscrows: async () => {
      opened += 1;
      const readStatus = async () => aView({ status: 'refunded' });
      return anEscrowClient({ readStatus, list: async () => ({ kind: 'unsupported', reason: 'no list' }) });
    },
    now: () => NOON,
    log: recorder.log,
    count: recorder.count,
  });

  expect(await handler({}, timeLeft())).toEqual({ watched: 1, calls: 1, changed: 1, lagSeconds: 300 });
  expect(tasks.ended.get('token-1')).toEqual({ signal: 'changed', at: NOON.toISOString(), source: 'look' });
  expect(opened).toBe(1);
  expect(recorder.counted).toEqual({ WatchLagSeconds: 300 });
});
