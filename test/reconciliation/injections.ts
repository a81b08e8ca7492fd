import { clientReference, effectKey, type EffectKind } from '../../src/ledger/effect-key.ts';
import type { Intent } from '../../src/ledger/intent.ts';
import { parseUsd, shareOf, subtractUsd, type MicroUsd } from '../../src/money.ts';
import type { Drift, DriftKind } from '../../src/reconciliation/drift.ts';
import type { Escrow } from '../../twin/escrow/escrow-book.ts';
import { accountOf } from '../../twin/world/world.ts';
import { OTHER, TREASURY, WORKER, type Books } from './books.ts';
import { HOUR, lockByHand } from './history.ts';

/** What has to be found of something that was changed behind the back of ledger or service. */
export type Expected = Pick<Drift, 'kind' | 'escrowId'>;

/** A creation of the ledger with its escrow and all that settles it. */
interface Pair {
  readonly creation: Intent;
  readonly escrow: Escrow;
  readonly settlements: readonly Intent[];
}

/** Escrows that nothing is in doubt of, and whose timers do not fire soon. None is used twice. */
function pairsOf({ stored, world, now }: Books, used: ReadonlySet<string>): Pair[] {
  const intents = [...stored.values()];
  const soon = now().getTime() + 3 * HOUR;
  return intents.flatMap((creation) => {
    const escrow = world.escrows.get(String(creation.result?.['escrowId']));
    if (creation.kind !== 'escrow-create' || creation.state !== 'applied' || escrow === undefined) return [];
    const settlements = intents.filter(({ escrowId }) => escrowId === escrow.id);
    const isClear =
      settlements.every(({ state }) => state === 'applied' || state === 'rejected') &&
      (escrow.dueAt === null || escrow.dueAt > soon) &&
      !escrow.paidUnrecorded &&
      !used.has(escrow.id);
    return isClear ? [{ creation, escrow, settlements }] : [];
  });
}

const has = ({ settlements }: Pair, kind: EffectKind): boolean =>
  settlements.some((one) => one.kind === kind && one.state === 'applied');

const isOpen = ({ escrow }: Pair): boolean => escrow.status === 'locked' || escrow.status === 'completed';

type Way = (
  books: Books,
  pairs: readonly Pair[],
  used: Set<string>,
) => Promise<Expected | undefined> | Expected | undefined;

/** Makes a settlement of the ledger that never took place. */
function claimSettled(books: Books, { creation, escrow }: Pair, kind: EffectKind): void {
  const key = effectKey(creation.cause, kind);
  const at = books.now().toISOString();
  books.stored.set(key, {
    ...creation,
    key,
    kind,
    reference: clientReference(key),
    escrowId: escrow.id,
    state: 'applied',
    sentAt: at,
    updatedAt: at,
    result: { escrowId: escrow.id },
  });
}

function forget(books: Books, pair: Pair, ...kinds: EffectKind[]): void {
  for (const { key, kind } of pair.settlements) if (kinds.includes(kind)) books.stored.delete(key);
}

/** Changes an escrow, and moves the money that belongs to it. */
function reprice(books: Books, escrow: Escrow, amount: MicroUsd): void {
  const more = subtractUsd(amount, escrow.amount);
  const fee = shareOf(amount, 100);
  books.world.escrows.put({ ...escrow, amount, fee, netPayout: subtractUsd(amount, fee) });
  books.world.ledger.post({
    at: books.now(),
    from: accountOf(TREASURY.agentId),
    to: `escrow:${escrow.id}`,
    amount: more,
    reason: 'mended',
    reference: escrow.id,
  });
}

