import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createHandler, type Deps } from '../../../../lambdas/place-trade/handler.ts';
import type { PublishedEvents } from '../../../../src/events/catalogue.ts';
import { formatUsd, parseUsd, sumUsd } from '../../../../src/money.ts';
import { unrealisedOf } from '../../../../src/trading/paper-book.ts';
import { createPaperMarket, PAPER_AGENT } from '../../../../src/trading/paper-market.ts';
import type { TradePolicy } from '../../../../src/trading/trade-policy.ts';
import { REFUSALS, type Candidate, type Outcome } from '../../../../src/what-if/account.ts';
import type { RecordedSignal } from '../../../../src/what-if/recording.ts';
import { replay } from '../../../../src/what-if/replay.ts';
import { SKIP_REASONS } from '../../../../src/trading/decide-trade.ts';
import { anInvocation } from '../../../support/effects.ts';
import { inert } from '../../../support/inert.ts';
import { aBatch, ALL_TAKEN, timeLeft } from '../../../support/lambda-events.ts';
import { createMemoryIntents } from '../../../support/memory-intents.ts';
import { createMemoryPaperBooks } from '../../../support/memory-paper-books.ts';
import { createRecorder } from '../../../support/recorder.ts';
import { aCandidate, aMarketOf, aRecordedSignal, eventOf, isoAt } from '../../../support/what-if.ts';

const HOUR = 3600;
const ASSETS = ['BTC-USDC', 'ETH-USDC', 'DOGE-USDC'];

/** Each limit is near enough to be met by some dozens of signals over two days. */
const policies = fc.record<Partial<TradePolicy>>({
  markets: fc.constantFrom(
    [aMarketOf('BTC-USDC', '250.00'), aMarketOf('ETH-USDC')],
    [
      {
        ...aMarketOf('BTC-USDC'),
        hours: { days: [1, 5], from: '09:30', until: '16:00', timeZone: 'America/New_York' },
      },
      aMarketOf('ETH-USDC', '120.00'),
    ],
  ),
  size: fc.constantFrom<TradePolicy['size']>(
    { by: 'fixed', amountUsd: parseUsd('50.00') },
    { by: 'confidence', fromUsd: parseUsd('10.00'), toUsd: parseUsd('120.00') },
  ),
  maxOrderUsd: fc.constantFrom(parseUsd('100.00'), parseUsd('1000.00')),
  leverage: fc.constantFrom(1, 3, 10),
  minBalanceUsd: fc.constantFrom(parseUsd('0.00'), parseUsd('150.00')),
  dailyNotionalUsd: fc.constantFrom(parseUsd('250.00'), parseUsd('100000.00')),
  dailyLossUsd: fc.constantFrom(parseUsd('20.00'), parseUsd('100000.00')),
  coolDownSeconds: fc.constantFrom(0, 2 * HOUR),
});

const candidates = fc
  .record({
    policy: policies,
    balanceUsd: fc.constantFrom('200.00', '1000.00'),
    feeBasisPoints: fc.constantFrom(0, 25),
    marketDayUsd: fc.constantFrom('', '150.00'),
  })
  .map(({ policy, ...terms }) => aCandidate(policy, terms));

/** In the order of time, some of them again under the id of another. */
const recordings = fc
  .array(
    fc.record({
      gap: fc.constantFrom(0, 60, 1800, 2 * HOUR, 11 * HOUR),
      id: fc.integer({ min: 0, max: 60 }),
      source: fc.constantFrom('prediction' as const, 'price-alert' as const),
      asset: fc.constantFrom(...ASSETS),
      direction: fc.constantFrom('long' as const, 'short' as const, 'hold' as const),
      confidence: fc.constantFrom(0.5, 0.6, 0.8, 1),
      age: fc.constantFrom(0, 0, 0, 59, 61, 600),
      cents: fc.integer({ min: 3_000, max: 15_000 }),
      hasPrice: fc.boolean(),
    }),
    { minLength: 1, maxLength: 50, size: 'max' },
  )
  .map((rows) => {
    let seconds = 0;
    return rows.map(({ gap, id, source, direction, age, cents, hasPrice, confidence, asset }): RecordedSignal => {
      seconds += gap;
      const isAlert = source === 'price-alert';
      const { takenAt } = aRecordedSignal(seconds);
      return aRecordedSignal(seconds, {
        source,
        id: `signal-${id}`,
        asset,
        direction: isAlert && direction === 'hold' ? 'long' : direction,
        confidence: isAlert ? undefined : confidence,
        at: isoAt(takenAt - age * 1000),
        ...(isAlert || hasPrice ? { price: `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}` } : {}),
      });
    });
  });

