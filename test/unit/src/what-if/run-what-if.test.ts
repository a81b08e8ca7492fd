import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { loadConfig, type Config } from '../../../../lib/config.ts';
import { runWhatIf } from '../../../../src/what-if/run-what-if.ts';
import { candidateOf } from '../../../../lib/what-if-candidate.ts';
import { writeExample } from '../../../../scripts/what-if-example.ts';
import { anEvent } from '../../../support/lambda-events.ts';
import { aRecordedSignal, eventOf } from '../../../support/what-if.ts';

/** A configuration whose trading part is written out here, whatever that of a stage says. */
function aConfig(trading: Partial<Config['trading']> = {}): Config {
  const config = loadConfig('local');
  return {
    ...config,
    budgets: { perDay: { 'trade-order': '200.00' }, perAgentAndDay: {} },
    trading: {
      ...config.trading,
      mode: 'paper',
      markets: [
        { asset: 'BTC-USDC', maxExposureUsd: '500.00' },
        { asset: 'ETH-USDC', maxExposureUsd: '500.00' },
      ],
      confidenceThreshold: 0.6,
      size: { by: 'fixed', amountUsd: '50.00' },
      maxOrderUsd: '100.00',
      leverage: 1,
      minBalanceUsd: '10.00',
      dailyLossUsd: '100.00',
      coolDownSeconds: 0,
      maxAgeSeconds: 60,
      paper: { balanceUsd: '1000.00', feeBasisPoints: 5 },
      ...trading,
    },
  };
}

const BOLD = candidateOf('bold', aConfig());
const CAREFUL = candidateOf(
  'careful',
  aConfig({ confidenceThreshold: 0.8, size: { by: 'confidence', fromUsd: '20.00', toUsd: '80.00' } }),
);

const EVENTS = [
  eventOf(aRecordedSignal(0, { confidence: 0.7 })),
  eventOf(aRecordedSignal(60, { confidence: 0.9 })),
  eventOf(aRecordedSignal(60, { confidence: 0.9 })),
  anEvent('trade.placed', {}),
  'nonsense',
  eventOf(aRecordedSignal(120, { source: 'price-alert', direction: 'short', confidence: undefined }), '66000.00'),
  eventOf(aRecordedSignal(180, { direction: 'hold' })),
  eventOf(aRecordedSignal(240, { asset: 'ETH-USDC', confidence: 0.65 })),
  eventOf(aRecordedSignal(300, { asset: 'DOGE-USDC', confidence: 0.65 })),
];
const PRICES = [
  '2026-03-06T08:59:00Z,BTC-USDC,64000.00',
  '2026-03-06T09:01:30Z,BTC-USDC,65000.00',
  '2026-03-06T09:10:00Z,BTC-USDC,63000.00',
  '2026-03-06T08:59:00Z,ETH-USDC,3400.00',
];
const run = (events: readonly string[], prices: readonly string[] = PRICES, candidates = [BOLD, CAREFUL]) =>
  runWhatIf({
    events: { name: 'events.jsonl', text: events.map((event) => `${event}\n`).join('') },
    ...(prices.length === 0
      ? {}
      : { prices: { name: 'prices.csv', text: ['at,asset,price', ...prices, ''].join('\n') } }),
    candidates,
  });

