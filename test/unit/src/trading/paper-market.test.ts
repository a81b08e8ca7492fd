import { describe, expect, test } from '@jest/globals';
import { ServiceUnreadableError, TryLaterError } from '../../../../src/errors.ts';
import { clientReference, effectKey } from '../../../../src/ledger/effect-key.ts';
import { parseUsd } from '../../../../src/money.ts';
import type { OrderRequest } from '../../../../src/purple-flea/trading.ts';
import { lookForPaperOrder } from '../../../../src/trading/look-for-paper-order.ts';
import type { Market } from '../../../../src/trading/market.ts';
import { KEPT_FILLS } from '../../../../src/trading/paper-book.ts';
import { createPaperMarket, PAPER_AGENT } from '../../../../src/trading/paper-market.ts';
import { afterNoon, aNewIntent, leaveUnknown, MINUTE, NOON } from '../../../support/effects.ts';
import { createMemoryIntents } from '../../../support/memory-intents.ts';
import { createMemoryPaperBooks, type MemoryPaperBooks } from '../../../support/memory-paper-books.ts';

const BTC = 'BTC-USDC';

interface World {
  readonly books?: MemoryPaperBooks;
  readonly balanceUsd?: string;
}

/** A market at noon whose account begins with $1,000.00 and pays 5 basis points. */
function aMarket({ books = createMemoryPaperBooks(), balanceUsd = '1000.00' }: World = {}) {
  const clock = { now: NOON };
  const terms = { balanceUsd: parseUsd(balanceUsd), feeBasisPoints: 5 };
  const market = createPaperMarket({ books, terms, now: () => clock.now, pause: async () => {} });
  return { market, books, clock };
}

const keyOf = (subject: string) => effectKey({ rule: 'a-rule', subject, status: 'done' }, 'paper-order');

/** Places an order as the ledger does: with the body that was recorded. */
function place(
  market: Market,
  subject: string,
  overrides: Partial<Omit<OrderRequest, 'amount'>> & { amount?: string } = {},
) {
  const { amount = '50.00', ...others } = overrides;
  const key = keyOf(subject);
  const reference = clientReference(key);
  const order = { asset: BTC, direction: 'long', leverage: 1, metadata: {}, agentId: market.agentId } as const;
  const body = market.trading.orderBody({ ...order, reference, ...others, amount: parseUsd(amount) });
  return market.trading.placeOrder({ body, key, reference });
}

describe('an order on paper', () => {
  test('is written as what it is, with all that its fill needs', () => {
    const { market } = aMarket();

    const body = market.trading.orderBody({
      reference: 'pf1:abc',
      agentId: market.agentId,
      asset: BTC,
      direction: 'short',
      amount: parseUsd('50.10'),
      leverage: 3,
      metadata: { source: 'prediction' },
    });

    expect(JSON.parse(body)).toEqual({
      paper: true,
      agent_id: PAPER_AGENT,
      reference: 'pf1:abc',
      asset: BTC,
      direction: 'short',
      amount_usd: '50.10',
      leverage: 3,
      metadata: { source: 'prediction' },
    });
  });

  test('is filled at the last price that was told', async () => {
    const { market } = aMarket();
    await market.notePrice(BTC, parseUsd('50000.00'), NOON.toISOString());

    expect(await place(market, 'one', { leverage: 2 })).toEqual({
      kind: 'applied',
      result: {
        orderId: `paper_${clientReference(keyOf('one')).slice(4)}`,
        status: 'filled',
        asset: BTC,
        direction: 'long',
        amountUsd: '50.00',
      },
    });

    await market.notePrice(BTC, parseUsd('55000.00'), afterNoon(MINUTE).toISOString());
    expect(await market.readBalance()).toBe(parseUsd('974.975'));
    expect(await market.trading.readPositions()).toEqual([
      {
        positionId: 'paper_BTC-USDC',
        orderId: undefined,
        asset: BTC,
        direction: 'long',
        amount: parseUsd('55.00'),
        leverage: 2,
        entryPrice: '50000.00',
        openedAt: NOON.toISOString(),
        pnl: parseUsd('5.00'),
      },
    ]);
  });

  test('keeps the id of its position, and is a line of its own in the history', async () => {
    const { market, clock } = aMarket();
    await market.notePrice(BTC, parseUsd('50000.00'), NOON.toISOString());
    await place(market, 'one');
    clock.now = afterNoon(MINUTE);
    await place(market, 'two');
    await market.notePrice(BTC, parseUsd('60000.00'), afterNoon(MINUTE).toISOString());
    clock.now = afterNoon(2 * MINUTE);
    await place(market, 'three', { direction: 'short', amount: '60.00' });

    const history = await market.trading.readHistory();

    expect((await market.trading.readPositions()).map(({ positionId }) => positionId)).toEqual(['paper_BTC-USDC']);
    expect(
      history.kind === 'read' && history.value.map(({ direction, amount, at, pnl }) => [direction, amount, at, pnl]),
    ).toEqual([
      ['short', parseUsd('60.00'), afterNoon(2 * MINUTE).toISOString(), parseUsd('10.00')],
      ['long', parseUsd('50.00'), afterNoon(MINUTE).toISOString(), undefined],
      ['long', parseUsd('50.00'), NOON.toISOString(), undefined],
    ]);
    const latest = await market.trading.readHistory(1);
    expect(latest.kind === 'read' && latest.value.map(({ tradeId, orderId }) => [tradeId, orderId])).toEqual([
      [`paper_${clientReference(keyOf('three')).slice(4)}`, `paper_${clientReference(keyOf('three')).slice(4)}`],
    ]);
  });

  test('that was filled is not filled again', async () => {
    const { market, books } = aMarket();
    await market.notePrice(BTC, parseUsd('50000.00'), NOON.toISOString());

    const first = await place(market, 'one');
    const { version } = books.items.get(PAPER_AGENT) ?? { version: 0 };

    expect(await place(market, 'one')).toEqual(first);
    expect(books.items.get(PAPER_AGENT)?.version).toBe(version);
  });

  test.each([
    ['without a price of its asset', { asset: 'SOL-USDC' }, /^on paper: no price of SOL-USDC was told yet$/],
    [
      'with more than is free',
      { amount: '1000.00' },
      /^on paper: \$1000\.00 are free; margin and fee need \$0\.50 more$/,
    ],
    ['below what the service takes', { amount: '1.00' }, /^amount_usd: must be more than 1\.00$/],
    [
      'above what the service takes',
      { amount: '50000.01', leverage: 20 },
      /^amount_usd: above the maximum of 50000\.00$/,
    ],
    ['with more leverage than the service gives', { leverage: 21 }, /^leverage: /],
  ])('%s is refused, and nothing is written', async (_, overrides, reason) => {
    const { market, books } = aMarket();
    await market.notePrice(BTC, parseUsd('50000.00'), NOON.toISOString());
    const stored = books.items.get(PAPER_AGENT);

    expect(await place(market, 'one', overrides)).toEqual({
      kind: 'rejected',
      reason: expect.stringMatching(reason),
    });
    expect(books.items.get(PAPER_AGENT)).toBe(stored);
  });
});

