import { parseUsd, subtractUsd, toJsonNumber, type MicroUsd } from '../../src/money.ts';
import { NO_MONEY, type AccountName } from '../world/ledger.ts';
import { createSchedule, type Schedule } from '../world/schedule.ts';
import type { Stored } from '../world/store.ts';
import { accountOf, type World } from '../world/world.ts';
import { firstMoment, priceAt, type PricePath } from './prices.ts';

export type Direction = 'long' | 'short';

/** A market order; it is filled the moment it is placed. Times are in milliseconds since 1970. */
export interface Order extends Stored {
  readonly holderId: string;
  readonly positionId: string;
  readonly asset: string;
  readonly direction: Direction;
  /** The notional, of which the margin is one part in `leverage`. */
  readonly amount: MicroUsd;
  readonly leverage: number;
  readonly entryPrice: MicroUsd;
  readonly fee: MicroUsd;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly createdAt: number;
}

/** What an order opened. Its margin stands in the ledger's account `position:<id>` while it is open. */
export interface Position extends Stored {
  readonly orderId: string;
  readonly holderId: string;
  readonly asset: string;
  readonly direction: Direction;
  readonly amount: MicroUsd;
  readonly leverage: number;
  readonly entryPrice: MicroUsd;
  readonly margin: MicroUsd;
  readonly status: 'open' | 'closed' | 'liquidated';
  readonly openedAt: number;
  readonly closedAt: number | null;
  readonly exitPrice: MicroUsd | null;
  /** Profit or loss, before fees. */
  readonly pnl: MicroUsd | null;
}

/** One fill. */
export interface Trade extends Stored {
  readonly orderId: string;
  readonly positionId: string;
  readonly holderId: string;
  readonly action: 'open' | 'close' | 'liquidation';
  readonly asset: string;
  /** The direction of the position. */
  readonly direction: Direction;
  readonly amount: MicroUsd;
  readonly price: MicroUsd;
  readonly fee: MicroUsd;
  /** Null for the fill that opens. */
  readonly pnl: MicroUsd | null;
  readonly at: number;
}

/** What an agent asks for, and how the dialect it asks in makes ids and takes fees. */
export interface OrderTerms {
  readonly holderId: string;
  readonly asset: string;
  readonly direction: Direction;
  readonly amount: MicroUsd;
  readonly margin: MicroUsd;
  readonly leverage: number;
  readonly fee: MicroUsd;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly newId: (prefix: string) => string;
}

/** How the dialect that closes a position makes ids and takes fees. */
export interface ClosingTerms {
  readonly fee: MicroUsd;
  readonly newId: (prefix: string) => string;
}

/** The price of an asset now; undefined for one that is not traded. */
export function markPrice(world: World, asset: string, now: Date): MicroUsd | undefined {
  const path = world.prices.get(asset);
  return path === undefined ? undefined : priceAt(path, now.getTime());
}

/** Rounded up to the micro-dollar, so that a position is never short of margin. @param leverage at most six decimals */
export function marginOf(amount: MicroUsd, leverage: number): MicroUsd {
  const parts: bigint = parseUsd(leverage);
  return ((amount * 1_000_000n + parts - 1n) / parts) as MicroUsd;
}

/** What a position has won or lost at a price, less what is below a micro-dollar: side x (price - entry) / entry x notional. */
export function pnlAt(
  { direction, amount, entryPrice }: Pick<Position, 'direction' | 'amount' | 'entryPrice'>,
  price: MicroUsd,
): MicroUsd {
  const move = direction === 'long' ? price - entryPrice : entryPrice - price;
  return ((move * amount) / entryPrice) as MicroUsd;
}

/** The same of a position that is held, which cannot lose more than its margin; it could only where the clock was moved back. */
export function cappedPnl(position: Position, price: MicroUsd): MicroUsd {
  const pnl = pnlAt(position, price);
  const wholeMargin = subtractUsd(NO_MONEY, position.margin);
  return pnl < wholeMargin ? wholeMargin : pnl;
}

