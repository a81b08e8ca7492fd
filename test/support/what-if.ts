import { INCOMING } from '../../src/events/catalogue.ts';
import { parseUsd } from '../../src/money.ts';
import type { TradePolicy } from '../../src/trading/trade-policy.ts';
import type { Candidate } from '../../src/what-if/account.ts';
import type { PricePoint } from '../../src/what-if/prices.ts';
import { createRecordingReader, type RecordedSignal, type Recording } from '../../src/what-if/recording.ts';
import { createJsonSplitter } from '../../src/what-if/split-json.ts';
import { anEvent } from './lambda-events.ts';

/** A Friday. */
export const MORNING = Date.parse('2026-03-06T09:00:00Z');

export const isoAt = (at: number) => new Date(at).toISOString();
export const afterMorning = (seconds: number) => MORNING + seconds * 1000;

/** A policy that limits next to nothing. */
export function aWidePolicy(overrides: Partial<TradePolicy> = {}): TradePolicy {
  return {
    mode: 'paper',
    markets: [aMarketOf('BTC-USDC'), aMarketOf('ETH-USDC')],
    confidenceThreshold: 0.6,
    size: { by: 'fixed', amountUsd: parseUsd('50.00') },
    maxOrderUsd: parseUsd('1000.00'),
    leverage: 1,
    minBalanceUsd: parseUsd('0.00'),
    dailyNotionalUsd: parseUsd('100000.00'),
    dailyLossUsd: parseUsd('100000.00'),
    coolDownSeconds: 0,
    maxAgeSeconds: 60,
    ...overrides,
  };
}

export function aMarketOf(asset: string, maxExposureUsd = '100000.00'): TradePolicy['markets'][number] {
  return { asset, maxExposureUsd: parseUsd(maxExposureUsd) };
}

export function aCandidate(
  policy: Partial<TradePolicy> = {},
  { balanceUsd = '1000.00', feeBasisPoints = 0, marketDayUsd = '', name = 'a' } = {},
): Candidate {
  return {
    name,
    policy: aWidePolicy(policy),
    terms: { balanceUsd: parseUsd(balanceUsd), feeBasisPoints },
    marketDayUsd: marketDayUsd === '' ? undefined : parseUsd(marketDayUsd),
  };
}

/** A prediction that was true when the bus took it. */
export function aRecordedSignal(
  seconds: number,
  { price, ...overrides }: Partial<Omit<RecordedSignal, 'price'>> & { readonly price?: string } = {},
): RecordedSignal {
  const takenAt = afterMorning(seconds);
  return {
    source: 'prediction',
    id: `prediction-${seconds}`,
    asset: 'BTC-USDC',
    direction: 'long',
    confidence: 0.72,
    at: isoAt(takenAt),
    takenAt,
    price: price === undefined ? undefined : parseUsd(price),
    ...overrides,
  };
}

export function aPrice(seconds: number, price: string, asset = 'BTC-USDC'): PricePoint {
  return { at: afterMorning(seconds), asset, price: parseUsd(price) };
}

/** The text of a signal's event as the bus has it. */
export function eventOf({ source, id, asset, direction, confidence, at, takenAt }: RecordedSignal, price?: string) {
  const detail = { asset, direction, at, ...(price === undefined ? {} : { price }) };
  const time = isoAt(takenAt);
  return source === 'prediction'
    ? anEvent(INCOMING.inferenceCompleted, { ...detail, predictionId: id, confidence }, { time })
    : anEvent(INCOMING.priceAlert, { ...detail, alertId: id, triggered_by: 'a test' }, { time });
}

/** Reads a text of events in pieces of so many characters. */
export function readRecording(text: string, pieceLength = text.length, file = 'events.jsonl'): Recording {
  const reader = createRecordingReader();
  const splitter = createJsonSplitter();
  for (let start = 0; start < text.length; start += Math.max(1, pieceLength)) {
    for (const part of splitter.push(text.slice(start, start + Math.max(1, pieceLength)))) reader.add(file, part);
  }
  for (const part of splitter.end()) reader.add(file, part);
  return reader.finish();
}
