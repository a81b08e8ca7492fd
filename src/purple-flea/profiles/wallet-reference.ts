import * as z from 'zod/mini';
import { formatUsd, parseUsd, toJsonNumber } from '../../money.ts';
import type { CallLimit } from '../../pacing/pace.ts';
import { usdSchema } from '../../schemas.ts';
import { leadWithReference } from '../client-text.ts';
import { TRANSFER_LIMITS } from '../wallet.ts';
import { idSchema, queryOf, readBody, readReferenceCode } from '../wire.ts';
import type { WalletDialect } from './wallet-dialect.ts';

const MINIMUM = parseUsd(TRANSFER_LIMITS.minAmountUsd);

/** Every call counts, for each key and service. */
const CALLS: CallLimit = { name: 'wallet', per: 'account', perMinute: 60 };
const LIMITS: WalletDialect['limits'] = { transfer: { ...CALLS, queue: 'bulk' }, read: CALLS };

const transferSchema = z.object({
  from_agent: idSchema,
  to_agent: idSchema,
  amount: usdSchema.check(z.refine((amount) => amount >= MINIMUM, { error: 'below the minimum of 0.01' })),
  memo: z.string().check(z.maxLength(TRANSFER_LIMITS.maxMemo)),
});

const madeSchema = z.object({ tx_id: idSchema, to_agent: z.string(), amount: usdSchema });

const balanceSchema = z.object({ agent_id: idSchema, available_usdc: usdSchema, locked_usdc: usdSchema });

/** The answers a transfer gets before anything moves. */
const REFUSALS = { UNAUTHORIZED: 401, FORBIDDEN: 403, INSUFFICIENT_BALANCE: 400, RECIPIENT_NOT_FOUND: 404 };

/** The wallet API of the documentation. */
export const walletReference: WalletDialect = {
  limits: LIMITS,
  transferBody: (transfer) =>
    JSON.stringify({
      from_agent: transfer.fromAgentId,
      to_agent: transfer.toAgentId,
      amount: toJsonNumber(transfer.amount),
      memo: leadWithReference(transfer.reference, transfer.memo, TRANSFER_LIMITS.maxMemo),
    }),

  transfer: (body) => ({
    path: '/wallet/transfer',
    limit: LIMITS.transfer,
    request: transferSchema,
    refusals: REFUSALS,
    readCode: readReferenceCode,
    readApplied(answer) {
      const asked = transferSchema.parse(JSON.parse(body));
      const shown = readBody(madeSchema, answer);
      if (typeof shown === 'string') return shown;
      if (shown.to_agent !== asked.to_agent) return 'to_agent is another';
      if (shown.amount !== asked.amount) return `amount is ${formatUsd(shown.amount)}`;
      return { transferId: shown.tx_id, toAgentId: shown.to_agent, amountUsd: formatUsd(shown.amount) };
    },
  }),

  balance: (agentId) => ({
    path: `/wallet/balance${queryOf({ agent_id: agentId })}`,
    limit: LIMITS.read,
    readCode: readReferenceCode,
    read(answer) {
      const shown = readBody(balanceSchema, answer);
      if (typeof shown === 'string') return shown;
      if (shown.agent_id !== agentId) return 'agent_id is another';
      return { agentId, available: shown.available_usdc, locked: shown.locked_usdc };
    },
  }),

  ledger: () => ({
    kind: 'unsupported',
    reason: 'the documented wallet has no ledger rows; the escrow list names escrows',
  }),
};
