import { Hono } from 'hono';
import { formatUsd, InvalidAmountError, parseUsd, toJsonNumber, type MicroUsd } from '../src/money.ts';
import { isoSeconds } from './clock.ts';
import { costOf, fillOrder, type Order } from './order-book.ts';
import {
  bodyObject,
  invalidRequest,
  optionalObject,
  Refusal,
  requireCaller,
  requireOwnId,
  type TwinEnv,
} from './request.ts';
import type { World } from './world.ts';

const MORE_THAN = parseUsd('1.00');
const MAXIMUM = parseUsd('50000.00');
const MAXIMUM_LEVERAGE = 20;

/** Market orders and open positions. */
export function tradingRoutes(world: World): Hono<TwinEnv> {
  const routes = new Hono<TwinEnv>();

  routes.post('/trading/order', (c) => {
    const holder = requireCaller(c);
    const body = bodyObject(c);
    requireOwnId(holder, body['agent_id']);
    const amount = readSize(body['amount']);
    const direction = readDirection(body['direction']);
    const { asset, entryPrice } = readAsset(world, body['asset']);
    if (body['order_type'] !== 'market') throw invalidRequest('order_type must be "market".');
    const leverage = readLeverage(body['leverage']);
    const metadata = optionalObject(body, 'metadata');
    const cost = costOf({ amount, leverage });
    if (holder.balance < cost) {
      throw new Refusal(
        400,
        'INSUFFICIENT_BALANCE',
        `Your balance of $${formatUsd(holder.balance)} is less than margin and fee of $${formatUsd(cost)}`,
      );
    }
    const order = fillOrder(world, { holder, asset, direction, amount, leverage, entryPrice, metadata }, c.get('now'));
    return c.json(orderAnswer(order), 201);
  });

  routes.get('/trading/positions', (c) => {
    const caller = requireCaller(c);
    requireOwnId(caller, c.req.query('agent_id'));
    const positions = world.positions.filter(({ holder }) => holder === caller);
    return c.json({
      agent_id: caller.id,
      count: positions.length,
      positions: positions.map(({ id, order }) => ({
        position_id: id,
        order_id: order.id,
        ...exposureOf(order),
        opened_at: isoSeconds(order.createdAt),
      })),
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
    created_at: isoSeconds(order.createdAt),
  };
}

function exposureOf(order: Order): Record<string, unknown> {
  return {
    asset: order.asset,
    direction: order.direction,
    amount: toJsonNumber(order.amount),
    leverage: order.leverage,
    entry_price: toJsonNumber(order.entryPrice),
  };
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

function readDirection(value: unknown): 'long' | 'short' {
  if (value === 'long' || value === 'short') return value;
  throw new Refusal(400, 'INVALID_DIRECTION', 'direction must be "long" or "short".');
}

function readAsset(world: World, value: unknown): { asset: string; entryPrice: MicroUsd } {
  const entryPrice = typeof value === 'string' ? world.prices.get(value) : undefined;
  if (typeof value !== 'string' || entryPrice === undefined) {
    throw new Refusal(400, 'UNKNOWN_ASSET', `asset must be one of ${[...world.prices.keys()].join(', ')}.`);
  }
  return { asset: value, entryPrice };
}

function readLeverage(value: unknown): number {
  const leverage = value ?? 1;
  if (typeof leverage !== 'number' || !Number.isInteger(leverage) || leverage < 1 || leverage > MAXIMUM_LEVERAGE) {
    throw new Refusal(400, 'INVALID_LEVERAGE', `leverage must be an integer from 1 to ${MAXIMUM_LEVERAGE}.`);
  }
  return leverage;
}
