import { shareOf, sumUsd, type MicroUsd } from '../src/money.ts';
import { openAccount, transfer, type Account } from './account.ts';
import { newId, type Agent, type World } from './world.ts';

/** What an agent asks for: `amount` is the notional, of which the margin is one part in `leverage`. */
export interface OrderTerms {
  readonly holder: Agent;
  readonly asset: string;
  readonly direction: 'long' | 'short';
  readonly amount: MicroUsd;
  readonly leverage: number;
  readonly entryPrice: MicroUsd;
  readonly metadata: Readonly<Record<string, unknown>> | null;
}

/** A market order; it is filled the moment it is placed. */
export interface Order extends OrderTerms {
  readonly id: string;
  readonly fee: MicroUsd;
  readonly createdAt: Date;
}

/** An open position, with the margin that stands behind it. */
export interface Position {
  readonly id: string;
  readonly order: Order;
  readonly holder: Agent;
  readonly margin: Account;
}

const FEE_BASIS_POINTS = 5;

/** Rounded up to the micro-dollar, so that a position is never short of margin. */
export function marginOf(amount: MicroUsd, leverage: number): MicroUsd {
  const parts = BigInt(leverage);
  return ((amount + parts - 1n) / parts) as MicroUsd;
}

/** What placing an order takes from the agent's free balance: margin and fee. */
export function costOf({ amount, leverage }: Pick<OrderTerms, 'amount' | 'leverage'>): MicroUsd {
  return sumUsd(marginOf(amount, leverage), shareOf(amount, FEE_BASIS_POINTS));
}

/** Fills a market order and opens its position. The holder must have what it costs. */
export function fillOrder(world: World, terms: OrderTerms, now: Date): Order {
  const order: Order = {
    ...terms,
    id: newId('ord'),
    fee: shareOf(terms.amount, FEE_BASIS_POINTS),
    createdAt: now,
  };
  const position: Position = { id: newId('pos'), order, holder: terms.holder, margin: openAccount() };
  transfer(order.fee, terms.holder, world.fees);
  transfer(marginOf(terms.amount, terms.leverage), terms.holder, position.margin);
  world.orders.push(order);
  world.positions.push(position);
  return order;
}
