import * as z from 'zod/mini';
import { usdSchema } from '../schemas.ts';

/** Whether orders go to Purple Flea, or to a book of our own that moves no money. */
export const TRADING_MODES = ['paper', 'live'] as const;
export type TradingMode = (typeof TRADING_MODES)[number];

/** When a market may be traded: on these days, from one wall-clock time until before another. */
const marketHoursSchema = z.object({
  /** ISO weekdays: Monday is 1, Sunday 7. */
  days: z.array(z.int()),
  /** `HH:MM`. */
  from: z.string(),
  /** `HH:MM`, later on the same day. */
  until: z.string(),
  /** IANA name, such as `America/New_York`. */
  timeZone: z.string(),
});
export type MarketHours = z.infer<typeof marketHoursSchema>;

const marketSchema = z.object({
  /** As signals name it. */
  asset: z.string(),
  /** The most that the market's open positions may come to with the order, longs less shorts, on either side. */
  maxExposureUsd: usdSchema,
  /** At any time where there are none. */
  hours: z.optional(marketHoursSchema),
});

/** What may be traded, how much, and when not. Stage configuration, `trading`; amounts are decimal USD. */
export const tradePolicySchema = z.object({
  mode: z.enum(TRADING_MODES),
  markets: z.array(marketSchema),
  /** Predictions below it are skipped; at it they trade. */
  confidenceThreshold: z.number(),
  /** Notional of an order: always the same, or from the one at the threshold to the other at confidence 1. */
  size: z.discriminatedUnion('by', [
    z.object({ by: z.literal('fixed'), amountUsd: usdSchema }),
    z.object({ by: z.literal('confidence'), fromUsd: usdSchema, toUsd: usdSchema }),
  ]),
  /** No order is larger, whatever its size comes to. */
  maxOrderUsd: usdSchema,
  leverage: z.int(),
  /** With less than this in the account there is no order. */
  minBalanceUsd: usdSchema,
  /** The most that orders of one UTC day may come to, notional. */
  dailyNotionalUsd: usdSchema,
  /** With this much lost in a UTC day there is no further order that day. */
  dailyLossUsd: usdSchema,
  /** How long a market rests after an order; 0 for not at all. */
  coolDownSeconds: z.int(),
  /** Older signals are stale: EventBridge may deliver for a day. */
  maxAgeSeconds: z.int(),
});
export type TradePolicy = z.infer<typeof tradePolicySchema>;
export type MarketPolicy = TradePolicy['markets'][number];
