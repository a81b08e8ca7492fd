import { describeError, ServiceUnreadableError } from '../errors.ts';
import { escrowLockedBy, LEDGER_ROWS } from '../escrow/look-for-escrow.ts';
import { isFinal, type EscrowClient, type EscrowRow, type EscrowView } from '../purple-flea/escrow.ts';
import type { Profile } from '../purple-flea/service.ts';
import type { TradingClient } from '../purple-flea/trading.ts';
import type { Balance, WalletClient } from '../purple-flea/wallet.ts';

/** An escrow as the service showed it: by a row of a list, by its status, or by both. */
export interface SeenEscrow extends Pick<
  EscrowView,
  'escrowId' | 'status' | 'statusShown' | 'amount' | 'description' | 'createdAt'
> {
  /** Its status as it was read by itself, later than the row. */
  readonly view?: EscrowView | undefined;
}

/** What the service showed of one agent. */
export interface ServicePicture {
  readonly profile: Profile;
  /** Escrows created before are not looked for, and compared only where an intent or the last baseline names them (ISO 8601). */
  readonly from: string;
  readonly escrows: ReadonlyMap<string, SeenEscrow>;
  /** Escrows that were asked for and that the service does not have. */
  readonly missing: ReadonlySet<string>;
  /** Undefined where it could not be read, or did not stay the same while the escrows were read. */
  readonly balance: Balance | undefined;
  /** When the balance had been read (ISO 8601). */
  readonly balanceUntil: string;
  readonly hasPositions: boolean | undefined;
  /** Why not all of it is there that should be. */
  readonly problems: readonly string[];
  /** What is not there and will never be: what was to be seen until now is out of sight. */
  readonly gaps: readonly string[];
  /** What this dialect, or this moment, does not show. */
  readonly notCompared: readonly string[];
}

/** The service as one agent uses it, and how much may be asked of it. */
export interface ServiceReader {
  readonly escrow: EscrowClient;
  readonly wallet: WalletClient;
  /** Undefined where orders go by another account. */
  readonly trading: TradingClient | undefined;
  readonly now: () => Date;
  readonly sleep: (milliseconds: number) => Promise<unknown>;
  /** How long the run may still go on, in milliseconds. */
  readonly remainingMs: () => number;
  /** Views that cannot change any more, kept from look to look. */
  readonly finals: Map<string, EscrowView>;
}

/** What has to be known of the service. */
export interface Wanted {
  readonly agentId: string;
  /** Escrows that have to be found, wherever they are. */
  readonly escrowIds: ReadonlySet<string>;
  /** Escrows of the list whose status has to be read besides. */
  readonly viewOf: (row: EscrowRow) => boolean;
  readonly from: Date;
  /** The last complete reconciliation; what has been locked since has to be seen. */
  readonly lastAt: string | undefined;
}

const PAGE = 100;
const MAX_PAGES = 100;
const MAX_STATUS_READS = 6_000;
const MAX_UNREADABLE = 5;
const MAX_LOOKS = 3;

/** Kept for a last read with its repetitions, and for what follows. */
const RESERVE_MS = 60_000;

/** Between two status reads: the documented service limits all of a key's calls together, and payments go first. */
const PACE_MS: Readonly<Record<Profile, number>> = { reference: 1_500, published: 0 };

export function hasTime({ remainingMs }: Pick<ServiceReader, 'remainingMs'>): boolean {
  return remainingMs() > RESERVE_MS;
}

/** Reads balance, escrows and balance again, until the balance stayed the same meanwhile, at most three times. */
export async function lookAtService(reader: ServiceReader, wanted: Wanted): Promise<ServicePicture> {
  for (let look = 1; ; look += 1) {
    const { picture, moved } = await lookOnce(reader, wanted);
    if (!moved) return picture;
    if (look === MAX_LOOKS || !hasTime(reader)) {
      return {
        ...picture,
        notCompared: [...picture.notCompared, 'the balance: it changed whenever the escrows were read'],
      };
    }
  }
}

/** What one look found besides; each read that fails leaves its reason. */
interface Findings {
  readonly problems: string[];
  readonly gaps: string[];
  readonly notCompared: string[];
}

function nothingYet(): Findings {
  return { problems: [], gaps: [], notCompared: [] };
}

