import { expect, test } from '@jest/globals';
import { createHandler } from '../../../../lambdas/decide-intent/handler.ts';
import { listRejected, retryAll } from '../../../../operations/intents/retry-intents.ts';
import type { EffectKind } from '../../../../src/ledger/effect-key.ts';
import { aNewIntent } from '../../../support/effects.ts';
import { anEscrowClient } from '../../../support/escrow-task.ts';
import { inert } from '../../../support/inert.ts';
import { createMemoryBeginnings } from '../../../support/memory-beginnings.ts';
import { createMemoryIntents } from '../../../support/memory-intents.ts';
import { createMemoryMailbox } from '../../../support/memory-mailbox.ts';
import { PLACES } from '../../../support/places.ts';
import { createRecorder } from '../../../support/recorder.ts';

const NOW = new Date('2026-03-06T12:00:00Z');
const BY = { operator: 'ada', evidence: 'budgets in prod.json' };
const SINCE = { since: '2026-03-06T00:00:00Z' };

/** A ledger with rejected effects, behind the function that operators ask. */
async function aLedger(
  ...rejected: { readonly subject: string; readonly kind?: EffectKind; readonly reason: string; readonly at?: string }[]
) {
  const intents = createMemoryIntents();
  for (const { subject, kind = 'escrow-create', reason, at = '2026-03-06T09:00:00Z' } of rejected) {
    const intent = aNewIntent({ subject, kind, key: subject });
    await intents.prepare(intent, new Date(at));
    await intents.move({ ...intent, state: 'prepared', fence: 0 }, { state: 'rejected', note: reason }, new Date(at));
  }
  const recorder = createRecorder();
  const continued: string[] = [];
  const handler = createHandler({
    intents,
    viewEscrows: () => anEscrowClient(),
    mailbox: createMemoryMailbox(),
    checkKeys: async () => [],
    places: PLACES,
    beginnings: createMemoryBeginnings(NOW, [], () => NOW),
    continueExecution: async (name) => {
      continued.push(name);
      return 'continued';
    },
    describeExecutions: inert('describeExecutions'),
    startExecution: inert('startExecution'),
    payers: [],
    openLook: inert('openLook'),
    now: () => NOW,
    publish: recorder.publish,
    log: recorder.log,
    count: recorder.count,
  });
  const decide = async (asked: object) => (await handler(asked)) as never;
  return { intents, continued, decide };
}

test('all rejected effects are found, page by page, but orders and those that were tried again', async () => {
  const many = Array.from({ length: 230 }, (_, index) => ({ subject: `job-${index}`, reason: 'over budget' }));
  const { decide } = await aLedger(...many, { subject: 'order', kind: 'trade-order', reason: 'over budget' });
  await decide({ action: 'retry', key: 'job-7', ...BY, reason: 'by hand' });

  const found = await listRejected(decide, SINCE);

  expect(found).toHaveLength(229);
  expect(found.map(({ key }) => key)).not.toContain('job-7');
});

test.each([
  [{ reason: 'BUDGET' }, ['create', 'release']],
  [{ kind: 'escrow-release' }, ['release']],
  [{ since: '2026-03-06T10:00:00Z' }, ['late']],
])('they are narrowed by %p', async (filter, keys) => {
  const { decide } = await aLedger(
    { subject: 'create', reason: 'the budget is used up' },
    { subject: 'release', kind: 'escrow-release', reason: 'the budget is used up' },
    { subject: 'late', reason: 'HTTP 402', at: '2026-03-06T11:00:00Z' },
  );

  expect((await listRejected(decide, { ...SINCE, ...filter })).map(({ key }) => key).toSorted()).toEqual(keys);
});

test('each is tried again by name, with the evidence, one after the other, and it is said how far that is', async () => {
  const { decide, intents, continued } = await aLedger(
    { subject: 'one', reason: 'over budget' },
    { subject: 'two', reason: 'over budget' },
  );
  const filter = { ...SINCE, reason: 'budget' };
  const lines: string[] = [];
  let pauses = 0;
  const pause = async () => void (pauses += 1);

  const found = await listRejected(decide, filter);
  expect(await retryAll(decide, found, { ...BY, filter }, { say: (line) => lines.push(line), pause })).toBe(0);

  expect(lines).toEqual([
    expect.stringMatching(/^1\/2 one: goes on as /),
    expect.stringMatching(/^2\/2 two: goes on as /),
  ]);
  expect({ pauses, continued: continued.length }).toEqual({ pauses: 1, continued: 2 });
  expect(intents.items.get('one')).toMatchObject({
    retriedAs: expect.any(String),
    decision: { ...BY, reason: 'all effects rejected since 2026-03-06T00:00:00Z for "budget"' },
  });
  expect(await listRejected(decide, filter)).toEqual([]);
});

test('one that is refused is said and counted, and the others go on', async () => {
  const { decide } = await aLedger({ subject: 'one', reason: 'no' }, { subject: 'two', reason: 'no' });
  const found = await listRejected(decide, SINCE);
  await decide({ action: 'retry', key: 'one', ...BY, reason: 'by hand' });
  const lines: string[] = [];

  expect(
    await retryAll(decide, found, { ...BY, filter: SINCE }, { say: (line) => lines.push(line), pause: async () => {} }),
  ).toBe(1);
  expect(lines[0]).toContain('it was tried again as');
  expect(lines[1]).toContain('goes on');
});
