import * as z from 'zod/mini';
import { ServiceUnreadableError } from '../errors.ts';
import type { Answer } from '../ledger/answer.ts';
import { formatUsd, parseUsd, toJsonNumber, type MicroUsd } from '../money.ts';
import { usdSchema } from '../schemas.ts';
import { classify, firstProblem, type Credentials, type ServiceDeps } from './service.ts';

/** The six statuses of the escrow reference; a word that is none of them is never taken for final. */
export const ESCROW_STATUSES = ['locked', 'completed', 'released', 'disputed', 'auto_released', 'refunded'] as const;
export type EscrowStatus = (typeof ESCROW_STATUSES)[number];

/** Limits of the escrow reference. */
export const ESCROW_LIMITS = {
  minAmount: parseUsd('1.00'),
  maxAmount: parseUsd('10000.00'),
  minTimeoutHours: 1,
  maxTimeoutHours: 720,
  /** The reference allows 500; 280 suits every dialect. */
  maxDescription: 280,
} as const;

/** What is asked of `POST /escrow/create`. The description starts with the client reference. */
export interface EscrowRequest {
  readonly amount: MicroUsd;
  readonly description: string;
  readonly counterpartyAgentId: string;
  readonly timeoutHours: number;
  readonly metadata: Readonly<Record<string, string>>;
}

/** An escrow that was created: what the ledger keeps of it and the workflow carries. Amounts in decimal USD. */
export const createdEscrowSchema = z.object({
  escrowId: z.string(),
  status: z.literal('locked'),
  amountUsd: z.string(),
  feeUsd: z.string(),
  netUsd: z.string(),
  /** When a lock that nobody completes is returned (ISO 8601). */
  deadlineAt: z.string(),
});
export type CreatedEscrow = z.infer<typeof createdEscrowSchema>;

/** An escrow whose delivery the service has recorded. */
export type CompletedEscrow = { readonly escrowId: string; readonly status: 'completed' };

/** An escrow that was paid out. Amounts in decimal USD. */
export const releasedEscrowSchema = z.object({
  escrowId: z.string(),
  status: z.literal('released'),
  amountUsd: z.string(),
  feeUsd: z.string(),
  paidOutUsd: z.string(),
});
export type ReleasedEscrow = z.infer<typeof releasedEscrowSchema>;

/** One escrow as `GET /escrow/status/:id` shows it. */
export interface EscrowView {
  readonly escrowId: string;
  readonly status: EscrowStatus;
  readonly amount: MicroUsd;
  readonly fee: MicroUsd;
  readonly net: MicroUsd;
  readonly creatorAgentId: string;
  readonly counterpartyAgentId: string;
  readonly description: string;
  /** The moment from which silence settles it: refund of a lock, auto-release of a completed escrow. */
  readonly deadlineAt: string;
}

/** The JSON text of a create request: it is recorded in the intent and sent as it is. */
export function escrowRequestBody(request: EscrowRequest): string {
  return JSON.stringify({
    amount_usd: toJsonNumber(request.amount),
    description: request.description.slice(0, ESCROW_LIMITS.maxDescription),
    counterparty_agent_id: request.counterpartyAgentId,
    timeout_hours: request.timeoutHours,
    metadata: request.metadata,
  });
}

/** The escrow operations of the `reference` profile, for one agent's key. */
export interface EscrowClient {
  /** Locks the amount. Applied only if id, description, amount, counterparty and timeout come back as asked. */
  create(body: string, idempotencyKey: string): Promise<Answer<CreatedEscrow>>;
  /** Marks the work delivered. Only the counterparty's key may. */
  complete(escrowId: string, body: string, idempotencyKey: string): Promise<Answer<CompletedEscrow>>;
  /** Pays the counterparty the amount less the fee. Only the creator's key may. */
  release(escrowId: string, body: string, idempotencyKey: string): Promise<Answer<ReleasedEscrow>>;
  /** @throws ServiceUnreadableError where there is no usable answer, an unknown status included. */
  readStatus(escrowId: string): Promise<EscrowView>;
}

const requestBodySchema = z.object({
  amount_usd: usdSchema,
  description: z.string(),
  counterparty_agent_id: z.string(),
  timeout_hours: z.int(),
});

/** Times with any offset are read; what is kept of them is UTC. */
const instant = z.iso.datetime({ offset: true });

const createdSchema = z.object({
  escrow_id: z.string().check(z.minLength(1)),
  status: z.literal('locked'),
  amount_usd: usdSchema,
  fee_usd: usdSchema,
  net_payout_usd: usdSchema,
  counterparty_agent_id: z.string(),
  description: z.string(),
  timeout_hours: z.int(),
  expires_at: instant,
});

const completedSchema = z.object({ escrow_id: z.string(), status: z.literal('completed') });

const releasedSchema = z.object({
  escrow_id: z.string(),
  status: z.literal('released'),
  amount_locked: usdSchema,
  fee_charged: usdSchema,
  amount_paid_out: usdSchema,
});

const viewSchema = z.object({
  escrow_id: z.string(),
  status: z.enum(ESCROW_STATUSES),
  amount_usd: usdSchema,
  fee_usd: usdSchema,
  net_payout_usd: usdSchema,
  creator_agent_id: z.string(),
  counterparty_agent_id: z.string(),
  description: z.string(),
  timeout_hours: z.int(),
  created_at: instant,
  auto_release_at: z.nullish(instant),
});