describe('the book', () => {
  test('begins with the configured balance, and one that is there stays as it is', async () => {
    const { market, books } = aMarket({ balanceUsd: '250.00' });
    expect(await market.readBalance()).toBe(parseUsd('250.00'));
    expect(books.items.size).toBe(0);

    await market.notePrice(BTC, parseUsd('50000.00'), NOON.toISOString());

    expect(await aMarket({ books, balanceUsd: '9999.00' }).market.readBalance()).toBe(parseUsd('250.00'));
  });

  test('is read once for what is asked of it at once, and again for what is asked later', async () => {
    let reads = 0;
    const { market } = aMarket({
      books: createMemoryPaperBooks(
        (operation, when) => void (operation === 'read' && when === 'before' && (reads += 1)),
      ),
    });

    await Promise.all([market.readBalance(), market.trading.readPositions(), market.trading.readHistory()]);
    expect(reads).toBe(1);

    await market.readBalance();
    expect(reads).toBe(2);
  });

  test('takes every order of many that come at once, each once', async () => {
    const books = createMemoryPaperBooks(() => new Promise((resolve) => setImmediate(resolve)));
    const { market } = aMarket({ books });
    await market.notePrice(BTC, parseUsd('50000.00'), NOON.toISOString());

    const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => place(market, `${index}`)));

    expect(answers.map(({ kind }) => kind)).toEqual(answers.map(() => 'applied'));
    expect(books.items.get(PAPER_AGENT)?.book).toMatchObject({ fillCount: 8, balance: parseUsd('599.80') });
  });
});

describe('a book that others change every time', () => {
  /** Somebody else writes between every read and write. */
  function aContestedMarket() {
    const isContested = { now: false };
    const books: MemoryPaperBooks = createMemoryPaperBooks(async (operation, when) => {
      const stored = books.items.get(PAPER_AGENT);
      if (!isContested.now || operation !== 'write' || when !== 'before' || stored === undefined) return;
      isContested.now = false;
      await books.write(PAPER_AGENT, stored.book, stored.version);
      isContested.now = true;
    });
    return { ...aMarket({ books }), isContested };
  }

  test('leaves an order unsent, to be tried again', async () => {
    const { market, isContested } = aContestedMarket();
    await market.notePrice(BTC, parseUsd('50000.00'), NOON.toISOString());
    isContested.now = true;

    expect(await place(market, 'one')).toEqual({
      kind: 'not-sent',
      reason: 'the paper book was changed by others every time',
      retryAfterSeconds: 5,
    });
    isContested.now = false;
    expect(await place(market, 'one')).toMatchObject({ kind: 'applied' });
    expect(await market.readBalance()).toBe(parseUsd('949.975'));
  });

  test('lets the message come back whose price could not be noted', async () => {
    const { market, isContested } = aContestedMarket();
    await market.notePrice(BTC, parseUsd('50000.00'), NOON.toISOString());
    isContested.now = true;

    await expect(market.notePrice(BTC, parseUsd('50001.00'), afterNoon(1).toISOString())).rejects.toThrow(
      TryLaterError,
    );
  });
});