/** BTC: bold closes $50.00 of $103.125 bought for $100.00; careful closes all of $51.5625 and goes short for the rest. */
const GOLDEN = `events  events.jsonl: 6 signals from 2026-03-06T09:00:00Z to 2026-03-06T09:05:00Z
        delivered again: 1
        left aside: trade.placed 1
        unusable: 1
          events.jsonl:5: not a JSON object; expected EventBridge events, one a line, one after another, or in an array
prices  prices.csv: 4, to 2026-03-06T09:10:00Z; 1 in the events

┌─────────────────────────────┬───────┬────────────┐
│ settings that differ        │  bold │    careful │
├─────────────────────────────┼───────┼────────────┤
│ trading.confidenceThreshold │   0.6 │        0.8 │
│ trading.size.by             │ fixed │ confidence │
│ trading.size.amountUsd      │ 50.00 │          - │
│ trading.size.fromUsd        │     - │      20.00 │
│ trading.size.toUsd          │     - │      80.00 │
└─────────────────────────────┴───────┴────────────┘

┌─────────────────────┬──────────────────────┬──────────────────────┐
│                     │                 bold │              careful │
├─────────────────────┼──────────────────────┼──────────────────────┤
│ signals             │                    6 │                    6 │
│ traded              │                    4 │                    2 │
│ skipped             │                    2 │                    4 │
│   hold              │                    1 │                    1 │
│   asset-not-allowed │                    1 │                    1 │
│   low-confidence    │                    0 │                    2 │
│ notional            │              $200.00 │              $130.00 │
│ fees                │                $0.10 │                $0.07 │
│ realised            │               +$1.52 │               +$1.56 │
│ unrealised          │               -$0.80 │               +$1.29 │
│ result after fees   │               +$0.61 │               +$2.79 │
│ equity at the end   │             $1000.61 │             $1002.79 │
│ largest drawdown    │        $2.46 (0.2 %) │        $0.04 (0.0 %) │
│   from              │ 2026-03-06T09:02:00Z │ 2026-03-06T09:02:00Z │
│   to                │ 2026-03-06T09:10:00Z │ 2026-03-06T09:02:00Z │
│ win rate            │     100.0 % (1 of 1) │     100.0 % (1 of 1) │
│ liquidated          │                    0 │                    0 │
└─────────────────────┴──────────────────────┴──────────────────────┘

they differ on 3 of 6 signals:
     2 traded by bold alone
     1 traded by both in different sizes
┌──────────────────────┬────────────────┬─────────────────────────────┬────────┬────────────────┐
│ at                   │ signal         │ says                        │ bold   │ careful        │
├──────────────────────┼────────────────┼─────────────────────────────┼────────┼────────────────┤
│ 2026-03-06T09:00:00Z │ prediction-0   │ long BTC-USDC, 0.7          │ $50.00 │ low-confidence │
│ 2026-03-06T09:02:00Z │ prediction-120 │ short BTC-USDC, price-alert │ $50.00 │ $80.00         │
│ 2026-03-06T09:04:00Z │ prediction-240 │ long ETH-USDC, 0.65         │ $50.00 │ low-confidence │
└──────────────────────┴────────────────┴─────────────────────────────┴────────┴────────────────┘`;

