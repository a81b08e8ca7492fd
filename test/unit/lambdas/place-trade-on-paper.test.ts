import { PLACES } from '../../support/places.ts';
import { describe, expect, test } from '@jest/globals';
import { createHandler as createDecideIntent } from '../../../lambdas/decide-intent/handler.ts';
import { createHandler } from '../../../lambdas/place-trade/handler.ts';
import { createLookFor } from '../../../lambdas/resolve-intents/look-for.ts';
import { clientReference } from '../../../src/ledger/effect-key.ts';
import { RESOLVE_DEFAULTS, resolveIntents } from '../../../src/ledger/resolve-intents.ts';
import { formatUsd, parseUsd } from '../../../src/money.ts';
import { paperOrderId, unrealisedOf } from '../../../src/trading/paper-book.ts';
import { PAPER_AGENT } from '../../../src/trading/paper-market.ts';
import { orderKey } from '../../../src/trading/place-order.ts';
import { MINUTE } from '../../support/effects.ts';
import { inert } from '../../support/inert.ts';
import { aBatch, comingBack, timeLeft } from '../../support/lambda-events.ts';
import { readFirstBeginning } from '../../support/memory-beginnings.ts';
import { anAlertEvent, createPaperDesk, heldIn, NINE, type PaperDesk } from '../../support/paper-trading.ts';

const MARKETS = ['BTC-USDC', 'ETH-USDC', 'SOL-USDC'];
const BUDGET = 'paper-order/2026-03-06';
const afterNine = (minutes: number) => new Date(NINE.getTime() + minutes * MINUTE);
const idOf = (signalId: string) =>
  paperOrderId(clientReference(orderKey({ source: 'price-alert', id: signalId }, 'paper')));

/** So many alerts at once, one market after the other, each with an id of its own. */
function manyAlerts(count: number, detail: Parameters<typeof anAlertEvent>[0] = {}): string[] {
  return Array.from({ length: count }, (_, index) =>
    anAlertEvent({ alertId: `alert-${index}`, asset: MARKETS[index % MARKETS.length] ?? '', ...detail }),
  );
}

/** How many signals ended in which way. */
function tally(desk: PaperDesk): Record<string, number> {
  const ends: Record<string, number> = {};
  for (const [, end] of desk.said()) ends[end] = (ends[end] ?? 0) + 1;
  return ends;
}

/** What each position came to at entry. */
function costsIn(desk: PaperDesk): Record<string, string> {
  return Object.fromEntries(desk.book().positions.map(({ asset, cost }) => [asset, formatUsd(cost)]));
}

