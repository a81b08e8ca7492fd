import { CLOCK_SKEW_MS } from '../clock-skew.ts';
import { formatUsd, parseUsd, subtractUsd, sumUsd, type MicroUsd } from '../money.ts';
import { isFinal } from '../purple-flea/escrow.ts';
import { RESOLVE_DEFAULTS } from '../ledger/resolve-intents.ts';
import { MAX_NAMED, RECENT_MS, type Baseline } from './baseline.ts';
import { contradictsItself } from './compare-escrows.ts';
import type { Drift, DriftKind } from './drift.ts';
import type { LedgerEffect, LedgerPicture } from './ledger-picture.ts';
import type { SeenEscrow, ServicePicture } from './service-picture.ts';

/** What a comparison of the balance found. */
export interface MoneyComparison {
  readonly drifts: readonly Drift[];
  /** What is worth knowing and contradicts nothing. */
  readonly notes: readonly string[];
  /** What could not be compared, and why. */
  readonly notCompared: readonly string[];
}

/** The least and the most that something can be. */
interface Range {
  readonly least: MicroUsd;
  readonly most: MicroUsd;
}

const ZERO = sumUsd();
const NOTHING: Range = { least: ZERO, most: ZERO };

/** Drifts of escrows whose money may be elsewhere than the service says. Of the others it is where they show it. */
const DOUBTED_BY: ReadonlySet<DriftKind> = new Set<DriftKind>([
  'escrow-differs',
  'release-not-shown',
  'dispute-not-shown',
  'completion-not-shown',
]);

/**
 * Compares the agent's balance with what ledger and escrows explain. What is in doubt, or named as a drift already, counts
 * as a range: it explains either outcome.
 *
 * @param named drifts that were found of escrows.
 * @param baseline undefined before the first complete reconciliation.
 * @param startedAt when this run began: what changed in the ledger before is in the balance.
 */
export function compareMoney(
  ledger: LedgerPicture,
  service: ServicePicture,
  named: readonly Drift[],
  baseline: Baseline | undefined,
  startedAt: Date,
): MoneyComparison {
  const { balance, hasPositions } = service;
  if (service.problems.length + service.gaps.length > 0)
    return notCompared('the balance: not everything could be read');
  // Why is among what was not compared already.
  if (balance === undefined || hasPositions === undefined) return notCompared();
  if (hasPositions) return notCompared('the balance: positions are open');
  const doubtful = new Set(named.flatMap(({ kind, escrowId }) => (DOUBTED_BY.has(kind) ? (escrowId ?? []) : [])));
  const maybePaid = ledger.effects.flatMap(({ kind, escrowId, says }) =>
    kind === 'escrow-release' && says === 'in-doubt' ? (escrowId ?? []) : [],
  );
  const locked = compareLocked(ledger, service, doubtful.union(new Set(maybePaid)));
  const available = compareAvailable(ledger, service, doubtful, { baseline, startedAt });
  return {
    drifts: [...locked.drifts, ...available.drifts],
    notes: available.notes,
    notCompared: [...locked.notCompared, ...available.notCompared],
  };
}

function notCompared(...reasons: string[]): MoneyComparison {
  return { drifts: [], notes: [], notCompared: reasons };
}

function compareLocked(ledger: LedgerPicture, service: ServicePicture, doubtful: ReadonlySet<string>): MoneyComparison {
  const shown = service.balance?.locked;
  if (shown === undefined) return notCompared('what is locked: this dialect does not show it');
  if (ledger.elsewhere !== undefined)
    return notCompared('what is locked: escrows at another address may be part of it');
  const missing = ledger.effects.flatMap(({ kind, escrowId, amountUsd }) =>
    kind === 'escrow-create' && service.missing.has(escrowId ?? '') ? [upTo(parseUsd(amountUsd))] : [],
  );
  const open = [...service.escrows.values()]
    .filter((seen) => !isFinal(seen.status) && (seen.view?.creatorAgentId ?? ledger.agentId) === ledger.agentId)
    .map((seen) => {
      const isSure = seen.status !== 'unrecognized' && !doubtful.has(seen.escrowId);
      return isSure ? exactly(seen.amount) : upTo(seen.amount);
    });
  const expected = sumOf([...open, ...missing]);
  if (isWithin(shown, expected)) return notCompared();
  const detail = `the service shows $${formatUsd(shown)} locked; open escrows are ${describe(expected)}`;
  return { drifts: [{ kind: 'locked-differs', detail }], notes: [], notCompared: [] };
}

