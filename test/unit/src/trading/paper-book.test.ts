import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { clientReference, effectKey } from '../../../../src/ledger/effect-key.ts';
import { formatUsd, parseUsd, sumUsd, type MicroUsd } from '../../../../src/money.ts';
import {
  applyFill,
  entryPriceOf,
  KEPT_FILLS,
  openBook,
  paperOrderId,
  profitOf,
  showsAllSince,
  tellPrice,
  unrealisedOf,
  type PaperBook,
  type PaperOrder,
} from '../../../../src/trading/paper-book.ts';

const BTC = 'BTC-USDC';
const NINE = '2026-03-06T09:00:00.000Z';
const keyOf = (subject: string) => effectKey({ rule: 'a-rule', subject, status: 'done' }, 'paper-order');

function anOrder(overrides: Partial<Omit<PaperOrder, 'amount'>> & { readonly amount?: string } = {}): PaperOrder {
  const { amount = '50.00', key = keyOf('first'), ...others } = overrides;
  return {
    key,
    reference: clientReference(key),
    asset: BTC,
    direction: 'long',
    leverage: 1,
    at: NINE,
    ...others,
    amount: parseUsd(amount),
  };
}

/** A book of $1,000.00 that knows that BTC costs so much. */
function aBook(price = '50000.00', start = '1000.00'): PaperBook {
  return tellPrice(openBook(parseUsd(start)), BTC, parseUsd(price), NINE);
}

/** The answer to an order that is filled. */
function fillOne(book: PaperBook, order: Parameters<typeof anOrder>[0], feeBasisPoints = 0) {
  const answer = applyFill(book, anOrder(order), feeBasisPoints);
  if (answer.kind !== 'filled') throw new Error(`it is ${answer.kind}`);
  return answer;
}

/** The book after these orders, each under a key of its own, without fees. */
function filled(book: PaperBook, ...orders: Parameters<typeof anOrder>[0][]): PaperBook {
  return orders.reduce<PaperBook>(
    (current, order) => fillOne(current, { key: keyOf(`order ${current.fillCount}`), ...order }).book,
    book,
  );
}

/** An hour later by count, so that no price is older than the one before. */
const later = (hours: number) => new Date(Date.parse(NINE) + hours * 3_600_000).toISOString();
const usd = (amount: MicroUsd | undefined) => (amount === undefined ? undefined : formatUsd(amount));
const marginsOf = ({ positions }: PaperBook) => sumUsd(...positions.map(({ margin }) => margin));

/** The positions as a person would write them. */
function shown(book: PaperBook) {
  return book.positions.map((position) => ({
    asset: position.asset,
    direction: position.direction,
    cost: usd(position.cost),
    margin: usd(position.margin),
    entry: usd(entryPriceOf(position)),
  }));
}

