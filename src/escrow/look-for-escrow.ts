import { CLOCK_SKEW_MS } from '../clock-skew.ts';
import { laterReferences, type EffectKind } from '../ledger/effect-key.ts';
import type { Intent } from '../ledger/intent.ts';
import type { Canary } from '../ledger/latest.ts';
import type { Look } from '../ledger/resolve-intents.ts';
import { isOfThePast, sentSince } from '../ledger/the-past.ts';
import { formatUsd, sumUsd } from '../money.ts';
import type { EscrowClient, EscrowRow, EscrowView, LockedEscrow, ShownStatus } from '../purple-flea/escrow.ts';
import type { LedgerRow, WalletClient } from '../purple-flea/wallet.ts';

/** What looking for escrows needs: the services of the agent that sends, and what is known to be there. */
export interface LookForEscrowDeps {
  readonly escrow: EscrowClient;
  readonly wallet: WalletClient;
  /** The escrow of this agent that was created last; `unnamed` where none is known though another agent's are. */
  readonly findCanary: () => Promise<Canary | 'unnamed' | undefined>;
  /**
   * For what was recorded under a former name of the service: an escrow that was created under that. Where it is not, another
   * service answers. `unnamed` where none is known.
   */
  readonly findWitness?: () => Promise<Canary | 'unnamed' | undefined>;
}

/** What has to be in a complete read, and how far that has to reach back. */
interface Expected {
  /** Unless it is older than the read goes back. */
  readonly canary: Canary | undefined;
  /** However old. */
  readonly witness: Canary | undefined;
  readonly since: number;
}

const PAGE = 100;

/** A list that does not reach back far enough within this many pages is looked at again later. */
const MAX_PAGES = 20;

/** Escrows that may be the one, from a read that was complete; or why it was not. */
type Candidates =
  { readonly kind: 'complete'; readonly views: readonly EscrowView[] } | Extract<Look, { kind: 'unclear' }>;

/**
 * Looks for the escrow of a creation by its tag: in the list or, where there is none, through the agent's ledger rows. This
 * ledger knows of no later try while it looks: an escrow of one was made by a ledger that is gone.
 */
export async function lookForCreated(deps: LookForEscrowDeps, intent: Intent): Promise<Look> {
  const [known, formerly] = await Promise.all([deps.findCanary(), deps.findWitness?.()]);
  const expected = expectedIn(sentSince(intent), known, formerly);
  const later = laterReferences(intent.key);
  const listed = await findInList(deps.escrow, [intent.reference, ...later], expected);
  const candidates = listed ?? (await findInLedger(deps, expected));
  if (candidates.kind === 'unclear') return candidates;

  const tagged = candidates.views.filter((view) => bearsOne(view, [intent.reference]));
  const retried = candidates.views.filter((view) => bearsOne(view, later));
  if (retried.length > 0) return { kind: 'many', note: noteOfLaterTry(intent, tagged, retried) };
  const [first, ...others] = tagged;
  if (first === undefined) {
    if (formerly === 'unnamed') {
      return unclear(
        'no escrow is known that was created under the former name, and would show that the service is the same',
      );
    }
    // An agent that has taken over, and a ledger that has: what either does not know is not all there is.
    const isUnwitnessed = known === 'unnamed' || (known === undefined && isOfThePast(intent));
    if (!isUnwitnessed) return { kind: 'absent' };
    const witness = `no escrow of ${intent.agentId} is known that would show whether the read is complete`;
    return unclear(`${witness}; the next that this ledger creates for it will`);
  }
  const ids = tagged.map(({ escrowId }) => escrowId).join(', ');
  if (others.length > 0) return { kind: 'many', note: `${intent.reference} is on several escrows: ${ids}` };
  // A view that contradicts itself says nothing of the escrow.
  if (sumUsd(first.fee, first.net) !== first.amount) return unclear(`the amounts of ${ids} do not add up`);
  if (formatUsd(first.amount) !== intent.amountUsd || first.counterpartyAgentId !== intent.payee) {
    return { kind: 'many', note: `${intent.reference} is on ${ids}, for another amount or counterparty` };
  }
  return { kind: 'found', result: createdFrom(first, intent) };
}

