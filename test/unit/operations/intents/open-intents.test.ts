import { expect, test } from '@jest/globals';
import { createHandler } from '../../../../lambdas/decide-intent/handler.ts';
import { drawElsewhere, listElsewhere } from '../../../../operations/intents/elsewhere.ts';
import { listIntents, listOpen } from '../../../../operations/intents/open-intents.ts';
import { ServiceUnreadableError } from '../../../../src/errors.ts';
import type { NewIntent, IntentState } from '../../../../src/ledger/intent.ts';
import type { EscrowView } from '../../../../src/purple-flea/escrow.ts';
import { aView } from '../../../support/bonus-escrow.ts';
import { aNewIntent } from '../../../support/effects.ts';
import { anEscrowClient } from '../../../support/escrow-task.ts';
import { inert } from '../../../support/inert.ts';
import { createMemoryBeginnings } from '../../../support/memory-beginnings.ts';
import { createMemoryIntents } from '../../../support/memory-intents.ts';
import { createMemoryMailbox } from '../../../support/memory-mailbox.ts';
import { PLACES } from '../../../support/places.ts';
import { createRecorder } from '../../../support/recorder.ts';

const NOW = new Date('2026-03-06T12:00:00Z');
const OLD = { agentId: 'ag_old' };

type Written = Partial<NewIntent> & { readonly subject: string };

/** A ledger behind the function that operators ask. Statuses are what the service shows of an escrow. */
function aLedger(statuses: Readonly<Record<string, EscrowView['status']>> = {}) {
  const intents = createMemoryIntents();
  const write = async (state: Exclude<IntentState, 'claimed'>, written: Written, escrowId?: string, at = NOW) => {
    const intent = aNewIntent(written);
    const { key } = intent;
    await intents.prepare(intent, at);
    if (state === 'prepared') return;
    await intents.claim({ key, owner: 'me', fence: 1 }, { reservations: [] }, at);
    if (state === 'sending') return;
    const result = escrowId === undefined ? {} : { result: { escrowId } };
    await intents.move({ key, state: 'sending', fence: 1, owner: 'me' }, { state, note: 'so', ...result }, at);
  };
  const handler = createHandler({
    intents,
    viewEscrows: () =>
      anEscrowClient({
        readStatus: async (escrowId) => {
          const status = statuses[escrowId];
          if (status === undefined) throw new ServiceUnreadableError('HTTP 503');
          return aView({ escrowId, status });
        },
      }),
    mailbox: createMemoryMailbox(),
    checkKeys: async () => [],
    places: PLACES,
    beginnings: createMemoryBeginnings(NOW, [], () => NOW),
    continueExecution: inert('continueExecution'),
    describeExecutions: async () => [],
    startExecution: inert('startExecution'),
    payers: [],
    openLook: inert('openLook'),
    now: () => NOW,
    ...createRecorder(),
  });
  return { write, decide: async (asked: object) => (await handler(asked)) as never };
}

test('every open intent of an agent is listed, in each open state and to the last page', async () => {
  const { write, decide } = aLedger();
  for (let index = 0; index < 230; index += 1) await write('prepared', { subject: `job-${index}`, ...OLD });
  for (const state of ['sending', 'unknown', 'manual', 'rejected'] as const) {
    await write(state, { subject: state, ...OLD });
    await write(state, { subject: `${state}-of-another` });
  }

  const { intents, escrows } = await listOpen(decide, 'ag_old', NOW);

  expect(intents).toHaveLength(233);
  expect(intents.slice(-3).map(({ state }) => state)).toEqual(['sending', 'unknown', 'manual']);
  expect(new Set(intents.map(({ agentId }) => agentId))).toEqual(new Set(['ag_old']));
  expect(escrows).toEqual([]);
  expect(await listIntents(decide, ['manual'])).toHaveLength(2);
});

test('an escrow is listed until it is settled: by the ledger, or by what Purple Flea shows', async () => {
  const { write, decide } = aLedger({
    esc_locked: 'locked',
    esc_disputed: 'disputed',
    esc_refunded: 'refunded',
    esc_silent: 'auto_released',
    esc_released: 'released',
    esc_other: 'locked',
  });
  for (const escrowId of ['esc_locked', 'esc_disputed', 'esc_refunded', 'esc_silent', 'esc_released', 'esc_unread']) {
    await write('applied', { subject: escrowId, ...OLD }, escrowId);
  }
  await write('applied', { subject: 'esc_other' }, 'esc_other');
  await write('applied', { subject: 'esc_released', kind: 'escrow-release', escrowId: 'esc_released', ...OLD });
  await write('applied', { subject: 'an-order', kind: 'trade-order', ...OLD });

  const { escrows } = await listOpen(decide, 'ag_old', NOW);

  expect(Object.fromEntries(escrows.map(({ creation, status }) => [creation.result?.['escrowId'], status]))).toEqual({
    esc_locked: 'locked',
    esc_disputed: 'disputed',
    esc_unread: 'unread: HTTP 503',
  });
});

test('what is open at a place that is not configured any more is listed by place, with what to do', async () => {
  const { write, decide } = aLedger({ esc_before: 'locked', esc_here: 'locked', esc_done: 'released' });
  const before = { baseUrl: 'https://before.example.com', profile: 'reference' } as const;
  const purse = { ...PLACES.escrow, profile: 'published' } as const;
  await write('prepared', { subject: 'waits here', service: PLACES.escrow });
  await write('prepared', { subject: 'waits there', service: before });
  await write('unknown', { subject: 'an order', kind: 'trade-order', service: before });
  await write('prepared', { subject: 'another dialect', service: purse });
  await write('applied', { subject: 'locked here', service: PLACES.escrow }, 'esc_here');
  await write('applied', { subject: 'locked there', service: before }, 'esc_before');
  await write('applied', { subject: 'paid there', service: before }, 'esc_done');

  const found = await listElsewhere(decide, undefined, NOW);

  expect(
    found.map(({ place, intents, escrows }) => [
      place,
      intents.map(({ cause }) => cause.subject).toSorted(),
      escrows.map(({ creation }) => creation.result?.['escrowId']),
    ]),
  ).toEqual([
    ['https://before.example.com (reference)', ['an order', 'waits there'], ['esc_before']],
    ['https://escrow.example.com (published)', ['another dialect'], []],
  ]);
  expect(drawElsewhere(found)).toContain('When a service moves');
  expect(drawElsewhere([])).toContain('Nothing that is open lives elsewhere');
});