async function lookOnce(
  reader: ServiceReader,
  wanted: Wanted,
): Promise<{ readonly picture: ServicePicture; readonly moved: boolean }> {
  const found = nothingYet();
  const before = await attempt(reader, found, () => reader.wallet.readBalance());
  const rows = await readRows(reader, wanted, found);
  const named = rows === undefined ? await readLocks(reader, wanted, found) : [];
  const listed = new Map(rows?.map((row) => [row.escrowId, row]));
  const others = [...new Set([...wanted.escrowIds, ...named])].filter((id) => !listed.has(id));
  const first = await readViews(reader, others, found);
  const after = await attempt(reader, found, () => reader.wallet.readBalance());
  const balanceUntil = reader.now().toISOString();
  const positions = await readPositions(reader, found);
  const second = await readViews(reader, [...listed.values()].filter(wanted.viewOf).map(idOf), found);

  const escrows = new Map<string, SeenEscrow>();
  for (const [id, row] of listed) escrows.set(id, { ...row, view: second.views.get(id) });
  for (const [id, view] of first.views) escrows.set(id, { ...view, view });
  const from = wanted.from.toISOString();
  const unlisted = rows === undefined ? [] : [...first.views.values()].filter((view) => isDue(view, wanted));
  found.problems.push(...unlisted.map(({ escrowId }) => `${escrowId} is missing in the list`));
  const isSteady = before !== undefined && after !== undefined && isSame(before, after);
  return {
    moved: before !== undefined && after !== undefined && !isSteady,
    picture: {
      profile: reader.escrow.profile,
      from,
      escrows,
      missing: new Set([...first.missing, ...second.missing]),
      balance: isSteady ? after : undefined,
      balanceUntil,
      hasPositions: positions,
      ...found,
    },
  };
}

/** Reads the status of some escrows again. `unread` are those of which there was no usable answer. */
export async function lookAgainAt(
  reader: ServiceReader,
  picture: ServicePicture,
  escrowIds: readonly string[],
): Promise<{ readonly picture: ServicePicture; readonly unread: ReadonlySet<string> }> {
  const found = { ...nothingYet(), problems: [...picture.problems] };
  const { views, missing } = await readViews({ ...reader, finals: new Map() }, escrowIds, found);
  const escrows = new Map(picture.escrows);
  const gone = new Set(picture.missing);
  for (const [id, view] of views) {
    escrows.set(id, { ...(picture.escrows.get(id) ?? view), view });
    gone.delete(id);
  }
  for (const id of missing) gone.add(id);
  const unread = new Set(escrowIds.filter((id) => !views.has(id) && !missing.has(id)));
  return { picture: { ...picture, escrows, missing: gone, problems: found.problems }, unread };
}

/** Whether a list that reaches back far enough has to show it. */
function isDue({ creatorAgentId, createdAt }: EscrowView, { agentId, from }: Wanted): boolean {
  return creatorAgentId === agentId && Date.parse(createdAt) >= from.getTime();
}

function idOf({ escrowId }: { readonly escrowId: string }): string {
  return escrowId;
}

function isSame(one: Balance, other: Balance): boolean {
  return one.available === other.available && one.locked === other.locked;
}

/**
 * Asks once, and again where the service names a time to come back at. Undefined where there is no usable answer.
 *
 * @throws whatever is not the service's.
 */
async function attempt<Value>(
  reader: ServiceReader,
  { problems }: Findings,
  ask: () => Promise<Value>,
): Promise<Value | undefined> {
  for (;;) {
    if (!hasTime(reader)) {
      problems.push('the time was up');
      return undefined;
    }
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ServiceUnreadableError)) throw error;
      const waitMs = (error.retryAfterSeconds ?? 0) * 1000;
      if (waitMs === 0 || reader.remainingMs() - waitMs <= RESERVE_MS) {
        problems.push(describeError(error));
        return undefined;
      }
      await reader.sleep(waitMs);
    }
  }
}

/** The agent's list back to `from`, and all that is disputed; undefined where the dialect has no list. */
async function readRows(reader: ServiceReader, wanted: Wanted, found: Findings): Promise<EscrowRow[] | undefined> {
  const recent = await readList(reader, {}, wanted.from, found);
  if (recent === undefined || recent.isAll) return recent?.rows;
  // A dispute has no deadline; everything else is settled within the time that is looked back.
  const disputed = await readList(reader, { status: 'disputed' }, new Date(0), found);
  return [...recent.rows, ...(disputed?.rows ?? [])];
}

