import { NO_USD, parseUsd, subtractUsd, sumUsd, type MicroUsd } from '../money.ts';
import { decideTrade, screen, type OrderTerms, type SkipReason, type TradeFacts } from '../trading/decide-trade.ts';
import {
  applyFill,
  openBook,
  tellPrice,
  unrealisedOf,
  valueOf,
  type PaperBook,
  type PaperPosition,
} from '../trading/paper-book.ts';
import type { PaperTerms } from '../trading/paper-market.ts';
import type { TradePolicy } from '../trading/trade-policy.ts';
import type { RecordedSignal } from './recording.ts';

/** A policy to be tried, and the account that it is tried with. */
export interface Candidate {
  /** As the report names it. */
  readonly name: string;
  readonly policy: TradePolicy;
  readonly terms: PaperTerms;
  /** The most that orders of one UTC day may come to in any one market, if that is limited. */
  readonly marketDayUsd: MicroUsd | undefined;
}

/** A candidate, and what its configuration says of trading, by path. */
export interface ConfiguredCandidate extends Candidate {
  readonly settings: Readonly<Record<string, string>>;
}

/** Why an order that was decided upon was not filled. */
export const REFUSALS = ['market-budget', 'no-price', 'low-balance'] as const;
export type Refusal = (typeof REFUSALS)[number];

/** What became of a signal. */
export type Outcome =
  | { readonly kind: 'traded'; readonly amount: MicroUsd; readonly price: MicroUsd }
  | { readonly kind: 'skipped'; readonly reason: SkipReason }
  | { readonly kind: 'refused'; readonly reason: Refusal };

/** A sum that begins anew with every UTC day. */
interface DaySum {
  readonly day: number;
  readonly sum: MicroUsd;
}

const DAY_MS = 86_400_000;
const NO_DAY: DaySum = { day: 0, sum: NO_USD };
const ONE_USD = parseUsd('1.00');
const LONG_AGO = '1970-01-01T00:00:00Z';

/** A paper account, and what else a decision goes by. Nothing is ever in doubt. */
export interface Account {
  readonly book: PaperBook;
  /** Notional of the last UTC day with an order. */
  readonly notional: DaySum;
  /** The same by market. */
  readonly notionalIn: Readonly<Record<string, DaySum>>;
  /** What was realised in the last UTC day with a fill. */
  readonly realised: DaySum;
  /** By market, when its last fill was (ISO 8601). */
  readonly lastFillAt: Readonly<Record<string, string>>;
  /** Fills that closed a position, made it smaller, or turned it round. */
  readonly closed: number;
  /** Those of them that made a profit, before fees. */
  readonly won: number;
  /** Positions that were closed because they had lost their margin. */
  readonly liquidated: number;
}

/**
 * An account in which nothing has happened yet.
 *
 * @param unpriced assets of which no price is ever known: they are carried at cost.
 */
export function openAccount({ terms }: Candidate, unpriced: readonly string[]): Account {
  return {
    book: unpriced.reduce((book, asset) => tellPrice(book, asset, ONE_USD, LONG_AGO), openBook(terms.balanceUsd)),
    notional: NO_DAY,
    notionalIn: {},
    realised: NO_DAY,
    lastFillAt: {},
    closed: 0,
    won: 0,
    liquidated: 0,
  };
}

/** What an account would come to if all were closed at the last prices, before the fees of that. */
export function equityOf({ book }: Account): MicroUsd {
  return subtractUsd(sumUsd(book.start, book.realised, unrealisedOf(book)), book.fees);
}

/** The account after it was told what an asset costs (ISO 8601); see `tellPrice`. */
export function markToMarket(account: Account, asset: string, price: MicroUsd, at: string): Account {
  const book = tellPrice(account.book, asset, price, at);
  if (book === account.book) return account;
  return book.fillCount === account.book.fillCount ? { ...account, book } : afterFill(account, book);
}

/**
 * Decides over a signal as of its time on the bus, in the order of the pipeline: the signal by itself, the limits of the day, the
 * facts. Then its order is filled.
 */
