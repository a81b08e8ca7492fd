import { formatUsd, shareOf, subtractUsd, toJsonNumber, type MicroUsd } from '../../src/money.ts';
import { isoOf } from '../world/clock.ts';
import { NO_MONEY, type AccountName } from '../world/ledger.ts';
import type { Stored } from '../world/store.ts';
import { accountOf, newId, type Agent, type Announcement, type World } from '../world/world.ts';
import { ESCROW_RULES, type EscrowRules } from './escrow-rules.ts';

/** All statuses, in the words of the escrow reference. The last three are final. */
export const ESCROW_STATUSES = ['locked', 'completed', 'disputed', 'released', 'auto_released', 'refunded'] as const;
export type EscrowStatus = (typeof ESCROW_STATUSES)[number];

/** What the creator of an escrow asks for. */
export interface EscrowTerms {
  readonly creatorId: string;
  readonly counterpartyId: string;
  readonly amount: MicroUsd;
  readonly description: string;
  readonly timeoutHours: number;
  readonly referralCode: string | null;
  readonly metadata: Readonly<Record<string, unknown>> | null;
}

/** One step in an escrow's life, as the published server shows it to the parties. */
export interface EscrowEvent extends Stored {
  readonly event: 'created' | 'completed' | 'released' | 'disputed' | 'refunded';
  /** Null where a timer or the staff acted. */
  readonly actorId: string | null;
  readonly note: string | null;
  readonly at: number;
}

/** One escrow. Times are in milliseconds since 1970, null until they come. Its money is the account `escrow:<id>`. */
export interface Escrow extends EscrowTerms, Stored {
  readonly fee: MicroUsd;
  /** What the counterparty gets: the amount less the fee. */
  readonly netPayout: MicroUsd;
  /** Who earns a share of the fee. */
  readonly referrerId: string | null;
  readonly referralCommission: MicroUsd;
  readonly status: EscrowStatus;
  readonly createdAt: number;
  /** When the time for completing is up. */
  readonly expiresAt: number;
  readonly completionNote: string | null;
  readonly deliveryUrl: string | null;
  readonly completedAt: number | null;
  readonly autoReleaseAt: number | null;
  readonly releaseNote: string | null;
  readonly releasedAt: number | null;
  readonly disputedAt: number | null;
  readonly disputeId: string | null;
  readonly disputeReason: string | null;
  readonly evidenceUrl: string | null;
  readonly raisedBy: string | null;
  readonly refundedAt: number | null;
  /** When its timer fires; null while there is none. */
  readonly dueAt: number | null;
  /** Whether a release has paid and then failed to write down that it did. */
  readonly paidUnrecorded: boolean;
  readonly events: readonly EscrowEvent[];
}

const FEE_BASIS_POINTS = 100;
/** Of the fee. */
const REFERRAL_BASIS_POINTS = 1_500;
const HOUR_MS = 3_600_000;

/** What becomes of an amount when it is released; the three sum to it. Rounded half up to the micro-dollar. */
export interface Shares {
  readonly netPayout: MicroUsd;
  readonly referralCommission: MicroUsd;
  /** What the service keeps. */
  readonly kept: MicroUsd;
}

export function sharesOf(amount: MicroUsd, isReferred: boolean): Shares {
  const fee = shareOf(amount, FEE_BASIS_POINTS);
  const referralCommission = isReferred ? shareOf(fee, REFERRAL_BASIS_POINTS) : NO_MONEY;
  return { netPayout: subtractUsd(amount, fee), referralCommission, kept: subtractUsd(fee, referralCommission) };
}