/** The price at which the loss has eaten the margin. */
export function liquidationPrice({ direction, amount, entryPrice, margin }: Position): MicroUsd {
  const distance = (margin * entryPrice + amount - 1n) / amount;
  return (direction === 'long' ? entryPrice - distance : entryPrice + distance) as MicroUsd;
}

/** Fills a market order at the price of now and opens its position. The holder must have margin and fee. */
export function fillOrder(world: World, terms: OrderTerms, now: Date): { order: Order; position: Position } {
  const { holderId, asset, direction, amount, margin, leverage, fee, metadata, newId } = terms;
  const entryPrice = markPrice(world, asset, now);
  if (entryPrice === undefined) throw new Error(`${asset} has no price`);
  const at = now.getTime();
  const exposure = { holderId, asset, direction, amount, leverage, entryPrice };
  const order: Order = {
    ...exposure,
    id: newId('ord'),
    positionId: newId('pos'),
    fee,
    metadata,
    createdAt: at,
  };
  const position: Position = {
    ...exposure,
    id: order.positionId,
    orderId: order.id,
    margin,
    status: 'open',
    openedAt: at,
    closedAt: null,
    exitPrice: null,
    pnl: null,
  };
  const account = accountOf(holderId);
  world.ledger.post({ at: now, from: account, to: 'fees', amount: fee, reason: 'trade_fee', reference: order.id });
  world.ledger.post({
    at: now,
    from: account,
    to: marginAccount(position),
    amount: margin,
    reason: 'margin_lock',
    reference: position.id,
  });
  world.orders.put(order);
  world.positions.put(position);
  setTimer(world, position);
  const fill = { id: newId('trd'), orderId: order.id, action: 'open', price: entryPrice, fee, pnl: null, at } as const;
  recordTrade(world, position, fill);
  return { order, position };
}

/** Closes an open position at the price of now: margin and P&L go to the holder, who pays the fee as far as it can. */
export function closePosition(
  world: World,
  position: Position,
  { fee, newId }: ClosingTerms,
  now: Date,
): { position: Position; trade: Trade } {
  const exitPrice = markPrice(world, position.asset, now);
  if (exitPrice === undefined) throw new Error(`${position.asset} has no price`);
  const pnl = cappedPnl(position, exitPrice);
  const account = accountOf(position.holderId);
  settle(world, position, pnl, now);
  const free = world.ledger.balance(account);
  const charged = fee < free ? fee : free;
  const orderId = newId('ord');
  world.ledger.post({ at: now, from: account, to: 'fees', amount: charged, reason: 'trade_fee', reference: orderId });
  const closed: Position = { ...position, status: 'closed', closedAt: now.getTime(), exitPrice, pnl };
  world.positions.put(closed);
  liquidationTimers(world).remove(closed.id);
  const trade = recordTrade(world, closed, {
    id: newId('trd'),
    orderId,
    action: 'close',
    price: exitPrice,
    fee: charged,
    pnl,
    at: now.getTime(),
  });
  return { position: closed, trade };
}

/**
 * Liquidates every position whose loss reached its margin, at any time up to now; the margin is gone.
 * What happens is dated when it was due, not when the twin got round to it.
 */
export function settleDuePositions(world: World, now: Date): void {
  const timers = liquidationTimers(world);
  for (let due = timers.earliest(); due !== undefined && due.at <= now.getTime(); due = timers.earliest()) {
    timers.remove(due.id);
    const position = world.positions.get(due.id);
    if (position?.status === 'open') liquidate(world, position, new Date(due.at));
  }
}

/** Puts a price path into force. What was due by the old one has happened before. */
export function changePrice(world: World, path: PricePath, now: Date): void {
  settleDuePositions(world, now);
  world.prices.put(path);
  for (const position of openPositions(world)) if (position.asset === path.id) setTimer(world, position);
}

