import { parseUsd, subtractUsd, sumUsd, toJsonNumber, type MicroUsd } from '../../src/money.ts';
import { NO_MONEY, type Entry } from '../world/ledger.ts';
import { accountOf, type World } from '../world/world.ts';

/** No transfer is smaller. */
export const MINIMUM_TRANSFER = parseUsd('0.01');

/** Why the ledger moves it. */
export const PAYMENT = 'agent_payment';

/** Money that one agent gives another. */
export interface Transfer {
  readonly txId: string;
  readonly from: string;
  readonly to: string;
  readonly amount: MicroUsd;
  readonly memo: string | null;
}

/** Moves the money at once; the same transfer again is another one. The sender must have it. */
export function transfer(world: World, { txId, from, to, amount, memo }: Transfer, at: Date): void {
  world.ledger.post({
    at,
    from: accountOf(from),
    to: accountOf(to),
    amount,
    reason: PAYMENT,
    reference: txId,
  });
  world.announce({
    type: 'wallet_transfer',
    at,
    agentIds: [from, to],
    data: { tx_id: txId, from_agent: from, to_agent: to, amount_usdc: toJsonNumber(amount), memo },
  });
}

/** One movement of an agent's free balance, as the agent sees it. */
export interface AccountRow {
  readonly entry: Entry;
  readonly type: 'credit' | 'debit';
  readonly balanceAfter: MicroUsd;
}

/** All movements of an agent's free balance, newest first. */
export function accountRows(world: World, agentId: string): AccountRow[] {
  const account = accountOf(agentId);
  const rows: AccountRow[] = [];
  let balanceAfter = NO_MONEY;
  for (const entry of world.ledger.entries()) {
    if (entry.to !== account && entry.from !== account) continue;
    const isCredit = entry.to === account;
    balanceAfter = isCredit ? sumUsd(balanceAfter, entry.amount) : subtractUsd(balanceAfter, entry.amount);
    rows.push({ entry, type: isCredit ? 'credit' : 'debit', balanceAfter });
  }
  return rows.toReversed();
}

/** All that an agent ever got from outside. */
export function totalDeposited(world: World, agentId: string): MicroUsd {
  const account = accountOf(agentId);
  const deposits = [...world.ledger.entries()].filter(({ from, to }) => from === 'deposits' && to === account);
  return sumUsd(...deposits.map(({ amount }) => amount));
}
