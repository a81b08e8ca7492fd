import { UnusableEventError } from '../errors.ts';
import { INCOMING } from '../events/catalogue.ts';
import { parseDetail, parseEnvelope, type IncomingEvent } from '../events/envelope.ts';
import { inferenceCompletedSchema } from '../events/inference-completed.ts';
import { priceAlertSchema } from '../events/price-alert.ts';
import type { Cause } from '../ledger/effect-key.ts';
import type { MicroUsd } from '../money.ts';

/** What can ask for an order. */
export const SIGNAL_SOURCES = ['prediction', 'price-alert'] as const;
export type SignalSource = (typeof SIGNAL_SOURCES)[number];

/** A wish for an order, wherever it comes from. */
export interface TradeSignal {
  readonly source: SignalSource;
  /** Names the cause among those of its source: the same id is the same signal, however often it is sent. */
  readonly id: string;
  readonly asset: string;
  readonly direction: 'long' | 'short' | 'hold';
  /** 0 to 1; undefined for an alert, which is sure of itself. */
  readonly confidence: number | undefined;
  /** When it was true (ISO 8601). */
  readonly at: string;
  /** USD for one unit of the asset at that time, if it says so. */
  readonly price: MicroUsd | undefined;
}

/** The rule of a cause, by where the signal comes from. */
const RULES: Readonly<Record<SignalSource, string>> = { prediction: 'prediction-trade', 'price-alert': 'price-alert' };

/**
 * Reads an event that asks for an order: `inference.completed` or `price.alert`.
 *
 * @throws UnusableEventError naming each bad field and what is allowed there.
 */
export function readTradeSignal(text: string): TradeSignal {
  const event = parseEnvelope(text);
  const signal = signalIn(event);
  if (signal !== undefined) return signal;
  throw new UnusableEventError(
    `detail-type is "${event.detailType}"; this queue takes "${INCOMING.inferenceCompleted}" and "${INCOMING.priceAlert}"`,
  );
}

/**
 * The signal in an event; undefined where events of its type ask for no order.
 *
 * @throws UnusableEventError naming each bad field and what is allowed there.
 */
export function signalIn({ detailType, detail, time }: IncomingEvent<unknown>): TradeSignal | undefined {
  switch (detailType) {
    case INCOMING.inferenceCompleted: {
      const { predictionId, ...prediction } = parseDetail(detail, inferenceCompletedSchema);
      const { asset, direction, confidence, at, price } = prediction;
      return { source: 'prediction', id: predictionId, asset, direction, confidence, at, price };
    }
    case INCOMING.priceAlert: {
      const alert = parseDetail(detail, priceAlertSchema);
      const { asset, direction, price, at = time, alertId } = alert;
      const id = alertId ?? [asset, direction, alert.triggered_by, at].join('/');
      return { source: 'price-alert', id, asset, direction, confidence: undefined, at, price };
    }
    default:
      return undefined;
  }
}

/** The cause of a signal's order. `at` is left out: a sender that repeats itself may stamp the same anew. */
export function causeOfSignal({ source, id }: Pick<TradeSignal, 'source' | 'id'>): Cause {
  return { rule: RULES[source], subject: id, status: 'completed' };
}

/** What an order's cause was. */
export function signalOfCause({ rule, subject }: Cause): Pick<TradeSignal, 'source' | 'id'> {
  const source = SIGNAL_SOURCES.find((known) => RULES[known] === rule);
  if (source === undefined) throw new Error(`"${rule}" is no cause of an order`);
  return { source, id: subject };
}
