import * as z from 'zod/mini';
import type { CallLimit } from '../../pacing/pace.ts';
import { usdSchema } from '../../schemas.ts';
import { ESCROW_LIMITS } from '../escrow.ts';
import { idSchema, instantSchema, queryOf, readBody, readReferenceCode, wordSchema } from '../wire.ts';
import { ESCROW_BODIES } from './escrow-bodies.ts';
import {
  actionRoute,
  completeRequestSchema,
  createRequestSchema,
  disputeRequestSchema,
  hoursAfter,
  proveCreated,
  proveReleased,
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
  status: wordSchema,
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
      status: wordSchema,
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

/** The reference says that there is a limit; this is a usual one. Every call counts, for each key and service. */
const CALLS: CallLimit = { name: 'escrow', per: 'account', perMinute: 60 };
const SETTLEMENTS: CallLimit = { ...CALLS, queue: 'settlement' };
/** A completion stands in its counterparty's own lane, and may be moot when its turn would come: it does not queue. */
const LIMITS: EscrowDialect['limits'] = {
  create: { ...CALLS, queue: 'bulk' },
  complete: CALLS,
  release: SETTLEMENTS,
  dispute: SETTLEMENTS,
  read: CALLS,
};

const ACTION = {
  limit: CALLS,
  refusals: { UNAUTHORIZED: 401, FORBIDDEN: 403, WRONG_PARTY: 403, ESCROW_NOT_FOUND: 404 },
  readCode,
};

/** The escrow API as its reference documents it. */
export const escrowReference: EscrowDialect = {
  bodies: ESCROW_BODIES,
  limits: LIMITS,

  create: (body) => ({
    path: '/escrow/create',
    limit: LIMITS.create,
    request: createSchema,
    refusals: CREATE_REFUSALS,
    readCode,
    readApplied(answer) {
      const shown = readBody(createdSchema, answer);
      if (typeof shown === 'string') return shown;
      return proveCreated(createSchema.parse(JSON.parse(body)), {
        escrowId: shown.escrow_id,
        amount: shown.amount_usd,
        fee: shown.fee_usd,
        net: shown.net_payout_usd,
        counterpartyAgentId: shown.counterparty_agent_id,
        description: shown.description,
        timeoutHours: shown.timeout_hours,
        deadlineAt: shown.expires_at,
      });
    },
  }),

  complete: (escrowId) =>
    actionRoute(
      { path: '/escrow/complete', escrowId, request: completeRequestSchema },
      ACTION,
      completedSchema,
      () => ({
        escrowId,
        status: 'completed',
      }),
    ),

  release: (escrowId) =>
    actionRoute({ path: '/escrow/release', escrowId, request: releaseRequestSchema }, ACTION, releasedSchema, (shown) =>
      proveReleased(escrowId, { amount: shown.amount_locked, fee: shown.fee_charged, net: shown.amount_paid_out }),
    ),

  dispute: (escrowId) =>
    actionRoute(
      { path: '/escrow/dispute', escrowId, request: disputeRequestSchema },
      ACTION,
      disputedSchema,
      (shown) => ({
        escrowId,
        status: 'disputed',
        disputeId: shown.dispute_id,
      }),
    ),

  status: (escrowId) => ({
    path: `/escrow/status/${encodeURIComponent(escrowId)}`,
    limit: LIMITS.read,
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
        disputedAt: shown.disputed_at ?? undefined,
        unrecognizedFields: unrecognizedFields(answer, Object.keys(viewSchema.shape)),
      };
    },
  }),

  list: ({ status, role, limit, offset }) => ({
    path: `/escrow/list${queryOf({ status, role, limit, offset })}`,
    limit: LIMITS.read,
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
    limit: LIMITS.read,
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
    limit: undefined,
    readCode,
    read(answer) {
      const shown = readBody(healthSchema, answer);
      return typeof shown === 'string' ? shown : { service: shown.service, version: shown.version };
    },
  }),
};
