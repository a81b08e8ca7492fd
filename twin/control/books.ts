import { formatUsd, subtractUsd, sumUsd, type MicroUsd } from '../../src/money.ts';
import { isoOf } from '../world/clock.ts';
import { NO_MONEY, type AccountName, type Ledger, type SOURCES } from '../world/ledger.ts';
import { accountOf, lockedBy, type World } from '../world/world.ts';

/** Where all the money is, and whether it is as much as was put in. */
interface Totals {
  readonly agents: MicroUsd;
  readonly inEscrow: MicroUsd;
  readonly inMargin: MicroUsd;
  readonly fees: MicroUsd;
  readonly total: MicroUsd;
  readonly sources: Readonly<Record<(typeof SOURCES)[number], MicroUsd>>;
  readonly putIn: MicroUsd;
  readonly conserved: boolean;
}

/** Every agent with its money, and the totals. */
export function agentsView(world: World): Record<string, unknown> {
  const totals = totalsOf(world.ledger);
  return {
    agents: [...world.agents.values()].map(({ id }) => {
      const available = world.ledger.balance(accountOf(id));
      const locked = lockedBy(world, id);
      return {
        agent_id: id,
        balance_usd: formatUsd(sumUsd(available, locked)),
        locked_usd: formatUsd(locked),
        available_usd: formatUsd(available),
      };
    }),
    fees_usd: formatUsd(totals.fees),
    locked_in_escrow_usd: formatUsd(totals.inEscrow),
    locked_in_margin_usd: formatUsd(totals.inMargin),
    total_usd: formatUsd(totals.total),
    deposited_usd: formatUsd(totals.putIn),
    conserved: totals.conserved,
  };
}

/** The proof that no money was made or lost, and the movements after number `since`. */
export function ledgerView(world: World, since: number): Record<string, unknown> {
  const totals = totalsOf(world.ledger);
  const entries = [...world.ledger.entries()];
  const commissions = entries.filter(({ reason }) => reason.startsWith('escrow_referral_commission'));
  return {
    agents_usd: formatUsd(totals.agents),
    locked_in_escrow_usd: formatUsd(totals.inEscrow),
    locked_in_margin_usd: formatUsd(totals.inMargin),
    fees_usd: formatUsd(totals.fees),
    referral_commissions_paid_usd: formatUsd(commissions.reduce((sum, { amount }) => sumUsd(sum, amount), NO_MONEY)),
    sources: Object.fromEntries(Object.entries(totals.sources).map(([name, held]) => [`${name}_usd`, formatUsd(held)])),
    put_in_usd: formatUsd(totals.putIn),
    total_usd: formatUsd(totals.total),
    conserved: totals.conserved,
    entries: entries.slice(since).map((entry) => ({
      seq: entry.seq,
      at: isoOf(entry.at),
      from: entry.from,
      to: entry.to,
      amount_usd: formatUsd(entry.amount),
      reason: entry.reason,
      reference: entry.reference,
    })),
  };
}

function totalsOf(ledger: Ledger): Totals {
  const accounts = [...ledger.balances()];
  const sumOf = (prefix: string) =>
    accounts.reduce((sum, [account, held]) => (account.startsWith(prefix) ? sumUsd(sum, held) : sum), NO_MONEY);
  const agents = sumOf('agent:');
  const inEscrow = sumOf('escrow:');
  const inMargin = sumOf('position:');
  const fees = ledger.balance('fees');
  const total = sumUsd(agents, inEscrow, inMargin, fees);
  const sources = {
    deposits: ledger.balance('deposits'),
    faucet: ledger.balance('faucet'),
    market: ledger.balance('market'),
    losses: ledger.balance('losses'),
  };
  const putIn = subtractUsd(NO_MONEY, sumUsd(...Object.values(sources)));
  return { agents, inEscrow, inMargin, fees, total, sources, putIn, conserved: total === putIn && addsUp(ledger) };
}

/** Whether the balances are what adding up every movement from nothing gives. */
function addsUp(ledger: Ledger): boolean {
  const added = new Map<AccountName, MicroUsd>();
  const add = (account: AccountName, amount: MicroUsd) =>
    added.set(account, sumUsd(added.get(account) ?? NO_MONEY, amount));
  for (const { from, to, amount } of ledger.entries()) {
    add(from, subtractUsd(NO_MONEY, amount));
    add(to, amount);
  }
  const kept = ledger.balances();
  return added.size === kept.size && [...added].every(([account, amount]) => kept.get(account) === amount);
}
