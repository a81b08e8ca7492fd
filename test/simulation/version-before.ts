import {
  describeError,
  OwnerUnavailableError,
  SecretUnusableError,
  ServiceUnreadableError,
  TryLaterError,
} from '../../src/errors.ts';
import type { Answer } from '../../src/ledger/answer.ts';
import { reservationsFor } from '../../src/ledger/budgets.ts';
import { marketLock, type Ending, type Intent, type OrderStore, type NewIntent } from '../../src/ledger/intent.ts';
import { refuseOthers } from '../../src/ledger/owner.ts';
import { findWhyStopped, requestOf, sendOnce } from '../../src/ledger/perform-effect.ts';
import { doubt, mayBeSentUnknown } from '../../src/ledger/the-past.ts';
import type { PlacedOrder } from '../../src/purple-flea/trading.ts';
import { decideTrade, screen, type TradableSignal } from '../../src/trading/decide-trade.ts';
import type { Market } from '../../src/trading/market.ts';
import { newOrder, orderKey, type PlaceOrderDeps } from '../../src/trading/place-order.ts';
import { readFacts, type TradePicture } from '../../src/trading/read-facts.ts';
import { expectedWith } from '../../src/trading/reckon.ts';
import type { TradeSignal } from '../../src/trading/trade-signal.ts';
import type { MemoryLedger } from '../support/memory-intents.ts';

/** A claimed order as the version before sees it: it knows no leases. */
function asPrepared<Found extends Intent | undefined>(intent: Found): Found {
  return intent?.state === 'claimed' ? { ...intent, state: 'prepared', lease: undefined } : intent;
}

/** The ledger as the version before reads and writes it: what is claimed is `prepared` to it, as it is in the table. */
export function asVersionBefore(store: OrderStore, { items }: MemoryLedger): OrderStore {
  /** What it writes takes the intent for what it is stored as. */
  const open = (key: string): void => {
    const stored = items.get(key);
    if (stored !== undefined) items.set(key, asPrepared(stored));
  };
  return {
    ...store,
    prepare: async (intent, at) => asPrepared(await store.prepare(intent, at)),
    read: async (key) => asPrepared(await store.read(key)),
    claim(claim, terms, at) {
      if (items.get(claim.key)?.fence === claim.fence - 1) open(claim.key);
      return store.claim(claim, terms, at);
    },
    async move(from, ending, at) {
      const { fence, owner } = items.get(from.key) ?? {};
      if (from.state === 'prepared' && fence === from.fence && owner === from.owner) open(from.key);
      return asPrepared(await store.move(from, ending, at));
    },
    async list(state, before, limit) {
      if (state === 'claimed') return [];
      const claimed = state === 'prepared' ? await store.list('claimed', before, limit) : [];
      return [...(await store.list(state, before, limit)), ...claimed.map(asPrepared)].slice(0, limit);
    },
  };
}

/**
 * A trade in the steps of the version before: look, claim, look again, order. Where it throws, the message comes back.
 */
export async function tradeBefore(deps: PlaceOrderDeps, signal: TradeSignal): Promise<void> {
  const { intents, policy, now } = deps;
  const known = await intents.read(orderKey(signal, policy.mode));
  if (known !== undefined && known.state !== 'prepared') return;
  const screened = screen(signal, policy, now());
  if (screened.action === 'skip') return;
  try {
    await lookAndTrade(deps, await deps.openMarket(), screened);
  } catch (error) {
    const isLater =
      error instanceof ServiceUnreadableError ||
      error instanceof SecretUnusableError ||
      error instanceof OwnerUnavailableError;
    throw isLater ? new TryLaterError(describeError(error)) : error;
  }
}

async function lookAndTrade(deps: PlaceOrderDeps, market: Market, signal: TradableSignal): Promise<void> {
  const { intents, policy, now } = deps;
  const began = await deps.readBeginning();
  const order = newOrder(deps, { market, ledgerBegan: began }, signal);
  const look = () => readFacts({ ...deps, market, coolDownSeconds: policy.coolDownSeconds }, signal.order);
  const seen = await look();
  if ((await intents.readHolder(marketLock(order))) !== undefined) return;
  if (decideTrade(signal, policy, seen.facts, now()).action === 'skip') return;
  const intent = await intents.prepare(order, now());
  if (intent.state !== 'prepared') return;
  if (mayBeSentUnknown(intent, undefined, began)) return void (await doubt(deps, intent, deps.newId(), began));
  if (now() >= new Date(intent.expiresAt)) {
    return void (await intents.move(intent, { state: 'rejected', note: 'it expired' }, now()));
  }
  refuseOthers(intent, order);
  const stopped = await findWhyStopped(deps, intent);
  if (stopped !== undefined) throw new TryLaterError(stopped);
  await claimAndSend(deps, market, intent, { signal, order, seen, look });
}

async function claimAndSend(
  deps: PlaceOrderDeps,
  market: Market,
  intent: Intent,
  {
    signal,
    order,
    seen,
    look,
  }: {
    readonly signal: TradableSignal;
    readonly order: NewIntent;
    readonly seen: TradePicture;
    readonly look: () => Promise<TradePicture>;
  },
): Promise<void> {
  const { intents, now } = deps;
  const claim = { key: intent.key, owner: deps.newId(), fence: intent.fence + 1 };
  const before = { ...seen.snapshot, expected: expectedWith(signal.order, seen.reckoning) };
  const reservations = reservationsFor(deps.budgets, intent, now());
  const terms = { reservations, lock: marketLock(order), before, ledgerBegan: order.ledgerBegan };
  const claimed = await intents.claim(claim, terms, now());
  if (claimed.kind === 'lost') return;
  if (claimed.kind === 'locked') throw new TryLaterError('another order has the market');
  if (claimed.kind === 'over-budget') {
    return void (await intents.move(intent, { state: 'rejected', note: claimed.budget }, now()));
  }
  const again = await look().catch(() => undefined);
  const isSame = JSON.stringify(again?.snapshot) === JSON.stringify(seen.snapshot);
  const answer: Answer<PlacedOrder> = isSame
    ? await sendOnce(() => market.trading.placeOrder(requestOf(intent)))
    : { kind: 'not-sent', reason: 'it changed', retryAfterSeconds: 60 };
  await intents.move({ ...claim, state: 'sending' }, endingOf(answer), now());
  if (answer.kind === 'not-sent') throw new TryLaterError(answer.reason);
}

function endingOf(answer: Answer<PlacedOrder>): Ending {
  if (answer.kind === 'applied') return { state: 'applied', note: 'done', result: answer.result };
  return { state: answer.kind === 'not-sent' ? 'prepared' : answer.kind, note: answer.reason };
}
