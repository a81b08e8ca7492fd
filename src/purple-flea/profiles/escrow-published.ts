import * as z from 'zod/mini';
import { parseUsd, sumUsd } from '../../money.ts';
import { usdSchema } from '../../schemas.ts';
import { idSchema, instantSchema, readBody, readPublishedCode, wordSchema } from '../wire.ts';
import { ESCROW_BODIES } from './escrow-bodies.ts';
import {
  actionRoute,
  completeRequestSchema,
  createRequestSchema,
  disputeRequestSchema,
  proveCreated,
  proveReleased,
  readStatusWord,
  releaseRequestSchema,
  unrecognizedFields,
  type EscrowDialect,
} from './escrow-dialect.ts';

/** The server takes any amount from ten cents on. It would change a timeout that is out of range, so none is sent. */
const createSchema = createRequestSchema({ min: parseUsd('0.10'), max: undefined });

const createdSchema = z.object({
  escrow_id: idSchema,
  status: z.literal('funded'),
  amount_usd: usdSchema,
  commission_usd: usdSchema,
  net_to_counterparty: usdSchema,
  counterparty_id: z.string(),
  description: z.string(),
  timeout_hours: z.int(),
  auto_release_at: instantSchema,
});

const completedSchema = z.object({ escrow_id: z.string(), status: z.literal('completed') });

const releasedSchema = z.object({
  escrow_id: z.string(),
  status: z.literal('released'),
  amount_released: usdSchema,
  commission: usdSchema,
});

const disputedSchema = z.object({ escrow_id: z.string(), status: z.literal('disputed') });

const viewSchema = z.object({
  escrow_id: z.string(),
  status: wordSchema,
  amount_usd: usdSchema,
  commission_usd: usdSchema,
  net_to_counterparty: usdSchema,
  description: z.string(),
  creator_id: z.string(),
  counterparty_id: z.string(),
  timeout_hours: z.int(),
  created_at: instantSchema,
  auto_release_at: instantSchema,
  completed_at: z.nullish(instantSchema),
  released_at: z.nullish(instantSchema),
  disputed_at: z.nullish(instantSchema),
  events: z.optional(z.unknown()),
  _info: z.optional(z.unknown()),
});

const statsSchema = z.object({
  total_created: z.int(),
  total_released: z.int(),
  total_disputed: z.int(),
  total_volume_usd: usdSchema,
  total_commission_usd: usdSchema,
});

const healthSchema = z.object({ status: z.literal('ok'), service: z.string() });

/** The server's words that the reference has others for; it has neither `locked` nor `auto_released`. */
const STATUS_ALIASES = { funded: 'locked', locked: 'unrecognized', auto_released: 'unrecognized' } as const;

/** The answers these routes give before they change anything, in the reference's words. */
const CREATE_REFUSALS = {
  UNAUTHORIZED: 401,
  BELOW_MINIMUM_AMOUNT: 400,
  INVALID_DESCRIPTION: 400,
  INVALID_COUNTERPARTY: 400,
  COUNTERPARTY_NOT_FOUND: 404,
  SELF_ESCROW: 400,
  INSUFFICIENT_BALANCE: 402,
};

const readCode = readPublishedCode;

/** The server counts by path and address. Reads are free. */
const LIMITS = {
  create: { name: 'POST /escrow/create', per: 'address', perMinute: 20, queue: 'bulk' },
  complete: { name: 'POST /escrow/complete/:id', per: 'escrow', perMinute: 30 },
  release: { name: 'POST /escrow/release/:id', per: 'escrow', perMinute: 30 },
  dispute: { name: 'POST /escrow/dispute/:id', per: 'escrow', perMinute: 10 },
  read: undefined,
} as const satisfies EscrowDialect['limits'];

const ACTION = { refusals: { UNAUTHORIZED: 401, FORBIDDEN: 403, ESCROW_NOT_FOUND: 404 }, readCode };

/** An unknown escrow and an unknown path answer a dispute alike; neither freezes anything. */
const DISPUTE = { refusals: { ...ACTION.refusals, NOT_FOUND: 404 }, readCode };

/** The escrow API as the published server serves it. */
export const escrowPublished: EscrowDialect = {
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
        fee: shown.commission_usd,
        net: shown.net_to_counterparty,
        counterpartyAgentId: shown.counterparty_id,
        description: shown.description,
        timeoutHours: shown.timeout_hours,
        deadlineAt: shown.auto_release_at,
      });
    },
  }),

  complete: (escrowId) =>
    actionRoute(
      { path: '/escrow/complete', escrowId, request: completeRequestSchema },
      { ...ACTION, limit: LIMITS.complete },
      completedSchema,
      () => ({
        escrowId,
        status: 'completed',
      }),
    ),

  release: (escrowId) =>
    actionRoute(
      { path: '/escrow/release', escrowId, request: releaseRequestSchema },
      { ...ACTION, limit: LIMITS.release },
      releasedSchema,
      (shown) =>
        proveReleased(escrowId, {
          amount: sumUsd(shown.amount_released, shown.commission),
          fee: shown.commission,
          net: shown.amount_released,
        }),
    ),

  dispute: (escrowId) =>
    actionRoute(
      { path: '/escrow/dispute', escrowId, request: disputeRequestSchema },
      { ...DISPUTE, limit: LIMITS.dispute },
      disputedSchema,
      () => ({
        escrowId,
        status: 'disputed',
      }),
    ),

  status: (escrowId) => ({
    path: `/escrow/${encodeURIComponent(escrowId)}`,
    limit: LIMITS.read,
    readCode,
    read(answer) {
      const shown = readBody(viewSchema, answer);
      if (typeof shown === 'string') return shown;
      if (shown.escrow_id !== escrowId) return 'escrow_id is another';
      return {
        escrowId,
        status: readStatusWord(shown.status, STATUS_ALIASES),
        statusShown: shown.status,
        amount: shown.amount_usd,
        fee: shown.commission_usd,
        net: shown.net_to_counterparty,
        creatorAgentId: shown.creator_id,
        counterpartyAgentId: shown.counterparty_id,
        description: shown.description,
        createdAt: shown.created_at,
        deadlineAt: shown.auto_release_at,
        disputedAt: shown.disputed_at ?? undefined,
        unrecognizedFields: unrecognizedFields(answer, Object.keys(viewSchema.shape)),
      };
    },
  }),

  list: () => ({
    kind: 'unsupported',
    reason: "the published server lists no escrows; the agent's ledger rows name them (wallet, readLedger)",
  }),

  stats: () => ({
    path: '/escrow/stats',
    limit: LIMITS.read,
    readCode,
    read(answer) {
      const shown = readBody(statsSchema, answer);
      if (typeof shown === 'string') return shown;
      return {
        created: shown.total_created,
        released: shown.total_released,
        disputed: shown.total_disputed,
        active: undefined,
        autoReleased: undefined,
        volume: shown.total_volume_usd,
        fees: shown.total_commission_usd,
      };
    },
  }),

  health: () => ({
    path: '/health',
    limit: LIMITS.read,
    readCode,
    read(answer) {
      const shown = readBody(healthSchema, answer);
      return typeof shown === 'string' ? shown : { service: shown.service, version: undefined };
    },
  }),
};
