import { subtractUsd, sumUsd, type MicroUsd } from '../src/money.ts';

/** A place where money stands: an agent's free balance, one escrow, one position's margin, the fees. */
export interface Account {
  balance: MicroUsd;
}

export const NO_MONEY = 0n as MicroUsd;

/** An empty account. */
export function openAccount(): Account {
  return { balance: NO_MONEY };
}

/**
 * Moves money between two accounts: the only way a balance changes after the start, so that the sum of all stays.
 *
 * @throws Error for a negative amount or more than the account holds; callers check first.
 */
export function transfer(amount: MicroUsd, from: Account, to: Account): void {
  if (amount < 0n || from.balance < amount) {
    throw new Error(`cannot move ${amount} micro-USD from an account that holds ${from.balance}`);
  }
  from.balance = subtractUsd(from.balance, amount);
  to.balance = sumUsd(to.balance, amount);
}
