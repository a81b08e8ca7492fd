import type { Intent, IntentStore } from '../ledger/intent.ts';
import { isAt } from '../ledger/owner.ts';
import { RESOLVE_DEFAULTS } from '../ledger/resolve-intents.ts';
import type { EscrowRow } from '../purple-flea/escrow.ts';
import { RECENT_MS, type Baseline, type BaselineStore } from './baseline.ts';
import { compareEscrows, referenceOn } from './compare-escrows.ts';
import { baselineOf, compareMoney, type MoneyComparison } from './compare-money.ts';
import { driftName, type Drift } from './drift.ts';
import {
  isAtPlaces,
  pictureOf,
  readAgain,
  readLedger,
  type ComparedPlaces,
  type LedgerPicture,
  type LedgerReading,
} from './ledger-picture.ts';
import { LOOK_BACK_MS } from './look-back.ts';
import {
  hasTime,
  lookAgainAt,
  lookAtService,
  type ServicePicture,
  type ServiceReader,
  type Wanted,
} from './service-picture.ts';

export interface ReconcileDeps extends ServiceReader {
  readonly intents: IntentStore;
  readonly baselines: BaselineStore;
  /** The agent whose key the clients use. */
  readonly agentId: string;
  /** Where the clients read. */
  readonly places: ComparedPlaces;
}

/** What one reconciliation found. */
export interface Reconciliation {
  readonly agentId: string;
  /** Each was found twice: in the picture, and when what it is about was read again. */
  readonly drifts: readonly Drift[];
  /** What is worth knowing and contradicts nothing. */
  readonly notes: readonly string[];
  /** What this dialect or this moment does not show. */
  readonly notCompared: readonly string[];
  /** Why it is not complete; empty where it is. */
  readonly problems: readonly string[];
  /** How much was compared. */
  readonly intents: number;
  readonly escrows: number;
  /** To be kept for the next; undefined where the earlier one is to stay. */
  readonly baseline: Baseline | undefined;
}

const DAY_MS = 24 * 3_600_000;

/** What changed within this time of the run is left to the next: a request may take effect until then. */
export const SETTLING_MS = RESOLVE_DEFAULTS.quarantineMs;

/** More drifts than this say that something else is wrong, such as another agent's key. */
const MAX_CONFIRMED = 200;

/**
 * Compares the ledger with the service. The ledger is read before and after it, and what moved in between explains either
 * outcome; whatever looks like a drift is read again before it is told. Changes nothing.
 */
export async function reconcile(deps: ReconcileDeps): Promise<Reconciliation> {
  const startedAt = deps.now();
  const kept = await deps.baselines.read(deps.agentId);
  const before = await readLedgerOf(deps, startedAt);
  if (!before.isAll) return unfinished(deps.agentId, before);
  const baseline = kept !== undefined && isFrom(deps.places, kept, before) ? kept : undefined;
  const wanted = wantedOf(deps.agentId, before, baseline, startedAt);
  const first = await takePictures(deps, before, wanted, startedAt);
  const { drifts: found, ledger, service, overflow } = await confirmEscrows(deps, first);
  const money = await confirmMoney(deps, { ...first, ledger, service }, found, wanted, { baseline, startedAt });
  const foreign = [...service.escrows.values()].filter((seen) => referenceOn(seen) === undefined).length;
  return {
    agentId: deps.agentId,
    drifts: [...found, ...money.drifts],
    notes: [
      ...(foreign === 0 ? [] : [`${foreign} escrows bear no reference of this project; nothing is said of them`]),
      ...money.notes,
    ],
    notCompared: [...new Set([...setAside(ledger), ...service.notCompared, ...money.notCompared])],
    problems: [...new Set([...first.problems, ...service.problems, ...service.gaps, ...overflow, ...money.problems])],
    intents: ledger.effects.length,
    escrows: service.escrows.size,
    baseline:
      first.problems.length + money.problems.length > 0
        ? undefined
        : withPlaces(deps.places, baselineOf(ledger, service, found, startedAt)),
  };
}

/** What was read at another address explains nothing here. An earlier release did not say where. */
function isFrom({ escrow, wallet }: ComparedPlaces, { places }: Baseline, ledger: LedgerReading): boolean {
  if (places === undefined) return ledger.elsewhere === undefined;
  return isAt({ service: places.escrow }, escrow) && isAt({ service: places.wallet }, wallet);
}

function withPlaces(places: ComparedPlaces, baseline: Baseline | undefined): Baseline | undefined {
  return baseline === undefined ? undefined : { ...baseline, places };
}

function setAside({ elsewhere }: LedgerPicture): readonly string[] {
  if (elsewhere === undefined) return [];
  return [`${elsewhere.size} effects at an address or in a dialect that is not configured any more`];
}