function compareAvailable(
  ledger: LedgerPicture,
  service: ServicePicture,
  doubtful: ReadonlySet<string>,
  { baseline, startedAt }: { readonly baseline: Baseline | undefined; readonly startedAt: Date },
): MoneyComparison {
  if (baseline === undefined) return notCompared('the available balance: there is no earlier one to compare with');
  if (baseline.at < service.from) return notCompared('the available balance: the earlier one is too old');
  if (baseline.hasPositions) return notCompared('the available balance: positions were open before');
  if (ledger.effects.some((effect) => isOrderSince(effect, baseline.at))) {
    return notCompared('the available balance: orders were placed meanwhile');
  }
  const now = service.balance?.available ?? ZERO;
  const before = parseUsd(baseline.availableUsd);
  const change = subtractUsd(now, before);
  const unsure = [...service.escrows.values()].find(
    (seen) => isInSpan(seen, baseline) && (seen.status === 'unrecognized' || contradictsItself(seen)),
  );
  if (unsure !== undefined) {
    return notCompared(`the available balance: ${unsure.escrowId} is ${unsure.statusShown}, which explains nothing`);
  }
  const expected = sumOf([
    ...escrowsSince(ledger, service, baseline, doubtful),
    ...ledger.effects.map((effect) => paymentSince(effect, baseline, startedAt)),
  ]);
  if (change < expected.least) {
    const missing = formatUsd(subtractUsd(expected.least, change));
    const detail = `$${missing} left the available balance since ${baseline.at} and nothing known explains it: it went from $${baseline.availableUsd} to $${formatUsd(now)}`;
    return { drifts: [{ kind: 'unexplained-outflow', detail }], notes: [], notCompared: [] };
  }
  const more = subtractUsd(change, expected.most);
  const notes = more > 0n ? [`$${formatUsd(more)} came in since ${baseline.at} that nothing known explains`] : [];
  return { drifts: [], notes, notCompared: [] };
}

/** Whether something certainly came before something else, whoever dated them. */
function isSurelyBefore(one: string, other: string): boolean {
  return Date.parse(one) + CLOCK_SKEW_MS < Date.parse(other);
}

/** An order may have been filled whenever it was last changed; one that was never claimed was not sent. */
function isOrderSince({ kind, sentAt, updatedAt }: LedgerEffect, since: string): boolean {
  return kind === 'trade-order' && sentAt !== undefined && !isSurelyBefore(updatedAt, since);
}

function isInSpan(seen: SeenEscrow, { at, open, recent }: Baseline): boolean {
  if (open[seen.escrowId] !== undefined) return true;
  return Date.parse(seen.createdAt) > Date.parse(at) - RECENT_MS && !recent.includes(seen.escrowId);
}

/** What escrows did to the available balance since the baseline: locks of the new, refunds of all that were open. */
function escrowsSince(
  ledger: LedgerPicture,
  service: ServicePicture,
  baseline: Baseline,
  doubtful: ReadonlySet<string>,
): Range[] {
  const seen = [...service.escrows.values()].filter(
    (one) => isInSpan(one, baseline) && (one.view?.creatorAgentId ?? ledger.agentId) === ledger.agentId,
  );
  const gone = Object.entries(baseline.open).filter(([escrowId]) => service.missing.has(escrowId));
  const neverSeen = ledger.effects.filter(
    ({ kind, escrowId = '', sentAt = '' }) =>
      kind === 'escrow-create' &&
      service.missing.has(escrowId) &&
      baseline.open[escrowId] === undefined &&
      !baseline.recent.includes(escrowId) &&
      sentAt >= baseline.at,
  );
  return [
    ...seen.map((one) => {
      const then = baseline.open[one.escrowId];
      const taken = doubtful.has(one.escrowId) ? downTo(one.amount) : takenBy(one, service);
      return minus(taken, then === undefined ? NOTHING : exactly(negated(parseUsd(then))));
    }),
    ...gone.map(([, amountUsd]) => upTo(parseUsd(amountUsd))),
    ...neverSeen.map(({ amountUsd }) => downTo(parseUsd(amountUsd))),
  ];
}

