import { format, resolveConfig } from 'prettier';
import { loadConfig, type Config } from '../lib/config.ts';
import { runWhatIf } from '../src/what-if/run-what-if.ts';
import { candidateOf } from '../lib/what-if-candidate.ts';
import { formatUsd, parseUsd, type MicroUsd } from '../src/money.ts';
import { OWN_SOURCE } from '../src/events/catalogue.ts';
import type { InferenceCompletedDetail } from '../src/events/inference-completed.ts';
import type { PriceAlertDetail } from '../src/events/price-alert.ts';

const FOLDER = 'examples/what-if';

/** The files of the example by path, the picture in the documentation among them. */
export async function writeExample(): Promise<ReadonlyMap<string, string>> {
  const { events, prices } = makeExample();
  const local = loadConfig('local');
  const careful = carefulConfig(local);
  const { picture } = runWhatIf({
    events: { name: `${FOLDER}/events.jsonl`, text: events },
    prices: { name: `${FOLDER}/prices.csv`, text: prices },
    candidates: [candidateOf('local', local), candidateOf('careful', careful)],
  });
  const style = await resolveConfig('package.json');
  return new Map([
    [`${FOLDER}/events.jsonl`, events],
    [`${FOLDER}/prices.csv`, prices],
    [`${FOLDER}/careful.json`, await format(JSON.stringify(careful), { ...style, parser: 'json' })],
    ['docs/what-if.svg', picture],
  ]);
}

/** The example's texts. They are made up, by numbers that are the same every time; nothing in them was ever observed. */
interface WhatIfExample {
  /** JSON lines. */
  readonly events: string;
  /** CSV. */
  readonly prices: string;
}

const FROM = Date.parse('2026-03-02T00:00:00Z');
const DAYS = 5;
const MINUTE = 60_000;
const PRICE_EVERY = 15 * MINUTE;
const PREDICTION_EVERY = 60 * MINUTE;
const ALERT_EVERY = 3 * PREDICTION_EVERY;

/** So far ahead the made-up model looks, in steps of the prices. */
const HORIZON = 16;

const MARKETS = [
  { asset: 'BTC-USDC', price: parseUsd('64000'), swing: 2_600 },
  { asset: 'ETH-USDC', price: parseUsd('3400'), swing: 3_400 },
  { asset: 'SOL-USDC', price: parseUsd('145'), swing: 5_000 },
] as const;

/**
 * Five days of hourly predictions on three assets, alerts, and prices every quarter of an hour. The model is made to be right
 * the more often the surer it says it is.
 */
function makeExample(): WhatIfExample {
  const next = createNumbers(20_260_302);
  const steps = (DAYS * 24 * 60 * MINUTE) / PRICE_EVERY;
  const paths = MARKETS.map(({ asset, price, swing }) => ({
    asset,
    prices: walk(next, price, swing, steps + HORIZON),
  }));

  const rows = Array.from({ length: steps + 1 }, (_, step) =>
    paths.map(({ asset, prices }) => `${isoAt(FROM + step * PRICE_EVERY)},${asset},${formatUsd(at(prices, step))}`),
  );

  const events: BusEvent[] = [];
  for (let time = FROM; time < FROM + DAYS * 24 * 60 * MINUTE; time += PREDICTION_EVERY) {
    const step = (time - FROM) / PRICE_EVERY;
    for (const { asset, prices } of paths) {
      events.push(...predict(next, time, asset, at(prices, step + HORIZON) > at(prices, step)));
    }
    if ((time - FROM) % ALERT_EVERY === 0) events.push(alert(next, time + 30 * MINUTE, paths, step + 2));
  }
  return {
    events: events.map((event, index) => `${JSON.stringify(onTheBus(event, index))}\n`).join(''),
    prices: ['at,asset,price', ...rows.flat(), ''].join('\n'),
  };
}

/** A whole configuration that trades less often, and by how sure the model is. */
function carefulConfig(config: Config): Config {
  return {
    ...config,
    trading: {
      ...config.trading,
      markets: config.trading.markets.map((market) => ({ ...market, maxExposureUsd: '300.00' })),
      confidenceThreshold: 0.8,
      size: { by: 'confidence', fromUsd: '20.00', toUsd: '80.00' },
      dailyLossUsd: '25.00',
      coolDownSeconds: 7200,
    },
  };
}