/** One schedule for each world, made of its open positions when it is first asked for. */
const TIMERS = new WeakMap<World, Schedule>();

function liquidationTimers(world: World): Schedule {
  const known = TIMERS.get(world);
  if (known !== undefined) return known;
  const timers = createSchedule();
  TIMERS.set(world, timers);
  for (const position of openPositions(world)) setTimer(world, position);
  return timers;
}

function setTimer(world: World, position: Position): void {
  const at = liquidationTime(world, position);
  if (at === undefined) liquidationTimers(world).remove(position.id);
  else liquidationTimers(world).set(position.id, at);
}

/** When the loss will have reached the margin, if the path stays as it is; prices are known in advance here. */
function liquidationTime(world: World, position: Position): number | undefined {
  const path = world.prices.get(position.asset);
  if (path === undefined) return undefined;
  const from = Math.max(position.openedAt, path.since);
  const until = Math.max(from, path.points.at(-1)?.at ?? from);
  const wholeMargin = subtractUsd(NO_MONEY, position.margin);
  return firstMoment(path, { from, until }, (price) => pnlAt(position, price) <= wholeMargin);
}

function openPositions(world: World): Position[] {
  return [...world.positions.values()].filter(({ status }) => status === 'open');
}

function liquidate(world: World, position: Position, at: Date): void {
  const exitPrice = markPrice(world, position.asset, at);
  if (exitPrice === undefined) throw new Error(`${position.asset} has no price`);
  const pnl = subtractUsd(NO_MONEY, position.margin);
  settle(world, position, pnl, at);
  const closedAt = at.getTime();
  const liquidated: Position = { ...position, status: 'liquidated', closedAt, exitPrice, pnl };
  world.positions.put(liquidated);
  recordTrade(world, liquidated, {
    id: position.id.replace(/^pos_/, 'trd_'),
    orderId: position.orderId,
    action: 'liquidation',
    price: exitPrice,
    fee: NO_MONEY,
    pnl,
    at: closedAt,
  });
}

/** Empties the margin account: the loss to the market, the rest to the holder, and a profit from the market. */
function settle(world: World, position: Position, pnl: MicroUsd, at: Date): void {
  const { ledger } = world;
  const margin = marginAccount(position);
  const holder = accountOf(position.holderId);
  const reference = position.id;
  const loss = pnl < 0n ? subtractUsd(NO_MONEY, pnl) : NO_MONEY;
  const returned = subtractUsd(position.margin, loss);
  ledger.post({ at, from: margin, to: 'market', amount: loss, reason: 'trade_loss', reference });
  ledger.post({ at, from: margin, to: holder, amount: returned, reason: 'margin_release', reference });
  if (pnl > 0n) ledger.post({ at, from: 'market', to: holder, amount: pnl, reason: 'trade_profit', reference });
}

function recordTrade(
  world: World,
  { id: positionId, holderId, asset, direction, amount }: Position,
  fill: Pick<Trade, 'id' | 'orderId' | 'action' | 'price' | 'fee' | 'pnl' | 'at'>,
): Trade {
  const trade: Trade = { ...fill, positionId, holderId, asset, direction, amount };
  world.trades.put(trade);
  world.announce({
    type: 'trade_filled',
    at: new Date(trade.at),
    agentIds: [holderId],
    data: {
      trade_id: trade.id,
      order_id: trade.orderId,
      position_id: positionId,
      action: trade.action,
      asset,
      direction,
      amount_usdc: toJsonNumber(amount),
      price: toJsonNumber(trade.price),
      fee_usdc: toJsonNumber(trade.fee),
      pnl_usdc: trade.pnl === null ? null : toJsonNumber(trade.pnl),
    },
  });
  return trade;
}

function marginAccount({ id }: Position): AccountName {
  return `position:${id}`;
}