/** What an escrow has taken out of the available balance, all in all: its amount, or what a refund left of it. */
function takenBy(seen: SeenEscrow, { profile }: ServicePicture): Range {
  if (seen.status !== 'refunded') return exactly(negated(seen.amount));
  const fee = seen.view?.fee ?? seen.amount;
  // A timer refunds by the dialect's rule; after a dispute the staff do as they see fit.
  if (seen.view === undefined || seen.view.disputedAt !== undefined) return downTo(fee);
  return profile === 'reference' ? NOTHING : exactly(negated(fee));
}

/** What a transfer or a claim did to the available balance between the two readings of it. */
function paymentSince(effect: LedgerEffect, baseline: Baseline, startedAt: Date): Range {
  const { kind, says, amountUsd, sentAt, updatedAt } = effect;
  if ((kind !== 'transfer' && kind !== 'faucet-claim') || says === 'did-not' || sentAt === undefined) return NOTHING;
  const amount = parseUsd(amountUsd);
  const range = kind === 'transfer' ? downTo(amount) : upTo(amount);
  const latest = new Date(Date.parse(sentAt) + RESOLVE_DEFAULTS.quarantineMs).toISOString();
  const doneBy = says === 'took-place' && updatedAt < latest ? updatedAt : latest;
  if (isSurelyBefore(doneBy, baseline.at)) return NOTHING;
  const isBetween = isSurelyBefore(baseline.until, sentAt) && isSurelyBefore(doneBy, startedAt.toISOString());
  if (says !== 'took-place' || !isBetween) return range;
  return exactly(kind === 'transfer' ? negated(amount) : amount);
}

/**
 * What the next reconciliation is to compare with; undefined where this one did not see enough.
 *
 * @param named drifts that were found of escrows.
 * @param startedAt when the run began.
 */
export function baselineOf(
  ledger: LedgerPicture,
  service: ServicePicture,
  named: readonly Drift[],
  startedAt: Date,
): Baseline | undefined {
  const { balance, hasPositions } = service;
  if (service.problems.length > 0 || balance === undefined || hasPositions === undefined) return undefined;
  const own = [...service.escrows.values()].filter(
    ({ view }) => view === undefined || view.creatorAgentId === ledger.agentId,
  );
  const open = own.filter(({ status }) => !isFinal(status));
  const recent = own.filter(({ createdAt }) => Date.parse(createdAt) > startedAt.getTime() - RECENT_MS);
  if (open.length + recent.length > MAX_NAMED) return undefined;
  return {
    agentId: ledger.agentId,
    at: startedAt.toISOString(),
    until: service.balanceUntil,
    availableUsd: formatUsd(balance.available),
    hasPositions,
    open: Object.fromEntries(open.map(({ escrowId, amount }) => [escrowId, formatUsd(amount)])),
    recent: recent.map(({ escrowId }) => escrowId),
    drifted: [...new Set(named.flatMap(({ escrowId }) => escrowId ?? []))],
  };
}

function exactly(amount: MicroUsd): Range {
  return { least: amount, most: amount };
}

function upTo(most: MicroUsd): Range {
  return { least: ZERO, most };
}

function downTo(amount: MicroUsd): Range {
  return { least: negated(amount), most: ZERO };
}

function negated(amount: MicroUsd): MicroUsd {
  return subtractUsd(ZERO, amount);
}

function minus(range: Range, less: Range): Range {
  return { least: subtractUsd(range.least, less.most), most: subtractUsd(range.most, less.least) };
}

function sumOf(ranges: readonly Range[]): Range {
  return { least: sumUsd(...ranges.map(({ least }) => least)), most: sumUsd(...ranges.map(({ most }) => most)) };
}

function isWithin(amount: MicroUsd, { least, most }: Range): boolean {
  return amount >= least && amount <= most;
}

function describe({ least, most }: Range): string {
  return least === most ? `$${formatUsd(least)}` : `between $${formatUsd(least)} and $${formatUsd(most)}`;
}
