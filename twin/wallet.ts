import { Hono } from 'hono';
import { sumUsd, toJsonNumber } from '../src/money.ts';
import { requireCaller, requireOwnId, type TwinEnv } from './request.ts';
import { lockedBy, type World } from './world.ts';

/** An agent's balance: all it owns, what of that is locked in escrows and margins, and what it can spend. */
export function walletRoutes(world: World): Hono<TwinEnv> {
  const routes = new Hono<TwinEnv>();

  routes.get('/wallet/balance', (c) => {
    const caller = requireCaller(c);
    requireOwnId(caller, c.req.query('agent_id'));
    const locked = lockedBy(world, caller);
    return c.json({
      agent_id: caller.id,
      balance_usdc: toJsonNumber(sumUsd(caller.balance, locked)),
      locked_usdc: toJsonNumber(locked),
      available_usdc: toJsonNumber(caller.balance),
    });
  });

  return routes;
}
