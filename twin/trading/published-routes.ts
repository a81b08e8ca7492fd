import { randomUUID } from 'node:crypto';
import type { Hono } from 'hono';
import { formatUsd, InvalidAmountError, parseUsd, sumUsd, toJsonNumber, type MicroUsd } from '../../src/money.ts';
import { answerWithInfo, publishedApp, publishedBody, type ServerInfo } from '../published-answer.ts';
import { Refusal, type TwinContext, type TwinEnv } from '../request.ts';
import { accountOf, type Agent, type World } from '../world/world.ts';
import {
  cappedPnl,
  closePosition,
  fillOrder,
  liquidationPrice,
  marginOf,
  markPrice,
  type Direction,
  type Position,
  type Trade,
} from './order-book.ts';

/** What the published server says of itself. */
export const INFO: ServerInfo = {
  service: 'agent-trading',
  docs: 'https://trading.purpleflea.com/llms.txt',
  referral: 'GET /v1/gossip for passive income info',
  version: '3.0.0',
};

/** What an account of the free tier may do. */
const MAXIMUM_SIZE_USD = 10_000;
const MAXIMUM_LEVERAGE = 10;
const DEFAULT_LEVERAGE = 5;
/** What the twin's markets allow; no account gets that far. */
const MARKET_LEVERAGE = 20;
/** In tenths of a basis point. */
const EXCHANGE_FEE = 35n;
const BUILDER_FEE = 20n;
const DEFAULT_TRADES = 50;
const MAXIMUM_TRADES = 200;
const MAXIMUM_POSITIONS = 50;

/** The published trading server, filled by the twin's prices and paid from the agent's balance. */
export function publishedTradingRoutes(world: World): Hono<TwinEnv> {
  const routes = publishedApp(INFO);

  routes.post('/v1/trade/open', (c) => {
    const holder = requireKey(c);
    const body = publishedBody(c);
    const { coin, side, size_usd: size } = body;
    if (!coin || !side || !size) throw invalidOrder();
    requireSize(size);
    const direction = readSide(side);
    const leverage = readLeverage(body['leverage']);
    requireWithinCap(size);
    const amount = readAmount(size);
    const asset = readCoin(world, coin);
    const margin = marginOf(amount, leverage);
    const fees = feesOf(amount);
    requireBalance(world.ledger.balance(accountOf(holder.id)), sumUsd(margin, fees.total));
    const { position, order } = fillOrder(
      world,
      {
        holderId: holder.id,
        asset,
        direction,
        amount,
        margin,
        leverage,
        fee: fees.total,
        metadata: null,
        newId: newUuid,
      },
      c.get('now'),
    );
    return answerWithInfo(c, INFO, {
      position_id: position.id,
      order_id: order.id,
      coin: coinOf(position),
      ticker: coinOf(position),
      category: 'crypto',
      dex: 'main',
      side: direction,
      size_usd: toJsonNumber(amount),
      entry_price: toJsonNumber(position.entryPrice),
      leverage,
      max_leverage: MARKET_LEVERAGE,
      margin_used: inCents(margin),
      liquidation_price: toJsonNumber(liquidationPrice(position)),
      fee: toJsonNumber(fees.total),
      fee_breakdown: {
        hyperliquid: toJsonNumber(fees.exchange),
        purple_flea_builder: toJsonNumber(fees.builder),
      },
      hl_order_id: exchangeId(order.id),
      execution: 'real',
      status: 'open',
    });
  });

  routes.post('/v1/trade/close', (c) => {
    const holder = requireKey(c);
    const { position_id: id } = publishedBody(c);
    if (!id) throw new Refusal(400, 'provide position_id', '');
    const found = typeof id === 'string' ? world.positions.get(id) : undefined;
    if (found?.holderId !== holder.id || found.status !== 'open') throw new Refusal(404, 'position_not_found', '');
    const closing = { fee: feesOf(found.amount).total, newId: newUuid };
    const { position, trade } = closePosition(world, found, closing, c.get('now'));
    return answerWithInfo(c, INFO, {
      position_id: position.id,
      coin: coinOf(position),
      ticker: coinOf(position),
      side: position.direction,
      entry_price: toJsonNumber(position.entryPrice),
      exit_price: toJsonNumber(trade.price),
      size_usd: toJsonNumber(position.amount),
      leverage: position.leverage,
      pnl: inCents(position.pnl ?? cappedPnl(position, trade.price)),
      pnl_percent: inCents(priceChangePercent(position, trade.price)),
      fee: toJsonNumber(trade.fee),
      hl_order_id: exchangeId(trade.orderId),
      execution: 'real',
      status: 'closed',
    });
  });

  routes.get('/v1/trade/positions', (c) => {
    const holder = requireKey(c);
    const mine = [...world.positions.values()].filter(({ holderId }) => holderId === holder.id);
    const shown =
      c.req.query('status') === 'all'
        ? newestFirst(mine, ({ openedAt }) => openedAt).slice(0, MAXIMUM_POSITIONS)
        : mine.filter(({ status }) => status === 'open');
    const positions = shown.map((position) => positionRow(world, position, c.get('now')));
    return answerWithInfo(c, INFO, { positions, count: positions.length, source: 'database' });
  });

  routes.get('/v1/trade/history', (c) => {
    const holder = requireKey(c);
    const mine = [...world.trades.values()].filter(({ holderId }) => holderId === holder.id);
    const trades = newestFirst(mine, ({ at }) => at)
      .slice(0, readLimit(c.req.query('limit')))
      .map(tradeRow);
    return answerWithInfo(c, INFO, { trades, count: trades.length });
  });

  routes.all('/v1/trade/*', (c) => {
    throw new Refusal(404, 'not_found', `${c.req.method} ${c.req.path} not found`, {
      docs: '/v1/docs',
      openapi: '/openapi.json',
    });
  });

  return routes;
}