describe('a signal on paper', () => {
  test('is filled in the book at the price that it brings, is said, and no real order is recorded', async () => {
    const desk = createPaperDesk();

    await desk.alert({ alertId: 'alert-1' });

    expect(desk.recorder.published).toEqual([
      [
        'trade.placed',
        {
          mode: 'paper',
          source: 'price-alert',
          signalId: 'alert-1',
          orderId: idOf('alert-1'),
          asset: 'BTC-USDC',
          direction: 'long',
          amountUsd: '50.00',
        },
      ],
    ]);
    expect([...desk.intents.items.values()]).toEqual([
      expect.objectContaining({ kind: 'paper-order', agentId: PAPER_AGENT, state: 'applied', amountUsd: '50.00' }),
    ]);
    expect(JSON.parse([...desk.intents.items.values()][0]?.requestBody ?? '')).toMatchObject({ paper: true });
    expect(desk.book()).toMatchObject({ fillCount: 1, balance: parseUsd('949.975'), fees: parseUsd('0.025') });
    expect(desk.intents.budgets.get(BUDGET)).toBe(parseUsd('50.00'));
    expect(desk.intents.budgets.has('trade-order/2026-03-06')).toBe(false);
    expect(desk.intents.locks.size).toBe(0);
  });

  test('merges with the position that is there, and an opposite one realises what it closes', async () => {
    const desk = createPaperDesk();
    await desk.alert({ alertId: 'alert-1', price: '50000.00' });
    desk.clock.now = afterNine(1);
    await desk.alert({ alertId: 'alert-2', price: '40000.00' });

    expect(desk.book().positions).toMatchObject([{ direction: 'long', cost: parseUsd('100.00') }]);
    expect(unrealisedOf(desk.book())).toBe(parseUsd('90.00') - parseUsd('100.00'));

    desk.clock.now = afterNine(2);
    await desk.alert({ alertId: 'alert-3', price: '60000.00', direction: 'short' });

    expect(desk.said()).toEqual([
      ['alert-1', 'placed'],
      ['alert-2', 'placed'],
      ['alert-3', 'placed'],
    ]);
    // 0.00225 BTC for $100.00 are worth $135.00; $50.00 of them had cost $37.037037.
    expect(formatUsd(desk.book().realised)).toBe('12.962963');
    expect(desk.book().positions).toMatchObject([{ direction: 'long', cost: parseUsd('62.962963') }]);
    expect(heldIn(desk.book())).toBe(parseUsd('1000.00') + desk.book().realised - desk.book().fees);
  });

  test('without a price trades at the last one that was told, and is refused where there is none', async () => {
    const desk = createPaperDesk();
    await desk.predict({ predictionId: 'too early' });
    await desk.alert({ alertId: 'alert-1', price: '50000.00' });
    desk.clock.now = afterNine(5);
    await desk.predict({ predictionId: 'in time' });

    expect(desk.said()).toEqual([
      ['too early', 'refused'],
      ['alert-1', 'placed'],
      ['in time', 'placed'],
    ]);
    expect(desk.recorder.published[0]?.[1]).toMatchObject({ detail: 'on paper: no price of BTC-USDC was told yet' });
    expect(desk.book().fills[0]?.price).toEqual({ price: parseUsd('50000.00'), at: NINE.toISOString() });
    expect(desk.intents.budgets.get(BUDGET)).toBe(parseUsd('100.00'));
  });

  test('that comes ten times at once is filled once', async () => {
    const desk = createPaperDesk({ isInterleaved: true });

    await desk.deliver(...Array.from({ length: 10 }, () => anAlertEvent({ alertId: 'alert-1' })));

    expect(desk.book().fillCount).toBe(1);
    expect(desk.intents.budgets.get(BUDGET)).toBe(parseUsd('50.00'));
  });

  test('is neither filled nor said again when it comes back after its price has moved', async () => {
    const desk = createPaperDesk();
    await desk.alert({ alertId: 'alert-1', price: '50000.00' });
    desk.clock.now = afterNine(10);
    await desk.alert({ alertId: 'alert-1', price: '90000.00' });

    expect(desk.said()).toEqual([['alert-1', 'placed']]);
    expect(desk.book()).toMatchObject({ fillCount: 1, prices: { 'BTC-USDC': { price: parseUsd('50000.00') } } });
  });

  test('that the stop is against comes back, and is not filled', async () => {
    const desk = createPaperDesk();
    const handler = createHandler({ ...desk.deps, readStop: async () => 'reducing' });

    expect(await handler(aBatch({ body: anAlertEvent({ alertId: 'alert-1' }) }), timeLeft())).toEqual(
      comingBack('message-1'),
    );

    expect(desk.book().fillCount).toBe(0);
    expect(desk.intents.budgets.size).toBe(0);
  });
});

