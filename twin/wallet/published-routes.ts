import type { Hono } from 'hono';
import { formatUsd, InvalidAmountError, parseUsd, toJsonNumber, type MicroUsd } from '../../src/money.ts';
import { answerWithInfo, lenientBody, publishedApp, type ServerInfo } from '../published-answer.ts';
import { Refusal, type TwinContext, type TwinEnv } from '../request.ts';
import { NO_MONEY, type Entry } from '../world/ledger.ts';
import { accountOf, newId, type Agent, type World } from '../world/world.ts';
import { accountRows, MINIMUM_TRANSFER, PAYMENT, totalDeposited, transfer, type AccountRow } from './account-book.ts';

/** Balances and payments between agents are the casino's. */
export const INFO: ServerInfo = {
  service: 'agent-casino',
  docs: 'https://casino.purpleflea.com/llms.txt',
  referral: 'GET /api/v1/gossip for passive income info',
  version: '1.0.0',
};

const LEDGER_ROWS = 50;
const RECENT_ROWS = 10;

/** The published casino server, as far as it keeps the agents' money; there are no games. */
export function publishedWalletRoutes(world: World): Hono<TwinEnv> {
  const routes = publishedApp(INFO);

  routes.get('/api/v1/auth/balance', (c) => {
    const agent = requireKey(c);
    return answerWithInfo(c, INFO, {
      agent_id: agent.id,
      balance_usd: toJsonNumber(world.ledger.balance(accountOf(agent.id))),
      tier: 'free',
      risk_factor: 0.25,
      lifetime: {
        total_deposited: toJsonNumber(totalDeposited(world, agent.id)),
        total_withdrawn: 0,
        total_wagered: 0,
        total_won: 0,
        net_profit: 0,
      },
      recent_activity: accountRows(world, agent.id).slice(0, RECENT_ROWS).map(activityOf),
    });
  });

  routes.get('/api/v1/auth/ledger', (c) => {
    const agent = requireKey(c);
    const rows = accountRows(world, agent.id).slice(0, LEDGER_ROWS);
    return answerWithInfo(c, INFO, { entries: rows.map((row) => ledgerEntry(agent, row)) });
  });

  routes.post('/api/v1/stats/pay', (c) => {
    const sender = requireKey(c);
    const { to_agent_id: to, amount: sent, memo } = lenientBody(c);
    if (!to || !sent) {
      throw new Refusal(400, 'invalid_request', 'Provide to_agent_id and amount', {
        example: { to_agent_id: 'ag_abc123', amount: 5, memo: 'Thanks for the signal' },
      });
    }
    const amount = readAmount(sent);
    if (to === sender.id) throw new Refusal(400, 'same_agent', 'Cannot pay yourself');
    const recipient = typeof to === 'string' ? world.agents.get(to) : undefined;
    if (recipient === undefined) {
      throw new Refusal(404, 'recipient_not_found', `Agent ${readableId(to)} not found`);
    }
    const balance = world.ledger.balance(accountOf(sender.id));
    if (balance < amount) {
      const message = `Your balance $${formatUsd(balance)} is less than $${formatUsd(amount)}`;
      throw new Refusal(400, 'insufficient_balance', message);
    }
    const txId = newId('pay');
    const note = typeof memo === 'string' ? memo : null;
    transfer(world, { txId, from: sender.id, to: recipient.id, amount, memo: note }, c.get('now'));
    return answerWithInfo(c, INFO, {
      tx_id: txId,
      from: sender.id,
      to: recipient.id,
      amount: toJsonNumber(amount),
      memo: note,
      sender_new_balance: toJsonNumber(world.ledger.balance(accountOf(sender.id))),
      timestamp: c.get('now').toISOString(),
      message: `$${formatUsd(amount)} sent to ${recipient.id}`,
      note: 'Payments are instant and irreversible within the casino platform.',
    });
  });

  routes.all('/api/v1/*', (c) => {
    throw new Refusal(404, 'not_found', `${c.req.method} ${c.req.path} not found`, {
      docs: '/api/v1/docs',
      openapi: '/openapi.json',
    });
  });

  return routes;
}

function requireKey(c: TwinContext): Agent {
  const caller = c.get('caller');
  if (caller !== undefined) return caller;
  const isSent = c.req.header('authorization')?.startsWith('Bearer ') === true;
  throw new Refusal(
    401,
    'unauthorized',
    isSent ? 'Invalid API key' : 'Missing or invalid Authorization header. Use: Bearer {api_key}',
    { suggestion: 'Register at POST /api/v1/auth/register to get an API key' },
  );
}

function readableId(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Numbers only: a text is refused, whatever it says. */
function readAmount(value: unknown): MicroUsd {
  const amount = typeof value === 'number' ? parseAmount(value) : NO_MONEY;
  if (amount < MINIMUM_TRANSFER) throw new Refusal(400, 'invalid_amount', 'Amount must be at least $0.01');
  return amount;
}

function parseAmount(value: number): MicroUsd {
  try {
    return parseUsd(value);
  } catch (error) {
    if (error instanceof InvalidAmountError) return NO_MONEY;
    throw error;
  }
}

function activityOf({ entry, type, balanceAfter }: AccountRow): Record<string, unknown> {
  return {
    type,
    amount: toJsonNumber(entry.amount),
    balance_after: toJsonNumber(balanceAfter),
    reason: reasonOf(entry, type),
    service: serviceOf(entry),
    at: toTheSecond(entry.at),
  };
}

function ledgerEntry(agent: Agent, { entry, type, balanceAfter }: AccountRow): Record<string, unknown> {
  const service = serviceOf(entry);
  return {
    // The escrow server names its rows after the reference, so that a row cannot be written twice.
    id: service === 'escrow' ? `${entry.reference}_${type}` : `led_${entry.seq}`,
    agentId: agent.id,
    type,
    amount: toJsonNumber(entry.amount),
    balanceAfter: toJsonNumber(balanceAfter),
    reason: reasonOf(entry, type),
    reference: entry.reference,
    service,
    createdAt: Math.floor(entry.at / 1000),
    at: toTheSecond(entry.at),
  };
}

const SERVICES: readonly [reason: string, service: string][] = [
  ['escrow_', 'escrow'],
  ['trade_', 'trading'],
  ['margin_', 'trading'],
  ['faucet_', 'faucet'],
  [PAYMENT, 'payment'],
];

function serviceOf({ reason }: Entry): string {
  return SERVICES.find(([start]) => reason.startsWith(start))?.[1] ?? 'casino';
}

/** A payment is two rows here, each under its own name. */
function reasonOf({ reason }: Entry, type: AccountRow['type']): string {
  if (reason !== PAYMENT) return reason;
  return type === 'debit' ? 'payment_sent' : 'payment_received';
}

/** The server keeps seconds and shows milliseconds. */
function toTheSecond(milliseconds: number): string {
  return new Date(Math.floor(milliseconds / 1000) * 1000).toISOString();
}
