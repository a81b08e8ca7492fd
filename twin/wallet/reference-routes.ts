import { Hono } from 'hono';
import { formatUsd, InvalidAmountError, parseUsd, sumUsd, toJsonNumber, type MicroUsd } from '../../src/money.ts';
import {
  bodyObject,
  invalidRequest,
  optionalText,
  Refusal,
  requireCaller,
  requiredText,
  requireOwnId,
  type TwinEnv,
} from '../request.ts';
import { isoSeconds } from '../world/clock.ts';
import { accountOf, lockedBy, newId, type World } from '../world/world.ts';
import { MINIMUM_TRANSFER, transfer } from './account-book.ts';

/** An agent's balance (all it owns, what of that is locked, what it can spend), and paying another agent. */
export function walletRoutes(world: World): Hono<TwinEnv> {
  const routes = new Hono<TwinEnv>();

  routes.get('/wallet/balance', (c) => {
    const caller = requireCaller(c);
    // Some of the documentation asks without an agent, and has no other way to learn its own id.
    requireOwnId(caller, c.req.query('agent_id') ?? caller.id);
    const available = world.ledger.balance(accountOf(caller.id));
    const locked = lockedBy(world, caller.id);
    return c.json({
      agent_id: caller.id,
      balance_usdc: toJsonNumber(sumUsd(available, locked)),
      locked_usdc: toJsonNumber(locked),
      available_usdc: toJsonNumber(available),
    });
  });

  routes.post('/wallet/transfer', (c) => {
    const sender = requireCaller(c);
    const body = bodyObject(c);
    requireOwnId(sender, requiredText(body, 'from_agent'));
    const to = requiredText(body, 'to_agent');
    const amount = readAmount(body['amount']);
    const memo = optionalText(body, 'memo');
    if (to === sender.id) throw invalidRequest('to_agent is your own agent: name another.');
    if (world.agents.get(to) === undefined) {
      throw new Refusal(404, 'RECIPIENT_NOT_FOUND', `No agent found with ID ${to}`);
    }
    const balance = world.ledger.balance(accountOf(sender.id));
    if (balance < amount) {
      const message = `Your balance of $${formatUsd(balance)} is less than the transfer of $${formatUsd(amount)}`;
      throw new Refusal(400, 'INSUFFICIENT_BALANCE', message);
    }
    const txId = newId('tx');
    transfer(world, { txId, from: sender.id, to, amount, memo }, c.get('now'));
    return c.json({
      success: true,
      tx_id: txId,
      from_agent: sender.id,
      to_agent: to,
      amount: toJsonNumber(amount),
      memo,
      created_at: isoSeconds(c.get('now')),
    });
  });

  return routes;
}

function readAmount(value: unknown): MicroUsd {
  if (typeof value !== 'number' && typeof value !== 'string') {
    throw invalidRequest('amount is required: send a number such as 12.50.');
  }
  // A negative number has no text that parseUsd reads.
  if (typeof value === 'number' && value < 0) throw belowMinimum();
  const amount = parseAmount(value);
  if (amount < MINIMUM_TRANSFER) throw belowMinimum();
  return amount;
}

function parseAmount(value: number | string): MicroUsd {
  try {
    return parseUsd(value);
  } catch (error) {
    if (error instanceof InvalidAmountError) throw invalidRequest(`amount: ${error.message}`);
    throw error;
  }
}

function belowMinimum(): Refusal {
  return new Refusal(400, 'BELOW_MINIMUM_AMOUNT', 'Transfer amount is below the $0.01 minimum.');
}
