import type { ApiKeys } from '../../src/aws/api-key-secret.ts';
import { TryLaterError } from '../../src/errors.ts';
import { INCOMING } from '../../src/events/catalogue.ts';
import { parseEvent } from '../../src/events/envelope.ts';
import { inferenceCompletedSchema, type InferenceCompleted } from '../../src/events/inference-completed.ts';
import type { EffectDeps } from '../../src/ledger/perform-effect.ts';
import type { Credentials } from '../../src/purple-flea/service.ts';
import { placedOrderSchema, type TradingClient } from '../../src/purple-flea/trading.ts';
import { decideTrade, type TradePolicy } from '../../src/trading/decide-trade.ts';
import { orderKey, placeOrder } from '../../src/trading/place-order.ts';
import type { AnnounceDeps } from '../shared/announce.ts';
import { consumeQueue, type QueueDeps } from '../shared/consume-queue.ts';

export interface Deps extends QueueDeps, AnnounceDeps, Omit<EffectDeps, 'remainingMs'> {
  readonly readApiKeys: () => Promise<ApiKeys>;
  readonly openTrading: (credentials: Credentials) => TradingClient;
  /** Total deadline of one request, in milliseconds. */
  readonly requestMs: number;
  readonly policy: TradePolicy;
}

/** Turns one prediction into one order, or into a recorded "no". */
export function createHandler(deps: Deps) {
  return consumeQueue(deps, async ({ body, redelivered }, remainingMs) => {
    const { detail: prediction } = parseEvent(body, INCOMING.inferenceCompleted, inferenceCompletedSchema);
    const { predictionId, confidence } = prediction;
    const skip = async (reason: string, detail: string) => {
      deps.count('TradesSkipped');
      await deps.publish('trade.skipped', { predictionId, reason, detail });
    };

    const decision = decideTrade(prediction, deps.policy, await decisionTime(deps, prediction));
    if (decision.action === 'skip') return skip(decision.reason, decision.detail);

    const { own } = await deps.readApiKeys();
    const trading = deps.openTrading(own);
    const outcome = await placeOrder({ ...deps, remainingMs, trading }, prediction, decision.order, own.agentId);
    deps.log.info('order', { predictionId, outcome: outcome.outcome });
    switch (outcome.outcome) {
      case 'applied': {
        if (outcome.duplicate && !redelivered) return;
        const { orderId, asset, direction, amountUsd } = placedOrderSchema.parse(outcome.result);
        deps.count('TradesPlaced');
        return deps.publish('trade.placed', { predictionId, orderId, asset, direction, amountUsd, confidence });
      }
      case 'rejected':
        return skip('refused', outcome.reason);
      case 'not-sent':
        throw new TryLaterError(`the order was not sent: ${outcome.reason}`);
      case 'pending':
      case 'manual':
        // Whoever settles the intent says what became of it.
        return;
    }
  });
}

/**
 * The time a prediction's age is measured at. The queue delivers again after minutes: an order that was claimed by then
 * may stand, so it is decided over as before and never reported as stale.
 */
async function decisionTime(deps: Deps, prediction: InferenceCompleted): Promise<Date> {
  const intent = await deps.intents.read(orderKey(prediction));
  return intent === undefined || intent.state === 'prepared' ? deps.now() : new Date(intent.createdAt);
}
