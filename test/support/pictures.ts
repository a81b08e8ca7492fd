import { parseUsd } from '../../src/money.ts';
import type { Baseline } from '../../src/reconciliation/baseline.ts';
import type { LedgerEffect, LedgerPicture } from '../../src/reconciliation/ledger-picture.ts';
import type { SeenEscrow, ServicePicture } from '../../src/reconciliation/service-picture.ts';
import { aView, ESCROW_ID, OWNER, TREASURY } from './bonus-escrow.ts';
import { afterNoon, aNewIntent, MINUTE, NOON } from './effects.ts';

const EARLIER = afterNoon(-24 * 60 * MINUTE).toISOString();

/** An effect that took place a day before noon: by default the creation of `aSeen`. */
export function aLedgerEffect(overrides: Partial<LedgerEffect> & { readonly subject?: string } = {}): LedgerEffect {
  const { subject = 'a-subject', ...others } = overrides;
  const { key, kind, reference, cause } = aNewIntent({ kind: others.kind ?? 'escrow-create', subject });
  return {
    key,
    kind,
    reference,
    cause,
    payee: OWNER,
    amountUsd: '50.00',
    state: 'applied',
    fence: 1,
    sentAt: EARLIER,
    updatedAt: EARLIER,
    escrowId: ESCROW_ID,
    says: 'took-place',
    ...others,
  };
}

export function aLedger(...effects: LedgerEffect[]): LedgerPicture {
  return { agentId: TREASURY, effects, settledBefore: afterNoon(-15 * MINUTE).toISOString() };
}

/** The escrow of `aLedgerEffect` as its own status shows it. Whatever is changed is changed in row and status alike. */
export function aSeen(overrides: Partial<SeenEscrow> & Parameters<typeof aView>[0] = {}): SeenEscrow {
  const description = `${aLedgerEffect().reference} a bonus`;
  const view = aView({ description, createdAt: EARLIER, ...overrides });
  return { ...view, view, ...('view' in overrides ? { view: overrides.view } : {}) };
}

export function aService(overrides: Partial<ServicePicture> = {}, ...escrows: SeenEscrow[]): ServicePicture {
  return {
    profile: 'reference',
    from: afterNoon(-65 * 24 * 60 * MINUTE).toISOString(),
    escrows: new Map(escrows.map((seen) => [seen.escrowId, seen])),
    missing: new Set(),
    balance: { agentId: TREASURY, available: parseUsd('950.00'), locked: parseUsd('50.00') },
    balanceUntil: NOON.toISOString(),
    hasPositions: false,
    problems: [],
    gaps: [],
    notCompared: [],
    ...overrides,
  };
}

/** What a reconciliation left two days before noon, before `aSeen` was created. */
export function aBaseline(overrides: Partial<Baseline> = {}): Baseline {
  const at = afterNoon(-48 * 60 * MINUTE).toISOString();
  return {
    agentId: TREASURY,
    at,
    until: at,
    availableUsd: '1000.00',
    hasPositions: false,
    open: {},
    recent: [],
    drifted: [],
    ...overrides,
  };
}
