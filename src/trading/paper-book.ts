import { formatUsd, NO_USD, shareOf, subtractUsd, sumUsd, type MicroUsd } from '../money.ts';
import { LONGEST_HISTORY, type OrderDirection } from '../purple-flea/trading.ts';

/** What an asset cost when it was last told. */
export interface PaperPrice {
  /** USD for one unit. */
  readonly price: MicroUsd;
  /** When it cost that (ISO 8601, UTC). */
  readonly at: string;
}

/** The net position in one asset. */
export interface PaperPosition {
  readonly asset: string;
  readonly direction: OrderDirection;
  /** How much of the asset, in parts of 10^-18. */
  readonly units: bigint;
  /** What these units came to when they were bought or sold. */
  readonly cost: MicroUsd;
  /** What was taken out of the balance for it; it cannot lose more. */
  readonly margin: MicroUsd;
  /** Of the order that made it larger last. */
  readonly leverage: number;
  /** When its first fill was (ISO 8601). */
  readonly openedAt: string;
}

/** An order that was filled, or a position that had lost its margin and was closed. */
export interface PaperFill {
  readonly id: string;
  /** The effect key of its order; undefined for a liquidation. */
  readonly key: string | undefined;
  readonly asset: string;
  readonly direction: OrderDirection;
  /** Notional. */
  readonly amount: MicroUsd;
  /** What it was filled at, and as of when. */
  readonly price: PaperPrice;
  readonly fee: MicroUsd;
  /** What it made of the position that it closed or made smaller, less no fee; undefined where it did neither. */
  readonly realised: MicroUsd | undefined;
  readonly at: string;
}

/**
 * An account that trades on paper. Balance and margins together are always what it began with and has realised, less fees.
 */
export interface PaperBook {
  readonly start: MicroUsd;
  /** What is free for margins and fees; never less than nothing. */
  readonly balance: MicroUsd;
  /** The sum of all that was ever realised; negative where it is a loss. */
  readonly realised: MicroUsd;
  /** The sum of all fees. */
  readonly fees: MicroUsd;
  /** By asset. */
  readonly prices: Readonly<Record<string, PaperPrice>>;
  /** One an asset. */
  readonly positions: readonly PaperPosition[];
  /** The last ones, newest first; see `KEPT_FILLS`. */
  readonly fills: readonly PaperFill[];
  /** How many there ever were. */
  readonly fillCount: number;
}

/** An order to be filled. */
export interface PaperOrder {
  /** Effect key: the same key is the same order. */
  readonly key: string;
  /** Client reference of the effect. */
  readonly reference: string;
  readonly asset: string;
  readonly direction: OrderDirection;
  /** Notional, more than nothing. */
  readonly amount: MicroUsd;
  readonly leverage: number;
  /** ISO 8601. */
  readonly at: string;
}

/** `known` says that an order of the same key was filled before, and nothing was changed. */
export type PaperAnswer =
  | { readonly kind: 'filled' | 'known'; readonly book: PaperBook; readonly fill: PaperFill }
  | { readonly kind: 'refused'; readonly reason: 'no-price' | 'low-balance'; readonly detail: string };

/** A book, and how often it was written. */
export interface StoredBook {
  readonly book: PaperBook;
  readonly version: number;
}

/** Where the books of agents are kept. */
export interface PaperBookStore {
  /** Undefined where there is none yet. @throws where there is one that cannot be read. */
  read(agentId: string): Promise<StoredBook | undefined>;
  /**
   * Writes the version that follows, unless another was written meanwhile: then false. An acknowledgement may get lost, and
   * then false may be its own: whoever gets it reads again.
   *
   * @param version what was read; 0 where there was none.
   */
  write(agentId: string, book: PaperBook, version: number): Promise<boolean>;
}

/** As many fills are kept as a service shows. */
export const KEPT_FILLS = LONGEST_HISTORY;

