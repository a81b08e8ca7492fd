import * as z from 'zod/mini';
import { usdSchema } from '../../schemas.ts';
import { ESCROW_LIMITS } from '../escrow.ts';
import { idSchema, instantSchema, queryOf, readBody, readReferenceCode } from '../wire.ts';
import { ESCROW_BODIES } from './escrow-bodies.ts';
import {
  amountsInUsd,
  amountsProblem,
  completeRequestSchema,
  createRequestSchema,
  disputeRequestSchema,
  hoursAfter,
  readStatusWord,
  releaseRequestSchema,
  unrecognizedFields,
  type EscrowDialect,
} from './escrow-dialect.ts';

const createSchema = createRequestSchema({ min: ESCROW_LIMITS.minAmount, max: ESCROW_LIMITS.maxAmount });

/** Every body of this dialect says so, but for `GET /health`. */
const success = z.literal(true);

const createdSchema = z.object({
  success,
  escrow_id: idSchema,
  status: z.literal('locked'),
  amount_usd: usdSchema,
  fee_usd: usdSchema,
  net_payout_usd: usdSchema,
  counterparty_agent_id: z.string(),
  description: z.string(),
  timeout_hours: z.int(),
  expires_at: instantSchema,
});

const completedSchema = z.object({ success, escrow_id: z.string(), status: z.literal('completed') });

const releasedSchema = z.object({
  success,
  escrow_id: z.string(),
  status: z.literal('released'),
  amount_locked: usdSchema,
  fee_charged: usdSchema,
  amount_paid_out: usdSchema,
});

const disputedSchema = z.object({
  success,
  escrow_id: z.string(),
  status: z.literal('disputed'),
  dispute_id: idSchema,
});

const viewSchema = z.object({
  success,
  escrow_id: z.string(),
  status: z.string(),
  amount_usd: usdSchema,
  fee_usd: usdSchema,
  net_payout_usd: usdSchema,
  creator_agent_id: z.string(),
  counterparty_agent_id: z.string(),
  description: z.string(),
  completion_note: z.nullish(z.string()),
  delivery_url: z.nullish(z.string()),
  timeout_hours: z.int(),
  created_at: instantSchema,
  completed_at: z.nullish(instantSchema),
  auto_release_at: z.nullish(instantSchema),
  released_at: z.nullish(instantSchema),
  disputed_at: z.nullish(instantSchema),
});

const pageSchema = z.object({
  success,
  total: z.int(),
  offset: z.int(),
  escrows: z.array(
    z.object({
      escrow_id: idSchema,
      status: z.string(),
      amount_usd: usdSchema,
      description: z.string(),
      your_role: z.enum(['creator', 'counterparty']),
      created_at: instantSchema,
      expires_at: instantSchema,
    }),
  ),
});

const statsSchema = z.object({
  success,
  total_escrows_created: z.int(),
  total_volume_usd: usdSchema,
  total_fees_collected_usd: usdSchema,
  active_escrows: z.int(),
  released_escrows: z.int(),
  disputed_escrows: z.int(),
  auto_release_triggered: z.int(),
});

const healthSchema = z.object({ status: z.literal('ok'), service: z.string(), version: z.string() });

/** The answers these routes give before they change anything. */
const PARTY_REFUSALS = { UNAUTHORIZED: 401, FORBIDDEN: 403, WRONG_PARTY: 403, ESCROW_NOT_FOUND: 404 };
const CREATE_REFUSALS = {
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  INSUFFICIENT_BALANCE: 400,
  BELOW_MINIMUM_AMOUNT: 400,
  ABOVE_MAXIMUM_AMOUNT: 400,
  COUNTERPARTY_NOT_FOUND: 400,
  INVALID_TIMEOUT: 400,
};

const readCode = readReferenceCode;

