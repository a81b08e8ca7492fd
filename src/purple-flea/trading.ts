import * as z from 'zod/mini';
import type { Answer } from '../ledger/answer.ts';
import { formatUsd, toJsonNumber, type MicroUsd } from '../money.ts';
import { usdSchema } from '../schemas.ts';
import { classify, firstProblem, type Credentials, type ServiceDeps } from './service.ts';

export type OrderDirection = 'long' | 'short';

/** Limits of the trading service: notional in USD, leverage a whole number. */
export const ORDER_LIMITS = { maxAmountUsd: '50000.00', minLeverage: 1, maxLeverage: 20 } as const;

/** A market order. `amount` is the notional in USDC. */
export interface OrderRequest {
  readonly asset: string;
  readonly direction: OrderDirection;
  readonly amount: MicroUsd;
  /** Always sent: a service that misses it may choose one of its own. */
  readonly leverage: number;
  readonly metadata: Readonly<Record<string, string>>;
}

/** An order that stands: what the ledger keeps of it. `amountUsd` is decimal USD. */
export const placedOrderSchema = z.object({
  orderId: z.string(),
  status: z.enum(['open', 'filled']),
  asset: z.string(),
  direction: z.enum(['long', 'short']),
  amountUsd: z.string(),
});
export type PlacedOrder = z.infer<typeof placedOrderSchema>;

/** The trading operations of the `reference` profile, for one agent's key. */
export interface TradingClient {
  /** Places one order. The service returns no reference of ours, so a lost answer stays unknown. */
  placeOrder(body: string, idempotencyKey: string): Promise<Answer<PlacedOrder>>;
}

/** The JSON text of an order: it is recorded in the intent and sent as it is. */
export function orderBody(order: OrderRequest, agentId: string): string {
  return JSON.stringify({
    agent_id: agentId,
    direction: order.direction,
    amount: toJsonNumber(order.amount),
    asset: order.asset,
    order_type: 'market',
    leverage: order.leverage,
    metadata: order.metadata,
  });
}

const orderSchema = z.object({
  order_id: z.string().check(z.minLength(1)),
  status: z.enum(['open', 'filled']),
  asset: z.string(),
  direction: z.enum(['long', 'short']),
  amount: usdSchema,
});

const askedSchema = z.object({ asset: z.string(), direction: z.string(), amount: usdSchema });

/** The one refusal that is certain: published servers answer other 4xx after the exchange filled the order. */
const ORDER_REFUSALS = { UNAUTHORIZED: 401 } as const;

export function createTradingClient(deps: ServiceDeps, credentials: Credentials): TradingClient {
  return {
    async placeOrder(body, idempotencyKey) {
      const answer = await deps.transport({
        method: 'POST',
        url: `${deps.service.baseUrl}/trading/order`,
        apiKey: credentials.apiKey,
        body,
        idempotencyKey,
      });
      return classify(answer, {
        readApplied: (shown) => readPlaced(shown, body),
        refusals: ORDER_REFUSALS,
        random: deps.random,
      });
    },
  };
}

function readPlaced(body: unknown, requestBody: string): PlacedOrder | string {
  const asked = askedSchema.parse(JSON.parse(requestBody));
  const parsed = orderSchema.safeParse(body);
  if (!parsed.success) return firstProblem(parsed.error);
  const shown = parsed.data;
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
}