/** A row of the server's own table, under its own names, with what the answer adds. */
function positionRow(world: World, position: Position, now: Date): Record<string, unknown> {
  const price = markPrice(world, position.asset, now) ?? position.entryPrice;
  const pnl = inCents(position.pnl ?? cappedPnl(position, price));
  return {
    id: position.id,
    agentId: position.holderId,
    coin: coinOf(position),
    side: position.direction,
    sizeUsd: toJsonNumber(position.amount),
    entryPrice: toJsonNumber(position.entryPrice),
    leverage: position.leverage,
    marginUsed: inCents(position.margin),
    liquidationPrice: toJsonNumber(liquidationPrice(position)),
    unrealizedPnl: position.pnl === null ? 0 : pnl,
    status: position.status,
    hlOrderId: String(exchangeId(position.orderId)),
    openedAt: epochSeconds(position.openedAt),
    closedAt: position.closedAt === null ? null : epochSeconds(position.closedAt),
    ticker: coinOf(position),
    current_price: toJsonNumber(price),
    unrealized_pnl: pnl,
  };
}

function tradeRow(trade: Trade): Record<string, unknown> {
  const buys = (trade.direction === 'long') === (trade.action === 'open');
  return {
    id: trade.id,
    agentId: trade.holderId,
    orderId: trade.orderId,
    coin: coinOf(trade),
    side: buys ? 'buy' : 'sell',
    sizeUsd: toJsonNumber(trade.amount),
    price: toJsonNumber(trade.price),
    fee: toJsonNumber(trade.fee),
    realizedPnl: trade.pnl === null ? 0 : inCents(trade.pnl),
    createdAt: epochSeconds(trade.at),
  };
}

function requireKey(c: TwinContext): Agent {
  if (c.req.header('authorization')?.startsWith('Bearer ') !== true) {
    throw new Refusal(401, 'unauthorized', 'Provide Authorization: Bearer <api_key>');
  }
  const caller = c.get('caller');
  if (caller === undefined) throw new Refusal(401, 'invalid_key', '');
  return caller;
}

function invalidOrder(): Refusal {
  return new Refusal(400, 'invalid_request', 'Provide coin, side (long/short), size_usd', {
    examples: {
      stock: { coin: 'TSLA', side: 'long', size_usd: 1000, leverage: 5 },
      commodity: { coin: 'GOLD', side: 'short', size_usd: 500, leverage: 10 },
      crypto: { coin: 'BTC', side: 'long', size_usd: 5000, leverage: 3 },
    },
  });
}

function requireSize(size: unknown): asserts size is number {
  if (typeof size !== 'number' || !Number.isFinite(size) || size <= 0) throw invalidSize();
}