export function takeSignal(
  account: Account,
  candidate: Candidate,
  signal: RecordedSignal,
): { readonly account: Account; readonly outcome: Outcome } {
  const { policy } = candidate;
  const at = new Date(signal.takenAt);
  const skipped = (reason: SkipReason) => ({ account, outcome: { kind: 'skipped', reason } as const });
  const screened = screen(signal, policy, at);
  if (screened.action === 'skip') return skipped(screened.reason);
  const overBudget = findOverBudget(account, candidate, signal, screened.order);
  if (overBudget !== undefined) return { account, outcome: overBudget };
  const decision = decideTrade(screened, policy, factsFor(account, signal), at);
  return decision.action === 'skip' ? skipped(decision.reason) : place(account, candidate, signal, decision.order);
}

/** What an order's claim would be refused for. */
function findOverBudget(
  { notional, notionalIn }: Account,
  { policy, marketDayUsd }: Candidate,
  { takenAt }: RecordedSignal,
  { asset, amount }: OrderTerms,
): Outcome | undefined {
  const today = sumUsd(sumOn(notional, takenAt), amount);
  if (today > policy.dailyNotionalUsd) return { kind: 'skipped', reason: 'daily-notional' };
  const inMarket = addOn(notionalIn[asset], takenAt, amount);
  const isOver = marketDayUsd !== undefined && inMarket.sum > marketDayUsd;
  return isOver ? { kind: 'refused', reason: 'market-budget' } : undefined;
}

/** What `readFacts` reads from market and ledger. */
function factsFor({ book, realised, lastFillAt }: Account, { asset, takenAt }: RecordedSignal): TradeFacts {
  const position = book.positions.find((one) => one.asset === asset);
  const price = book.prices[asset]?.price;
  return {
    available: book.balance,
    exposure: position === undefined || price === undefined ? NO_USD : signedValueOf(position, price),
    profitToday: sumUsd(sumOn(realised, takenAt), unrealisedOf(book)),
    isDayShown: true,
    lastOrderAt: lastFillAt[asset],
  };
}

/** Negative where the position is short. */
function signedValueOf(position: PaperPosition, price: MicroUsd): MicroUsd {
  const value = valueOf(position, price);
  return position.direction === 'long' ? value : subtractUsd(NO_USD, value);
}

function place(
  account: Account,
  { terms }: Candidate,
  { source, id, takenAt }: RecordedSignal,
  order: OrderTerms,
): { readonly account: Account; readonly outcome: Outcome } {
  const { asset, amount } = order;
  const refuse = (reason: Refusal) => ({ account, outcome: { kind: 'refused', reason } as const });
  const inMarket = addOn(account.notionalIn[asset], takenAt, amount);
  const key = `${source}/${id}`;
  const at = new Date(takenAt).toISOString();
  const answer = applyFill(account.book, { ...order, key, reference: key, at }, terms.feeBasisPoints);
  if (answer.kind === 'refused') return refuse(answer.reason);
  const filled: Account = {
    ...afterFill(account, answer.book),
    notional: addOn(account.notional, takenAt, amount),
    notionalIn: { ...account.notionalIn, [asset]: inMarket },
  };
  return { account: filled, outcome: { kind: 'traded', amount, price: answer.fill.price.price } };
}

/** The account with a book that has one more fill. */
function afterFill(account: Account, book: PaperBook): Account {
  const [fill] = book.fills;
  if (fill === undefined) throw new Error('there is no fill in the book');
  const { asset, at, key, realised } = fill;
  return {
    ...account,
    book,
    lastFillAt: { ...account.lastFillAt, [asset]: at },
    realised: realised === undefined ? account.realised : addOn(account.realised, Date.parse(at), realised),
    closed: account.closed + (realised === undefined ? 0 : 1),
    won: account.won + (realised === undefined || realised <= 0n ? 0 : 1),
    liquidated: account.liquidated + (key === undefined ? 1 : 0),
  };
}

function sumOn({ day, sum }: DaySum, at: number): MicroUsd {
  return day === dayOf(at) ? sum : NO_USD;
}

/** The sum with an amount of a time; what is of a day before changes nothing. */
function addOn(before: DaySum | undefined, at: number, amount: MicroUsd): DaySum {
  const day = dayOf(at);
  if (before === undefined || before.day < day) return { day, sum: amount };
  return before.day === day ? { day, sum: sumUsd(before.sum, amount) } : before;
}

function dayOf(at: number): number {
  return Math.floor(at / DAY_MS);
}