describe('an order', () => {
  test('opens a position at the last known price, for its margin and the fee', () => {
    const { book, fill } = fillOne(aBook(), { amount: '100.00', leverage: 3 }, 5);

    expect(shown(book)).toEqual([
      { asset: BTC, direction: 'long', cost: '100.00', margin: '33.333334', entry: '50000.00' },
    ]);
    expect(usd(book.balance)).toBe('966.616666');
    expect(usd(book.fees)).toBe('0.05');
    expect(fill).toEqual({
      id: paperOrderId(clientReference(keyOf('first'))),
      key: keyOf('first'),
      asset: BTC,
      direction: 'long',
      amount: parseUsd('100.00'),
      price: { price: parseUsd('50000.00'), at: NINE },
      fee: parseUsd('0.05'),
      realised: undefined,
      at: NINE,
    });
    expect(fill.id).toMatch(/^paper_[a-z2-7]{20}$/);
  });

  test('has gained nothing at the price that it was filled at, also where units do not divide', () => {
    const book = filled(aBook('150.00'), { amount: '50.00' }, { amount: '50.00' }, { amount: '50.00' });

    expect(usd(unrealisedOf(book))).toBe('0.00');
    expect(shown(book)).toMatchObject([{ cost: '150.00', entry: '150.00' }]);
  });

  test('in the same direction makes the position larger, at the average price', () => {
    const first = filled(aBook('50000.00'), { amount: '100.00', leverage: 2 });
    const second = filled(tellPrice(first, BTC, parseUsd('40000.00'), later(1)), { amount: '100.00', leverage: 4 });

    expect(shown(second)).toEqual([
      { asset: BTC, direction: 'long', cost: '200.00', margin: '75.00', entry: '44444.444444' },
    ]);
    expect(second.positions[0]).toMatchObject({ leverage: 4, openedAt: NINE });
    expect(usd(unrealisedOf(second))).toBe('-20.00');
  });

  test('against it makes it smaller and realises its part', () => {
    const long = filled(aBook('50000.00'), { amount: '100.00', leverage: 2 });
    const less = filled(tellPrice(long, BTC, parseUsd('55000.00'), later(1)), { amount: '44.00', direction: 'short' });

    expect(shown(less)).toEqual([{ asset: BTC, direction: 'long', cost: '60.00', margin: '30.00', entry: '50000.00' }]);
    expect(usd(less.fills[0]?.realised)).toBe('4.00');
    expect(usd(less.realised)).toBe('4.00');
    expect(usd(unrealisedOf(less))).toBe('6.00');
    expect(usd(less.balance)).toBe('974.00');
  });

  test('of its very size closes it, and all is in the balance again', () => {
    const short = filled(aBook('50000.00'), { amount: '100.00', direction: 'short', leverage: 5 });
    const closed = filled(tellPrice(short, BTC, parseUsd('45000.00'), later(1)), { amount: '90.00' });

    expect(closed.positions).toEqual([]);
    expect(usd(closed.realised)).toBe('10.00');
    expect(usd(closed.balance)).toBe('1010.00');
  });

  test('larger than it turns it round, the rest at the last price with the margin of its own leverage', () => {
    const long = filled(aBook('50000.00'), { amount: '100.00', leverage: 1 });
    const order = { amount: '120.00', direction: 'short', leverage: 2, at: later(2) } as const;
    const turned = filled(tellPrice(long, BTC, parseUsd('40000.00'), later(1)), order);

    expect(shown(turned)).toEqual([
      { asset: BTC, direction: 'short', cost: '40.00', margin: '20.00', entry: '40000.00' },
    ]);
    expect(turned.positions[0]).toMatchObject({ leverage: 2, openedAt: later(2) });
    expect(usd(turned.fills[0]?.realised)).toBe('-20.00');
    expect(usd(turned.balance)).toBe('960.00');
  });

  test('in another asset leaves the position alone', () => {
    const book = tellPrice(filled(aBook(), { amount: '100.00' }), 'ETH-USDC', parseUsd('2000.00'), NINE);

    expect(shown(filled(book, { asset: 'ETH-USDC', direction: 'short' })).map(({ asset }) => asset)).toEqual([
      BTC,
      'ETH-USDC',
    ]);
  });

  test('under a key that was filled before changes nothing, whatever else it says', () => {
    const once = filled(aBook(), { key: keyOf('one'), amount: '100.00' });
    const again = applyFill(once, anOrder({ key: keyOf('one'), amount: '70.00', direction: 'short' }), 5);

    expect(again).toMatchObject({ kind: 'known', fill: { amount: parseUsd('100.00'), direction: 'long' } });
    expect(again.kind === 'known' && again.book).toBe(once);
  });
});

describe('an order is refused, and changes nothing', () => {
  test('where no price of its asset was told', () => {
    expect(applyFill(aBook(), anOrder({ asset: 'SOL-USDC' }), 0)).toEqual({
      kind: 'refused',
      reason: 'no-price',
      detail: 'no price of SOL-USDC was told yet',
    });
  });

  test('where margin and fee come to a micro-dollar more than is free', () => {
    const book = aBook('50000.00', '100.05');

    expect(applyFill(book, anOrder({ amount: '100.00' }), 5).kind).toBe('filled');
    expect(applyFill(book, anOrder({ amount: '100.000001' }), 5)).toEqual({
      kind: 'refused',
      reason: 'low-balance',
      detail: '$100.05 are free; margin and fee need $0.000001 more',
    });
  });

  test('but not where what it closes pays for it', () => {
    const book = filled(aBook('50000.00', '100.00'), { amount: '100.00' });

    const answer = applyFill(book, anOrder({ amount: '199.00', direction: 'short' }), 5);

    expect(answer).toMatchObject({ kind: 'filled', book: { positions: [{ direction: 'short' }] } });
  });
});

describe('a price', () => {
  test('that is older than the known one is ignored, whatever zone it is written in', () => {
    const book = aBook('50000.00');

    expect(tellPrice(book, BTC, parseUsd('1.00'), '2026-03-06T08:59:59Z')).toBe(book);
    expect(tellPrice(book, BTC, parseUsd('1.00'), '2026-03-06T09:30:00+01:00')).toBe(book);
    expect(tellPrice(book, BTC, parseUsd('50000.00'), NINE)).toBe(book);
    expect(tellPrice(book, BTC, parseUsd('51000.00'), '2026-03-06T10:00:00+01:00').prices[BTC]).toEqual({
      price: parseUsd('51000.00'),
      at: NINE,
    });
  });

  test('at which a position has lost its margin closes it, and no more than that is lost', () => {
    const long = filled(aBook('50000.00'), { amount: '100.00', leverage: 10 });
    const nearly = tellPrice(long, BTC, parseUsd('45000.01'), later(1));
    const gone = tellPrice(nearly, BTC, parseUsd('30000.00'), later(2));

    expect(nearly.positions).toHaveLength(1);
    expect(gone.positions).toEqual([]);
    expect(usd(gone.balance)).toBe('990.00');
    expect(usd(gone.realised)).toBe('-10.00');
    expect(gone.fills[0]).toEqual({
      id: 'paper_liquidation_2',
      key: undefined,
      asset: BTC,
      direction: 'short',
      amount: parseUsd('60.00'),
      price: { price: parseUsd('30000.00'), at: later(2) },
      fee: 0n,
      realised: parseUsd('0.00') - parseUsd('10.00'),
      at: later(2),
    });
  });

  test('closes a short likewise, exactly where the loss is the margin', () => {
    const short = filled(aBook('50000.00'), { amount: '100.00', leverage: 4, direction: 'short' });

    expect(tellPrice(short, BTC, parseUsd('62499.99'), later(1)).positions).toHaveLength(1);
    expect(tellPrice(short, BTC, parseUsd('62500.00'), later(1))).toMatchObject({
      positions: [],
      realised: -25_000_000n,
    });
  });
});

