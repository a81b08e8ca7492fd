import { parseUsd, shareOf, sumUsd, type MicroUsd } from '../../../src/money.ts';
import { INFO, type Books } from './books.ts';
import type { ServiceAnswer, ServiceRequest } from './operations.ts';

interface Fill {
  readonly positionId: string;
  readonly orderId: string;
  readonly tradeId: string;
  readonly holder: string;
  readonly asset: string;
  readonly direction: 'long' | 'short';
  readonly amount: MicroUsd;
  readonly leverage: number;
  readonly at: number;
}

/**
 * The trading service: every order is filled at once, into a position of its own, or, as exchanges have it, into the one
 * that is open on its side of the market.
 */
export function createTradingService(books: Books, mergesPositions: boolean) {
  const { isReference, balance, callerOf, newId, note, number, post, refuse, time } = books;
  const fills: Fill[] = [];

  function order(request: ServiceRequest, at: number): ServiceAnswer {
    const holder = callerOf(request);
    const asked = JSON.parse(request.body ?? '{}') as Readonly<Record<string, unknown>>;
    const amount = parseUsd((asked['amount'] ?? asked['size_usd']) as number);
    const asset = isReference ? String(asked['asset']) : `${String(asked['coin'])}-USDC`;
    const direction = (asked['direction'] ?? asked['side']) as 'long' | 'short';
    const leverage = Number(asked['leverage']);
    const fee = shareOf(amount, isReference ? 5 : 10);
    if (balance(holder) < amount + fee) refuse('margin');
    const fill: Fill = {
      positionId: (mergesPositions ? openPosition(holder, asset, direction)?.positionId : undefined) ?? newId('pos'),
      orderId: newId('ord'),
      tradeId: newId('trd'),
      holder,
      asset,
      direction,
      amount,
      leverage,
      at,
    };
    post(holder, 'fees', fee, 'trade_fee', fill.orderId, at);
    post(holder, `position:${fill.positionId}`, amount, 'margin_lock', fill.positionId, at);
    fills.push(fill);
    const effect = { agent: holder, payee: asset, amount, at };
    note({ operation: 'order', subject: `${asset}/${direction}`, id: fill.orderId, ...effect }, request);
    const coin = asset.replace(/-USDC$/, '');
    return isReference
      ? {
          status: 201,
          body: {
            order_id: fill.orderId,
            status: 'filled',
            asset,
            direction,
            amount: number(amount),
            leverage,
            entry_price: 100,
            fee: number(fee),
            created_at: time(at),
          },
        }
      : {
          status: 200,
          body: {
            position_id: fill.positionId,
            order_id: fill.orderId,
            coin,
            ticker: coin,
            category: 'crypto',
            dex: 'main',
            side: direction,
            size_usd: number(amount),
            entry_price: 100,
            leverage,
            max_leverage: 50,
            margin_used: number(amount),
            liquidation_price: 1,
            fee: number(fee),
            fee_breakdown: { hyperliquid: 0, purple_flea_builder: 0 },
            hl_order_id: 1,
            execution: 'real',
            status: 'open',
            _info: INFO,
          },
        };
  }

  function openPosition(holder: string, asset: string, direction: string): Fill | undefined {
    return fills.find((fill) => fill.holder === holder && fill.asset === asset && fill.direction === direction);
  }

  /** One row a position: what was filled first, with all that it grew by. */
  function openPositions(holder: string): Fill[] {
    const rows = new Map<string, Fill>();
    for (const fill of fills) {
      if (fill.holder !== holder) continue;
      const row = rows.get(fill.positionId) ?? { ...fill, amount: parseUsd('0.00') };
      rows.set(fill.positionId, { ...row, amount: sumUsd(row.amount, fill.amount) });
    }
    return [...rows.values()];
  }

  function positions(request: ServiceRequest): ServiceAnswer {
    const caller = callerOf(request);
    const mine = openPositions(caller);
    if (isReference) {
      const open = mine.map((fill) => ({
        position_id: fill.positionId,
        order_id: fill.orderId,
        asset: fill.asset,
        direction: fill.direction,
        amount: number(fill.amount),
        leverage: fill.leverage,
        entry_price: 100,
        mark_price: 100,
        pnl_usdc: 0,
        opened_at: time(fill.at),
      }));
      return { status: 200, body: { agent_id: caller, count: open.length, positions: open } };
    }
    const open = mine.map((fill) => ({
      id: fill.positionId,
      agentId: caller,
      coin: fill.asset.replace(/-USDC$/, ''),
      side: fill.direction,
      sizeUsd: number(fill.amount),
      entryPrice: 100,
      leverage: fill.leverage,
      marginUsed: number(fill.amount),
      liquidationPrice: 1,
      unrealizedPnl: 0,
      status: 'open',
      hlOrderId: '1',
      openedAt: Math.floor(fill.at / 1000),
      closedAt: null,
      ticker: fill.asset.replace(/-USDC$/, ''),
      current_price: 100,
      unrealized_pnl: 0,
    }));
    return { status: 200, body: { positions: open, count: open.length, source: 'database', _info: INFO } };
  }

  function history(request: ServiceRequest): ServiceAnswer {
    const caller = callerOf(request);
    const trades = fills
      .filter(({ holder }) => holder === caller)
      .toReversed()
      .map((fill) => ({
        id: fill.tradeId,
        agentId: caller,
        orderId: fill.orderId,
        coin: fill.asset.replace(/-USDC$/, ''),
        side: fill.direction === 'long' ? 'buy' : 'sell',
        sizeUsd: number(fill.amount),
        price: 100,
        fee: 0,
        realizedPnl: 0,
        createdAt: Math.floor(fill.at / 1000),
      }));
    return { status: 200, body: { trades, count: trades.length, _info: INFO } };
  }

  /** What is open in each market, by agent and asset. */
  function exposures(): ReadonlyMap<string, MicroUsd> {
    const open = new Map<string, MicroUsd>();
    for (const { holder, asset, amount } of fills) {
      const name = `${holder} in ${asset}`;
      open.set(name, sumUsd(open.get(name) ?? parseUsd('0.00'), amount));
    }
    return open;
  }

  return { order, positions, history, exposures };
}