/** So fine that the value of what is counted in it is right to the micro-dollar. */
const UNITS_PER_WHOLE = 10n ** 18n;

/** A book in which nothing has happened yet. */
export function openBook(start: MicroUsd): PaperBook {
  return {
    start,
    balance: start,
    realised: NO_USD,
    fees: NO_USD,
    prices: {},
    positions: [],
    fills: [],
    fillCount: 0,
  };
}

/**
 * The book after it was told what an asset costs. What is older than what it knows changes nothing. A position that has
 * lost its margin at the new price is closed, and has lost exactly that: what the market took beyond is nobody's.
 *
 * @param at ISO 8601, any offset.
 */
export function tellPrice(book: PaperBook, asset: string, price: MicroUsd, at: string): PaperBook {
  const known = book.prices[asset];
  const told: PaperPrice = { price, at: new Date(at).toISOString() };
  if (known !== undefined && (told.at < known.at || (told.at === known.at && price === known.price))) return book;
  const priced = { ...book, prices: { ...book.prices, [asset]: told } };
  const position = positionIn(priced, asset);
  return position === undefined || sumUsd(position.margin, profitOf(position, price)) > 0n
    ? priced
    : liquidate(priced, position, told);
}

function liquidate(book: PaperBook, position: PaperPosition, price: PaperPrice): PaperBook {
  const { asset, direction, margin } = position;
  const realised = subtractUsd(NO_USD, margin);
  const fill: PaperFill = {
    id: `paper_liquidation_${book.fillCount + 1}`,
    key: undefined,
    asset,
    direction: direction === 'long' ? 'short' : 'long',
    amount: valueOf(position, price.price),
    price,
    fee: NO_USD,
    realised,
    at: price.at,
  };
  return record({ ...book, realised: sumUsd(book.realised, realised) }, fill, undefined);
}

/**
 * The book after an order was filled at the last known price, as an exchange nets: in the direction of the position it
 * makes it larger, against it smaller, closes it, or turns it round.
 *
 * @param feeBasisPoints of the notional.
 */
export function applyFill(book: PaperBook, order: PaperOrder, feeBasisPoints: number): PaperAnswer {
  const known = fillOf(book, order.key);
  if (known !== undefined) return { kind: 'known', book, fill: known };
  const { asset, direction, amount } = order;
  const price = book.prices[asset];
  if (price === undefined) {
    return { kind: 'refused', reason: 'no-price', detail: `no price of ${asset} was told yet` };
  }
  const before = positionIn(book, asset);
  const { position, realised } =
    before === undefined || before.direction === direction
      ? { position: enlarge(before, order, price.price), realised: undefined }
      : reduce(before, order, price.price);
  const fee = shareOf(amount, feeBasisPoints);
  const freed = subtractUsd(before?.margin ?? NO_USD, position?.margin ?? NO_USD);
  const balance = subtractUsd(sumUsd(book.balance, freed, realised ?? NO_USD), fee);
  if (balance < 0n) {
    const missing = formatUsd(subtractUsd(NO_USD, balance));
    const detail = `$${formatUsd(book.balance)} are free; margin and fee need $${missing} more`;
    return { kind: 'refused', reason: 'low-balance', detail };
  }
  const fill: PaperFill = {
    id: paperOrderId(order.reference),
    key: order.key,
    asset,
    direction,
    amount,
    price,
    fee,
    realised,
    at: order.at,
  };
  const changed = {
    ...book,
    balance,
    fees: sumUsd(book.fees, fee),
    realised: sumUsd(book.realised, realised ?? NO_USD),
  };
  return { kind: 'filled', book: record(changed, fill, position), fill };
}

/** What an order on paper is called, by its client reference. */
export function paperOrderId(reference: string): string {
  return `paper_${reference.slice(reference.indexOf(':') + 1)}`;
}