test('the last 200 fills are kept, and it is known whether those since a moment are all there', () => {
  const orders = Array.from({ length: KEPT_FILLS + 1 }, (_, index) => ({ amount: '1.10', at: later(index) }));
  const full = filled(aBook(), ...orders.slice(0, KEPT_FILLS));
  const over = filled(full, ...orders.slice(KEPT_FILLS));

  expect(showsAllSince(full, new Date(0))).toBe(true);
  expect(over.fills).toHaveLength(KEPT_FILLS);
  expect(over.fillCount).toBe(KEPT_FILLS + 1);
  expect(over.fills.map(({ at }) => at)).toEqual(
    orders
      .slice(1)
      .map(({ at }) => at)
      .toReversed(),
  );
  expect(showsAllSince(over, new Date(later(1)))).toBe(false);
  expect(showsAllSince(over, new Date(Date.parse(later(1)) + 1))).toBe(true);
});

describe('whatever is ordered at whatever prices', () => {
  const step = fc.record({
    asset: fc.constantFrom(BTC, 'ETH-USDC'),
    price: fc.oneof({ arbitrary: fc.bigInt(2n * 10n ** 10n, 4n * 10n ** 10n), weight: 4 }, fc.bigInt(1n, 10n ** 12n)),
    /** Keys repeat, as deliveries do. */
    subject: fc.nat(30),
    direction: fc.constantFrom('long', 'short'),
    amount: fc.bigInt(1_000_001n, 10n ** 9n),
    leverage: fc.integer({ min: 1, max: 20 }),
    feeBasisPoints: fc.integer({ min: 0, max: 1000 }),
  });
  type Step = typeof step extends fc.Arbitrary<infer Drawn> ? Drawn : never;
  const play = (steps: readonly Step[], check: (book: PaperBook, before: PaperBook, step: Step) => void): PaperBook =>
    steps.reduce(
      (book, drawn, index) => {
        const { asset, price, subject, direction, amount, leverage, feeBasisPoints } = drawn;
        const priced = tellPrice(book, asset, price as MicroUsd, later(index));
        check(priced, book, drawn);
        const key = keyOf(`${subject}`);
        const order = { ...anOrder({ key, asset, direction, leverage, at: later(index) }), amount: amount as MicroUsd };
        const answer = applyFill(priced, order, feeBasisPoints);
        if (answer.kind !== 'filled') return priced;
        check(answer.book, priced, drawn);
        return answer.book;
      },
      openBook(parseUsd('5000.00')),
    );

  test('money is conserved: balance and margins are what it began with and realised, less fees', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        play(steps, (book) => {
          expect(book.balance + marginsOf(book)).toBe(book.start + book.realised - book.fees);
          expect(book.balance).toBeGreaterThanOrEqual(0n);
        });
      }),
      { numRuns: 300 },
    );
  });

  test('no position has lost more than its margin, and there is one an asset', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        play(steps, (book) => {
          for (const position of book.positions) {
            const price = book.prices[position.asset]?.price ?? parseUsd('0.00');
            expect(position.units).toBeGreaterThan(0n);
            expect(position.cost).toBeGreaterThan(0n);
            // What is left of a position may be a micro-dollar off its share.
            expect(profitOf(position, price) + position.margin).toBeGreaterThanOrEqual(-1n);
          }
          expect(new Set(book.positions.map(({ asset }) => asset)).size).toBe(book.positions.length);
        });
      }),
      { numRuns: 300 },
    );
  });

  test('what is gained is what was sold for more than it was bought, but for what liquidations were spared', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const book = play(
          steps.map((drawn) => ({ ...drawn, leverage: 1 })),
          () => {},
        );
        fc.pre(book.fills.every(({ key }) => key !== undefined));
        const paid = book.fills.reduce(
          (sum, { direction, amount }) => (direction === 'long' ? sum - amount : sum + amount),
          0n,
        );
        const held = book.positions.reduce((sum, { asset, direction, units }) => {
          const value = (units * (book.prices[asset]?.price ?? 0n)) / 10n ** 18n;
          return sum + (direction === 'long' ? value : -value);
        }, 0n);
        const off = book.realised + unrealisedOf(book) - (paid + held);

        expect(off < 0n ? -off : off).toBeLessThanOrEqual(BigInt(book.fills.length));
      }),
      { numRuns: 300 },
    );
  });
});
