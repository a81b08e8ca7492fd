import { subtractUsd, sumUsd, type MicroUsd } from '../../src/money.ts';
import type { Collection, Store, Stored } from './store.ts';

/** What may go below zero: where money comes from, and where the service's own mistakes show. */
export const SOURCES = ['deposits', 'faucet', 'market', 'losses'] as const;

/**
 * A place where money stands.
 *
 * - `agent:<id>` is free to spend, `escrow:<id>` and `position:<id>` are locked, `fees` is what the service earned
 * - the sources stand for the outside: they hold as much below zero as came in through them
 */
export type AccountName =
  `agent:${string}` | `escrow:${string}` | `position:${string}` | 'fees' | (typeof SOURCES)[number];

/** One movement: what leaves one account arrives in the other. */
export interface Entry extends Stored {
  readonly seq: number;
  /** The twin's time, in milliseconds since 1970. */
  readonly at: number;
  readonly from: AccountName;
  readonly to: AccountName;
  readonly amount: MicroUsd;
  /** Why, in the words of the published server: `escrow_lock: esc_...`, `agent_payment`, ... */
  readonly reason: string;
  /** What it belongs to: an escrow's id, with what was done to it behind it, such as `esc_..._release`. */
  readonly reference: string;
}

/** The books, in double entry: the only thing that knows balances. */
export interface Ledger {
  /**
   * Moves an amount. Nothing is written for an amount of zero.
   *
   * @throws Error for a negative amount, or more than an account that is no source holds; callers check first.
   */
  post(movement: Omit<Entry, 'id' | 'seq' | 'at'> & { readonly at: Date }): void;
  balance(account: AccountName): MicroUsd;
  /** All accounts that were ever used, with what they hold. */
  balances(): ReadonlyMap<AccountName, MicroUsd>;
  /** All movements, oldest first. */
  entries(): IterableIterator<Entry>;
}

export const NO_MONEY = 0n as MicroUsd;

/** The books of a store; movements of an earlier run are in them. */
export function openLedger(store: Store): Ledger {
  const entries: Collection<Entry> = store.collection('entries');
  const balances = new Map<AccountName, MicroUsd>();
  const balance = (account: AccountName) => balances.get(account) ?? NO_MONEY;
  const apply = ({ from, to, amount }: Pick<Entry, 'from' | 'to' | 'amount'>) => {
    balances.set(from, subtractUsd(balance(from), amount));
    balances.set(to, sumUsd(balance(to), amount));
  };
  for (const entry of entries.values()) apply(entry);

  return {
    post({ at, ...movement }) {
      const { from, amount } = movement;
      if (amount === 0n) return;
      if (amount < 0n || (!isSource(from) && balance(from) < amount)) {
        throw new Error(`cannot move ${amount} micro-USD from ${from}, which holds ${balance(from)}`);
      }
      const seq = entries.size + 1;
      entries.put({ ...movement, id: String(seq), seq, at: at.getTime() });
      apply(movement);
    },
    balance,
    balances: () => balances,
    entries: () => entries.values(),
  };
}

/** Whether an account stands for the outside and may go below zero. */
function isSource(account: AccountName): boolean {
  return (SOURCES as readonly string[]).includes(account);
}
