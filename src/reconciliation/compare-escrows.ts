import { formatUsd, parseUsd, sumUsd } from '../money.ts';
import type { ShownStatus } from '../purple-flea/escrow.ts';
import type { Drift } from './drift.ts';
import type { LedgerEffect, LedgerPicture } from './ledger-picture.ts';
import type { SeenEscrow, ServicePicture } from './service-picture.ts';

/**
 * Compares what the ledger says of escrows with what the service shows of them. What was not read, and what is in doubt,
 * gives no drift. An escrow that is known by a row of a list alone is judged by the row: have its status read before any
 * of it is believed.
 */
export function compareEscrows(ledger: LedgerPicture, service: ServicePicture): Drift[] {
  const creations = ledger.effects.filter(({ kind }) => kind === 'escrow-create');
  return [
    ...creations.flatMap((creation) => compareCreation(creation, service, ledger.agentId)),
    ...compareReferences(creations, service, ledger),
    ...compareSettlements(ledger.effects, creations, service),
  ];
}

/** The status as it was seen last. */
export function statusOf({ status, view }: SeenEscrow): ShownStatus {
  return view?.status ?? status;
}

function compareCreation(creation: LedgerEffect, service: ServicePicture, agentId: string): Drift[] {
  const { escrowId, reference, key, says, amountUsd, payee } = creation;
  if (says !== 'took-place' || escrowId === undefined) return [];
  if (service.missing.has(escrowId)) {
    const detail = `the ledger says that $${amountUsd} was locked for ${payee}; the service has no such escrow`;
    return [{ kind: 'escrow-missing', escrowId, reference, key, detail }];
  }
  const seen = service.escrows.get(escrowId);
  const differences = seen === undefined || contradictsItself(seen) ? [] : differencesOf(creation, seen, agentId);
  if (differences.length === 0) return [];
  return [{ kind: 'escrow-differs', escrowId, reference, key, detail: differences.join('; ') }];
}

/** A view whose amounts do not add up says nothing. */
export function contradictsItself({ view }: SeenEscrow): boolean {
  return view !== undefined && sumUsd(view.fee, view.net) !== view.amount;
}

function differencesOf({ amountUsd, payee, reference }: LedgerEffect, seen: SeenEscrow, agentId: string): string[] {
  const { view } = seen;
  return [
    ...(seen.amount === parseUsd(amountUsd)
      ? []
      : [`the ledger says $${amountUsd}, the service $${formatUsd(seen.amount)}`]),
    ...(view === undefined || view.counterpartyAgentId === payee
      ? []
      : [`the ledger says that it is for ${payee}, the service for ${view.counterpartyAgentId}`]),
    ...(view === undefined || view.creatorAgentId === agentId
      ? []
      : [`the ledger says that ${agentId} created it, the service ${view.creatorAgentId}`]),
    ...(seen.description.startsWith(reference) ? [] : [`its description does not begin with ${reference}`]),
  ];
}

const REFERENCE = /^pf1:[a-z2-7]{20}(?![a-z2-7])/;

/** The client reference that an escrow bears, if any. */
export function referenceOn({ description }: Pick<SeenEscrow, 'description'>): string | undefined {
  return REFERENCE.exec(description)?.[0];
}

function compareReferences(
  creations: readonly LedgerEffect[],
  service: ServicePicture,
  { settledBefore, agentId, elsewhere }: LedgerPicture,
): Drift[] {
  const byReference = new Map(creations.map((creation) => [creation.reference, creation]));
  const tagged = Map.groupBy(
    [...service.escrows.values()].filter((seen) => isWithin(seen, service.from) && isBy(seen, agentId)),
    referenceOn,
  );
  return [...tagged].flatMap(([reference, escrows]) => {
    // A service that moved with its books shows what was sent to its former address.
    if (reference === undefined || elsewhere?.has(reference) === true) return [];
    const creation = byReference.get(reference);
    if (creation === undefined) {
      const settled = escrows.filter(({ createdAt }) => Date.parse(createdAt) < Date.parse(settledBefore));
      return settled.map(({ escrowId, amount, createdAt }): Drift => {
        const detail = `$${formatUsd(amount)} were locked at ${createdAt} with a reference that no intent has`;
        return { kind: 'escrow-without-intent', escrowId, reference, detail };
      });
    }
    return compareWithCreation(creation, escrows);
  });
}

function compareWithCreation(creation: LedgerEffect, escrows: readonly SeenEscrow[]): Drift[] {
  const { reference, key, state } = creation;
  if (creation.says === 'did-not') {
    return escrows.map(({ escrowId, amount }): Drift => {
      const detail = `the ledger says "${state}", that it was not created; the service has it, for $${formatUsd(amount)}`;
      return { kind: 'escrow-against-ledger', escrowId, reference, key, detail };
    });
  }
  const owned = creation.escrowId ?? earliest(escrows)?.escrowId;
  const others = escrows.filter(({ escrowId }) => escrowId !== owned);
  return others.map(({ escrowId, amount }): Drift => {
    const detail = `a second escrow of one intent, for $${formatUsd(amount)}; its first is ${owned}`;
    return { kind: 'reference-repeated', escrowId, reference, key, detail };
  });
}

