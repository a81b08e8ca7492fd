import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatUsd, parseUsd, sumUsd, type MicroUsd } from '../../../../src/money.ts';
import { unrealisedOf, valueOf } from '../../../../src/trading/paper-book.ts';
import type { TradePolicy } from '../../../../src/trading/trade-policy.ts';
import { equityOf, markToMarket, openAccount, takeSignal } from '../../../../src/what-if/account.ts';
import { aCandidate, aMarketOf, aRecordedSignal } from '../../../support/what-if.ts';

const NOTHING = parseUsd('0.00');

const usd = (min: number, max: number) =>
  fc.integer({ min: min * 100, max: max * 100 }).map((cents) => (BigInt(cents) * 10_000n) as MicroUsd);

const policies = fc
  .record({
    exposures: fc.tuple(usd(2, 400), usd(2, 400)),
    sizes: fc.tuple(usd(2, 200), usd(2, 200)),
    isFixed: fc.boolean(),
    maxOrderUsd: usd(2, 200),
    leverage: fc.integer({ min: 1, max: 20 }),
    minBalanceUsd: usd(0, 50),
    dailyNotionalUsd: usd(2, 1000),
    dailyLossUsd: usd(1, 50),
    coolDownSeconds: fc.constantFrom(0, 60, 7200),
  })
  .map(({ exposures: [btc, eth], sizes: [one, other], isFixed, ...limits }): Partial<TradePolicy> => {
    const [fromUsd, toUsd] = one < other ? [one, other] : [other, one];
    return {
      ...limits,
      markets: [aMarketOf('BTC-USDC', formatUsd(btc)), aMarketOf('ETH-USDC', formatUsd(eth))],
      size: isFixed ? { by: 'fixed', amountUsd: one } : { by: 'confidence', fromUsd, toUsd },
    };
  });

const happenings = fc.array(
  fc.record({
    gap: fc.constantFrom(0, 1, 60, 3600, 40_000),
    asset: fc.constantFrom('BTC-USDC', 'ETH-USDC'),
    direction: fc.constantFrom('long' as const, 'short' as const),
    confidence: fc.double({ min: 0.5, max: 1, noNaN: true }),
    price: usd(1, 300),
  }),
  { minLength: 1, maxLength: 60, size: 'max' },
);

test('whatever happens, no order passes a limit of its policy, and every micro-dollar is accounted for', () => {
  let orders = 0;
  fc.assert(
    fc.property(policies, happenings, (policy, rows) => {
      const candidate = aCandidate(policy, { balanceUsd: '500.00', feeBasisPoints: 10 });
      const { markets, maxOrderUsd, dailyNotionalUsd, dailyLossUsd, coolDownSeconds, minBalanceUsd } = candidate.policy;
      let account = openAccount(candidate, []);
      let seconds = 0;
      let today = { day: '', notional: NOTHING, realisedBefore: NOTHING };
      const lastAt = new Map<string, number>();
      const broken: string[] = [];
      const check = (what: string, holds: boolean) => {
        if (!holds) broken.push(what);
      };

      for (const [index, { gap, price, ...said }] of rows.entries()) {
        seconds += gap;
        const signal = aRecordedSignal(seconds, { ...said, id: `signal-${index}` });
        const day = signal.at.slice(0, 10);
        if (day !== today.day) today = { day, notional: NOTHING, realisedBefore: account.book.realised };
        account = markToMarket(account, said.asset, price, signal.at);
        const { book: before } = account;
        const position = before.positions.find(({ asset }) => asset === said.asset);
        const held = position === undefined ? NOTHING : valueOf(position, price);
        const profit = sumUsd(before.realised, unrealisedOf(before)) - today.realisedBefore;

        const { account: after, outcome } = takeSignal(account, candidate, signal);
        account = after;
        const { book } = account;
        const margins = sumUsd(...book.positions.map(({ margin }) => margin));
        check('nothing is owed', book.balance >= 0n);
        check('all is accounted for', book.balance + margins === book.start + book.realised - book.fees);
        check('equity', equityOf(account) === sumUsd(book.balance, margins, unrealisedOf(book)));
        if (outcome.kind !== 'traded') {
          check('what is not traded changes nothing', book === before);
          continue;
        }

        orders += 1;
        const { amount } = outcome;
        today = { ...today, notional: sumUsd(today.notional, amount) };
        const rested = signal.takenAt - (lastAt.get(said.asset) ?? -Infinity);
        lastAt.set(said.asset, signal.takenAt);
        const market = markets.find(({ asset }) => asset === said.asset);
        check('the largest order', amount <= maxOrderUsd);
        const isSmaller = position !== undefined && position.direction !== said.direction;
        const exposure = isSmaller ? (amount > held ? amount - held : held - amount) : held + amount;
        check('exposure', exposure <= (market?.maxExposureUsd ?? 0n) || (isSmaller && exposure <= held));
        check('daily notional', today.notional <= dailyNotionalUsd);
        check('daily loss', profit + dailyLossUsd > 0n);
        check('cool-down', rested >= coolDownSeconds * 1000);
        check('least balance', before.balance >= minBalanceUsd);
      }
      expect(broken).toEqual([]);
    }),
    { numRuns: 500, seed: 7 },
  );
  expect(orders).toBeGreaterThan(2000);
});
