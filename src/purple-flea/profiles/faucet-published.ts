import * as z from 'zod/mini';
import { formatUsd } from '../../money.ts';
import { usdSchema } from '../../schemas.ts';
import { idSchema, readBody, readPublishedCode } from '../wire.ts';
import type { FaucetDialect } from './faucet-dialect.ts';

const claimSchema = z.object({ agent_casino_id: idSchema });

const paidSchema = z.object({ agent_id: z.string(), credited: usdSchema });

/** The answers a claim gets before anything is paid. */
const REFUSALS = { INVALID_REQUEST: 400, AGENT_NOT_FOUND: 404, ALREADY_CLAIMED: 409, HAS_DEPOSITS: 403 };

/** The faucet API as the published server serves it. */
export const faucetPublished: FaucetDialect = {
  claimBody: (agentId) => JSON.stringify({ agent_casino_id: agentId }),

  claim: (body) => ({
    path: '/faucet/claim',
    limit: { name: 'POST /faucet/claim', per: 'address', perMinute: 5 },
    request: claimSchema,
    refusals: REFUSALS,
    readCode: readPublishedCode,
    readApplied(answer) {
      const asked = claimSchema.parse(JSON.parse(body));
      const shown = readBody(paidSchema, answer);
      if (typeof shown === 'string') return shown;
      if (shown.agent_id !== asked.agent_casino_id) return 'agent_id is another';
      return { agentId: shown.agent_id, amountUsd: formatUsd(shown.credited) };
    },
  }),

  status: () => ({ kind: 'unsupported', reason: 'the published faucet has no status; claiming twice is refused' }),
};
