import * as z from 'zod/mini';
import { formatUsd, parseUsd, subtractUsd, sumUsd, toJsonNumber } from '../../money.ts';
import { estimateSchema, usdSchema } from '../../schemas.ts';
import { leadWithReference } from '../client-text.ts';
import { TRANSFER_LIMITS } from '../wallet.ts';
import { idSchema, instantSchema, readBody, readPublishedCode } from '../wire.ts';
import type { WalletDialect } from './wallet-dialect.ts';

const NOTHING = sumUsd();
const MINIMUM = parseUsd(TRANSFER_LIMITS.minAmountUsd);

/** The server counts neither payments nor reads. */
const LIMITS = { transfer: undefined, read: undefined };

const paySchema = z.object({
  to_agent_id: idSchema,
  amount: usdSchema.check(z.refine((amount) => amount >= MINIMUM, { error: 'below the minimum of 0.01' })),
  memo: z.string().check(z.maxLength(TRANSFER_LIMITS.maxMemo)),
});

const paidSchema = z.object({ tx_id: idSchema, to: z.string(), amount: usdSchema });

const balanceSchema = z.object({
  agent_id: idSchema,
  balance_usd: estimateSchema.check(z.refine((balance) => balance >= 0n, { error: 'is negative' })),
});

const ledgerSchema = z.object({
  entries: z.array(
    z.object({
      id: idSchema,
      type: z.enum(['credit', 'debit']),
      /** Never negative: the type tells the direction. */
      amount: estimateSchema,
      reason: z.string(),
      reference: z.optional(z.nullable(z.string())),
      createdAt: instantSchema,
    }),
  ),
});

/** The answers a payment gets before anything moves. */
const REFUSALS = {
  UNAUTHORIZED: 401,
  INVALID_REQUEST: 400,
  BELOW_MINIMUM_AMOUNT: 400,
  SAME_AGENT: 400,
  INSUFFICIENT_BALANCE: 400,
  RECIPIENT_NOT_FOUND: 404,
};

/** The published servers keep an agent's USDC at the casino: payments and ledger are its routes, and so is its key. */
export const walletPublished: WalletDialect = {
  limits: LIMITS,
  transferBody: (transfer) =>
    JSON.stringify({
      to_agent_id: transfer.toAgentId,
      amount: toJsonNumber(transfer.amount),
      memo: leadWithReference(transfer.reference, transfer.memo, TRANSFER_LIMITS.maxMemo),
    }),

  transfer: (body) => ({
    path: '/api/v1/stats/pay',
    limit: LIMITS.transfer,
    request: paySchema,
    refusals: REFUSALS,
    readCode: readPublishedCode,
    readApplied(answer) {
      const asked = paySchema.parse(JSON.parse(body));
      const shown = readBody(paidSchema, answer);
      if (typeof shown === 'string') return shown;
      if (shown.to !== asked.to_agent_id) return 'to is another';
      if (shown.amount !== asked.amount) return `amount is ${formatUsd(shown.amount)}`;
      return { transferId: shown.tx_id, toAgentId: shown.to, amountUsd: formatUsd(shown.amount) };
    },
  }),

  balance: (agentId) => ({
    path: '/api/v1/auth/balance',
    limit: LIMITS.read,
    readCode: readPublishedCode,
    read(answer) {
      const shown = readBody(balanceSchema, answer);
      if (typeof shown === 'string') return shown;
      if (shown.agent_id !== agentId) return 'agent_id is another';
      return { agentId, available: shown.balance_usd, locked: undefined };
    },
  }),

  ledger: () => ({
    path: '/api/v1/auth/ledger',
    limit: LIMITS.read,
    readCode: readPublishedCode,
    read(answer) {
      const shown = readBody(ledgerSchema, answer);
      if (typeof shown === 'string') return shown;
      return shown.entries.map((row) => ({
        rowId: row.id,
        amount: row.type === 'debit' ? subtractUsd(NOTHING, row.amount) : row.amount,
        reason: row.reason,
        subject: row.reference ?? '',
        at: row.createdAt,
      }));
    },
  }),
};
