import { describeError, ServiceUnreadableError } from '../errors.ts';
import { isAt, underPresentName, type NamedService, type ServicePlace } from '../ledger/owner.ts';
import type { ViewEscrows } from '../purple-flea/escrow-client.ts';
import type { EscrowClient, EscrowRow } from '../purple-flea/escrow.ts';
import { deliverSignal, escrowAddress, type MailboxDeps } from './mailbox.ts';

/**
 * Looks for escrows that show something else at the service than the executions that wait for them know: one list call
 * serves a hundred of them. Where the dialect has no list, one escrow is read at a time. Work is bounded in each run and
 * goes on where the last one stopped.
 */

/** An execution that waits, and what it knows of its escrow. */
export interface Watched {
  readonly escrowId: string;
  /** As the client showed it when the wait began. */
  readonly status: string;
  /** The escrow is younger than this (ISO 8601). */
  readonly since: string;
  /** Where it lives; where the service is configured, if left out. */
  readonly service?: ServicePlace | undefined;
}

/** How far the round over all escrows has come. */
export interface WatchRound {
  /** When it began (ISO 8601). */
  readonly startedAt: string;
  /** Rows of the list, or escrows, that were looked at. */
  readonly position: number;
  /** Likewise of the escrows that live elsewhere. */
  readonly elsewhere?: number | undefined;
}

export interface WatchStore {
  /** Every escrow that an execution waits for. May lag by moments. */
  listWatched(): Promise<readonly Watched[]>;
  readRound(): Promise<WatchRound | undefined>;
  writeRound(round: WatchRound): Promise<void>;
}

export interface WatchDeps extends MailboxDeps {
  readonly watch: WatchStore;
  readonly escrow: Pick<EscrowClient, 'list' | 'readStatus'>;
  /** Where `escrow` is. */
  readonly configured: ServicePlace & NamedService;
  /** For escrows that live elsewhere: they are in no list that is read. */
  readonly viewEscrows: ViewEscrows;
  readonly now: () => Date;
  /** How long this run may still go on, in milliseconds. */
  readonly remainingMs: () => number;
}

/** What one run did. */
export interface WatchRun {
  readonly watched: number;
  /** Requests made. */
  readonly calls: number;
  /** Executions that were woken. */
  readonly changed: number;
  /** How old the round is that this run was part of. */
  readonly lagSeconds: number;
  /** Escrows that could not be looked at, or nobody told; they keep no other from being looked at. */
  readonly failed: readonly Failed[];
  /** Escrows at an address that is not configured any more, which could not be read there. */
  readonly unread?: readonly Failed[];
}

interface Failed {
  readonly escrowId: string;
  readonly reason: string;
}

/** The service takes 20 to 30 requests a minute and key, and the pipeline makes others too. */
const CALLS_A_RUN = 10;

/** The most rows of one list call. */
const PAGE = 100;

/** Kept for the last request, with its retries, and the writes after it. */
const CALL_MS = 15_000;

export async function watchEscrows(deps: WatchDeps): Promise<WatchRun> {
  const watched = (await deps.watch.listWatched()).map((one) => ({
    ...one,
    service: underPresentName(one.service, deps.configured),
  }));
  const now = deps.now();
  const fresh: WatchRound = { startedAt: now.toISOString(), position: 0 };
  if (watched.length === 0) {
    await deps.watch.writeRound(fresh);
    return { watched: 0, calls: 0, changed: 0, lagSeconds: 0, failed: [] };
  }
  const round = (await deps.watch.readRound()) ?? fresh;
  const isHere = (one: Watched) => isAt(one, deps.configured);
  const looked = await lookHere(deps, watched.filter(isHere), round);
  const others = watched.filter((one) => !isHere(one));
  const far = await lookElsewhere(deps, others, round.elsewhere ?? 0);
  const failed = [...looked.failed];
  let changed = 0;
  for (const { escrowId } of [...looked.differing, ...far.differing]) {
    const signal = { type: 'changed', at: now.toISOString(), source: 'look' } as const;
    try {
      if ((await deliverSignal(deps, escrowAddress(escrowId), signal)) === 'resumed') changed += 1;
    } catch (error) {
      failed.push({ escrowId, reason: describeError(error) });
    }
  }
  const elsewhere = others.length === 0 ? {} : { elsewhere: far.position };
  await deps.watch.writeRound(
    looked.isOver ? { ...fresh, ...elsewhere } : { ...round, position: looked.position, ...elsewhere },
  );
  const lagSeconds = Math.floor((now.getTime() - Date.parse(round.startedAt)) / 1000);
  const unread = far.failed.length === 0 ? {} : { unread: far.failed };
  return { watched: watched.length, calls: looked.calls + far.calls, changed, lagSeconds, failed, ...unread };
}

