import { describe, expect, test } from '@jest/globals';
import { parseUsd } from '../../../../src/money.ts';
import { baselineOf, compareMoney } from '../../../../src/reconciliation/compare-money.ts';
import type { Baseline } from '../../../../src/reconciliation/baseline.ts';
import type { LedgerEffect } from '../../../../src/reconciliation/ledger-picture.ts';
import type { SeenEscrow, ServicePicture } from '../../../../src/reconciliation/service-picture.ts';
import { ESCROW_ID, OWNER, TREASURY } from '../../../support/bonus-escrow.ts';
import { afterNoon, MINUTE, NOON } from '../../../support/effects.ts';
import { aBaseline, aLedger, aLedgerEffect, aSeen, aService } from '../../../support/pictures.ts';

const CREATION = aLedgerEffect();
const TRANSFER = aLedgerEffect({ kind: 'transfer', escrowId: undefined, amountUsd: '20.00' });
const CLAIM = aLedgerEffect({ kind: 'faucet-claim', escrowId: undefined, amountUsd: '1.00' });
const ORDER = aLedgerEffect({ kind: 'trade-order', escrowId: undefined });
const doubted = (effect: LedgerEffect): LedgerEffect => ({ ...effect, state: 'manual', says: 'in-doubt' });

interface Given {
  readonly effects?: readonly LedgerEffect[];
  readonly escrows?: readonly SeenEscrow[];
  readonly service?: Partial<ServicePicture>;
  readonly baseline?: Baseline | undefined;
  readonly named?: Parameters<typeof compareMoney>[2];
}

/** A thousand before; one escrow of fifty since then. */
function compare(available: string, locked: string | undefined, given: Given = {}) {
  const { effects = [CREATION], escrows = [aSeen()], service = {}, named = [] } = given;
  const baseline = 'baseline' in given ? given.baseline : aBaseline();
  const balance = {
    agentId: TREASURY,
    available: parseUsd(available),
    locked: locked === undefined ? undefined : parseUsd(locked),
  };
  const picture = aService({ balance, ...service }, ...escrows);
  const { drifts, notes, notCompared } = compareMoney(aLedger(...effects), picture, named, baseline, NOON);
  return { drifts: drifts.map(({ kind }) => kind), notes: notes.length, notCompared };
}

const FINE = { drifts: [], notes: 0, notCompared: [] };

describe('what is locked', () => {
  test('is what open escrows add up to, to the millionth', () => {
    expect(compare('950.00', '50.00')).toEqual(FINE);
    expect(compare('950.00', '50.000001').drifts).toEqual(['locked-differs']);
    expect(compare('950.00', '49.999999').drifts).toEqual(['locked-differs']);
  });

  test.each(['locked', 'completed', 'disputed'] as const)('is an escrow that is %s, and no other', (status) => {
    expect(compare('950.00', '50.00', { escrows: [aSeen({ status })] }).drifts).toEqual([]);
    expect(compare('950.00', '50.00', { escrows: [aSeen({ status: 'released' })] }).drifts).toEqual(['locked-differs']);
  });

  test('may be anything up to the amount where a release is in doubt, or the escrow is gone or denies the ledger', () => {
    const release = doubted(aLedgerEffect({ kind: 'escrow-release' }));
    const gone = { missing: new Set([ESCROW_ID]) };
    for (const [locked, drifts] of [
      ['0.00', []],
      ['0.50', []],
      ['50.00', []],
      ['50.000001', ['locked-differs']],
    ] as const) {
      expect(compare('950.00', locked, { effects: [CREATION, release] }).drifts).toEqual(drifts);
      expect(compare('950.00', locked, { escrows: [], service: gone }).drifts).toEqual(drifts);
      const named = [{ kind: 'release-not-shown', escrowId: ESCROW_ID, detail: '' }] as const;
      expect(compare('950.00', locked, { named }).drifts).toEqual(drifts);
    }
  });

  test('is sure where what was found of the escrow says nothing of its money', () => {
    const named = [{ kind: 'reference-repeated', escrowId: ESCROW_ID, detail: '' }] as const;

    expect(compare('950.00', '0.00', { named }).drifts).toEqual(['locked-differs']);
  });

  test('leaves out escrows that another agent created, and is not shown by every dialect', () => {
    const theirs = aSeen({ escrowId: 'esc_1', creatorAgentId: OWNER });

    expect(compare('950.00', '50.00', { escrows: [aSeen(), theirs] })).toEqual(FINE);
    expect(compare('950.00', undefined).notCompared).toEqual(['what is locked: this dialect does not show it']);
  });
});

