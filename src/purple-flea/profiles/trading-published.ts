import * as z from 'zod/mini';
import { formatUsd, parseUsd, shareOf, sumUsd, toJsonNumber, type MicroUsd } from '../../money.ts';
import { estimateSchema, usdSchema } from '../../schemas.ts';
import { ORDER_LIMITS, type OrderDirection, type Position } from '../trading.ts';
import { idSchema, instantSchema, priceSchema, queryOf, readBody, readPublishedCode } from '../wire.ts';
import { ORDER_REFUSALS, type TradingDialect } from './trading-dialect.ts';

/** What an account may open at most; larger accounts may more, and the server says so itself. */
const MAX_SIZE = parseUsd('10000.00');

/** The server counts by path and address. Reads are free. */
const LIMITS = {
  order: { name: 'POST /v1/trade/open', per: 'address', perMinute: 30 },
  read: undefined,
} as const satisfies TradingDialect['limits'];

const side = z.enum(['long', 'short']);

const orderSchema = z.object({
  coin: idSchema,
  side,
  size_usd: usdSchema.check(
    z.refine((size) => size > 0n, { error: 'must be more than nothing' }),
    z.refine((size) => size <= MAX_SIZE, { error: `above the maximum of ${formatUsd(MAX_SIZE)}` }),
  ),
  leverage: z.int().check(z.minimum(ORDER_LIMITS.minLeverage), z.maximum(ORDER_LIMITS.maxLeverage)),
});

/** `size_usd` is what was filled: whole lots at the exchange's price, near what was asked and with many decimals. */
const placedSchema = z.object({
  position_id: idSchema,
  order_id: idSchema,
  coin: z.string(),
  side,
  size_usd: estimateSchema,
  /** An account's own cap may lower what was asked. */
  leverage: z.optional(z.number()),
  status: z.literal('open'),
});

/** More than this over what was asked is the fill of another order. */
const MAX_OVERFILL_BASIS_POINTS = 500;

const exposure = { coin: z.string(), side, unrealized_pnl: z.optional(estimateSchema) };

/** Rows come out of the server's own table under its own names, or as the exchange shows them: then without a time. */
const positionsSchema = z.discriminatedUnion('source', [
  z.object({
    source: z.literal('hyperliquid'),
    positions: z.array(
      z.object({
        ...exposure,
        position_id: z.nullable(idSchema),
        size_usd: estimateSchema,
        entry_price: priceSchema,
        leverage: z.number(),
      }),
    ),
  }),
  z.object({
    source: z.literal('database'),
    positions: z.array(
      z.object({
        ...exposure,
        id: idSchema,
        sizeUsd: estimateSchema,
        entryPrice: priceSchema,
        leverage: z.number(),
        openedAt: instantSchema,
      }),
    ),
  }),
]);

const historySchema = z.object({
  trades: z.array(
    z.object({
      id: idSchema,
      orderId: z.nullish(idSchema),
      coin: z.string(),
      side: z.enum(['buy', 'sell']),
      sizeUsd: estimateSchema,
      createdAt: instantSchema,
      realizedPnl: z.nullish(estimateSchema),
    }),
  ),
});

/** The trading API as the published server serves it. It has no field for a reference of ours. */
export const tradingPublished: TradingDialect = {
  assetOf,
  limits: LIMITS,

  orderBody: (order) =>
    JSON.stringify({
      coin: coinOf(order.asset),
      side: order.direction,
      size_usd: toJsonNumber(order.amount),
      leverage: order.leverage,
    }),

  order: (body) => ({
    path: '/v1/trade/open',
    limit: LIMITS.order,
    request: orderSchema,
    refusals: ORDER_REFUSALS,
    readCode: readPublishedCode,
    readApplied(answer) {
      const asked = orderSchema.parse(JSON.parse(body));
      const shown = readBody(placedSchema, answer);
      if (typeof shown === 'string') return shown;
      if (shown.coin !== asked.coin) return 'coin is another';
      if (shown.side !== asked.side) return 'side is another';
      const most = sumUsd(asked.size_usd, shareOf(asked.size_usd, MAX_OVERFILL_BASIS_POINTS));
      if (shown.leverage !== undefined && shown.leverage > asked.leverage) return `leverage is ${shown.leverage}`;
      if (shown.size_usd <= 0n || shown.size_usd > most) return `size_usd is ${formatUsd(shown.size_usd)}`;
      return {
        orderId: shown.order_id,
        status: shown.status,
        asset: assetOf(shown.coin),
        direction: shown.side,
        amountUsd: formatUsd(shown.size_usd),
        ...(shown.leverage === undefined ? {} : { leverage: shown.leverage }),
      };
    },
  }),

  positions: () => ({
    path: '/v1/trade/positions',
    limit: LIMITS.read,
    readCode: readPublishedCode,
    read(answer) {
      const shown = readBody(positionsSchema, answer);
      if (typeof shown === 'string') return shown;
      return shown.source === 'hyperliquid'
        ? shown.positions.map((row) => ({
            ...exposureOf(row),
            positionId: row.position_id ?? undefined,
            orderId: undefined,
            amount: row.size_usd,
            entryPrice: row.entry_price,
            openedAt: undefined,
          }))
        : shown.positions.map((row) => ({
            ...exposureOf(row),
            positionId: row.id,
            orderId: undefined,
            amount: row.sizeUsd,
            entryPrice: row.entryPrice,
            openedAt: row.openedAt,
          }));
    },
  }),

  history: (limit) => ({
    path: `/v1/trade/history${queryOf({ limit })}`,
    limit: LIMITS.read,
    readCode: readPublishedCode,
    read(answer) {
      const shown = readBody(historySchema, answer);
      if (typeof shown === 'string') return shown;
      return shown.trades.map((row) => ({
        tradeId: row.id,
        orderId: row.orderId ?? undefined,
        asset: assetOf(row.coin),
        direction: row.side === 'buy' ? 'long' : 'short',
        amount: row.sizeUsd,
        at: row.createdAt,
        pnl: row.realizedPnl ?? undefined,
      }));
    },
  }),
};

/** What both kinds of rows name alike. */
function exposureOf(row: {
  readonly coin: string;
  readonly side: OrderDirection;
  readonly leverage: number;
  readonly unrealized_pnl?: MicroUsd | undefined;
}): Pick<Position, 'asset' | 'direction' | 'leverage' | 'pnl'> {
  return { asset: assetOf(row.coin), direction: row.side, leverage: row.leverage, pnl: row.unrealized_pnl };
}

/** The reference names a pair, `BTC-USDC`; the published server its first half. */
function coinOf(asset: string): string {
  return asset.replace(/-USDC$/, '');
}

function assetOf(coin: string): string {
  return `${coin}-USDC`;
}