describe('the limits hold on paper as they do live', () => {
  test('the exposure of a market: what one position would come to', async () => {
    const markets = [{ asset: 'BTC-USDC', maxExposureUsd: parseUsd('120.00') }];
    const desk = createPaperDesk({ policy: { markets } });
    for (const id of ['alert-1', 'alert-2', 'alert-3']) await desk.alert({ alertId: id });

    expect(desk.said()).toEqual([
      ['alert-1', 'placed'],
      ['alert-2', 'placed'],
      ['alert-3', 'exposure'],
    ]);
  });

  test('the exposure goes by what positions are worth, not by what they cost', async () => {
    const markets = [{ asset: 'BTC-USDC', maxExposureUsd: parseUsd('120.00') }];
    const desk = createPaperDesk({ policy: { markets } });
    await desk.alert({ alertId: 'alert-1', price: '50000.00' });
    await desk.alert({ alertId: 'alert-2', price: '71000.00', at: afterNine(0.5).toISOString() });

    expect(desk.said()).toEqual([
      ['alert-1', 'placed'],
      ['alert-2', 'exposure'],
    ]);
    expect(desk.recorder.published[1]?.[1]).toMatchObject({
      detail: '$71.00 open would become $121.00; $120.00 on either side is the most',
    });
  });

  test('the loss of a day, realised and open, until the next day', async () => {
    const desk = createPaperDesk({ policy: { dailyLossUsd: parseUsd('20.00') } });
    await desk.alert({ alertId: 'alert-1', price: '50000.00' });
    await desk.alert({ alertId: 'alert-2', price: '35000.00', at: afterNine(0.5).toISOString(), direction: 'short' });
    desk.clock.now = afterNine(2);
    await desk.alert({ alertId: 'alert-3', price: '20000.00', direction: 'short' });
    desk.clock.now = afterNine(3);
    await desk.alert({ alertId: 'alert-4', price: '60000.00' });
    expect(desk.said()).toEqual([
      ['alert-1', 'placed'],
      // $15.00 are lost, and it closes the position and turns it round.
      ['alert-2', 'placed'],
      ['alert-3', 'placed'],
      // The short has lost its margin of $65.00, and no more.
      ['alert-4', 'daily-loss'],
    ]);
    expect(desk.recorder.published.at(-1)?.[1]).toMatchObject({
      detail: '$-80.00 today; the limit is a loss of $20.00',
    });

    desk.clock.now = new Date('2026-03-07T00:00:01Z');
    await desk.alert({ alertId: 'alert-5', price: '22000.00' });
    expect(desk.said().at(-1)).toEqual(['alert-5', 'placed']);
  });

  test('the balance: no order for which margin and fee are not there', async () => {
    const desk = createPaperDesk({ balanceUsd: '120.00' });
    for (const id of ['alert-1', 'alert-2', 'alert-3']) await desk.alert({ alertId: id });

    expect(desk.said()).toEqual([
      ['alert-1', 'placed'],
      ['alert-2', 'placed'],
      ['alert-3', 'low-balance'],
    ]);
  });

  test('the notional of a day, counted by itself and not with real orders', async () => {
    const desk = createPaperDesk({ policy: { dailyNotionalUsd: parseUsd('120.00') } });
    for (const id of ['alert-1', 'alert-2', 'alert-3']) await desk.alert({ alertId: id });

    expect(desk.said().at(-1)).toEqual(['alert-3', 'daily-notional']);
    expect(desk.intents.budgets.get(BUDGET)).toBe(parseUsd('100.00'));
  });
});

describe('fifty signals at once', () => {
  test('each trade once where the limits have room for all, and no fill is lost', async () => {
    const desk = createPaperDesk({
      isInterleaved: true,
      balanceUsd: '9000.00',
      policy: {
        markets: MARKETS.map((asset) => ({ asset, maxExposureUsd: parseUsd('5000.00') })),
        dailyNotionalUsd: parseUsd('5000.00'),
      },
    });

    await desk.deliver(...manyAlerts(50));

    const book = desk.book();
    expect(tally(desk)).toEqual({ placed: 50 });
    expect(book.fillCount).toBe(50);
    expect(new Set(book.fills.map(({ key }) => key)).size).toBe(50);
    expect(desk.intents.budgets.get(BUDGET)).toBe(parseUsd('2500.00'));
    expect(costsIn(desk)).toEqual({ 'BTC-USDC': '850.00', 'ETH-USDC': '850.00', 'SOL-USDC': '800.00' });
    expect(heldIn(book)).toBe(book.start + book.realised - book.fees);
    expect(desk.intents.locks.size).toBe(0);
  });

  test('take no more than the notional of the day, to the last order that fits', async () => {
    const desk = createPaperDesk({ isInterleaved: true, policy: { dailyNotionalUsd: parseUsd('520.00') } });

    await desk.deliver(...manyAlerts(50));

    expect(desk.book().fillCount).toBe(10);
    expect(desk.intents.budgets.get(BUDGET)).toBe(parseUsd('500.00'));
    const { placed, ...skipped } = tally(desk);
    expect(placed).toBe(10);
    // Whom the figures had still let through, the reservation refuses.
    expect(Object.keys(skipped).filter((reason) => !['daily-notional', 'refused'].includes(reason))).toEqual([]);
    expect(Object.values(skipped).reduce((sum, count) => sum + count, 0)).toBe(40);
  });

  test('take no market beyond its exposure', async () => {
    const markets = MARKETS.map((asset) => ({ asset, maxExposureUsd: parseUsd('160.00') }));
    const desk = createPaperDesk({ isInterleaved: true, policy: { markets } });

    await desk.deliver(...manyAlerts(50));

    expect(costsIn(desk)).toEqual({ 'BTC-USDC': '150.00', 'ETH-USDC': '150.00', 'SOL-USDC': '150.00' });
    expect(tally(desk)).toEqual({ placed: 9, exposure: 41 });
  });

  test('take no more margin than there is', async () => {
    const desk = createPaperDesk({ isInterleaved: true, balanceUsd: '333.00' });

    await desk.deliver(...manyAlerts(50));

    expect(desk.book().fillCount).toBe(6);
    expect(desk.book().balance).toBeGreaterThanOrEqual(0n);
    expect(heldIn(desk.book())).toBe(desk.book().start - desk.book().fees);
  });
});