/** Both sides as they were at about the same time. */
interface Pictures {
  readonly ledger: LedgerPicture;
  readonly service: ServicePicture;
  readonly problems: readonly string[];
}

/** Creations are looked for a day further back than escrows, so that none of these lacks its intent. */
function readLedgerOf(deps: ReconcileDeps, startedAt: Date): Promise<LedgerReading> {
  const since = new Date(startedAt.getTime() - LOOK_BACK_MS - DAY_MS);
  const isHere = (intent: Intent) => isAtPlaces(intent, deps.places);
  return readLedger(deps.intents, deps.agentId, since, () => hasTime(deps), isHere);
}

function unfinished(agentId: string, { intents }: LedgerReading): Reconciliation {
  const problems = ['the ledger could not be read whole: nothing was compared'];
  const nothing = { drifts: [], notes: [], notCompared: [], escrows: 0, baseline: undefined };
  return { agentId, ...nothing, problems, intents: intents.size };
}

function wantedOf(agentId: string, ledger: LedgerReading, baseline: Baseline | undefined, startedAt: Date): Wanted {
  const named = [...ledger.intents.values()].map(({ escrowId, result }) => escrowId ?? result?.['escrowId']);
  const open = baseline?.open ?? {};
  const newSince = (baseline === undefined ? startedAt.getTime() - DAY_MS : Date.parse(baseline.at)) - RECENT_MS;
  return {
    agentId,
    // What changed last comes first, for a run that is out of time.
    escrowIds: new Set([...named.filter((id) => typeof id === 'string'), ...Object.keys(open)].toReversed()),
    // A row shows no counterparty, which is compared while the escrow is new, and no fee, which a refund may have cost.
    viewOf: ({ escrowId, createdAt, status }: EscrowRow) =>
      Date.parse(createdAt) > newSince ||
      baseline?.drifted.includes(escrowId) === true ||
      (status === 'refunded' && open[escrowId] !== undefined),
    from: new Date(startedAt.getTime() - LOOK_BACK_MS),
    lastAt: baseline?.at,
  };
}

async function takePictures(
  deps: ReconcileDeps,
  before: LedgerReading,
  wanted: Wanted,
  startedAt: Date,
): Promise<Pictures> {
  const service = await lookAtService(deps, wanted);
  const after = await readLedgerOf(deps, startedAt);
  const settledBefore = new Date(startedAt.getTime() - SETTLING_MS);
  return {
    service,
    ledger: pictureOf(deps.agentId, before, after, settledBefore),
    problems: after.isAll ? [] : ['the ledger could not be read again whole'],
  };
}

/** The drifts of escrows that are there still when escrow and intent are read again. */
async function confirmEscrows(
  deps: ReconcileDeps,
  { ledger, service }: Pictures,
): Promise<{
  readonly drifts: readonly Drift[];
  readonly ledger: LedgerPicture;
  readonly service: ServicePicture;
  readonly overflow: readonly string[];
}> {
  const all = compareEscrows(ledger, service);
  const suspected = all.slice(0, MAX_CONFIRMED);
  if (suspected.length === 0) return { drifts: [], ledger, service, overflow: [] };
  const ids = new Set(suspected.flatMap(({ escrowId }) => escrowId ?? []));
  const looked = await lookAgainAt(deps, service, [...ids]);
  const again = await readAgain(deps.intents, ledger, new Set(suspected.flatMap(({ key }) => key ?? [])));
  const names = new Set(suspected.map(driftName));
  const drifts = compareEscrows(again, looked.picture).filter(
    (drift) => names.has(driftName(drift)) && !looked.unread.has(drift.escrowId ?? ''),
  );
  const left = all.length - suspected.length;
  return {
    drifts,
    ledger: again,
    service: looked.picture,
    overflow: left === 0 ? [] : [`${left} more drifts were not looked at again, and are not told`],
  };
}

/** The drifts of the balance that are there still when all is read once more. */
async function confirmMoney(
  deps: ReconcileDeps,
  { ledger, service }: Pictures,
  named: readonly Drift[],
  wanted: Wanted,
  { baseline, startedAt }: { readonly baseline: Baseline | undefined; readonly startedAt: Date },
): Promise<MoneyComparison & { readonly problems: readonly string[] }> {
  const first = compareMoney(ledger, service, named, baseline, startedAt);
  if (first.drifts.length === 0) return { ...first, problems: [] };
  const before = await readLedgerOf(deps, startedAt);
  const again = await takePictures(deps, before, wanted, startedAt);
  const second = compareMoney(again.ledger, again.service, named, baseline, startedAt);
  const kinds = new Set(second.drifts.map(({ kind }) => kind));
  const isAll = before.isAll && again.problems.length + again.service.problems.length === 0;
  return {
    ...first,
    drifts: first.drifts.filter(({ kind }) => kinds.has(kind)),
    problems: isAll ? [] : ['the balance did not add up and could not be read again'],
  };
}