/** Takes the amount from the creator and locks it. The creator must have it. */
export function lockEscrow(world: World, terms: EscrowTerms, at: Date): Escrow {
  const id = newId('esc');
  const now = at.getTime();
  const referrerId = referrerOf(world, terms);
  const { netPayout, referralCommission } = sharesOf(terms.amount, referrerId !== null);
  const expiresAt = now + terms.timeoutHours * HOUR_MS;
  debit(world, id, terms, at);
  const escrow = save(world, {
    ...terms,
    id,
    fee: subtractUsd(terms.amount, netPayout),
    netPayout,
    referrerId,
    referralCommission,
    status: 'locked',
    createdAt: now,
    expiresAt,
    completionNote: null,
    deliveryUrl: null,
    completedAt: null,
    autoReleaseAt: null,
    releaseNote: null,
    releasedAt: null,
    disputedAt: null,
    disputeId: null,
    disputeReason: null,
    evidenceUrl: null,
    raisedBy: null,
    refundedAt: null,
    dueAt: firesAt(world, expiresAt),
    paidUnrecorded: false,
    events: [
      {
        id: `${id}_created`,
        event: 'created',
        actorId: terms.creatorId,
        note: `Escrow created: $${shortUsd(terms.amount)} for "${terms.description}"`,
        at: now,
      },
    ],
  });
  announce(world, escrow, 'escrow_funded', at, {
    fee_rate: 0.01,
    condition: escrow.description,
    referrer: escrow.referrerId,
    expires_at: isoOf(escrow.expiresAt),
  });
  return escrow;
}

/** Takes the amount from the creator and gives it back, as the published server does when it cannot write an escrow. */
export function lockInVain(world: World, terms: EscrowTerms, at: Date): void {
  const id = newId('esc');
  debit(world, id, terms, at);
  world.ledger.post({
    at,
    from: `escrow:${id}`,
    to: accountOf(terms.creatorId),
    amount: terms.amount,
    reason: `escrow_create_failed_refund: ${id}`,
    reference: `${id}_refund`,
  });
}

/** The counterparty says that the work is done. */
export function completeEscrow(
  world: World,
  escrow: Escrow,
  delivery: { readonly note: string | null; readonly url: string | null },
  at: Date,
): Escrow {
  const now = at.getTime();
  const deadline = rulesOf(world).completingRestartsTimer ? now + escrow.timeoutHours * HOUR_MS : escrow.expiresAt;
  const completed = save(world, {
    ...escrow,
    ...stepped(escrow, 'completed', escrow.counterpartyId, 'Counterparty marked task complete', now),
    status: 'completed',
    completionNote: delivery.note,
    deliveryUrl: delivery.url,
    completedAt: now,
    autoReleaseAt: deadline,
    dueAt: firesAt(world, deadline),
  });
  announce(world, completed, 'escrow_completed', at, {
    completed_at: isoOf(now),
    auto_release_at: isoOf(deadline),
  });
  return completed;
}

/** The creator pays the counterparty. */
export function releaseEscrow(world: World, escrow: Escrow, note: string | null, at: Date): Escrow {
  return payCounterparty(
    world,
    {
      ...escrow,
      ...stepped(escrow, 'released', escrow.creatorId, `Released by creator ${escrow.creatorId}`, at.getTime()),
      status: 'released',
      releaseNote: note,
    },
    at,
  );
}

/**
 * A release that pays and then fails: the money has moved, the escrow looks as before. From then on every release of
 * it fails, and its timer pays a second time, out of the service's own pocket.
 */
export function payWithoutRecord(world: World, escrow: Escrow, at: Date): void {
  payReleaseShares(world, escrow, at);
  save(world, { ...escrow, paidUnrecorded: true });
}

/** Either party freezes the escrow; from then on only {@link resolveEscrow} moves it. */
export function disputeEscrow(
  world: World,
  escrow: Escrow,
  dispute: { readonly raisedBy: string; readonly reason: string; readonly evidenceUrl: string | null },
  at: Date,
): Escrow {
  const disputed = save(world, {
    ...escrow,
    ...stepped(escrow, 'disputed', dispute.raisedBy, dispute.reason, at.getTime()),
    status: 'disputed',
    disputeId: newId('dis'),
    disputedAt: at.getTime(),
    disputeReason: dispute.reason,
    evidenceUrl: dispute.evidenceUrl,
    raisedBy: dispute.raisedBy,
    dueAt: null,
  });
  announce(world, disputed, 'escrow_disputed', at, { raised_by: dispute.raisedBy, reason: dispute.reason });
  return disputed;
}