function earliest(escrows: readonly SeenEscrow[]): SeenEscrow | undefined {
  return escrows.toSorted((one, other) =>
    one.createdAt === other.createdAt
      ? one.escrowId.localeCompare(other.escrowId)
      : Date.parse(one.createdAt) - Date.parse(other.createdAt),
  )[0];
}

function isWithin({ createdAt }: SeenEscrow, from: string): boolean {
  return Date.parse(createdAt) >= Date.parse(from);
}

function isBy({ view }: SeenEscrow, agentId: string): boolean {
  return view === undefined || view.creatorAgentId === agentId;
}

/** What is known of the settlements of one escrow. */
interface Settlements {
  readonly creation: LedgerEffect | undefined;
  readonly others: readonly LedgerEffect[];
}

function compareSettlements(
  effects: readonly LedgerEffect[],
  creations: readonly LedgerEffect[],
  service: ServicePicture,
): Drift[] {
  const settling = Map.groupBy(
    effects.filter(({ kind, escrowId }) => kind.startsWith('escrow-') && kind !== 'escrow-create' && escrowId),
    ({ escrowId }) => escrowId,
  );
  const created = new Map(creations.flatMap((one) => (one.escrowId === undefined ? [] : [[one.escrowId, one]])));
  const inDoubt = new Map(
    creations.filter(({ escrowId }) => escrowId === undefined).map((one) => [one.reference, one]),
  );
  const ids = new Set([...settling.keys(), ...service.escrows.keys()].filter((id) => id !== undefined));
  return [...ids].flatMap((escrowId) => {
    const seen = service.escrows.get(escrowId);
    const doubtful = seen === undefined ? undefined : inDoubt.get(referenceOn(seen) ?? '');
    const creation = created.get(escrowId) ?? (doubtful?.says === 'in-doubt' ? doubtful : undefined);
    const settlements = { creation, others: settling.get(escrowId) ?? [] };
    if (seen !== undefined) return compareStatus(seen, settlements);
    return service.missing.has(escrowId) ? compareMissing(escrowId, settlements) : [];
  });
}

/** Where the creation is known, it is named itself. */
function compareMissing(escrowId: string, { creation, others }: Settlements): Drift[] {
  if (creation?.says === 'took-place') return [];
  return others
    .filter(({ says }) => says === 'took-place')
    .map(({ kind, reference, key }) => {
      const detail = 'the ledger says that it took place; the service has no such escrow';
      return { kind: DRIFT_OF_KIND[kind] ?? 'escrow-missing', escrowId, reference, key, detail };
    });
}

const DRIFT_OF_KIND: Readonly<Partial<Record<LedgerEffect['kind'], Drift['kind']>>> = {
  'escrow-release': 'release-not-shown',
  'escrow-dispute': 'dispute-not-shown',
  'escrow-complete': 'completion-not-shown',
};

function compareStatus(seen: SeenEscrow, { creation, others }: Settlements): Drift[] {
  const status = statusOf(seen);
  if (status === 'unrecognized') return [];
  const contradicted = others.filter((effect) => effect.says === 'took-place' && !isShown(effect, seen, status));
  return [
    ...contradicted.flatMap(({ kind, reference, key, updatedAt }): Drift[] => {
      const drift = DRIFT_OF_KIND[kind];
      const detail = `the ledger says "applied" since ${updatedAt}; the escrow is ${status}`;
      return drift === undefined ? [] : [{ kind: drift, escrowId: seen.escrowId, reference, key, detail }];
    }),
    ...compareReleased(seen, status, creation, others),
  ];
}

/** Whether an escrow bears out that an effect took place, or at least does not deny it. */
function isShown({ kind }: LedgerEffect, { view }: SeenEscrow, status: ShownStatus): boolean {
  switch (kind) {
    case 'escrow-release':
      return status === 'released' || status === 'auto_released';
    case 'escrow-dispute':
      return status === 'disputed' || view?.disputedAt !== undefined;
    case 'escrow-complete':
      return status !== 'locked';
    case 'escrow-create':
    case 'trade-order':
    case 'paper-order':
    case 'transfer':
    case 'faucet-claim':
      return true;
  }
}

/** Who disputes an escrow, whichever party, leaves it to the service's staff to release. */
function compareReleased(
  seen: SeenEscrow,
  status: ShownStatus,
  creation: LedgerEffect | undefined,
  others: readonly LedgerEffect[],
): Drift[] {
  if (status !== 'released' || creation === undefined || creation.says === 'did-not') return [];
  const isExplained =
    seen.view?.disputedAt !== undefined ||
    others.some(({ kind, says }) => (kind === 'escrow-release' || kind === 'escrow-dispute') && says !== 'did-not');
  if (isExplained) return [];
  const { escrowId, amount } = seen;
  const { reference, key, payee } = creation;
  const detail = `$${formatUsd(amount)} were released to ${payee}; no release is recorded as applied or in doubt`;
  return [{ kind: 'release-not-recorded', escrowId, reference, key, detail }];
}