describe('what is available', () => {
  test('is less by the escrows that are new, to the millionth', () => {
    expect(compare('950.00', '50.00')).toEqual(FINE);
    expect(compare('949.999999', '50.00')).toMatchObject({ drifts: ['unexplained-outflow'], notes: 0 });
    expect(compare('950.000001', '50.00')).toMatchObject({ drifts: [], notes: 1 });
  });

  test('is as before where the escrow was there before, open or not', () => {
    expect(compare('1000.00', '50.00', { baseline: aBaseline({ open: { [ESCROW_ID]: '50.00' } }) })).toEqual(FINE);
    const at = afterNoon(-23 * 60 * MINUTE).toISOString();
    expect(compare('1000.00', '50.00', { baseline: aBaseline({ at, until: at }) })).toEqual(FINE);
    const recent = aBaseline({ at: afterNoon(-23.5 * 60 * MINUTE).toISOString(), recent: [ESCROW_ID] });
    expect(compare('1000.00', '0.00', { baseline: recent, escrows: [aSeen({ status: 'released' })] })).toEqual(FINE);
  });

  test.each([
    ['reference', undefined, '1000.00', '1000.00'],
    ['published', undefined, '999.50', '999.50'],
    ['reference', '2026-03-05T12:00:00.000Z', '999.50', '1000.00'],
    ['published', '2026-03-05T12:00:00.000Z', '999.50', '1000.00'],
  ] as const)('is what a refund of %s leaves, disputed at %s', (profile, disputedAt, least, most) => {
    const given = { escrows: [aSeen({ status: 'refunded', disputedAt })], service: { profile } };

    expect(compare(least, '0.00', given)).toEqual(FINE);
    expect(compare(most, '0.00', given)).toEqual(FINE);
    expect(compare(String(Number(least) - 0.01), '0.00', given).drifts).toEqual(['unexplained-outflow']);
    expect(compare(String(Number(most) + 0.01), '0.00', given).notes).toBe(1);
    const before = { ...given, baseline: aBaseline({ open: { [ESCROW_ID]: '50.00' }, availableUsd: '950.00' }) };
    expect(compare(least, '0.00', before)).toEqual(FINE);
  });

  test('is less by transfers and more by claims; one that is in doubt explains either', () => {
    expect(compare('930.00', '50.00', { effects: [CREATION, TRANSFER] })).toEqual(FINE);
    expect(compare('951.00', '50.00', { effects: [CREATION, CLAIM] })).toEqual(FINE);
    expect(compare('950.00', '50.00', { effects: [CREATION, CLAIM] }).drifts).toEqual(['unexplained-outflow']);
    for (const available of ['930.00', '950.00']) {
      expect(compare(available, '50.00', { effects: [CREATION, doubted(TRANSFER)] })).toEqual(FINE);
    }
    expect(compare('929.99', '50.00', { effects: [CREATION, doubted(TRANSFER)] }).drifts).toHaveLength(1);
    expect(compare('950.00', '50.00', { effects: [CREATION, doubted(CLAIM)] })).toEqual(FINE);
    const rejected = { ...TRANSFER, state: 'rejected', says: 'did-not' } as const;
    expect(compare('930.00', '50.00', { effects: [CREATION, rejected] }).drifts).toEqual(['unexplained-outflow']);
  });

  test('knows a transfer from before the last time, and takes one from about that time for either', () => {
    const sentBefore = (minutes: number, endedAfter: number) => {
      const sent = Date.parse(aBaseline().at) - minutes * MINUTE;
      const updatedAt = new Date(sent + endedAfter * MINUTE).toISOString();
      return { ...TRANSFER, sentAt: new Date(sent).toISOString(), updatedAt };
    };
    const outcomes = (effect: LedgerEffect) =>
      ['930.00', '950.00'].map((available) => compare(available, '50.00', { effects: [CREATION, effect] }).drifts);

    expect(outcomes(sentBefore(10, 1))).toEqual([['unexplained-outflow'], []]);
    expect(outcomes(sentBefore(6, 2))).toEqual([[], []]);
    expect(outcomes(sentBefore(-4, 1))).toEqual([[], []]);
    expect(outcomes(sentBefore(-6, 1))).toEqual([[], []]);
    expect(compare('950.00', '50.00', { effects: [CREATION, sentBefore(-6, 1)] }).notes).toBe(1);
    // A person decided it a day later: it took effect within the quarantine, or never.
    expect(outcomes(sentBefore(21, 24 * 60))).toEqual([['unexplained-outflow'], []]);
  });

  test('is not compared where orders or positions are about, or there is nothing to compare with', () => {
    const why = (given: Given) => compare('1.00', '50.00', given);
    const at = (minutes: number) => afterNoon(minutes * MINUTE - 48 * 60 * MINUTE).toISOString();

    for (const given of [
      { effects: [CREATION, ORDER] },
      { effects: [CREATION, { ...ORDER, updatedAt: at(-4) }] },
      { service: { hasPositions: true } },
      { service: { hasPositions: undefined } },
      { baseline: aBaseline({ hasPositions: true }) },
      { baseline: undefined },
      { baseline: aBaseline({ at: afterNoon(-66 * 24 * 60 * MINUTE).toISOString() }) },
      { service: { problems: ['a read failed'] } },
      { service: { gaps: ['rows are missing'] } },
      { service: { balance: undefined } },
      { escrows: [aSeen({ status: 'unrecognized' })] },
    ]) {
      expect(why(given).drifts).toEqual([]);
    }
    expect(why({ effects: [CREATION, { ...ORDER, updatedAt: at(-6) }] }).drifts).toEqual(['unexplained-outflow']);
    expect(why({ effects: [CREATION, { ...ORDER, sentAt: undefined }] }).drifts).toEqual(['unexplained-outflow']);
  });

  test('counts an escrow that the service lost as taken or given back', () => {
    const service = { missing: new Set([ESCROW_ID]) };
    const before = aBaseline({ open: { [ESCROW_ID]: '50.00' }, availableUsd: '950.00' });
    for (const available of ['950.00', '1000.00']) {
      expect(compare(available, '0.00', { escrows: [], service }).drifts).toEqual([]);
      expect(compare(available, '0.00', { escrows: [], service, baseline: before })).toEqual(FINE);
    }
    expect(compare('949.99', '0.00', { escrows: [], service }).drifts).toEqual(['unexplained-outflow']);
    expect(compare('949.99', '0.00', { escrows: [], service, baseline: before }).drifts).toHaveLength(1);
  });
});