/** The ways in which each drift can come about, on either side. */
export const WAYS: Readonly<Record<DriftKind, readonly Way[]>> = {
  'escrow-missing': [
    (books, pairs) => {
      const pair = pairs.find((one) => isOpen(one));
      if (pair !== undefined) books.lost.add(pair.escrow.id);
      return pair && { kind: 'escrow-missing', escrowId: pair.escrow.id };
    },
    (books, pairs) => {
      const pair = pairs.find(({ escrow }) => escrow.status === 'released');
      if (pair !== undefined) books.lost.add(pair.escrow.id);
      return pair && { kind: 'escrow-missing', escrowId: pair.escrow.id };
    },
  ],
  'escrow-without-intent': [
    async (books) => {
      const reference = clientReference(effectKey({ rule: 'r', subject: 'not here', status: 's' }, 'transfer'));
      const escrowId = await lockByHand(books, `${reference} of another ledger`, '8.00');
      return { kind: 'escrow-without-intent', escrowId };
    },
    (books, pairs) => {
      const pair = pairs.find((one) => isOpen(one) && one.settlements.length === 0);
      if (pair !== undefined) books.stored.delete(pair.creation.key);
      return pair && { kind: 'escrow-without-intent', escrowId: pair.escrow.id };
    },
  ],
  'reference-repeated': [
    async (books, pairs, used) => {
      const pair = pairs[0];
      if (pair === undefined) return undefined;
      used.add(pair.escrow.id);
      const escrowId = await lockByHand(books, `${pair.creation.reference} once more`, '5.00');
      return { kind: 'reference-repeated', escrowId };
    },
  ],
  'escrow-differs': [
    (books, pairs) => {
      const pair = pairs.find(isOpen);
      if (pair === undefined) return undefined;
      reprice(books, pair.escrow, (pair.escrow.amount + 1_000_000n) as MicroUsd);
      return { kind: 'escrow-differs', escrowId: pair.escrow.id };
    },
    (books, pairs) => {
      const pair = pairs[0];
      if (pair === undefined) return undefined;
      const amountUsd = `1${pair.creation.amountUsd}`;
      books.stored.set(pair.creation.key, { ...pair.creation, amountUsd });
      return { kind: 'escrow-differs', escrowId: pair.escrow.id };
    },
    (books, pairs) => {
      const since = books.baselines.items.get(TREASURY.agentId)?.at ?? '';
      const pair = pairs.find(({ escrow }) => isOpen({ escrow } as Pair) && escrow.createdAt > Date.parse(since));
      if (pair === undefined) return undefined;
      const counterpartyId = pair.escrow.counterpartyId === WORKER.agentId ? OTHER.agentId : WORKER.agentId;
      books.world.escrows.put({ ...pair.escrow, counterpartyId });
      return { kind: 'escrow-differs', escrowId: pair.escrow.id };
    },
  ],
  'escrow-against-ledger': [
    (books, pairs) => {
      const pair = pairs.find((one) => isOpen(one) && one.settlements.length === 0);
      if (pair === undefined) return undefined;
      books.stored.set(pair.creation.key, { ...pair.creation, state: 'rejected', result: undefined });
      return { kind: 'escrow-against-ledger', escrowId: pair.escrow.id };
    },
    async (books) => {
      const rejected = [...books.stored.values()].find(
        ({ kind, state }) => kind === 'escrow-create' && state === 'rejected',
      );
      if (rejected === undefined) return undefined;
      const escrowId = await lockByHand(books, `${rejected.reference} all the same`, '5.00');
      return { kind: 'escrow-against-ledger', escrowId };
    },
  ],
  'release-not-shown': [
    (books, pairs) => {
      const pair = pairs.find((one) => isOpen(one) && !has(one, 'escrow-dispute'));
      if (pair !== undefined) claimSettled(books, pair, 'escrow-release');
      return pair && { kind: 'release-not-shown', escrowId: pair.escrow.id };
    },
    (books, pairs) => {
      const pair = pairs.find((one) => one.escrow.status === 'released' && has(one, 'escrow-release'));
      if (pair !== undefined) books.world.escrows.put({ ...pair.escrow, status: 'refunded', releasedAt: null });
      return pair && { kind: 'release-not-shown', escrowId: pair.escrow.id };
    },
  ],
  'release-not-recorded': [
    async (books, pairs) => {
      const pair = pairs.find((one) => isOpen(one) && !has(one, 'escrow-dispute') && !has(one, 'escrow-release'));
      if (pair === undefined) return undefined;
      await books.call(TREASURY, 'POST', `/escrow/release/${pair.escrow.id}`, { release_note: 'by hand' });
      return { kind: 'release-not-recorded', escrowId: pair.escrow.id };
    },
    (books, pairs) => {
      const pair = pairs.find((one) => has(one, 'escrow-release') && one.escrow.disputedAt === null);
      if (pair !== undefined) forget(books, pair, 'escrow-release', 'escrow-dispute');
      return pair && { kind: 'release-not-recorded', escrowId: pair.escrow.id };
    },
  ],
  'dispute-not-shown': [
    (books, pairs) => {
      const pair = pairs.find((one) => isOpen(one) && !has(one, 'escrow-release') && one.escrow.disputedAt === null);
      if (pair !== undefined) claimSettled(books, pair, 'escrow-dispute');
      return pair && { kind: 'dispute-not-shown', escrowId: pair.escrow.id };
    },
    (books, pairs) => {
      const pair = pairs.find((one) => one.escrow.status === 'disputed' && has(one, 'escrow-dispute'));
      if (pair === undefined) return undefined;
      books.world.escrows.put({ ...pair.escrow, status: 'completed', disputedAt: null });
      return { kind: 'dispute-not-shown', escrowId: pair.escrow.id };
    },
  ],
  'completion-not-shown': [
    (books, pairs) => {
      const pair = pairs.find(
        (one) => one.escrow.status === 'completed' && has(one, 'escrow-complete') && !has(one, 'escrow-release'),
      );
      if (pair !== undefined) books.world.escrows.put({ ...pair.escrow, status: 'locked' });
      return pair && { kind: 'completion-not-shown', escrowId: pair.escrow.id };
    },
    (books, pairs) => {
      const pair = pairs.find((one) => one.escrow.status === 'locked' && one.settlements.length === 0);
      if (pair !== undefined) claimSettled(books, pair, 'escrow-complete');
      return pair && { kind: 'completion-not-shown', escrowId: pair.escrow.id };
    },
  ],
  'locked-differs': [
    (books) => {
      const reference = 'nobody knows';
      const from = [...books.world.escrows.values()].find(({ creatorId }) => creatorId === TREASURY.agentId);
      if (from === undefined) return undefined;
      const amount = parseUsd('5000.00');
      books.world.ledger.post({
        at: books.now(),
        from: 'deposits',
        to: `escrow:${from.id}`,
        amount,
        reason: '',
        reference,
      });
      return { kind: 'locked-differs', escrowId: undefined };
    },
  ],
  'unexplained-outflow': [
    async (books) => {
      const [path, body] =
        books.profile === 'reference'
          ? ['/wallet/transfer', { from_agent: TREASURY.agentId, to_agent: OTHER.agentId, amount: 5000 }]
          : ['/api/v1/stats/pay', { to_agent_id: OTHER.agentId, amount: 5000 }];
      await books.call(TREASURY, 'POST', path, body);
      return { kind: 'unexplained-outflow', escrowId: undefined };
    },
  ],
};

/**
 * Injects one drift of a kind, in the way whose turn it is or, where there is nothing it could be done to, in another.
 *
 * @param used takes the escrow, so that nothing else is done to it.
 */
export async function inject(books: Books, kind: DriftKind, turn: number, used: Set<string>): Promise<Expected> {
  const ways = WAYS[kind];
  for (let offset = 0; offset < ways.length; offset += 1) {
    const expected = await ways[(turn + offset) % ways.length]?.(books, pairsOf(books, used), used);
    if (expected === undefined) continue;
    if (expected.escrowId !== undefined) used.add(expected.escrowId);
    return expected;
  }
  throw new Error(`there is nothing to make ${kind} of`);
}