function invalidSize(): Refusal {
  return new Refusal(400, 'invalid_size', 'size_usd must be a positive number');
}

function requireWithinCap(size: number): void {
  if (size <= MAXIMUM_SIZE_USD) return;
  const message = `Max position size is $${MAXIMUM_SIZE_USD}. Upgrade tier for higher limits.`;
  throw new Refusal(400, 'position_too_large', message, { max_position_usd: MAXIMUM_SIZE_USD });
}

function readAmount(size: number): MicroUsd {
  try {
    return parseUsd(size);
  } catch (error) {
    if (error instanceof InvalidAmountError) throw invalidSize();
    throw error;
  }
}

function readSide(side: unknown): Direction {
  if (side === 'long' || side === 'short') return side;
  throw new Refusal(400, 'invalid_side', "side must be 'long' or 'short'");
}

/** More than the account may have is lowered without a word. */
function readLeverage(value: unknown): number {
  const leverage = value ?? DEFAULT_LEVERAGE;
  if (typeof leverage !== 'number' || !Number.isFinite(leverage) || leverage < 1) throw invalidLeverage();
  const capped = Math.min(leverage, MAXIMUM_LEVERAGE);
  try {
    parseUsd(capped);
    return capped;
  } catch (error) {
    if (error instanceof InvalidAmountError) throw invalidLeverage();
    throw error;
  }
}

function invalidLeverage(): Refusal {
  return new Refusal(400, 'invalid_leverage', 'leverage must be a number >= 1');
}

function readCoin(world: World, coin: unknown): string {
  const asset = `${String(coin).toUpperCase()}-USDC`;
  if (world.prices.get(asset) !== undefined) return asset;
  throw tradeFailed(`Market not found: ${String(coin)}. Try GET /v1/markets to see available markets.`);
}

function requireBalance(balance: MicroUsd, cost: MicroUsd): void {
  if (balance < cost) {
    throw tradeFailed(`Insufficient margin to place order: $${formatUsd(balance)} < $${formatUsd(cost)}`);
  }
}

/** Whatever the exchange does not do. */
function tradeFailed(message: string): Refusal {
  return new Refusal(400, 'trade_failed', message);
}

function readLimit(text: string | undefined): number {
  const limit = Number.parseInt(text ?? '', 10);
  return limit > 0 ? Math.min(limit, MAXIMUM_TRADES) : DEFAULT_TRADES;
}

/** Each fee, and their sum, in whole cents. */
function feesOf(amount: MicroUsd): { exchange: MicroUsd; builder: MicroUsd; total: MicroUsd } {
  const share = (tenths: bigint) => roundToCents(((amount * tenths) / 100_000n) as MicroUsd);
  return { exchange: share(EXCHANGE_FEE), builder: share(BUILDER_FEE), total: share(EXCHANGE_FEE + BUILDER_FEE) };
}

/** The move of the price itself, whichever way the position looks, in millionths of a per cent. */
function priceChangePercent({ entryPrice }: Position, price: MicroUsd): MicroUsd {
  return (((price - entryPrice) * 100_000_000n) / entryPrice) as MicroUsd;
}

function inCents(amount: MicroUsd): unknown {
  return toJsonNumber(roundToCents(amount));
}

/** Half a cent goes up, below zero too. */
function roundToCents(amount: MicroUsd): MicroUsd {
  const shifted = amount + 5_000n;
  const cents = shifted / 10_000n;
  return ((shifted < 0n && shifted % 10_000n !== 0n ? cents - 1n : cents) * 10_000n) as MicroUsd;
}

function newestFirst<Item>(items: readonly Item[], at: (item: Item) => number): Item[] {
  return items.toReversed().toSorted((one, other) => at(other) - at(one));
}

/** `BTC` of `BTC-USDC`. */
function coinOf({ asset }: { readonly asset: string }): string {
  return asset.replace(/-USDC$/, '');
}

function newUuid(prefix: string): string {
  return `${prefix}_${randomUUID()}`;
}

/** The exchange numbers its orders; here the number comes from the order's id, so that both always go together. */
function exchangeId(orderId: string): number {
  return Number.parseInt(orderId.replaceAll(/[^0-9a-f]/g, '').slice(-10), 16);
}

function epochSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}