describe('a fault of the store', () => {
  const down = (broken: string, when_: 'before' | 'after' = 'before') => {
    const fault = { isOn: false, after: 0 };
    const books = createMemoryPaperBooks((operation, when) => {
      if (!fault.isOn || operation !== broken || when !== when_) return;
      if ((fault.after -= 1) >= 0) return;
      throw new Error('the table is down');
    });
    return { ...aMarket({ books }), fault };
  };

  test('before anything is written is a service that cannot be read, and an order that was not sent', async () => {
    const { market, fault } = down('read');
    await market.notePrice(BTC, parseUsd('50000.00'), NOON.toISOString());
    fault.isOn = true;

    const reason = 'the paper book cannot be read: Error: the table is down';
    expect(await place(market, 'one')).toMatchObject({ kind: 'not-sent', reason });
    await expect(market.readBalance()).rejects.toThrow(new ServiceUnreadableError(reason));
    await expect(market.trading.readPositions()).rejects.toThrow(ServiceUnreadableError);
    await expect(market.notePrice(BTC, parseUsd('1.00'), afterNoon(1).toISOString())).rejects.toThrow(
      ServiceUnreadableError,
    );
  });

  test.each(['before', 'after'] as const)(
    'while it is written leaves the order unknown, thrown %s it took effect',
    async (when) => {
      const { market, books, fault } = down('write', when);
      await market.notePrice(BTC, parseUsd('50000.00'), NOON.toISOString());
      fault.isOn = true;

      expect(await place(market, 'one')).toEqual({
        kind: 'unknown',
        reason: 'the paper book: Error: the table is down',
      });
      expect(books.items.get(PAPER_AGENT)?.book.fillCount).toBe(when === 'after' ? 1 : 0);
    },
  );

  test('that loses the acknowledgement of a write is seen by the fill that is there', async () => {
    let isLost = false;
    const books = createMemoryPaperBooks((operation, when) => {
      if (!isLost || operation !== 'write' || when !== 'after') return;
      isLost = false;
      return 'lose';
    });
    const { market } = aMarket({ books });
    await market.notePrice(BTC, parseUsd('50000.00'), NOON.toISOString());
    isLost = true;

    expect(await place(market, 'one')).toMatchObject({ kind: 'applied' });
    expect(books.items.get(PAPER_AGENT)?.book.fillCount).toBe(1);
  });

  test('on the look after such a write leaves the order unknown, for it may stand', async () => {
    let isLost = false;
    let isDown = false;
    const books = createMemoryPaperBooks((operation, when) => {
      if (isDown && operation === 'read') throw new Error('the table is down');
      if (!isLost || operation !== 'write' || when !== 'after') return;
      isDown = true;
      return 'lose';
    });
    const { market } = aMarket({ books });
    await market.notePrice(BTC, parseUsd('50000.00'), NOON.toISOString());
    isLost = true;

    expect(await place(market, 'one')).toMatchObject({ kind: 'unknown' });
    expect(books.items.get(PAPER_AGENT)?.book.fillCount).toBe(1);
  });
});

describe('looking for an order on paper', () => {
  const anUnknown = async (subject: string) => {
    const key = keyOf(subject);
    const named = { key, reference: clientReference(key), kind: 'paper-order', agentId: PAPER_AGENT } as const;
    return leaveUnknown(createMemoryIntents(), aNewIntent(named));
  };

  test('finds its fill by the effect key, as the order would have been answered', async () => {
    const { market, books } = aMarket();
    await market.notePrice(BTC, parseUsd('50000.00'), NOON.toISOString());
    const placed = await place(market, 'one');

    expect(await lookForPaperOrder(books, await anUnknown('one'))).toEqual({
      kind: 'found',
      result: placed.kind === 'applied' ? placed.result : 'it was not',
    });
    expect(await lookForPaperOrder(books, await anUnknown('two'))).toEqual({ kind: 'absent' });
  });

  test('where there is no book finds none', async () => {
    expect(await lookForPaperOrder(createMemoryPaperBooks(), await anUnknown('one'))).toEqual({ kind: 'absent' });
  });

  test('proves nothing where so many came since that it may have been dropped', async () => {
    const { market, books, clock } = aMarket();
    await market.notePrice(BTC, parseUsd('50000.00'), NOON.toISOString());
    await place(market, 'early', { amount: '1.10' });
    clock.now = afterNoon(-6 * MINUTE);
    for (let index = 0; index < KEPT_FILLS - 1; index += 1) await place(market, `${index}`, { amount: '1.10' });
    expect(await lookForPaperOrder(books, await anUnknown('one'))).toEqual({ kind: 'absent' });

    clock.now = NOON;
    await place(market, 'one more', { amount: '1.10' });
    expect(await lookForPaperOrder(books, await anUnknown('one'))).toEqual({ kind: 'absent' });

    for (let index = 0; index < KEPT_FILLS; index += 1) await place(market, `later ${index}`, { amount: '1.10' });
    expect(await lookForPaperOrder(books, await anUnknown('one'))).toEqual({
      kind: 'invisible',
      reason: 'the paper book keeps 200 fills, and has had more since',
    });
  });
});
