import type { Hono } from 'hono';
import { sumUsd, toJsonNumber, type MicroUsd } from '../../src/money.ts';
import { answerWithInfo, lenientBody, publishedApp, type ServerInfo } from '../published-answer.ts';
import { Refusal, type TwinEnv } from '../request.ts';
import type { Agent, World } from '../world/world.ts';
import { addressOf } from './address.ts';
import { addressWaitsUntil, canClaim, claim, FAUCET_AMOUNT, standingOf } from './faucet-book.ts';

/** What the published server says of itself. */
export const INFO: ServerInfo = {
  service: 'agent-faucet',
  docs: 'https://faucet.purpleflea.com/llms.txt',
  referral: 'GET /gossip for referral info',
  version: '1.0.0',
};

const CASINO = 'https://casino.purpleflea.com';
const HOUR_MS = 3_600_000;

/** The published faucet server: no key, one dollar, one time. */
export function publishedFaucetRoutes(world: World): Hono<TwinEnv> {
  const routes = publishedApp(INFO);

  routes.post('/faucet/claim', (c) => {
    const { agent_casino_id: sent, referral_code: referralCode } = lenientBody(c);
    const id = typeof sent === 'string' ? sent.trim() : '';
    if (!id.startsWith('ag_')) {
      throw new Refusal(400, 'invalid_request', 'agent_casino_id is required (ag_xxx format)');
    }
    const now = c.get('now');
    const address = addressOf(c);
    requireRestedAddress(addressWaitsUntil(world, address, now), now);
    const agent = world.agents.get(id);
    if (agent === undefined) {
      const register = `Register at ${CASINO}/api/v1/auth/register`;
      throw new Refusal(404, 'agent_not_found', `Agent not found in casino. ${register}`);
    }
    if (!canClaim(world, id, now)) {
      throw new Refusal(409, 'already_claimed', 'This agent has already claimed the faucet bonus.');
    }
    if (standingOf(world, id).hasDeposits) {
      const message = 'Faucet is for new agents with no deposits. Deposit real funds to keep playing.';
      throw new Refusal(403, 'has_deposits', message);
    }
    const { claimId } = claim(world, agent, address, now);
    return answerWithInfo(c, INFO, {
      credited: toJsonNumber(FAUCET_AMOUNT),
      message: 'Free $1 credited. Use it to try the casino!',
      casino_url: CASINO,
      claim_id: claimId,
      agent_id: id,
      referral_tracked: isReferred(world, agent, referralCode),
    });
  });

  routes.get('/faucet/stats', (c) => {
    const claims = [...world.faucetClaims.values()];
    const total = sumUsd(...claims.map((one) => one.total));
    return answerWithInfo(c, INFO, {
      total_claims: claims.reduce((sum, { times }) => sum + times, 0),
      total_agents: claims.length,
      total_value_usd: toJsonNumber(total),
      avg_per_agent: claims.length === 0 ? 0 : toJsonNumber((total / BigInt(claims.length)) as MicroUsd),
    });
  });

  routes.all('/faucet/*', () => {
    throw new Refusal(404, 'not_found', '');
  });

  return routes;
}

function requireRestedAddress(until: Date | undefined, now: Date): void {
  if (until === undefined) return;
  const hours = Math.ceil((until.getTime() - now.getTime()) / HOUR_MS);
  throw new Refusal(429, 'ip_rate_limited', `Already claimed from this IP today. Try again in ~${hours}h.`);
}

/** A code in the request counts before the one of the registration, even if it is nobody's. */
function isReferred(world: World, agent: Agent, referralCode: unknown): boolean {
  if (!referralCode) return agent.referredBy !== null;
  return [...world.agents.values()].some(({ id, referralCode: code }) => code === referralCode && id !== agent.id);
}