/** The staff decide a dispute: the counterparty is paid as by a release, or the creator gets the amount back whole. */
export function resolveEscrow(world: World, escrow: Escrow, inFavourOf: 'creator' | 'counterparty', at: Date): Escrow {
  const note = `Dispute decided for the ${inFavourOf}`;
  if (inFavourOf === 'creator') return refundEscrow(world, escrow, { fee: NO_MONEY, cause: 'refund', note }, at);
  return payCounterparty(
    world,
    { ...escrow, ...stepped(escrow, 'released', null, note, at.getTime()), status: 'released' },
    at,
  );
}

/** Fires every timer that is due at `now`, in their order. What happens is dated when it fired. */
export function settleDueEscrows(world: World, now: Date): void {
  for (;;) {
    const due = world.escrowTimers.earliest();
    if (due === undefined || due.at > now.getTime()) return;
    world.escrowTimers.remove(due.id);
    const escrow = world.escrows.get(due.id);
    if (escrow !== undefined) settle(world, escrow, new Date(due.at));
  }
}

function settle(world: World, escrow: Escrow, at: Date): void {
  if (escrow.status !== 'locked' && escrow.status !== 'completed') return;
  const outcome = rulesOf(world).onTimeout[escrow.status];
  if (outcome === 'pay-counterparty') {
    const events = stepped(
      escrow,
      'released',
      null,
      `Auto-released after ${escrow.timeoutHours}h timeout`,
      at.getTime(),
    );
    payCounterparty(world, { ...escrow, ...events, status: 'auto_released' }, at);
    return;
  }
  const fee = outcome === 'refund-whole' ? NO_MONEY : escrow.fee;
  const note = `Auto-refunded after ${escrow.timeoutHours}h timeout`;
  refundEscrow(world, escrow, { fee, cause: 'timeout', note }, at);
}

function payCounterparty(world: World, escrow: Escrow, at: Date): Escrow {
  if (!escrow.paidUnrecorded) payReleaseShares(world, escrow, at);
  keepRest(world, escrow, at);
  const paid = save(world, { ...escrow, releasedAt: at.getTime(), dueAt: null });
  announce(world, paid, 'escrow_released', at, {
    fee_usdc: toJsonNumber(paid.fee),
    referral_usdc: toJsonNumber(paid.referralCommission),
    net_usdc: toJsonNumber(paid.netPayout),
    released_to: paid.counterpartyId,
    released_at: isoOf(at.getTime()),
  });
  return paid;
}

function payReleaseShares(world: World, escrow: Escrow, at: Date): void {
  pay(world, escrow, { to: escrow.counterpartyId, amount: escrow.netPayout, reason: 'escrow_release' }, at);
  payReferrer(world, escrow, at);
}

function payReferrer(world: World, escrow: Escrow, at: Date): void {
  const { referrerId, referralCommission } = escrow;
  if (referrerId === null) return;
  pay(world, escrow, { to: referrerId, amount: referralCommission, reason: 'escrow_referral_commission' }, at);
}

/** @param terms `fee` is what the service keeps of the refund; of it the referrer gets the usual share. */
function refundEscrow(
  world: World,
  escrow: Escrow,
  { fee, cause, note }: { readonly fee: MicroUsd; readonly cause: 'timeout' | 'refund'; readonly note: string },
  at: Date,
): Escrow {
  const refund = subtractUsd(escrow.amount, fee);
  const reason = cause === 'timeout' ? 'escrow_timeout_refund' : 'escrow_refund';
  pay(world, escrow, { to: escrow.creatorId, amount: refund, reason }, at);
  if (fee > 0n && escrow.paidUnrecorded && escrow.referralCommission > 0n) {
    // The published server stumbles over the commission that it has paid before, and never gets to write the refund.
    return save(world, { ...escrow, dueAt: null });
  }
  if (fee > 0n) payReferrer(world, escrow, at);
  keepRest(world, escrow, at);
  const refunded = save(world, {
    ...escrow,
    ...stepped(escrow, 'refunded', null, note, at.getTime()),
    status: 'refunded',
    refundedAt: at.getTime(),
    dueAt: null,
  });
  announce(world, refunded, 'escrow_refunded', at, {
    refund_usdc: toJsonNumber(refund),
    fee_usdc: toJsonNumber(fee),
    referral_usdc: toJsonNumber(fee > 0n ? escrow.referralCommission : NO_MONEY),
    refunded_to: refunded.creatorId,
    refunded_at: isoOf(at.getTime()),
  });
  return refunded;
}