/** The escrow API as its reference documents it. */
export const escrowReference: EscrowDialect = {
  bodies: ESCROW_BODIES,

  create: (body) => ({
    path: '/escrow/create',
    request: createSchema,
    refusals: CREATE_REFUSALS,
    readCode,
    readApplied(answer) {
      const asked = createSchema.parse(JSON.parse(body));
      const shown = readBody(createdSchema, answer);
      if (typeof shown === 'string') return shown;
      const amounts = { amount: shown.amount_usd, fee: shown.fee_usd, net: shown.net_payout_usd };
      if (amounts.amount !== asked.amount_usd) return 'amount_usd is another';
      const problem = amountsProblem(amounts);
      if (problem !== undefined) return problem;
      if (shown.counterparty_agent_id !== asked.counterparty_agent_id) return 'counterparty_agent_id is another';
      if (shown.description !== asked.description) return 'description is another';
      if (shown.timeout_hours !== asked.timeout_hours) return `timeout_hours is ${shown.timeout_hours}`;
      return {
        escrowId: shown.escrow_id,
        status: shown.status,
        ...amountsInUsd(amounts),
        deadlineAt: shown.expires_at,
      };
    },
  }),

  complete: (escrowId) => ({
    path: `/escrow/complete/${encodeURIComponent(escrowId)}`,
    request: completeRequestSchema,
    refusals: PARTY_REFUSALS,
    readCode,
    readApplied(answer) {
      const shown = readBody(completedSchema, answer);
      if (typeof shown === 'string') return shown;
      return shown.escrow_id === escrowId ? { escrowId, status: shown.status } : 'escrow_id is another';
    },
  }),

  release: (escrowId) => ({
    path: `/escrow/release/${encodeURIComponent(escrowId)}`,
    request: releaseRequestSchema,
    refusals: PARTY_REFUSALS,
    readCode,
    readApplied(answer) {
      const shown = readBody(releasedSchema, answer);
      if (typeof shown === 'string') return shown;
      if (shown.escrow_id !== escrowId) return 'escrow_id is another';
      const amounts = { amount: shown.amount_locked, fee: shown.fee_charged, net: shown.amount_paid_out };
      const { amountUsd, feeUsd, netUsd } = amountsInUsd(amounts);
      return amountsProblem(amounts) ?? { escrowId, status: shown.status, amountUsd, feeUsd, paidOutUsd: netUsd };
    },
  }),

  dispute: (escrowId) => ({
    path: `/escrow/dispute/${encodeURIComponent(escrowId)}`,
    request: disputeRequestSchema,
    refusals: PARTY_REFUSALS,
    readCode,
    readApplied(answer) {
      const shown = readBody(disputedSchema, answer);
      if (typeof shown === 'string') return shown;
      if (shown.escrow_id !== escrowId) return 'escrow_id is another';
      return { escrowId, status: shown.status, disputeId: shown.dispute_id };
    },
  }),

  status: (escrowId) => ({
    path: `/escrow/status/${encodeURIComponent(escrowId)}`,
    readCode,
    read(answer) {
      const shown = readBody(viewSchema, answer);
      if (typeof shown === 'string') return shown;
      if (shown.escrow_id !== escrowId) return 'escrow_id is another';
      return {
        escrowId,
        status: readStatusWord(shown.status),
        statusShown: shown.status,
        amount: shown.amount_usd,
        fee: shown.fee_usd,
        net: shown.net_payout_usd,
        creatorAgentId: shown.creator_agent_id,
        counterpartyAgentId: shown.counterparty_agent_id,
        description: shown.description,
        createdAt: shown.created_at,
        deadlineAt: shown.auto_release_at ?? hoursAfter(shown.created_at, shown.timeout_hours),
        unrecognizedFields: unrecognizedFields(answer, Object.keys(viewSchema.shape)),
      };
    },
  }),

  list: ({ status, role, limit, offset }) => ({
    path: `/escrow/list${queryOf({ status, role, limit, offset })}`,
    readCode,
    read(answer) {
      const shown = readBody(pageSchema, answer);
      if (typeof shown === 'string') return shown;
      const escrows = shown.escrows.map((row) => ({
        escrowId: row.escrow_id,
        status: readStatusWord(row.status),
        statusShown: row.status,
        amount: row.amount_usd,
        description: row.description,
        role: row.your_role,
        createdAt: row.created_at,
        expiresAt: row.expires_at,
      }));
      return { total: shown.total, offset: shown.offset, escrows };
    },
  }),

  stats: () => ({
    path: '/escrow/stats',
    readCode,
    read(answer) {
      const shown = readBody(statsSchema, answer);
      if (typeof shown === 'string') return shown;
      return {
        created: shown.total_escrows_created,
        released: shown.released_escrows,
        disputed: shown.disputed_escrows,
        active: shown.active_escrows,
        autoReleased: shown.auto_release_triggered,
        volume: shown.total_volume_usd,
        fees: shown.total_fees_collected_usd,
      };
    },
  }),

  health: () => ({
    path: '/health',
    readCode,
    read(answer) {
      const shown = readBody(healthSchema, answer);
      return typeof shown === 'string' ? shown : { service: shown.service, version: shown.version };
    },
  }),
};
