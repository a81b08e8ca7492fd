import { Hono } from 'hono';
import { toJsonNumber } from '../../src/money.ts';
import { bodyObject, invalidRequest, Refusal, requiredText, type TwinEnv } from '../request.ts';
import { isoSeconds } from '../world/clock.ts';
import type { Agent, World } from '../world/world.ts';
import { addressOf } from './address.ts';
import { canClaim, claim, FAUCET_AMOUNT, nextClaimAt } from './faucet-book.ts';

/** Free USDC for new agents. No key is needed, and none is looked at. */
export function faucetRoutes(world: World): Hono<TwinEnv> {
  const routes = new Hono<TwinEnv>();

  routes.post('/api/claim', (c) => {
    const agent = requireAgent(world, requiredText(bodyObject(c), 'agent_id'));
    const now = c.get('now');
    if (!canClaim(world, agent.id, now)) {
      throw new Refusal(409, 'ALREADY_CLAIMED', `${agent.id} has already claimed its free USDC.`);
    }
    claim(world, agent, addressOf(c), now);
    return c.json({
      agent_id: agent.id,
      claimed_usdc: toJsonNumber(FAUCET_AMOUNT),
      message: 'Free USDC claimed. Use it to try the casino or to fund an escrow.',
    });
  });

  routes.get('/api/status', (c) => {
    const agentId = c.req.query('agent_id') ?? '';
    if (agentId === '') throw invalidRequest('agent_id is required: name an agent.');
    const agent = requireAgent(world, agentId);
    const now = c.get('now');
    const next = nextClaimAt(world, agent.id, now);
    const isEligible = canClaim(world, agent.id, now);
    return c.json({
      agent_id: agent.id,
      can_claim: isEligible,
      next_eligible_at: next === null ? null : isoSeconds(isEligible ? now : next),
    });
  });

  return routes;
}

function requireAgent(world: World, agentId: string): Agent {
  const agent = world.agents.get(agentId);
  if (agent === undefined) throw new Refusal(404, 'AGENT_NOT_FOUND', `No agent found with ID ${agentId}`);
  return agent;
}
