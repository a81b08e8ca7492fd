import * as z from 'zod/mini';
import { describeError, ServiceUnreadableError, TryLaterError } from '../errors.ts';
import type { Answer, EffectRequest } from '../ledger/answer.ts';
import { formatUsd, parseUsd } from '../money.ts';
import {
  ORDER_LIMITS,
  type PlacedOrder,
  type Position,
  type Trade,
  type TradingClient,
} from '../purple-flea/trading.ts';
import { idSchema, readBody } from '../purple-flea/wire.ts';
import { usdSchema } from '../schemas.ts';
import type { Market } from './market.ts';
import {
  applyFill,
  entryPriceOf,
  openBook,
  profitOf,
  tellPrice,
  valueOf,
  type PaperBook,
  type PaperBookStore,
  type PaperFill,
  type PaperOrder,
  type StoredBook,
} from './paper-book.ts';

/** The agent that trades on paper: no key is needed for it, so it is nobody's at Purple Flea. */
export const PAPER_AGENT = 'paper';

/** Stage configuration, `trading.paper`; amounts are decimal USD. */
export const paperTermsSchema = z.object({
  /** What a book begins with. One that is there already stays as it is. */
  balanceUsd: usdSchema,
  /** Of the notional of every order; 100 is one per cent. */
  feeBasisPoints: z.int(),
});
export type PaperTerms = z.infer<typeof paperTermsSchema>;

export interface PaperMarketDeps {
  readonly books: PaperBookStore;
  readonly terms: PaperTerms;
  readonly now: () => Date;
  /** Waits before a change is tried again that met another one. */
  readonly pause: (attempt: number) => Promise<void>;
}

/** As often a change is written that meets others: markets trade at once, and have one book. */
const MAX_WRITES = 10;

/** When to ask again for an order that met others every time. */
const CONFLICT_RETRY_SECONDS = 5;

const ONE_USD = parseUsd('1.00');
const MAX_AMOUNT = parseUsd(ORDER_LIMITS.maxAmountUsd);

/** What an order is recorded as: all that its fill needs, within the limits of the trading service. */
const orderSchema = z.object({
  paper: z.literal(true),
  asset: idSchema,
  direction: z.enum(['long', 'short']),
  amount_usd: usdSchema.check(
    z.refine((amount) => amount > ONE_USD, { error: 'must be more than 1.00' }),
    z.refine((amount) => amount <= MAX_AMOUNT, { error: `above the maximum of ${ORDER_LIMITS.maxAmountUsd}` }),
  ),
  leverage: z.int().check(z.minimum(ORDER_LIMITS.minLeverage), z.maximum(ORDER_LIMITS.maxLeverage)),
});

