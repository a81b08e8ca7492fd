import * as z from 'zod/mini';
import { priceSchema } from '../schemas.ts';

/**
 * Detail of `price.alert` on the app's bus: something watches a price and wants an order. `alertId` names the cause; without
 * it, the asset, the direction, what triggered it and the second in which the bus took the event do.
 */
export const priceAlertSchema = z.looseObject({
  asset: z.string().check(z.minLength(1), z.maxLength(40)),
  direction: z.enum(['long', 'short']),
  /** Decimal USD for one unit of the asset, as it was when the alert went off. */
  price: priceSchema,
  /** What set it off, such as `rsi_oversold`. */
  triggered_by: z.string().check(z.minLength(1), z.maxLength(200)),
  alertId: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
  /** When the alert went off (ISO 8601); when the bus took it, if left out. */
  at: z.optional(z.iso.datetime({ offset: true })),
});

/** The same as it is sent. */
export type PriceAlertDetail = z.input<typeof priceAlertSchema>;