interface BusEvent {
  readonly detailType: string;
  readonly source: string;
  /** Epoch milliseconds. */
  readonly time: number;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** A whole number below another one, different every time it is asked for. */
type Numbers = (below: number) => number;

/** Mulberry32: whole numbers alone, the same on every machine. */
function createNumbers(seed: number): Numbers {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** A price and what becomes of it, in cents; it drifts for a while one way, then another. `swing` is in millionths a step. */
function walk(next: Numbers, start: MicroUsd, swing: number, length: number): MicroUsd[] {
  const prices = [start];
  let drift = 0;
  for (let step = 0; step < length; step += 1) {
    if (step % 24 === 0) drift = next(swing) - Math.floor(swing / 2);
    const noise = next(2 * swing) + next(2 * swing) - 2 * swing;
    const before = at(prices, step);
    const moved = before + (before * BigInt(noise + Math.floor(drift / 2))) / 1_000_000n;
    prices.push((moved - (moved % 10_000n)) as MicroUsd);
  }
  return prices;
}

function predict(next: Numbers, time: number, asset: string, rises: boolean): BusEvent[] {
  const confidence = 450 + next(540);
  const isRight = next(1000) < 350 + Math.floor(confidence / 3);
  const direction = next(100) < 7 ? 'hold' : rises === isRight ? 'long' : 'short';
  const madeAt = time + next(20_000);
  const detail: InferenceCompletedDetail = {
    predictionId: `${isoAt(time).slice(0, 16)}-${asset.slice(0, 3).toLowerCase()}`,
    direction,
    confidence: confidence / 1000,
    asset: next(60) === 0 ? 'DOGE-USDC' : asset,
    at: new Date(madeAt).toISOString(),
  };
  const isLate = next(40) === 0;
  const event = {
    detailType: 'inference.completed',
    source: OWN_SOURCE,
    time: madeAt + 400 + (isLate ? 5 * MINUTE : 0),
    detail: { ...detail },
  };
  switch (next(60)) {
    case 0:
      return [event, { ...event, time: event.time + 2000 }];
    case 1:
      return [{ ...event, detail: { ...detail, confidence: confidence / 10 } }];
    case 2:
      return [event, refusalOf(event.time + 1000, detail)];
    default:
      return [event];
  }
}

/** What the pipeline itself had said then, as a recording has it in between. */
function refusalOf(time: number, { predictionId, asset, confidence }: InferenceCompletedDetail): BusEvent {
  const detail = {
    mode: 'paper',
    source: 'prediction',
    signalId: predictionId,
    asset,
    reason: 'low-confidence',
    detail: `confidence ${confidence} is below 0.99`,
  };
  return { detailType: 'trade.skipped', source: OWN_SOURCE, time, detail };
}

function alert(
  next: Numbers,
  time: number,
  paths: readonly { readonly asset: string; readonly prices: readonly MicroUsd[] }[],
  step: number,
): BusEvent {
  const { asset, prices } = at(paths, next(paths.length));
  const rose = at(prices, step) > at(prices, Math.max(0, step - 8));
  const detail: PriceAlertDetail = {
    asset,
    direction: rose ? 'short' : 'long',
    price: formatUsd(at(prices, step)),
    triggered_by: rose ? 'rsi_overbought' : 'rsi_oversold',
    at: isoAt(time),
  };
  return { detailType: 'price.alert', source: 'market-watch', time: time + 1000, detail: { ...detail } };
}

function onTheBus({ detailType, source, time, detail }: BusEvent, index: number): unknown {
  return {
    version: '0',
    id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    'detail-type': detailType,
    source,
    account: '000000000000',
    time: isoAt(time - (time % 1000)),
    region: 'us-east-1',
    resources: [],
    detail,
  };
}

function isoAt(time: number): string {
  return new Date(time).toISOString().replace('.000Z', 'Z');
}

function at<Value>(values: readonly Value[], index: number): Value {
  const value = values[index];
  if (value === undefined) throw new Error(`there is no ${index} of ${values.length}`);
  return value;
}