const REFERENCE_SUFFIX = {
  escrow_release: '_release',
  escrow_referral_commission: '_refcom',
  escrow_timeout_refund: '_timeout',
  escrow_refund: '_refund',
} as const;

/** Pays an agent. What the escrow no longer holds is the service's own loss. */
function pay(
  world: World,
  { id }: Escrow,
  {
    to,
    amount,
    reason,
  }: { readonly to: string; readonly amount: MicroUsd; readonly reason: keyof typeof REFERENCE_SUFFIX },
  at: Date,
): void {
  const held: AccountName = `escrow:${id}`;
  world.ledger.post({
    at,
    from: world.ledger.balance(held) >= amount ? held : 'losses',
    to: accountOf(to),
    amount,
    reason: `${reason}: ${id}`,
    reference: `${id}${REFERENCE_SUFFIX[reason]}`,
  });
}

/** What is left in a closed escrow is what the service keeps. */
function keepRest(world: World, { id }: Escrow, at: Date): void {
  const amount = world.ledger.balance(`escrow:${id}`);
  world.ledger.post({
    at,
    from: `escrow:${id}`,
    to: 'fees',
    amount,
    reason: `escrow_fee: ${id}`,
    reference: `${id}_fee`,
  });
}

function debit(world: World, id: string, { creatorId, amount }: EscrowTerms, at: Date): void {
  world.ledger.post({
    at,
    from: accountOf(creatorId),
    to: `escrow:${id}`,
    amount,
    reason: `escrow_lock: ${id}`,
    reference: id,
  });
}

function referrerOf(world: World, { creatorId, referralCode }: EscrowTerms): string | null {
  const owner = referralCode === null ? undefined : ownerOf(world, referralCode);
  if (owner !== undefined && owner.id !== creatorId) return owner.id;
  const falls = referralCode === null || rulesOf(world).deadCodeFallsBack;
  return falls ? (world.agents.get(creatorId)?.referredBy ?? null) : null;
}

function ownerOf(world: World, code: string): Agent | undefined {
  return [...world.agents.values()].find(({ referralCode }) => referralCode === code);
}

function rulesOf(world: World): EscrowRules {
  return ESCROW_RULES[world.escrowProfile];
}

/** When the service notices that a deadline has passed. */
function firesAt(world: World, deadline: number): number {
  const { sweepEveryMs } = rulesOf(world);
  return Math.ceil(deadline / sweepEveryMs) * sweepEveryMs;
}

function stepped(
  { id, events }: Escrow,
  event: EscrowEvent['event'],
  actorId: string | null,
  note: string,
  at: number,
): Pick<Escrow, 'events'> {
  return { events: [...events, { id: `${id}_${event}_${at}`, event, actorId, note, at }] };
}

function save(world: World, escrow: Escrow): Escrow {
  world.escrows.put(escrow);
  if (escrow.dueAt === null) world.escrowTimers.remove(escrow.id);
  else world.escrowTimers.set(escrow.id, escrow.dueAt);
  return escrow;
}

function announce(
  world: World,
  escrow: Escrow,
  type: Announcement['type'],
  at: Date,
  data: Readonly<Record<string, unknown>>,
): void {
  world.announce({
    type,
    at,
    agentIds: [escrow.creatorId, escrow.counterpartyId],
    data: {
      escrow_id: escrow.id,
      initiator: escrow.creatorId,
      counterparty: escrow.counterpartyId,
      amount_usdc: toJsonNumber(escrow.amount),
      ...data,
      status: rulesOf(world).words[escrow.status],
    },
  });
}

/** An amount without zeros at its end: 50, 1.5. */
function shortUsd(amount: MicroUsd): string {
  return formatUsd(amount).replace(/\.?0+$/, '');
}
