import { describe, expect, test } from '@jest/globals';
import type { Intent, IntentState } from '../../../../src/ledger/intent.ts';
import { pictureOf, readAgain, readLedger, type LedgerReading } from '../../../../src/reconciliation/ledger-picture.ts';
import { effectKey } from '../../../../src/ledger/effect-key.ts';
import { OWNER, TREASURY } from '../../../support/bonus-escrow.ts';
import { afterNoon, aNewIntent, leaveSending, MINUTE, NOON } from '../../../support/effects.ts';
import { createMemoryIntents } from '../../../support/memory-intents.ts';

const SETTLED = afterNoon(-15 * MINUTE);

function anIntent(state: IntentState, overrides: Partial<Intent> & { readonly subject?: string } = {}): Intent {
  const at = afterNoon(-60 * MINUTE).toISOString();
  const intent = aNewIntent({ agentId: TREASURY, ...overrides });
  return { ...intent, fence: 1, createdAt: at, updatedAt: at, history: [], ...overrides, state };
}

const reading = (...intents: Intent[]): LedgerReading => ({
  intents: new Map(intents.map((intent) => [intent.key, intent])),
  isAll: true,
});

const saysOf = (before: readonly Intent[], after: readonly Intent[]) =>
  pictureOf(TREASURY, reading(...before), reading(...after), SETTLED).effects.map(({ says }) => says);

describe('the picture of the ledger', () => {
  test.each([
    ['prepared', 'did-not'],
    ['claimed', 'did-not'],
    ['sending', 'in-doubt'],
    ['unknown', 'in-doubt'],
    ['manual', 'in-doubt'],
    ['applied', 'took-place'],
    ['rejected', 'did-not'],
    ['skipped', 'did-not'],
  ] as const)('takes what is %s for %s', (state, says) => {
    expect(saysOf([anIntent(state)], [anIntent(state)])).toEqual([says]);
  });

  test('leaves in doubt what has just changed, to the millisecond', () => {
    const changed = (at: Date) => anIntent('applied', { updatedAt: at.toISOString() });
    const justBefore = changed(SETTLED);
    const justAfter = changed(new Date(SETTLED.getTime() + 1));

    expect(saysOf([justBefore], [justBefore])).toEqual(['took-place']);
    expect(saysOf([justAfter], [justAfter])).toEqual(['in-doubt']);
  });

  test.each([
    ['moved on', [anIntent('sending')], [anIntent('applied')]],
    ['was claimed anew', [anIntent('rejected')], [anIntent('rejected', { fence: 2 })]],
    ['came', [], [anIntent('applied')]],
    ['went, or was between two pages', [anIntent('applied')], []],
  ])('leaves in doubt what %s while the service was read', (_, before, after) => {
    expect(saysOf(before, after)).toEqual(['in-doubt']);
  });

  test('names the escrow that an effect settles or has created', () => {
    const created = anIntent('applied', { result: { escrowId: 'esc_2' } });
    const release = anIntent('applied', { kind: 'escrow-release', escrowId: 'esc_1', result: { escrowId: 'esc_1' } });
    const { effects } = pictureOf(TREASURY, reading(created, release), reading(created, release), SETTLED);

    expect(effects.map(({ kind, escrowId }) => [kind, escrowId])).toEqual([
      ['escrow-create', 'esc_2'],
      ['escrow-release', 'esc_1'],
    ]);
  });
});

describe('the ledger that is read', () => {
  test('is what one agent sent and what others completed, in any state, over all pages', async () => {
    const intents = createMemoryIntents();
    for (let index = 0; index < 501; index += 1) {
      await intents.prepare(aNewIntent({ agentId: TREASURY, subject: `cause ${index}` }), NOON);
    }
    await leaveSending(intents, aNewIntent({ agentId: OWNER, kind: 'escrow-complete' }));
    await leaveSending(intents, aNewIntent({ agentId: OWNER, kind: 'transfer' }));
    await intents.prepare(aNewIntent({ agentId: TREASURY, subject: 'too old' }), afterNoon(-1));

    const read = await readLedger(intents, TREASURY, NOON, () => true);

    expect(read.isAll).toBe(true);
    expect(read.intents.size).toBe(502);
    expect([...read.intents.values()].filter(({ agentId }) => agentId === OWNER)).toMatchObject([
      { kind: 'escrow-complete', state: 'sending' },
    ]);
  });

  test('has no order on paper: that is no money, whoever it is recorded for', async () => {
    const intents = createMemoryIntents();
    for (const kind of ['trade-order', 'paper-order'] as const) {
      await leaveSending(intents, aNewIntent({ kind, agentId: TREASURY }));
    }

    const read = await readLedger(intents, TREASURY, NOON, () => true);

    expect([...read.intents.values()].map(({ kind }) => kind)).toEqual(['trade-order']);
  });

  test('is not all where there is no time', async () => {
    let pages = 0;
    const { isAll } = await readLedger(createMemoryIntents(), TREASURY, NOON, () => ++pages < 6);

    expect(isAll).toBe(false);
  });

  test('has the later of what is seen twice', async () => {
    const intents = createMemoryIntents(async ({ operation, when }) => {
      const [intent] = intents.items.values();
      if (operation !== 'listSince' || when !== 'after' || intent?.state !== 'sending') return;
      await intents.move(intent, { state: 'applied', note: 'done', result: { escrowId: 'esc_1' } }, afterNoon(1));
    });
    await leaveSending(intents, aNewIntent({ agentId: TREASURY }));

    const { intents: read } = await readLedger(intents, TREASURY, NOON, () => true);

    expect([...read.values()].map(({ state }) => state)).toEqual(['applied']);
  });
});

test('what is read again and is not as it was is in doubt, and so are settlements of its cause that were not seen', async () => {
  const intents = createMemoryIntents();
  const creation = await leaveSending(intents, aNewIntent({ agentId: TREASURY }));
  const applied = await intents.move(creation, { state: 'applied', note: '', result: { escrowId: 'esc_1' } }, NOON);
  const untouched = anIntent('applied', { subject: 'another' });
  const picture = pictureOf(TREASURY, reading(applied, untouched), reading(applied, untouched), afterNoon(MINUTE));
  const release = aNewIntent({ agentId: TREASURY, kind: 'escrow-release' });
  await leaveSending(intents, release);

  const again = await readAgain(intents, picture, new Set([creation.key]));

  expect(release.key).toBe(effectKey(creation.cause, 'escrow-release'));
  expect(again.effects.map(({ kind, says }) => [kind, says])).toEqual([
    ['escrow-create', 'took-place'],
    ['escrow-create', 'took-place'],
    ['escrow-release', 'in-doubt'],
  ]);
  const moved = pictureOf(TREASURY, reading(creation), reading(creation), afterNoon(MINUTE));
  expect((await readAgain(intents, moved, new Set([creation.key]))).effects[0]).toMatchObject({
    state: 'applied',
    says: 'in-doubt',
  });
});
