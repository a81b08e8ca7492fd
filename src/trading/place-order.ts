import { effectKey } from '../ledger/effect-key.ts';
import { performEffect, type EffectDeps, type EffectOutcome } from '../ledger/perform-effect.ts';
import { refuseOthers } from '../ledger/owner.ts';
import { formatUsd, subtractUsd, sumUsd } from '../money.ts';
import { marginOf, type OrderTerms, type TradeFacts } from './decide-trade.ts';
import { readTrading, snapshotOf, type TradeSnapshot } from './look-for-order.ts';
import { ORDER_KINDS, type Market } from './market.ts';
import { causeOfSignal, type TradeSignal } from './trade-signal.ts';
import type { TradingMode } from './trade-policy.ts';

export interface PlaceOrderDeps extends EffectDeps {
  readonly market: Market;
  /** The total deadline of one request, in milliseconds. */
  readonly requestMs: number;
}

/** A signal is worth seconds: an order that could not go out within minutes does not. */
const LIFETIME_MS = 10 * 60_000;

/** The effect key of a signal's order. */
export function orderKey(signal: Pick<TradeSignal, 'source' | 'id'>, mode: TradingMode): string {
  return effectKey(causeOfSignal(signal), ORDER_KINDS[mode]);
}

/**
 * Places the order of a signal, at most once. An applied result is a `PlacedOrder`.
 *
 * @param seen what the decision went by: nothing is sent if the market is another under its lock.
 */
export function placeOrder(
  deps: PlaceOrderDeps,
  signal: TradeSignal,
  order: OrderTerms,
  seen: { readonly snapshot: TradeSnapshot; readonly facts: Pick<TradeFacts, 'exposure' | 'available'> },
): Promise<EffectOutcome> {
  const { agentId, service, mode, trading } = deps.market;
  const expected = expectedWith(order, seen.facts);
  let isDecidedUpon = false;
  return performEffect(
    deps,
    {
      kind: ORDER_KINDS[mode],
      cause: causeOfSignal(signal),
      causedAt: signal.at,
      agentId,
      ...(service === undefined ? {} : { service }),
      open: async (owner) => refuseOthers(owner, { agentId, service }),
      payee: order.asset,
      expiresAt: new Date(deps.now().getTime() + LIFETIME_MS).toISOString(),
      amountUsd: formatUsd(order.amount),
      bodyFor: (reference) => trading.orderBody({ ...order, reference, agentId, metadata: metadataOf(signal) }),
      isBound: true,
      // Two reads at once under the market's lock, and the order.
      sendingMs: 3 * deps.requestMs,
      reserve: (_client, key) => trading.reserve(['read', 'order'], key),
      async lookBefore() {
        if (isDecidedUpon) return { ...(await lookAgain(deps, order)), expected };
        isDecidedUpon = true;
        return { ...seen.snapshot, expected };
      },
    },
    (request) => trading.placeOrder(request),
  );
}

async function lookAgain({ intents, market }: PlaceOrderDeps, order: OrderTerms): Promise<TradeSnapshot> {
  const ours = { kind: ORDER_KINDS[market.mode], agentId: market.agentId, payee: order.asset };
  const [state, last] = await Promise.all([readTrading(market.trading), intents.readLastOrder(ours)]);
  return snapshotOf(order, state, last);
}

/** What the market and the account are expected to come to with the order. */
function expectedWith(
  { direction, amount, leverage }: OrderTerms,
  { exposure, available }: Pick<TradeFacts, 'exposure' | 'available'>,
): NonNullable<TradeSnapshot['expected']> {
  const after = direction === 'long' ? sumUsd(exposure, amount) : subtractUsd(exposure, amount);
  const left = available === undefined ? undefined : subtractUsd(available, marginOf(amount, leverage));
  return { exposureUsd: formatUsd(after), ...(left === undefined ? {} : { availableUsd: formatUsd(left) }) };
}

function metadataOf({ source, confidence }: TradeSignal): Readonly<Record<string, string>> {
  return { source, ...(confidence === undefined ? {} : { confidence: String(confidence) }) };
}