/** The fill of an order, if it is still kept. */
export function fillOf({ fills }: PaperBook, key: string): PaperFill | undefined {
  return fills.find((fill) => fill.key === key);
}

/** Whether every fill since a moment is still kept. */
export function showsAllSince({ fills, fillCount }: PaperBook, since: Date): boolean {
  const oldest = fills.at(-1);
  return fillCount === fills.length || (oldest !== undefined && Date.parse(oldest.at) < since.getTime());
}

/** What a position is worth at a price, notional, to the nearest micro-dollar. */
export function valueOf({ units }: PaperPosition, price: MicroUsd): MicroUsd {
  return ((units * price + UNITS_PER_WHOLE / 2n) / UNITS_PER_WHOLE) as MicroUsd;
}

/** What a position has gained at a price; negative where it has lost. */
export function profitOf(position: PaperPosition, price: MicroUsd): MicroUsd {
  return gainOf(position.direction, position.cost, valueOf(position, price));
}

/** The average price that a position was entered at, to the micro-dollar. */
export function entryPriceOf({ cost, units }: PaperPosition): MicroUsd {
  return ((cost * UNITS_PER_WHOLE + units / 2n) / units) as MicroUsd;
}

/** What its positions have gained at the last known prices. */
export function unrealisedOf({ positions, prices }: PaperBook): MicroUsd {
  return sumUsd(...positions.map((position) => profitOf(position, prices[position.asset]?.price ?? NO_USD)));
}

function gainOf(direction: OrderDirection, cost: MicroUsd, value: MicroUsd): MicroUsd {
  return direction === 'long' ? subtractUsd(value, cost) : subtractUsd(cost, value);
}

function positionIn({ positions }: PaperBook, asset: string): PaperPosition | undefined {
  return positions.find((position) => position.asset === asset);
}

/** The position with an order's units, cost and margin on top; a new one where there was none. */
function enlarge(position: PaperPosition | undefined, order: PaperOrder, price: MicroUsd): PaperPosition {
  const { asset, direction, amount, leverage, at } = order;
  return {
    asset,
    direction,
    units: (position?.units ?? 0n) + (amount * UNITS_PER_WHOLE) / price,
    cost: sumUsd(position?.cost ?? NO_USD, amount),
    margin: sumUsd(position?.margin ?? NO_USD, divideUp(amount, BigInt(leverage))),
    leverage,
    openedAt: position?.openedAt ?? at,
  };
}

/** What an order against a position leaves of it, and what was realised by that. */
function reduce(
  position: PaperPosition,
  order: PaperOrder,
  price: MicroUsd,
): { readonly position: PaperPosition | undefined; readonly realised: MicroUsd } {
  const { direction, units, cost, margin } = position;
  const value = valueOf(position, price);
  const { amount } = order;
  if (amount < value) {
    const closedCost = ((cost * amount) / value) as MicroUsd;
    const left = {
      ...position,
      units: units - (units * amount) / value,
      cost: subtractUsd(cost, closedCost),
      margin: divideUp((margin * (value - amount)) as MicroUsd, value),
    };
    return { position: left, realised: gainOf(direction, closedCost, amount) };
  }
  const rest = subtractUsd(amount, value);
  return {
    position: rest === 0n ? undefined : enlarge(undefined, { ...order, amount: rest }, price),
    realised: profitOf(position, price),
  };
}

/** The book with one more fill, and with what is left of its position. */
function record(book: PaperBook, fill: PaperFill, position: PaperPosition | undefined): PaperBook {
  const others = book.positions.filter(({ asset }) => asset !== fill.asset);
  return {
    ...book,
    positions: position === undefined ? others : [...others, position],
    fills: [fill, ...book.fills].slice(0, KEPT_FILLS),
    fillCount: book.fillCount + 1,
  };
}

function divideUp(amount: MicroUsd, parts: bigint): MicroUsd {
  return ((amount + parts - 1n) / parts) as MicroUsd;
}