interface Looked {
  readonly calls: number;
  readonly position: number;
  readonly isOver: boolean;
  readonly differing: readonly Watched[];
  readonly failed: readonly Failed[];
}

async function lookHere(deps: WatchDeps, watched: readonly Watched[], round: WatchRound): Promise<Looked> {
  if (watched.length === 0) return { calls: 0, position: 0, isOver: true, differing: [], failed: [] };
  return (await lookInList(deps, watched, round)) ?? lookAtEach(deps, watched, round);
}

/** The next of those that live elsewhere; the first that cannot be read there ends it, and the next run goes on behind it. */
async function lookElsewhere(deps: WatchDeps, watched: readonly Watched[], from: number): Promise<Looked> {
  const ordered = inOrder(watched);
  const differing: Watched[] = [];
  const failed: Failed[] = [];
  let position = from >= ordered.length ? 0 : from;
  let calls = 0;
  while (failed.length === 0 && calls < CALLS_A_RUN && deps.remainingMs() >= CALL_MS) {
    const one = ordered[position];
    if (one === undefined) break;
    calls += 1;
    position += 1;
    try {
      differing.push(...differs(one, await deps.viewEscrows(one.service).readStatus(one.escrowId)));
    } catch (error) {
      if (!(error instanceof ServiceUnreadableError)) throw error;
      failed.push({ escrowId: one.escrowId, reason: describeError(error) });
    }
  }
  return { calls, position, isOver: position >= ordered.length, differing, failed };
}

function inOrder(watched: readonly Watched[]): readonly Watched[] {
  return watched.toSorted((one, other) => one.escrowId.localeCompare(other.escrowId));
}

/** Pages from where the round stands, newest first, back to the oldest escrow that is waited for. */
async function lookInList(
  deps: WatchDeps,
  watched: readonly Watched[],
  round: WatchRound,
): Promise<Looked | undefined> {
  const known = new Map(watched.map((one) => [one.escrowId, one]));
  const oldest = Math.min(...watched.map(({ since }) => Date.parse(since)));
  const most = Math.min(CALLS_A_RUN, Math.ceil(watched.length / PAGE));
  const differing: Watched[] = [];
  let { position } = round;
  let calls = 0;
  let isOver = false;
  while (!isOver && calls < most && deps.remainingMs() >= CALL_MS) {
    const reading = await deps.escrow.list({ role: 'creator', limit: PAGE, offset: position });
    if (reading.kind === 'unsupported') return undefined;
    calls += 1;
    const { escrows, total } = reading.value;
    differing.push(...escrows.flatMap((row) => differs(known.get(row.escrowId), row)));
    position += escrows.length;
    const last = escrows.at(-1);
    isOver = last === undefined || position >= total || Date.parse(last.createdAt) < oldest;
  }
  return { calls, position, isOver, differing, failed: [] };
}

/** The next escrows in the order of their ids. */
async function lookAtEach(deps: WatchDeps, watched: readonly Watched[], round: WatchRound): Promise<Looked> {
  const ordered = inOrder(watched);
  const differing: Watched[] = [];
  const failed: Failed[] = [];
  let position = round.position >= ordered.length ? 0 : round.position;
  let calls = 0;
  while (position < ordered.length && calls < CALLS_A_RUN && deps.remainingMs() >= CALL_MS) {
    const one = ordered[position];
    if (one === undefined) break;
    calls += 1;
    position += 1;
    try {
      differing.push(...differs(one, await deps.escrow.readStatus(one.escrowId)));
    } catch (error) {
      if (!isAboutOne(error)) throw error;
      failed.push({ escrowId: one.escrowId, reason: describeError(error) });
    }
  }
  return { calls, position, isOver: position >= ordered.length, differing, failed };
}

/** Whether another escrow may well be readable: the service answered, and is not overrun. */
function isAboutOne(error: unknown): boolean {
  if (!(error instanceof ServiceUnreadableError) || error.httpStatus === undefined) return false;
  return error.httpStatus < 500 && error.httpStatus !== 401 && error.httpStatus !== 429;
}

function differs(known: Watched | undefined, shown: Pick<EscrowRow, 'status'>): Watched[] {
  return known === undefined || known.status === shown.status ? [] : [known];
}