async function readList(
  reader: ServiceReader,
  query: { readonly status?: 'disputed' },
  from: Date,
  found: Findings,
): Promise<{ readonly rows: EscrowRow[]; readonly isAll: boolean } | undefined> {
  const rows: EscrowRow[] = [];
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const reading = await attempt(reader, found, () =>
      reader.escrow.list({ ...query, role: 'creator', limit: PAGE, offset: rows.length }),
    );
    if (reading?.kind === 'unsupported') return undefined;
    if (reading === undefined) return { rows, isAll: false };
    const { total, escrows } = reading.value;
    rows.push(...escrows);
    if (rows.length >= total) return { rows, isAll: true };
    if (escrows.length < PAGE) {
      found.problems.push(`the list has ${rows.length} of ${total} escrows`);
      return { rows, isAll: false };
    }
    const last = rows.at(-1)?.createdAt;
    if (isNewestFirst(rows) && last !== undefined && Date.parse(last) < from.getTime()) return { rows, isAll: false };
  }
  found.problems.push(`the list is longer than ${MAX_PAGES * PAGE} escrows`);
  return { rows, isAll: false };
}

function isNewestFirst(rows: readonly EscrowRow[]): boolean {
  return rows.every(
    (row, index) => index === 0 || Date.parse(row.createdAt) <= Date.parse(rows[index - 1]?.createdAt ?? ''),
  );
}

/** The escrows that the agent's ledger rows name, where there is no list. */
async function readLocks(reader: ServiceReader, { lastAt }: Wanted, found: Findings): Promise<string[]> {
  const reading = await attempt(reader, found, () => reader.wallet.readLedger());
  if (reading === undefined) return [];
  if (reading.kind === 'unsupported') {
    found.notCompared.push('escrows that no intent names: neither a list nor ledger rows show them');
    return [];
  }
  const oldest = reading.value.at(-1)?.at;
  if (reading.value.length >= LEDGER_ROWS && oldest !== undefined) {
    if (lastAt !== undefined && Date.parse(oldest) >= Date.parse(lastAt)) {
      found.gaps.push(`the ledger's ${reading.value.length} rows reach back to ${oldest}, not to ${lastAt}`);
    }
    found.notCompared.push(
      `escrows that no intent names and that were locked before ${oldest}: no ledger row shows them`,
    );
  }
  return reading.value.flatMap((row) => escrowLockedBy(row) ?? []);
}

async function readPositions(reader: ServiceReader, { notCompared }: Findings): Promise<boolean | undefined> {
  const { trading } = reader;
  if (trading === undefined) return false;
  const own = nothingYet();
  const positions = await attempt(reader, own, () => trading.readPositions());
  if (positions === undefined) notCompared.push(`the balance: positions cannot be read (${own.problems.join('; ')})`);
  return positions === undefined ? undefined : positions.length > 0;
}

async function readViews(
  reader: ServiceReader,
  escrowIds: readonly string[],
  { problems }: Findings,
): Promise<{ readonly views: Map<string, EscrowView>; readonly missing: Set<string> }> {
  const views = new Map<string, EscrowView>();
  const missing = new Set<string>();
  const unreadable: string[] = [];
  let reads = 0;
  for (const escrowId of escrowIds) {
    const kept = reader.finals.get(escrowId);
    if (kept !== undefined) {
      views.set(escrowId, kept);
      continue;
    }
    if (reads === MAX_STATUS_READS || unreadable.length === MAX_UNREADABLE || !hasTime(reader)) {
      problems.push(`${escrowIds.length - views.size - missing.size} escrows were not looked at`);
      break;
    }
    if (reads > 0) await reader.sleep(PACE_MS[reader.escrow.profile]);
    reads += 1;
    const view = await readView(reader, escrowId, unreadable);
    if (view === 'missing') missing.add(escrowId);
    else if (view !== undefined) {
      views.set(escrowId, view);
      if (isFinal(view.status)) reader.finals.set(escrowId, view);
    }
  }
  problems.push(...unreadable);
  return { views, missing };
}

async function readView(
  reader: ServiceReader,
  escrowId: string,
  problems: string[],
): Promise<EscrowView | 'missing' | undefined> {
  return attempt(reader, { ...nothingYet(), problems }, async () => {
    try {
      return await reader.escrow.readStatus(escrowId);
    } catch (error) {
      const isGone = error instanceof ServiceUnreadableError && error.code === 'ESCROW_NOT_FOUND';
      if (isGone && error.httpStatus === 404) return 'missing';
      throw error;
    }
  });
}
