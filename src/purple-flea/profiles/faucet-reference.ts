import * as z from 'zod/mini';
import { formatUsd } from '../../money.ts';
import type { CallLimit } from '../../pacing/pace.ts';
import { usdSchema } from '../../schemas.ts';
import { idSchema, instantSchema, queryOf, readBody, readReferenceCode } from '../wire.ts';
import type { FaucetDialect } from './faucet-dialect.ts';

/** Every call counts, for each key and service. */
const CALLS: CallLimit = { name: 'faucet', per: 'account', perMinute: 60 };

const claimSchema = z.object({ agent_id: idSchema });

const paidSchema = z.object({ agent_id: z.string(), claimed_usdc: usdSchema });

const statusSchema = z.object({ can_claim: z.boolean(), next_eligible_at: z.nullish(instantSchema) });

/** The answers a claim gets before anything is paid. */
const REFUSALS = { UNAUTHORIZED: 401, FORBIDDEN: 403, ALREADY_CLAIMED: 409 };

/** The faucet API of the documentation. */
export const faucetReference: FaucetDialect = {
  claimBody: (agentId) => JSON.stringify({ agent_id: agentId }),

  claim: (body) => ({
    path: '/api/claim',
    limit: CALLS,
    request: claimSchema,
    refusals: REFUSALS,
    readCode: readReferenceCode,
    readApplied(answer) {
      const asked = claimSchema.parse(JSON.parse(body));
      const shown = readBody(paidSchema, answer);
      if (typeof shown === 'string') return shown;
      if (shown.agent_id !== asked.agent_id) return 'agent_id is another';
      return { agentId: shown.agent_id, amountUsd: formatUsd(shown.claimed_usdc) };
    },
  }),

  status: (agentId) => ({
    path: `/api/status${queryOf({ agent_id: agentId })}`,
    limit: CALLS,
    readCode: readReferenceCode,
    read(answer) {
      const shown = readBody(statusSchema, answer);
      if (typeof shown === 'string') return shown;
      return { canClaim: shown.can_claim, nextEligibleAt: shown.next_eligible_at ?? undefined };
    },
  }),
};
