import { formatUsd, parseUsd, type MicroUsd } from '../../../src/money.ts';
import { INFO, type Books } from './books.ts';
import type { ServiceAnswer, ServiceRequest } from './operations.ts';
import { KEYS } from './parties.ts';

/** The wallet service: an agent's ledger, and payments. */
export function createWalletService(books: Books) {
  const { isReference, rows, balance, callerOf, newId, note, number, post, refuse, time } = books;

  function ledger(request: ServiceRequest): ServiceAnswer {
    const caller = callerOf(request);
    const mine = rows.filter(({ agent }) => agent === caller).toReversed();
    const entries = mine.slice(0, 50).map((row) => ({
      id: row.id,
      agentId: caller,
      type: row.amount < 0n ? 'debit' : 'credit',
      amount: number((row.amount < 0n ? 0n - row.amount : row.amount) as MicroUsd),
      balanceAfter: number(balance(caller) as MicroUsd),
      reason: row.reason,
      reference: row.reference,
      service: 'escrow',
      createdAt: Math.floor(row.at / 1000),
      at: time(row.at),
    }));
    return { status: 200, body: { entries, _info: INFO } };
  }

  function readBalance(request: ServiceRequest): ServiceAnswer {
    const caller = callerOf(request);
    const available = number(balance(caller) as MicroUsd);
    return {
      status: 200,
      body: { agent_id: caller, balance_usdc: available, locked_usdc: 0, available_usdc: available },
    };
  }

  function transfer(request: ServiceRequest, at: number): ServiceAnswer {
    const from = callerOf(request);
    const asked = JSON.parse(request.body ?? '{}') as Readonly<Record<string, unknown>>;
    const to = String(asked['to_agent'] ?? asked['to_agent_id']);
    const amount = parseUsd(asked['amount'] as number);
    if (KEYS[to] === undefined) refuse('recipient');
    if (balance(from) < amount) refuse('payment');
    const id = newId(isReference ? 'tx' : 'pay');
    post(from, to, amount, 'agent_payment', id, at);
    note({ operation: 'transfer', subject: formatUsd(amount), id, agent: from, payee: to, amount, at }, request);
    const memo = asked['memo'] ?? null;
    return {
      status: 200,
      body: isReference
        ? {
            success: true,
            tx_id: id,
            from_agent: from,
            to_agent: to,
            amount: number(amount),
            memo,
            created_at: time(at),
          }
        : {
            tx_id: id,
            from,
            to,
            amount: number(amount),
            memo,
            sender_new_balance: number(balance(from) as MicroUsd),
            timestamp: time(at),
            message: '-',
            note: '-',
            _info: INFO,
          },
    };
  }

  return { ledger, readBalance, transfer };
}