describe('a baseline', () => {
  test('names what can still change and what is new, and what has a drift', () => {
    const settled = aSeen({ escrowId: 'esc_2', status: 'released' });
    const fresh = aSeen({ escrowId: 'esc_3', status: 'refunded', createdAt: afterNoon(-59 * MINUTE).toISOString() });
    const theirs = aSeen({ escrowId: 'esc_4', creatorAgentId: OWNER });
    const service = aService({}, aSeen(), settled, fresh, theirs);

    expect(baselineOf(aLedger(), service, [{ kind: 'escrow-differs', escrowId: 'esc_2', detail: '' }], NOON)).toEqual({
      agentId: TREASURY,
      at: NOON.toISOString(),
      until: NOON.toISOString(),
      availableUsd: '950.00',
      hasPositions: false,
      open: { [ESCROW_ID]: '50.00' },
      recent: ['esc_3'],
      drifted: ['esc_2'],
    });
  });

  test('is left by no picture that is not whole; what is out of sight for good does not count', () => {
    for (const partly of [{ problems: ['a read failed'] }, { balance: undefined }, { hasPositions: undefined }]) {
      expect(baselineOf(aLedger(), aService(partly), [], NOON)).toBeUndefined();
    }
    expect(baselineOf(aLedger(), aService({ gaps: ['rows are missing'] }), [], NOON)).toBeDefined();
    const many = Array.from({ length: 4_001 }, (_, index) => aSeen({ escrowId: `esc_${index}` }));
    expect(baselineOf(aLedger(), aService({}, ...many), [], NOON)).toBeUndefined();
  });
});
