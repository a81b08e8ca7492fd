import { createPriceReader, type PricePoint } from './prices.ts';
import { createRecordingReader, type Recording } from './recording.ts';
import { replay } from './replay.ts';
import { createJsonSplitter } from './split-json.ts';
import { composeWhatIf, SHOWN_DIFFERENCES } from './compose-what-if.ts';
import { drawComparison } from './draw-equity.ts';
import type { ConfiguredCandidate } from './account.ts';

/** A text with what it is called in messages. */
export interface NamedText {
  readonly name: string;
  readonly text: string;
}

export interface WhatIfTexts {
  readonly events: NamedText;
  readonly prices?: NamedText;
  /** One, or two to compare. */
  readonly candidates: readonly ConfiguredCandidate[];
}

/**
 * What policies would have made of recorded events, as lines and as a picture in SVG. Pure: the same texts give the same.
 *
 * @throws InvalidPricesError
 */
export function runWhatIf({ events, prices, candidates }: WhatIfTexts): {
  readonly lines: readonly string[];
  readonly picture: string;
} {
  const input = {
    recording: readEvents(events),
    eventsFrom: events.name,
    prices: prices === undefined ? [] : readPrices(prices),
    pricesFrom: prices?.name,
    candidates,
  };
  const comparison = replay({
    signals: input.recording.signals,
    prices: input.prices,
    candidates,
    maxDifferences: SHOWN_DIFFERENCES,
  });
  return { lines: composeWhatIf(input, comparison), picture: drawComparison(comparison) };
}

function readEvents({ name, text }: NamedText): Recording {
  const reader = createRecordingReader();
  const splitter = createJsonSplitter();
  for (const part of [...splitter.push(text), ...splitter.end()]) reader.add(name, part);
  return reader.finish();
}

function readPrices({ name, text }: NamedText): readonly PricePoint[] {
  const reader = createPriceReader(name);
  reader.push(text);
  return reader.finish();
}