describe('the report', () => {
  test('is this, to the byte', () => {
    expect(run(EVENTS).lines.join('\n')).toBe(GOLDEN);
  });

  test('is the same every time, and does not go by the order of lines', () => {
    const { lines, picture } = run(EVENTS);
    // Where something is unusable is said with its line.
    const said = lines.filter((line) => !line.includes('events.jsonl:5'));

    fc.assert(
      fc.property(
        fc.shuffledSubarray(EVENTS, { minLength: EVENTS.length }),
        fc.shuffledSubarray(PRICES, { minLength: PRICES.length }),
        (events, prices) => {
          const shuffled = run(events, prices);
          expect(shuffled.lines.filter((line) => !/events\.jsonl:\d+/.test(line))).toEqual(said);
          expect(shuffled.picture).toBe(picture);
        },
      ),
      { numRuns: 25 },
    );
  });

  test('has one column for one configuration, and no differences', () => {
    const { lines } = run(EVENTS, PRICES, [BOLD]);

    expect(lines.find((line) => line.startsWith('│'))).toMatch(/^│ +│ +bold │$/);
    expect(lines.join('\n')).not.toMatch(/differ/);
  });

  test('says so where no setting and no decision differs', () => {
    const text = run(EVENTS, PRICES, [BOLD, { ...BOLD, name: 'the same' }]).lines.join('\n');

    expect(text).toMatch(/^no setting of trading differs$/m);
    expect(text).toMatch(/^they decide the same over every signal$/m);
  });

  test('says so where there are no prices, and has no profits then', () => {
    const withoutAlert = EVENTS.filter((event) => !event.includes('price.alert'));
    const text = run(withoutAlert, []).lines.join('\n');

    expect(text).toMatch(/^prices +none: there are no profits without them; give --prices FILE$/m);
    expect(text).not.toMatch(/realised|drawdown|win rate/);
    expect(text).toMatch(/│ notional +│ +\$150\.00 │ +\$50\.00 │/);
  });

  test('says of which assets there is no price', () => {
    const text = run(EVENTS, PRICES.slice(0, 3)).lines.join('\n');

    expect(text).toMatch(/^ +none of ETH-USDC: what was traded of that is carried at cost$/m);
  });

  test('lists the first twenty trades that differ, and counts the others', () => {
    const many = Array.from({ length: 30 }, (_, index) =>
      eventOf(aRecordedSignal(index * 86_400, { confidence: 0.7, direction: index % 2 === 0 ? 'long' : 'short' })),
    );
    const { lines } = run(many);

    expect(lines.filter((line) => line.includes('low-confidence') && line.includes('$50.00'))).toHaveLength(20);
    expect(lines.at(-1)).toBe('10 more; --all lists them');
  });

  test('shows the end of a long id', () => {
    const id = `${'x'.repeat(100)}-the-end`;

    expect(run([eventOf(aRecordedSignal(0, { id, confidence: 0.7 }))]).lines.join('\n')).toMatch(/│ …x{35}-the-end │/);
  });
});

describe('the picture', () => {
  test('is SVG with both lines, their axes, a legend and the trades, for light and dark', () => {
    const { picture } = run(EVENTS);

    expect(picture.match(/class="line"/g)).toHaveLength(4);
    expect(picture).toContain('<title id="title">Equity under bold and careful</title>');
    expect(picture).toMatch(/bold: \$1000\.00 to \$\d+\.\d\d<\/text>/);
    expect(picture).toMatch(/text-anchor="end">\$1000\.00<\/text>/);
    expect(picture).toMatch(/text-anchor="middle">03-06 09:0\d<\/text>/);
    expect(picture.match(/class="mark" d="M[^"]+z"/g)).toHaveLength(2);
    expect(picture).toContain('prefers-color-scheme:dark');
  });

  test('stays within its borders, whatever the prices', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 1, maxLength: 20 }), (prices) => {
        const rows = prices.map((price, index) => `2026-03-06T09:${String(index + 10)}:00Z,BTC-USDC,${price}.00`);
        const { picture } = run(EVENTS, [...PRICES, ...rows.slice(1)]);
        const heights = [...picture.matchAll(/V([\d.-]+)/g)].map(([, height]) => Number(height));
        const places = [...picture.matchAll(/H([\d.-]+)/g)].map(([, place]) => Number(place));

        expect(heights.filter((height) => !(height >= 64 && height <= 380))).toEqual([]);
        expect(places.filter((place) => !(place >= 84 && place <= 804))).toEqual([]);
        expect(picture).not.toMatch(/NaN|undefined|Infinity/);
      }),
      { numRuns: 50 },
    );
  });

  test('is one of a single moment too', () => {
    expect(run(EVENTS.slice(0, 1), PRICES.slice(0, 1)).picture).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('writes names as text', () => {
    const { picture } = run(EVENTS, PRICES, [{ ...BOLD, name: '<b>&"' }]);

    expect(picture).toContain('Equity under &lt;b&gt;&amp;&quot;');
    expect(picture).not.toContain('<b>');
  });
});

test('the example is what npm run what-if:example writes', async () => {
  const stale = [...(await writeExample())].filter(([path, text]) => readFileSync(path, 'utf8') !== text);

  expect(stale.map(([path]) => `${path}: run npm run what-if:example`)).toEqual([]);
});
