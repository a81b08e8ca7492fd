import { Hono } from 'hono';
import {
  formatUsd,
  InvalidAmountError,
  parseUsd,
  shareOf,
  sumUsd,
  toJsonNumber,
  type MicroUsd,
} from '../../src/money.ts';
import {
  bodyObject,
  invalidRequest,
  optionalObject,
  Refusal,
  requireCaller,
  requireOwnId,
  type TwinEnv,
} from '../request.ts';
import { isoOf } from '../world/clock.ts';
import { accountOf, newId, type World } from '../world/world.ts';
import { cappedPnl, fillOrder, marginOf, markPrice, type Direction, type Order, type Position } from './order-book.ts';

const MORE_THAN = parseUsd('1.00');
const MAXIMUM = parseUsd('50000.00');
const MAXIMUM_LEVERAGE = 20;
const FEE_BASIS_POINTS = 5;

/** Market orders and open positions. */
export function tradingRoutes(world: World): Hono<TwinEnv> {
  const routes = new Hono<TwinEnv>();

  routes.post('/trading/order', (c) => {
    const holder = requireCaller(c);
    const body = bodyObject(c);
    requireOwnId(holder, body['agent_id']);
    const amount = readSize(body['amount']);
    const direction = readDirection(body['direction']);
    const asset = readAsset(world, body['asset']);
    if (body['order_type'] !== 'market') throw invalidRequest('order_type must be "market".');
    const leverage = readLeverage(body['leverage']);
    const metadata = optionalObject(body, 'metadata');
    const margin = marginOf(amount, leverage);
    const fee = shareOf(amount, FEE_BASIS_POINTS);
    requireBalance(world.ledger.balance(accountOf(holder.id)), sumUsd(margin, fee));
    const terms = { holderId: holder.id, asset, direction, amount, margin, leverage, fee, metadata, newId };
    return c.json(orderAnswer(fillOrder(world, terms, c.get('now')).order), 201);
  });

  routes.get('/trading/positions', (c) => {
    const caller = requireCaller(c);
    requireOwnId(caller, c.req.query('agent_id'));
    const open = [...world.positions.values()].filter(
      ({ holderId, status }) => holderId === caller.id && status === 'open',
    );
    return c.json({
      agent_id: caller.id,
      count: open.length,
      positions: open.map((position) => positionAnswer(world, position, c.get('now'))),
    });
  });

  return routes;
}

/** A filled order as the service answers it. */
export function orderAnswer(order: Order): Record<string, unknown> {
  return {
    order_id: order.id,
    status: 'filled',
    ...exposureOf(order),
    fee: toJsonNumber(order.fee),
    created_at: isoOf(order.createdAt),
  };
}

function positionAnswer(world: World, position: Position, now: Date): Record<string, unknown> {
  const price = markPrice(world, position.asset, now) ?? position.entryPrice;
  return {
    position_id: position.id,
    order_id: position.orderId,
    ...exposureOf(position),
    mark_price: toJsonNumber(price),
    pnl_usdc: toJsonNumber(cappedPnl(position, price)),
    opened_at: isoOf(position.openedAt),
  };
}

function exposureOf(
  item: Pick<Order, 'asset' | 'direction' | 'amount' | 'leverage' | 'entryPrice'>,
): Record<string, unknown> {
  return {
    asset: item.asset,
    direction: item.direction,
    amount: toJsonNumber(item.amount),
    leverage: item.leverage,
    entry_price: toJsonNumber(item.entryPrice),
  };
}

function requireBalance(balance: MicroUsd, cost: MicroUsd): void {
  if (balance >= cost) return;
  throw new Refusal(
    400,
    'INSUFFICIENT_BALANCE',
    `Your balance of $${formatUsd(balance)} is less than margin and fee of $${formatUsd(cost)}`,
  );
}

function readSize(value: unknown): MicroUsd {
  if (typeof value === 'number') {
    const amount = parseSize(value);
    if (amount !== undefined && amount > MORE_THAN && amount <= MAXIMUM) return amount;
  }
  throw new Refusal(
    400,
    'INVALID_SIZE',
    'amount must be a JSON number of USDC, more than 1 and at most 50000, with at most six decimals.',
  );
}

function parseSize(value: number): MicroUsd | undefined {
  try {
    return parseUsd(value);
  } catch (error) {
    if (error instanceof InvalidAmountError) return undefined;
    throw error;
  }
}

function readDirection(value: unknown): Direction {
  if (value === 'long' || value === 'short') return value;
  throw new Refusal(400, 'INVALID_DIRECTION', 'direction must be "long" or "short".');
}

function readAsset(world: World, value: unknown): string {
  if (typeof value === 'string' && world.prices.get(value) !== undefined) return value;
  const assets = [...world.prices.values()].map(({ id }) => id);
  throw new Refusal(400, 'UNKNOWN_ASSET', `asset must be one of ${assets.join(', ')}.`);
}

function readLeverage(value: unknown): number {
  const leverage = value ?? 1;
  if (typeof leverage !== 'number' || !Number.isInteger(leverage) || leverage < 1 || leverage > MAXIMUM_LEVERAGE) {
    throw new Refusal(400, 'INVALID_LEVERAGE', `leverage must be an integer from 1 to ${MAXIMUM_LEVERAGE}.`);
  }
  return leverage;
}
