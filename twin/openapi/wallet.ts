import * as z from 'zod';
import {
  agentId,
  amountNumber,
  epochSeconds,
  infoOf,
  operationsOf,
  shortId,
  time,
  withInfo,
  type Operation,
} from './operation.ts';

const PAYER = 'ag_platform_treasury';
const PAYEE = 'ag_model_owner_churn';
const INFO = infoOf('agent-casino', '1.0.0');

/** The wallet as the documentation has it. */
export const REFERENCE_WALLET: readonly Operation[] = operationsOf({ tag: 'wallet', errorForm: 'reference' }, [
  {
    route: 'GET /wallet/balance',
    summary: "An agent's balance: what is free, and what is locked in escrows and margins",
    key: 'needed',
    query: z.object({ agent_id: agentId.optional().meta({ description: "the caller's own if it is left out" }) }),
    answer: z.strictObject({
      agent_id: agentId,
      balance_usdc: amountNumber,
      locked_usdc: amountNumber,
      available_usdc: amountNumber,
    }),
    answerExample: { agent_id: PAYER, balance_usdc: 1000, locked_usdc: 50, available_usdc: 950 },
    errors: { 400: ['INVALID_REQUEST'], 401: ['UNAUTHORIZED'], 403: ['FORBIDDEN'], 429: ['RATE_LIMITED'] },
  },
  {
    route: 'POST /wallet/transfer',
    summary: 'Pays another agent; the same request twice pays twice',
    key: 'needed',
    body: z.object({
      from_agent: agentId,
      to_agent: agentId,
      amount: z.union([z.number(), z.string()]).meta({ description: '0.01 or more, at most six decimals' }),
      memo: z.string().nullable().optional(),
    }),
    bodyExample: { from_agent: PAYER, to_agent: PAYEE, amount: 9.13, memo: 'pipeline-bonus score=0.913' },
    answer: z.strictObject({
      success: z.literal(true),
      tx_id: shortId('tx'),
      from_agent: agentId,
      to_agent: agentId,
      amount: amountNumber,
      memo: z.string().nullable(),
      created_at: time,
    }),
    answerExample: {
      success: true,
      tx_id: 'tx_9c1d2e3f4a5b6c7d',
      from_agent: PAYER,
      to_agent: PAYEE,
      amount: 9.13,
      memo: 'pipeline-bonus score=0.913',
      created_at: '2026-03-06T09:00:00Z',
    },
    errors: {
      400: ['BELOW_MINIMUM_AMOUNT', 'INSUFFICIENT_BALANCE', 'INVALID_REQUEST'],
      401: ['UNAUTHORIZED'],
      403: ['FORBIDDEN'],
      404: ['RECIPIENT_NOT_FOUND'],
      429: ['RATE_LIMITED'],
    },
  },
]);

const rowType = z.enum(['credit', 'debit']);

/** Balances and payments as the published casino server has them. */
export const PUBLISHED_WALLET: readonly Operation[] = operationsOf({ tag: 'wallet', errorForm: 'published' }, [
  {
    route: 'GET /api/v1/auth/balance',
    summary: 'The free balance, and the latest ten movements',
    key: 'needed',
    answer: withInfo({
      agent_id: agentId,
      balance_usd: amountNumber,
      tier: z.string(),
      risk_factor: z.number(),
      lifetime: z.strictObject({
        total_deposited: amountNumber,
        total_withdrawn: amountNumber,
        total_wagered: amountNumber,
        total_won: amountNumber,
        net_profit: amountNumber,
      }),
      recent_activity: z.array(
        z.strictObject({
          type: rowType,
          amount: amountNumber,
          balance_after: amountNumber,
          reason: z.string(),
          service: z.string(),
          at: time,
        }),
      ),
    }),
    answerExample: {
      agent_id: PAYER,
      balance_usd: 950,
      tier: 'free',
      risk_factor: 0.25,
      lifetime: { total_deposited: 1000, total_withdrawn: 0, total_wagered: 0, total_won: 0, net_profit: 0 },
      recent_activity: [
        {
          type: 'debit',
          amount: 50,
          balance_after: 950,
          reason: 'escrow_lock: esc_4f9a1b2c3d4e5f60',
          service: 'escrow',
          at: '2026-03-06T09:00:00.000Z',
        },
      ],
      _info: INFO,
    },
    errors: { 401: ['unauthorized'] },
  },
  {
    route: 'GET /api/v1/auth/ledger',
    summary: 'The latest 50 movements of the free balance, newest first',
    key: 'needed',
    answer: withInfo({
      entries: z.array(
        z.strictObject({
          id: z.string(),
          agentId,
          type: rowType,
          amount: amountNumber,
          balanceAfter: amountNumber,
          reason: z.string(),
          reference: z.string(),
          service: z.string(),
          createdAt: epochSeconds,
          at: time,
        }),
      ),
    }),
    answerExample: {
      entries: [
        {
          id: 'esc_4f9a1b2c3d4e5f60_debit',
          agentId: PAYER,
          type: 'debit',
          amount: 50,
          balanceAfter: 950,
          reason: 'escrow_lock: esc_4f9a1b2c3d4e5f60',
          reference: 'esc_4f9a1b2c3d4e5f60',
          service: 'escrow',
          createdAt: 1_772_787_600,
          at: '2026-03-06T09:00:00.000Z',
        },
      ],
      _info: INFO,
    },
    errors: { 401: ['unauthorized'] },
  },
  {
    route: 'POST /api/v1/stats/pay',
    summary: 'Pays another agent; the same request twice pays twice',
    key: 'needed',
    body: z.object({ to_agent_id: agentId, amount: z.number().min(0.01), memo: z.string().optional() }),
    bodyExample: { to_agent_id: PAYEE, amount: 9.13, memo: 'bonus' },
    answer: withInfo({
      tx_id: shortId('pay'),
      from: agentId,
      to: agentId,
      amount: amountNumber,
      memo: z.string().nullable(),
      sender_new_balance: amountNumber,
      timestamp: time,
      message: z.string(),
      note: z.string(),
    }),
    answerExample: {
      tx_id: 'pay_9c1d2e3f4a5b6c7d',
      from: PAYER,
      to: PAYEE,
      amount: 9.13,
      memo: 'bonus',
      sender_new_balance: 990.87,
      timestamp: '2026-03-06T09:00:00.000Z',
      message: `$9.13 sent to ${PAYEE}`,
      note: 'Payments are instant and irreversible within the casino platform.',
      _info: INFO,
    },
    errors: {
      400: ['invalid_request', 'invalid_amount', 'same_agent', 'insufficient_balance'],
      401: ['unauthorized'],
      404: ['recipient_not_found'],
    },
  },
]);