/** A market that nobody else is in: orders are filled in a book of our own, at the last known price, and move no money. */
export function createPaperMarket({ books, terms, now, pause }: PaperMarketDeps): Market {
  const read = async (): Promise<StoredBook> =>
    (await books.read(PAPER_AGENT)) ?? { book: openBook(terms.balanceUsd), version: 0 };

  /**
   * Changes the book. The last look is after the last write: where that met others to the end, nothing was changed.
   *
   * @param act returns the very same book where there is nothing to change.
   */
  const change = async <Result extends { readonly book: PaperBook }>(
    act: (book: PaperBook) => Result,
  ): Promise<Result | 'conflict'> => {
    for (let attempt = 1; ; attempt += 1) {
      // After a write, a look that fails leaves it open what that did.
      const { book, version } = attempt === 1 ? await readSurely(read) : await read();
      const result = act(book);
      if (result.book === book) return result;
      if (attempt > MAX_WRITES) return 'conflict';
      if (await books.write(PAPER_AGENT, result.book, version)) return result;
      await pause(attempt);
    }
  };

  const look = readTogether(async () => (await readSurely(read)).book);

  /** Nothing changes where it is refused. */
  const fill = (book: PaperBook, order: PaperOrder) => {
    const answer = applyFill(book, order, terms.feeBasisPoints);
    return answer.kind === 'refused' ? { ...answer, book } : answer;
  };

  const trading: TradingClient = {
    profile: 'reference',
    reserve: async () => undefined,

    orderBody: ({ reference, agentId, asset, direction, amount, leverage, metadata }) =>
      JSON.stringify({
        paper: true,
        agent_id: agentId,
        reference,
        asset,
        direction,
        amount_usd: formatUsd(amount),
        leverage,
        metadata,
      }),

    async placeOrder({ body, key, reference }: EffectRequest): Promise<Answer<PlacedOrder>> {
      const order = readBody(orderSchema, JSON.parse(body));
      if (typeof order === 'string') return { kind: 'rejected', reason: order };
      const { asset, direction, amount_usd: amount, leverage } = order;
      const asked = { key, reference, asset, direction, amount, leverage, at: now().toISOString() };
      try {
        const answer = await change((book) => fill(book, asked));
        if (answer === 'conflict') return notSent('the paper book was changed by others every time');
        return answer.kind === 'refused'
          ? { kind: 'rejected', reason: `on paper: ${answer.detail}` }
          : { kind: 'applied', result: placedFrom(answer.fill) };
      } catch (error) {
        if (error instanceof ServiceUnreadableError) return notSent(error.message);
        return { kind: 'unknown', reason: `the paper book: ${describeError(error)}` };
      }
    },

    readPositions: async () => positionsIn(await look()),

    async readHistory(limit = Infinity) {
      const { fills } = await look();
      return { kind: 'read', value: fills.slice(0, limit).map(tradeOf) };
    },
  };

  return {
    mode: 'paper',
    agentId: PAPER_AGENT,
    trading,
    reserve: async () => undefined,
    readBalance: async () => (await look()).balance,
    async notePrice(asset, price, at) {
      const noted = await change((book) => ({ book: tellPrice(book, asset, price, at) }));
      if (noted === 'conflict')
        throw new TryLaterError(`the price of ${asset} could not be noted: others changed the book`);
    },
  };
}

/** What the ledger keeps of an order on paper. */
export function placedFrom({ id, asset, direction, amount }: PaperFill): PlacedOrder {
  return { orderId: id, status: 'filled', asset, direction, amountUsd: formatUsd(amount) };
}

/** Looks that begin while one is going on share what that finds: they see one book, and cost one read. */
function readTogether<Value>(read: () => Promise<Value>): () => Promise<Value> {
  let reading: Promise<Value> | undefined;
  return () => {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  };
}

/** Nothing was written yet: a fault is that of a service that cannot be read. */
async function readSurely<Value>(read: () => Promise<Value>): Promise<Value> {
  try {
    return await read();
  } catch (error) {
    throw new ServiceUnreadableError(`the paper book cannot be read: ${describeError(error)}`);
  }
}

function notSent(reason: string): Extract<Answer<never>, { kind: 'not-sent' }> {
  return { kind: 'not-sent', reason, retryAfterSeconds: CONFLICT_RETRY_SECONDS };
}

/** At the last known prices. A position keeps its id for as long as there is one in its asset. */
function positionsIn({ positions, prices }: PaperBook): Position[] {
  return positions.map((position) => {
    const { asset, direction, leverage, openedAt, cost } = position;
    const price = prices[asset]?.price;
    return {
      positionId: `paper_${asset}`,
      orderId: undefined,
      asset,
      direction,
      amount: price === undefined ? cost : valueOf(position, price),
      leverage,
      entryPrice: formatUsd(entryPriceOf(position)),
      openedAt,
      pnl: price === undefined ? undefined : profitOf(position, price),
    };
  });
}

function tradeOf({ id, asset, direction, amount, at, realised }: PaperFill): Trade {
  return { tradeId: id, orderId: id, asset, direction, amount, at, pnl: realised };
}