function expectedIn(
  since: string,
  known: Canary | 'unnamed' | undefined,
  formerly: Canary | 'unnamed' | undefined,
): Expected {
  const [canary, witness] = [known, formerly].map((one) => (one === 'unnamed' ? undefined : one));
  const times = [since, ...(witness === undefined ? [] : [witness.createdAt])].map((time) => Date.parse(time));
  return { canary, witness, since: Math.min(...times) - CLOCK_SKEW_MS };
}

function bearsOne({ description }: Pick<EscrowRow, 'description'>, references: readonly string[]): boolean {
  return references.some((reference) => description.startsWith(reference));
}

function noteOfLaterTry({ reference }: Intent, tagged: readonly EscrowView[], retried: readonly EscrowView[]): string {
  const ids = [...tagged, ...retried].map(({ escrowId }) => escrowId).join(', ');
  return tagged.length === 0
    ? `the reference of a later try of ${reference} is on ${ids}`
    : `${reference} and a later try of it are on several escrows: ${ids}`;
}

/** Undefined where the dialect has no list. */
async function findInList(
  client: EscrowClient,
  references: readonly string[],
  { canary, witness, since }: Expected,
): Promise<Candidates | undefined> {
  const rows: EscrowRow[] = [];
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const reading = await client.list({ role: 'creator', limit: PAGE, offset: rows.length });
    if (reading.kind === 'unsupported') return undefined;
    const { total, escrows } = reading.value;
    rows.push(...escrows);
    const isAll = rows.length >= total;
    if (!isAll && escrows.length < PAGE) return unclear(`the list has ${rows.length} of ${total} escrows`);
    if (isAll || (isNewestFirst(rows) && Date.parse(rows.at(-1)?.createdAt ?? '') < since)) {
      if (isMissing(canary, rows, rows.at(-1)?.createdAt)) {
        return unclear(`${canary?.reference} is missing in the list`);
      }
      if (isMissing(witness, rows, undefined)) return unclear(describeOther(witness, 'list'));
      const bearing = rows.filter((row) => bearsOne(row, references));
      return { kind: 'complete', views: await readAll(client, bearing) };
    }
  }
  return unclear(`the list does not reach back to ${new Date(since).toISOString()} in ${MAX_PAGES} pages`);
}

/** As many of an agent's rows as the published server shows. */
export const LEDGER_ROWS = 50;
const LOCK = /^escrow_lock: (esc_\w+)$/;

/** The escrow that a ledger row is the lock of, if it is one. */
export function escrowLockedBy(row: Pick<LedgerRow, 'reason'>): string | undefined {
  return LOCK.exec(row.reason)?.[1];
}

/** The ledger shows no descriptions: every escrow that was locked since then is read, whatever its amount. */
async function findInLedger(
  { escrow, wallet }: LookForEscrowDeps,
  { canary, witness, since }: Expected,
): Promise<Candidates> {
  const reading = await wallet.readLedger();
  if (reading.kind === 'unsupported') return unclear(reading.reason);
  const rows = reading.value;
  // Whose money was locked has rows.
  if (rows.length === 0) return unclear('the ledger has no rows');
  const oldest = rows.at(-1)?.at;
  if (rows.length >= LEDGER_ROWS && Date.parse(oldest ?? '') >= since) {
    return unclear(`the ledger's ${rows.length} rows do not reach back to ${new Date(since).toISOString()}`);
  }
  const knownSince = canary === undefined ? since : Date.parse(canary.createdAt) - CLOCK_SKEW_MS;
  const locked = rows.flatMap((row) => {
    const escrowId = escrowLockedBy(row);
    return escrowId === undefined || Date.parse(row.at) < Math.min(since, knownSince) ? [] : [{ escrowId }];
  });
  const views = await readAll(escrow, locked);
  if (isMissing(canary, views, oldest)) return unclear(`${canary?.reference} is missing in the ledger`);
  if (isMissing(witness, views, undefined)) return unclear(describeOther(witness, 'ledger'));
  return { kind: 'complete', views };
}

