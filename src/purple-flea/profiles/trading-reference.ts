import * as z from 'zod/mini';
import { formatUsd, parseUsd, toJsonNumber } from '../../money.ts';
import type { CallLimit } from '../../pacing/pace.ts';
import { estimateSchema, usdSchema } from '../../schemas.ts';
import { ORDER_LIMITS } from '../trading.ts';
import { idSchema, instantSchema, priceSchema, queryOf, readBody, readReferenceCode } from '../wire.ts';
import { ORDER_REFUSALS, type TradingDialect } from './trading-dialect.ts';

const ONE_USD = parseUsd('1.00');
const MAX_AMOUNT = parseUsd(ORDER_LIMITS.maxAmountUsd);

/** Every call counts, for each key and service. */
const CALLS: CallLimit = { name: 'trading', per: 'account', perMinute: 60 };

const direction = z.enum(['long', 'short']);

const orderSchema = z.object({
  agent_id: idSchema,
  direction,
  amount: usdSchema.check(
    z.refine((amount) => amount > ONE_USD, { error: 'must be more than 1.00' }),
    z.refine((amount) => amount <= MAX_AMOUNT, { error: `above the maximum of ${ORDER_LIMITS.maxAmountUsd}` }),
  ),
  asset: idSchema,
  order_type: z.literal('market'),
  leverage: z.int().check(z.minimum(ORDER_LIMITS.minLeverage), z.maximum(ORDER_LIMITS.maxLeverage)),
  metadata: z.record(z.string(), z.string()),
});

const placedSchema = z.object({
  order_id: idSchema,
  status: z.enum(['open', 'filled']),
  asset: z.string(),
  direction,
  amount: usdSchema,
});

const positionsSchema = z.object({
  positions: z.array(
    z.object({
      position_id: idSchema,
      order_id: z.optional(idSchema),
      asset: z.string(),
      direction,
      amount: usdSchema,
      leverage: z.number(),
      entry_price: priceSchema,
      opened_at: instantSchema,
      pnl_usdc: z.optional(estimateSchema),
    }),
  ),
});

/** The trading API of the documentation. */
export const tradingReference: TradingDialect = {
  assetOf: (symbol) => symbol,
  limits: { order: CALLS, read: CALLS },

  orderBody: (order) =>
    JSON.stringify({
      agent_id: order.agentId,
      direction: order.direction,
      amount: toJsonNumber(order.amount),
      asset: order.asset,
      order_type: 'market',
      leverage: order.leverage,
      metadata: { reference: order.reference, ...order.metadata },
    }),

  order: (body) => ({
    path: '/trading/order',
    limit: CALLS,
    request: orderSchema,
    refusals: ORDER_REFUSALS,
    readCode: readReferenceCode,
    readApplied(answer) {
      const asked = orderSchema.parse(JSON.parse(body));
      const shown = readBody(placedSchema, answer);
      if (typeof shown === 'string') return shown;
      if (shown.asset !== asked.asset) return 'asset is another';
      if (shown.direction !== asked.direction) return 'direction is another';
      if (shown.amount !== asked.amount) return `amount is ${formatUsd(shown.amount)}`;
      return {
        orderId: shown.order_id,
        status: shown.status,
        asset: shown.asset,
        direction: shown.direction,
        amountUsd: formatUsd(shown.amount),
      };
    },
  }),

  positions: (agentId) => ({
    path: `/trading/positions${queryOf({ agent_id: agentId })}`,
    limit: CALLS,
    readCode: readReferenceCode,
    read(answer) {
      const shown = readBody(positionsSchema, answer);
      if (typeof shown === 'string') return shown;
      return shown.positions.map((row) => ({
        positionId: row.position_id,
        orderId: row.order_id,
        asset: row.asset,
        direction: row.direction,
        amount: row.amount,
        leverage: row.leverage,
        entryPrice: row.entry_price,
        openedAt: row.opened_at,
        pnl: row.pnl_usdc,
      }));
    },
  }),

  history: () => ({
    kind: 'unsupported',
    reason: 'the documented trading service has no history; positions show what is open',
  }),
};
