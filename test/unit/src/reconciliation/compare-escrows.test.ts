import { describe, expect, test } from '@jest/globals';
import { parseUsd } from '../../../../src/money.ts';
import { compareEscrows } from '../../../../src/reconciliation/compare-escrows.ts';
import type { LedgerEffect } from '../../../../src/reconciliation/ledger-picture.ts';
import type { SeenEscrow } from '../../../../src/reconciliation/service-picture.ts';
import { ESCROW_ID, OWNER } from '../../../support/bonus-escrow.ts';
import { afterNoon, MINUTE } from '../../../support/effects.ts';
import { aLedger, aLedgerEffect, aSeen, aService } from '../../../support/pictures.ts';

const CREATION = aLedgerEffect();
const RELEASE = aLedgerEffect({ kind: 'escrow-release' });
const DISPUTE = aLedgerEffect({ kind: 'escrow-dispute' });
const COMPLETION = aLedgerEffect({ kind: 'escrow-complete' });
const inDoubt = (effect: LedgerEffect): LedgerEffect => ({ ...effect, state: 'manual', says: 'in-doubt' });
const didNot = (effect: LedgerEffect): LedgerEffect => ({ ...effect, state: 'rejected', says: 'did-not' });
const OTHER = 'esc_9988776655443322';
const DISPUTED_AT = '2026-03-05T12:00:00.000Z';

function driftsOf(effects: LedgerEffect[], escrows: SeenEscrow[], missing: string[] = []): string[] {
  const drifts = compareEscrows(aLedger(...effects), aService({ missing: new Set(missing) }, ...escrows));
  return drifts.map(({ kind, escrowId }) => `${kind} ${escrowId}`);
}

describe('a creation', () => {
  test('that the service shows as it was made is no drift, whatever its status', () => {
    for (const status of ['locked', 'completed', 'disputed', 'auto_released', 'refunded', 'unrecognized'] as const) {
      expect(driftsOf([CREATION], [aSeen({ status })])).toEqual([]);
    }
  });

  test('whose escrow the service does not have is missing, with all that is known of it', () => {
    const [drift] = compareEscrows(aLedger(CREATION), aService({ missing: new Set([ESCROW_ID]) }));

    expect(drift).toEqual({
      kind: 'escrow-missing',
      escrowId: ESCROW_ID,
      reference: CREATION.reference,
      key: CREATION.key,
      detail: `the ledger says that $50.00 was locked for ${OWNER}; the service has no such escrow`,
    });
  });

  test('whose escrow was not read, or that is in doubt, says nothing', () => {
    expect(driftsOf([CREATION], [])).toEqual([]);
    expect(driftsOf([inDoubt(CREATION)], [], [ESCROW_ID])).toEqual([]);
    expect(driftsOf([inDoubt({ ...CREATION, escrowId: undefined })], [])).toEqual([]);
    expect(driftsOf([inDoubt({ ...CREATION, escrowId: undefined })], [aSeen()])).toEqual([]);
  });

  test.each([
    ['amount', { amount: parseUsd('50.000001'), net: parseUsd('49.500001') }],
    ['counterparty', { counterpartyAgentId: 'ag_another' }],
    ['creator', { creatorAgentId: 'ag_another' }],
    ['description', { description: 'no reference' }],
  ])('of another %s differs', (_, overrides) => {
    expect(driftsOf([CREATION], [aSeen(overrides)])).toEqual([`escrow-differs ${ESCROW_ID}`]);
  });

  test('is judged by its row where that is all there is, and by no view that contradicts itself', () => {
    expect(driftsOf([CREATION], [aSeen({ view: undefined })])).toEqual([]);
    expect(driftsOf([CREATION], [aSeen({ view: undefined, amount: parseUsd('49.00') })])).toEqual([
      `escrow-differs ${ESCROW_ID}`,
    ]);
    expect(driftsOf([CREATION], [aSeen({ amount: parseUsd('49.00') })])).toEqual([]);
  });

  test.each(['rejected', 'prepared'] as const)('that is %s, and whose escrow exists, is contradicted', (state) => {
    const effect = { ...CREATION, escrowId: undefined, state, says: 'did-not' } as const;

    expect(driftsOf([effect], [aSeen()])).toEqual([`escrow-against-ledger ${ESCROW_ID}`]);
    expect(driftsOf([effect], [])).toEqual([]);
  });
});