/** What the real function makes of the same events, on paper, as of their times. */
async function runPipeline({ policy, terms, marketDayUsd }: Candidate, signals: readonly RecordedSignal[]) {
  const clock = { now: new Date(0) };
  const now = () => clock.now;
  const books = createMemoryPaperBooks();
  const market = createPaperMarket({ books, terms, now, pause: inert('pause') });
  const recorder = createRecorder();
  const deps: Deps = {
    ...anInvocation({ now }),
    intents: createMemoryIntents(),
    budgets: {
      perDay: { 'trade-order': formatUsd(policy.dailyNotionalUsd) },
      perAgentAndDay: marketDayUsd === undefined ? {} : { 'trade-order': formatUsd(marketDayUsd) },
    },
    openMarket: async () => market,
    findUnready: async () => [],
    requestMs: 10_000,
    policy,
    sendDeadLetter: inert('sendDeadLetter'),
    hideMessage: async () => {},
    maxReceives: 5,
    publish: recorder.publish,
    count: recorder.count,
    log: recorder.log,
  };
  const handler = createHandler(deps);
  for (const signal of signals) {
    clock.now = new Date(signal.takenAt);
    const { asset, price, at } = signal;
    // A what-if knows a price whatever becomes of the signal that says it.
    if (price !== undefined && policy.markets.some((one) => one.asset === asset)) {
      await market.notePrice(asset, price, at);
    }
    const body = eventOf(signal, price === undefined ? undefined : formatUsd(price));
    expect(await handler(aBatch({ body }), timeLeft())).toEqual(ALL_TAKEN);
  }
  const ends = new Map<string, string>();
  for (const [type, detail] of recorder.published) {
    if (type === 'trade.placed') {
      const { source, signalId, amountUsd } = detail as PublishedEvents['trade.placed'];
      ends.set(`${source} ${signalId}`, amountUsd);
    } else if (type === 'trade.skipped') {
      const { source, signalId, reason } = detail as PublishedEvents['trade.skipped'];
      ends.set(`${source} ${signalId}`, reason);
    }
  }
  return { ends, book: (await books.read(PAPER_AGENT))?.book };
}

/** What the pipeline says of such an outcome: an amount, or why not. */
function endOf(outcome: Outcome | undefined): string | undefined {
  if (outcome?.kind === 'traded') return formatUsd(outcome.amount);
  return outcome?.kind === 'refused' ? 'refused' : outcome?.reason;
}

test('a what-if decides, fills and reckons as the pipeline does on paper, signal by signal', async () => {
  const met = new Set<string>();
  await fc.assert(
    fc.asyncProperty(candidates, recordings, async (candidate, signals) => {
      const known = new Set(signals.flatMap(({ asset, price }) => (price === undefined ? [] : [asset])));
      // Of an asset without any price, the paper book refuses orders; a what-if carries them at cost.
      const priced = signals.filter(({ asset }) => known.has(asset) || asset === 'DOGE-USDC');
      fc.pre(priced.length > 0);
      const { ends, book } = await runPipeline(candidate, priced);

      const nobody = aCandidate({ markets: [] }, { name: 'nobody' });
      const {
        results,
        differences,
        signals: count,
      } = replay({
        signals: priced,
        prices: [],
        candidates: [candidate, nobody],
      });
      const [result] = results;

      for (const { signal, outcomes } of differences) {
        const [outcome] = outcomes;
        const end = ends.get(`${signal.source} ${signal.id}`);
        expect(end).toBe(endOf(outcome));
        met.add(outcome?.kind === 'traded' ? 'traded' : (outcome?.reason ?? ''));
      }
      expect(ends.size).toBe(count);
      expect([...ends.values()].filter((end) => /^\d/.test(end))).toHaveLength(result?.traded ?? -1);
      expect(result).toMatchObject({
        fees: book?.fees ?? 0n,
        realised: book?.realised ?? 0n,
        unrealised: book === undefined ? 0n : unrealisedOf(book),
      });
      expect(result?.equity).toBe(
        book === undefined
          ? candidate.terms.balanceUsd
          : sumUsd(book.balance, ...book.positions.map(({ margin }) => margin), unrealisedOf(book)),
      );
    }),
    { numRuns: 300, seed: 20_260_306 },
  );
  // What "nobody" skips for the same reason is no difference; and nothing here is dated ahead or in doubt.
  const expected = [...SKIP_REASONS, ...REFUSALS, 'traded'].filter(
    (end) => !['hold', 'stale', 'asset-not-allowed', 'future-dated', 'in-doubt'].includes(end),
  );
  expect([...met].toSorted()).toEqual([...new Set(expected)].toSorted());
});