/** The answers these routes give before they change anything (escrow reference, error codes). */
const PARTY_REFUSALS = {
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  WRONG_PARTY: 403,
  ESCROW_NOT_FOUND: 404,
} as const;
const CREATE_REFUSALS = {
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  INSUFFICIENT_BALANCE: 400,
  BELOW_MINIMUM_AMOUNT: 400,
  ABOVE_MAXIMUM_AMOUNT: 400,
  COUNTERPARTY_NOT_FOUND: 400,
  INVALID_TIMEOUT: 400,
} as const;

export function createEscrowClient(deps: ServiceDeps, credentials: Credentials): EscrowClient {
  const post = (path: string, body: string, idempotencyKey: string) =>
    deps.transport({
      method: 'POST',
      url: `${deps.service.baseUrl}${path}`,
      apiKey: credentials.apiKey,
      body,
      idempotencyKey,
    });

  return {
    async create(body, idempotencyKey) {
      return classify(await post('/escrow/create', body, idempotencyKey), {
        readApplied: (answer) => readCreated(answer, body),
        refusals: CREATE_REFUSALS,
        random: deps.random,
      });
    },

    async complete(escrowId, body, idempotencyKey) {
      return classify(await post(`/escrow/complete/${encodeURIComponent(escrowId)}`, body, idempotencyKey), {
        readApplied: (answer) => readCompleted(answer, escrowId),
        refusals: PARTY_REFUSALS,
        random: deps.random,
      });
    },

    async release(escrowId, body, idempotencyKey) {
      return classify(await post(`/escrow/release/${encodeURIComponent(escrowId)}`, body, idempotencyKey), {
        readApplied: (answer) => readReleased(answer, escrowId),
        refusals: PARTY_REFUSALS,
        random: deps.random,
      });
    },

    async readStatus(escrowId) {
      const answer = await deps.transport({
        method: 'GET',
        url: `${deps.service.baseUrl}/escrow/status/${encodeURIComponent(escrowId)}`,
        apiKey: credentials.apiKey,
      });
      if (answer.kind !== 'answered') throw new ServiceUnreadableError(`status of ${escrowId}: ${answer.reason}`);
      if (answer.status !== 200) throw new ServiceUnreadableError(`status of ${escrowId}: HTTP ${answer.status}`);
      return readView(answer.body, escrowId);
    },
  };
}

function readCreated(body: unknown, requestBody: string): CreatedEscrow | string {
  const asked = requestBodySchema.parse(JSON.parse(requestBody));
  const parsed = createdSchema.safeParse(body);
  if (!parsed.success) return firstProblem(parsed.error);
  const shown = parsed.data;
  if (shown.amount_usd !== asked.amount_usd) return `amount_usd is ${formatUsd(shown.amount_usd)}`;
  if (shown.net_payout_usd + shown.fee_usd !== shown.amount_usd) return 'net_payout_usd and fee_usd do not add up';
  if (shown.counterparty_agent_id !== asked.counterparty_agent_id) return 'counterparty_agent_id is another';
  if (shown.description !== asked.description) return 'description is another';
  if (shown.timeout_hours !== asked.timeout_hours) return `timeout_hours is ${shown.timeout_hours}`;
  return {
    escrowId: shown.escrow_id,
    status: shown.status,
    amountUsd: formatUsd(shown.amount_usd),
    feeUsd: formatUsd(shown.fee_usd),
    netUsd: formatUsd(shown.net_payout_usd),
    deadlineAt: new Date(shown.expires_at).toISOString(),
  };
}

function readCompleted(body: unknown, escrowId: string): CompletedEscrow | string {
  const parsed = completedSchema.safeParse(body);
  if (!parsed.success) return firstProblem(parsed.error);
  if (parsed.data.escrow_id !== escrowId) return 'escrow_id is another';
  return { escrowId, status: 'completed' };
}

function readReleased(body: unknown, escrowId: string): ReleasedEscrow | string {
  const parsed = releasedSchema.safeParse(body);
  if (!parsed.success) return firstProblem(parsed.error);
  const shown = parsed.data;
  if (shown.escrow_id !== escrowId) return 'escrow_id is another';
  if (shown.amount_paid_out + shown.fee_charged !== shown.amount_locked) {
    return 'amount_paid_out and fee_charged do not add up';
  }
  return {
    escrowId,
    status: shown.status,
    amountUsd: formatUsd(shown.amount_locked),
    feeUsd: formatUsd(shown.fee_charged),
    paidOutUsd: formatUsd(shown.amount_paid_out),
  };
}

function readView(body: unknown, escrowId: string): EscrowView {
  const parsed = viewSchema.safeParse(body);
  if (!parsed.success) throw new ServiceUnreadableError(`status of ${escrowId}: ${firstProblem(parsed.error)}`);
  const shown = parsed.data;
  if (shown.escrow_id !== escrowId) throw new ServiceUnreadableError(`status of ${escrowId}: escrow_id is another`);
  const lockExpiresAt = Date.parse(shown.created_at) + shown.timeout_hours * 3_600_000;
  return {
    escrowId,
    status: shown.status,
    amount: shown.amount_usd,
    fee: shown.fee_usd,
    net: shown.net_payout_usd,
    creatorAgentId: shown.creator_agent_id,
    counterpartyAgentId: shown.counterparty_agent_id,
    description: shown.description,
    deadlineAt: new Date(shown.auto_release_at ?? lockExpiresAt).toISOString(),
  };
}