describe('a reference', () => {
  test('that no intent has is a drift, unless the escrow is so new that its intent may be on its way', () => {
    expect(driftsOf([], [aSeen()])).toEqual([`escrow-without-intent ${ESCROW_ID}`]);
    expect(driftsOf([], [aSeen({ createdAt: afterNoon(-15 * MINUTE - 1).toISOString() })])).toHaveLength(1);
    expect(driftsOf([], [aSeen({ createdAt: afterNoon(-15 * MINUTE).toISOString() })])).toEqual([]);
  });

  test.each([
    ['of another form', { description: 'pf1:short a bonus' }],
    ['that goes on', { description: `${CREATION.reference}x2 a bonus` }],
    ['that is not at the beginning', { description: `re ${CREATION.reference}` }],
    ['of another creator', { creatorAgentId: OWNER }],
    ['from before the time that is looked at', { createdAt: afterNoon(-65 * 24 * 60 * MINUTE - 1).toISOString() }],
  ])('%s is not ours to know', (_, overrides) => {
    expect(driftsOf([], [aSeen(overrides)])).toEqual([]);
  });

  test('on a second escrow is a drift of the second, and of all but the earliest where the first is in doubt', () => {
    const second = aSeen({ escrowId: OTHER, createdAt: afterNoon(-MINUTE).toISOString() });
    const unknown = inDoubt({ ...CREATION, escrowId: undefined });

    expect(driftsOf([CREATION], [second, aSeen()])).toEqual([`reference-repeated ${OTHER}`]);
    expect(driftsOf([{ ...CREATION, escrowId: OTHER }], [second, aSeen()])).toEqual([
      `reference-repeated ${ESCROW_ID}`,
    ]);
    expect(driftsOf([unknown], [second, aSeen()])).toEqual([`reference-repeated ${OTHER}`]);
  });
});

describe('a release', () => {
  test.each(['locked', 'completed', 'disputed', 'refunded'] as const)('that took place of a %s escrow', (status) => {
    expect(driftsOf([CREATION, RELEASE], [aSeen({ status })])).toEqual([`release-not-shown ${ESCROW_ID}`]);
    expect(driftsOf([CREATION, inDoubt(RELEASE)], [aSeen({ status })])).toEqual([]);
    expect(driftsOf([CREATION, didNot(RELEASE)], [aSeen({ status })])).toEqual([]);
  });

  test.each(['released', 'auto_released', 'unrecognized'] as const)('is borne out, or not denied, by %s', (status) => {
    expect(driftsOf([CREATION, RELEASE], [aSeen({ status })])).toEqual([]);
  });

  test('is believed by the status that was read last', () => {
    const seen = aSeen({ status: 'released' });

    expect(driftsOf([CREATION, RELEASE], [{ ...seen, status: 'completed' }])).toEqual([]);
  });

  test('that nobody recorded is a drift; one in doubt explains it', () => {
    const released = aSeen({ status: 'released' });

    expect(driftsOf([CREATION], [released])).toEqual([`release-not-recorded ${ESCROW_ID}`]);
    expect(driftsOf([CREATION, didNot(RELEASE), didNot(DISPUTE)], [released])).toEqual([
      `release-not-recorded ${ESCROW_ID}`,
    ]);
    expect(driftsOf([CREATION, RELEASE], [released])).toEqual([]);
    expect(driftsOf([CREATION, inDoubt(RELEASE)], [released])).toEqual([]);
    expect(driftsOf([inDoubt({ ...CREATION, escrowId: undefined })], [released])).toEqual([
      `release-not-recorded ${ESCROW_ID}`,
    ]);
  });

  test('by the staff, after either party disputed, and one by silence, are nobody of ours', () => {
    expect(driftsOf([CREATION], [aSeen({ status: 'released', disputedAt: DISPUTED_AT })])).toEqual([]);
    expect(driftsOf([CREATION, inDoubt(DISPUTE)], [aSeen({ status: 'released' })])).toEqual([]);
    expect(driftsOf([CREATION], [aSeen({ status: 'auto_released' })])).toEqual([]);
  });

  test('of an escrow that is gone is told once: by its creation, if there is one', () => {
    expect(driftsOf([CREATION, RELEASE], [], [ESCROW_ID])).toEqual([`escrow-missing ${ESCROW_ID}`]);
    expect(driftsOf([RELEASE], [], [ESCROW_ID])).toEqual([`release-not-shown ${ESCROW_ID}`]);
    expect(driftsOf([inDoubt(RELEASE)], [], [ESCROW_ID])).toEqual([]);
  });
});

test('a dispute that took place has to be seen, be it settled since', () => {
  for (const status of ['locked', 'completed'] as const) {
    expect(driftsOf([CREATION, DISPUTE], [aSeen({ status })])).toEqual([`dispute-not-shown ${ESCROW_ID}`]);
    expect(driftsOf([CREATION, inDoubt(DISPUTE)], [aSeen({ status })])).toEqual([]);
  }
  expect(driftsOf([CREATION, DISPUTE], [aSeen({ status: 'refunded' })])).toEqual([`dispute-not-shown ${ESCROW_ID}`]);
  expect(driftsOf([CREATION, DISPUTE], [aSeen({ status: 'refunded', disputedAt: DISPUTED_AT })])).toEqual([]);
  expect(driftsOf([CREATION, DISPUTE], [aSeen({ status: 'disputed', view: undefined })])).toEqual([]);
});

test('a completion that took place is denied by nothing but a lock', () => {
  for (const status of ['completed', 'released', 'refunded', 'disputed', 'auto_released', 'unrecognized'] as const) {
    expect(driftsOf([inDoubt(CREATION), COMPLETION, inDoubt(RELEASE)], [aSeen({ status })])).toEqual([]);
  }
  expect(driftsOf([CREATION, COMPLETION], [aSeen()])).toEqual([`completion-not-shown ${ESCROW_ID}`]);
  expect(driftsOf([CREATION, inDoubt(COMPLETION)], [aSeen()])).toEqual([]);
});