async function readAll(client: EscrowClient, rows: readonly Pick<EscrowRow, 'escrowId'>[]): Promise<EscrowView[]> {
  const views: EscrowView[] = [];
  for (const { escrowId } of rows) views.push(await client.readStatus(escrowId));
  return views;
}

/**
 * Whether something that has to be in a read is not. What is older than the read goes back is not expected. It is known by
 * its reference: the id that was answered for it may have been wrong.
 */
function isMissing(
  canary: Canary | undefined,
  shown: readonly Pick<EscrowRow, 'description'>[],
  oldest: string | undefined,
): boolean {
  if (canary === undefined || shown.some(({ description }) => description.startsWith(canary.reference))) return false;
  return oldest === undefined || Date.parse(canary.createdAt) >= Date.parse(oldest);
}

function describeOther(witness: Canary | undefined, read: string): string {
  return `${witness?.reference}, which was created under the former name, is missing in the ${read}: it may be another service`;
}

function isNewestFirst(rows: readonly EscrowRow[]): boolean {
  return rows.every(
    (row, index) => index === 0 || Date.parse(row.createdAt) <= Date.parse(rows[index - 1]?.createdAt ?? ''),
  );
}

function unclear(reason: string): Extract<Look, { kind: 'unclear' }> {
  return { kind: 'unclear', reason };
}

/** What the ledger keeps of a creation, from what the service shows of the escrow. */
export function createdFrom(view: EscrowView, { reference }: Pick<Intent, 'reference'>): LockedEscrow {
  return {
    reference,
    escrowId: view.escrowId,
    status: 'locked',
    amountUsd: formatUsd(view.amount),
    feeUsd: formatUsd(view.fee),
    netUsd: formatUsd(view.net),
    deadlineAt: view.deadlineAt,
  };
}

/** Looks at the escrow that a completion, release or dispute was to change. */
export async function lookForSettled(escrow: EscrowClient, intent: Intent): Promise<Look> {
  if (intent.escrowId === undefined) throw new Error(`intent ${intent.key} names no escrow`);
  const view = await escrow.readStatus(intent.escrowId);
  switch (whatItProves(intent.kind, view.status)) {
    case 'done':
      return { kind: 'found', result: settledFrom(view, intent.kind) };
    case 'not-done':
      return { kind: 'absent' };
    case 'nothing':
      return { kind: 'invisible', reason: `the escrow is ${view.statusShown}` };
    case 'unclear':
      return { kind: 'unclear', reason: `the escrow is ${view.statusShown}, a word that nobody knows` };
  }
}

/**
 * What a status says of a completion, release or dispute whose answer was lost. Where the escrow was settled otherwise, a
 * release may have paid all the same: a published server can pay, fail, and refund the same escrow later.
 */
function whatItProves(kind: EffectKind, status: ShownStatus): 'done' | 'not-done' | 'nothing' | 'unclear' {
  switch (status) {
    case 'unrecognized':
      return 'unclear';
    case 'locked':
      return 'not-done';
    case 'completed':
      return kind === 'escrow-complete' ? 'done' : 'not-done';
    case 'released':
      return kind === 'escrow-dispute' ? 'nothing' : 'done';
    case 'auto_released':
      return kind === 'escrow-complete' ? 'done' : 'nothing';
    case 'disputed':
      return kind === 'escrow-dispute' ? 'done' : completionIsMoot(kind);
    case 'refunded':
      return completionIsMoot(kind);
  }
}

/** A completion moves nothing: of an escrow that is frozen or settled it is of no use, whether it took place or not. */
function completionIsMoot(kind: EffectKind): 'not-done' | 'nothing' {
  return kind === 'escrow-complete' ? 'not-done' : 'nothing';
}

/** What the ledger keeps of a completion, release or dispute that took place, from what the service shows of the escrow. */
export function settledFrom(view: EscrowView, kind: EffectKind): Readonly<Record<string, unknown>> {
  const { escrowId } = view;
  if (kind !== 'escrow-release') return { escrowId, status: kind === 'escrow-dispute' ? 'disputed' : 'completed' };
  return {
    escrowId,
    status: 'released',
    amountUsd: formatUsd(view.amount),
    feeUsd: formatUsd(view.fee),
    paidOutUsd: formatUsd(view.net),
  };
}
