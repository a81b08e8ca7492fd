import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { STAGES } from '../lib/stages.ts';
import { readCandidate } from '../lib/what-if-candidate.ts';
import { runCommand, UsageError } from '../src/command-line.ts';
import { createPriceReader, type PricePoint } from '../src/what-if/prices.ts';
import { createRecordingReader, type Recording } from '../src/what-if/recording.ts';
import { replay } from '../src/what-if/replay.ts';
import { createJsonSplitter } from '../src/what-if/split-json.ts';
import { composeWhatIf, SHOWN_DIFFERENCES } from '../src/what-if/compose-what-if.ts';
import { drawComparison } from '../src/what-if/draw-equity.ts';
import { listFiles, readText } from './read-text.ts';

const USAGE = `npm run what-if -- --events FILE --config A [--config B] [--prices FILE] [--svg FILE] [--all]
    replays recorded events on paper, under one configuration or under two side by side

  --events    EventBridge events: JSON lines, one after another, or an array; gzip or not; a file or a folder, more than once
  --config    a stage (${STAGES.join(', ')}) or a file like config/dev.json
  --prices    CSV with the header at,asset,price, or JSON lines with these fields; prices in the events count as well
  --svg       where to write a picture of the equity
  --all       lists every signal on which the two differ; otherwise only the first ${SHOWN_DIFFERENCES} on which they trade differently

It reads these files and nothing else: no AWS, no key. docs/what-if.md says what it does not tell.`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      events: { type: 'string', multiple: true, default: [] },
      config: { type: 'string', multiple: true, default: [] },
      prices: { type: 'string' },
      svg: { type: 'string' },
      all: { type: 'boolean', default: false },
    },
  });
  const { events, config, prices: pricesFrom, svg } = values;
  if (events.length === 0) throw new UsageError('--events is missing');
  if (config.length === 0 || config.length > 2) throw new UsageError('give --config once or twice');
  const candidates = config.map(readCandidate);
  if (new Set(candidates.map(({ name }) => name)).size < candidates.length) {
    throw new UsageError(`--config ${config.join(' --config ')}: give two of different names`);
  }
  const recording = await readRecording(events);
  const eventsFrom = events.join(', ');
  if (recording.signals.length === 0) {
    throw new Error(
      [
        `${eventsFrom}: no usable inference.completed or price.alert among ${eventCount(recording)} events`,
        ...recording.problems,
      ].join('\n  '),
    );
  }
  const prices = pricesFrom === undefined ? [] : await readPrices(pricesFrom);
  const maxDifferences = values.all ? undefined : SHOWN_DIFFERENCES;
  const comparison = replay({ signals: recording.signals, prices, candidates, maxDifferences });
  console.log(composeWhatIf({ recording, eventsFrom, prices, pricesFrom, candidates }, comparison).join('\n'));
  if (svg !== undefined) writeFileSync(svg, drawComparison(comparison));
  return 0;
}

async function readRecording(paths: readonly string[]): Promise<Recording> {
  const reader = createRecordingReader();
  for (const path of paths) {
    for (const file of await listFiles(path)) {
      const splitter = createJsonSplitter();
      for await (const piece of readText(file)) {
        for (const part of splitter.push(piece)) reader.add(file, part);
      }
      for (const part of splitter.end()) reader.add(file, part);
    }
  }
  return reader.finish();
}

async function readPrices(path: string): Promise<readonly PricePoint[]> {
  const reader = createPriceReader(path);
  for await (const piece of readText(path)) reader.push(piece);
  return reader.finish();
}

function eventCount({ signals, others, unusable }: Recording): number {
  return signals.length + unusable + [...others.values()].reduce((total, count) => total + count, 0);
}

await runCommand(USAGE, main);