describe('an order on paper whose answer was lost', () => {
  /** Leaves the order of `alert-1` unknown. @param isWritten whether it got into the book. */
  async function inDoubt(isWritten: boolean) {
    const desk = createPaperDesk();
    const { openMarket } = desk.deps;
    const market = await openMarket();
    Object.assign(desk.deps, {
      openMarket: async () => ({
        ...market,
        trading: {
          ...market.trading,
          placeOrder: async (...args: Parameters<typeof market.trading.placeOrder>) => {
            if (isWritten) await market.trading.placeOrder(...args);
            throw new Error('the connection was reset');
          },
        },
      }),
    });
    await desk.alert({ alertId: 'alert-1' });
    return desk;
  }

  const sweepAt = (desk: PaperDesk, minutes: number) =>
    resolveIntents({
      intents: desk.intents,
      readBeginning: readFirstBeginning,
      lookFor: createLookFor({
        intents: desk.intents,
        paperBooks: desk.books,
        openEscrow: inert('openEscrow'),
        openWallet: inert('openWallet'),
        openTrading: inert('openTrading'),
        openFaucet: inert('openFaucet'),
      }),
      policy: RESOLVE_DEFAULTS,
      now: () => afterNine(minutes),
      remainingMs: () => 120_000,
    });

  test('is found in the book by its key, without a key to anything', async () => {
    const desk = await inDoubt(true);
    expect(desk.said()).toEqual([]);

    const { settled } = await sweepAt(desk, 1);

    expect(settled).toMatchObject([{ state: 'applied', result: { orderId: idOf('alert-1'), amountUsd: '50.00' } }]);
    expect(desk.intents.locks.size).toBe(0);
  });

  test('did not take place where two looks do not find it: no person is asked, and its budget is free again', async () => {
    const desk = await inDoubt(false);

    for (const minute of [1, 16]) expect((await sweepAt(desk, minute)).settled).toEqual([]);
    const { settled } = await sweepAt(desk, 22);

    expect(settled).toMatchObject([{ state: 'rejected' }]);
    expect(desk.intents.budgets.get(BUDGET)).toBe(0n);
    expect(desk.intents.locks.size).toBe(0);
  });

  test('can be decided by a person, by the one id that it can have', async () => {
    const desk = await inDoubt(true);
    const [unknown] = desk.intents.items.values();
    if (unknown === undefined) throw new Error('there is no intent');
    await desk.intents.move(unknown, { state: 'manual', note: 'for a test' }, desk.clock.now);
    const handle = createDecideIntent({
      ...desk.deps,
      mailbox: { list: inert('list') } as never,
      viewEscrows: inert('viewEscrows'),
      continueExecution: inert('continueExecution'),
      describeExecutions: inert('describeExecutions'),
      startExecution: inert('startExecution'),
      openLook: inert('openLook'),
      payers: [],
      checkKeys: async () => [],
      places: PLACES,
      beginnings: { read: inert('read'), move: inert('move') },
    });
    const decision = { operator: 'me@team', evidence: 'the item paper/paper', reason: 'it is in the book' };
    const resolve = (id: string) =>
      handle({ action: 'resolve', key: unknown.key, verdict: 'applied', id, ...decision });

    expect(await resolve('ord_1')).toEqual({ error: `id: on paper this order is ${idOf('alert-1')}` });
    expect(await resolve(idOf('alert-1'))).toMatchObject({ intent: { state: 'applied' } });
    expect(desk.intents.locks.size).toBe(0);
  });
});
