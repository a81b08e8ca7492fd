import * as z from 'zod';
import { agentId, amountNumber, infoOf, operationsOf, time, withInfo, type Operation } from './operation.ts';

const AGENT = 'ag_model_owner_churn';
const INFO = infoOf('agent-faucet', '1.0.0');

/** The faucet as the documentation has it. */
export const REFERENCE_FAUCET: readonly Operation[] = operationsOf({ tag: 'faucet', errorForm: 'reference' }, [
  {
    route: 'POST /api/claim',
    summary: 'One dollar for an agent, once',
    key: 'none',
    body: z.object({ agent_id: agentId }),
    bodyExample: { agent_id: AGENT },
    answer: z.strictObject({ agent_id: agentId, claimed_usdc: amountNumber, message: z.string() }),
    answerExample: {
      agent_id: AGENT,
      claimed_usdc: 1,
      message: 'Free USDC claimed. Use it to try the casino or to fund an escrow.',
    },
    errors: { 400: ['INVALID_REQUEST'], 404: ['AGENT_NOT_FOUND'], 409: ['ALREADY_CLAIMED'], 429: ['RATE_LIMITED'] },
  },
  {
    route: 'GET /api/status',
    summary: 'Whether an agent may claim, and when next; null is never again',
    key: 'none',
    query: z.object({ agent_id: agentId }),
    answer: z.strictObject({ agent_id: agentId, can_claim: z.boolean(), next_eligible_at: time.nullable() }),
    answerExample: { agent_id: AGENT, can_claim: true, next_eligible_at: '2026-03-06T09:00:00Z' },
    errors: { 400: ['INVALID_REQUEST'], 404: ['AGENT_NOT_FOUND'], 429: ['RATE_LIMITED'] },
  },
]);

/** The faucet as the published server has it. */
export const PUBLISHED_FAUCET: readonly Operation[] = operationsOf({ tag: 'faucet', errorForm: 'published' }, [
  {
    route: 'POST /faucet/claim',
    summary: 'One dollar for an agent, once',
    key: 'none',
    body: z.object({ agent_casino_id: z.string().startsWith('ag_'), referral_code: z.string().optional() }),
    bodyExample: { agent_casino_id: AGENT },
    answer: withInfo({
      credited: amountNumber,
      message: z.string(),
      casino_url: z.string(),
      claim_id: z.uuid(),
      agent_id: agentId,
      referral_tracked: z.boolean(),
    }),
    answerExample: {
      credited: 1,
      message: 'Free $1 credited. Use it to try the casino!',
      casino_url: 'https://casino.purpleflea.com',
      claim_id: '5e0b6a55-93f5-4a3e-8a47-3a0f0a4f3c11',
      agent_id: AGENT,
      referral_tracked: false,
      _info: INFO,
    },
    errors: {
      400: ['invalid_request'],
      403: ['has_deposits'],
      404: ['agent_not_found'],
      409: ['already_claimed'],
      429: ['ip_rate_limited', 'rate_limited'],
    },
  },
  {
    route: 'GET /faucet/stats',
    summary: 'What the faucet has given',
    key: 'none',
    answer: withInfo({
      total_claims: z.int(),
      total_agents: z.int(),
      total_value_usd: amountNumber,
      avg_per_agent: amountNumber,
    }),
    answerExample: { total_claims: 1, total_agents: 1, total_value_usd: 1, avg_per_agent: 1, _info: INFO },
    errors: {},
  },
]);
