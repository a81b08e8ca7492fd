import type { Hono } from 'hono';
import { toJsonNumber, type MicroUsd } from '../../src/money.ts';
import { answerWithInfo, publishedApp, type ServerInfo } from '../published-answer.ts';
import { Refusal, type TwinContext, type TwinEnv } from '../request.ts';
import { accountOf, type Agent, type World } from '../world/world.ts';
import { toCents } from './cents.ts';
import {
  completeEscrow,
  disputeEscrow,
  lockEscrow,
  lockInVain,
  payWithoutRecord,
  releaseEscrow,
  type Escrow,
  type EscrowEvent,
} from './escrow-book.ts';
import { ESCROW_RULES } from './escrow-rules.ts';
import { publishedStats } from './escrow-stats.ts';
import { readPublishedTerms } from './published-terms.ts';

/** What the published escrow server says of itself. */
export const ESCROW_SERVER: ServerInfo = {
  service: 'agent-escrow',
  docs: 'https://escrow.purpleflea.com/llms.txt',
  referral: 'GET /gossip — 15% referral commission on escrow fees',
  version: '1.0.0',
};

const WORDS = ESCROW_RULES.published.words;

/** The escrow API as the published server has it. Every route checks in the order it is written. */
export function publishedEscrowRoutes(world: World): Hono<TwinEnv> {
  const routes = publishedApp(ESCROW_SERVER);
  const answer = (c: TwinContext, body: Readonly<Record<string, unknown>>, status: 200 | 201 = 200) =>
    answerWithInfo(c, ESCROW_SERVER, body, status);

  routes.post('/escrow/create', (c) => {
    const creator = requireKey(c, 'Bearer {casino_api_key} required. Register at casino.purpleflea.com.');
    const { timeoutHours, ...terms } = readPublishedTerms(readBody(c));
    if (terms.counterpartyId === creator.id) {
      throw new Refusal(400, 'self_escrow', 'Cannot create escrow with yourself');
    }
    if (world.agents.get(terms.counterpartyId) === undefined) {
      throw new Refusal(404, 'counterparty_not_found', 'Counterparty agent not found in casino');
    }
    requireBalance(world, creator, terms.amount);
    const whole = { ...terms, creatorId: creator.id, metadata: null };
    if (timeoutHours === null) {
      lockInVain(world, { ...whole, timeoutHours: 0 }, c.get('now'));
      throw new Refusal(500, 'internal_error', 'Failed to create escrow record.');
    }
    const escrow = lockEscrow(world, { ...whole, timeoutHours }, c.get('now'));
    return answer(
      c,
      {
        escrow_id: escrow.id,
        amount_usd: toJsonNumber(escrow.amount),
        commission_usd: toJsonNumber(escrow.fee),
        net_to_counterparty: toJsonNumber(escrow.netPayout),
        description: escrow.description,
        creator_id: escrow.creatorId,
        counterparty_id: escrow.counterpartyId,
        status: WORDS[escrow.status],
        timeout_hours: escrow.timeoutHours,
        auto_release_at: isoMilliseconds(escrow.expiresAt),
        next_steps: {
          counterparty: `POST /escrow/complete/${escrow.id} when task is done`,
          creator: `POST /escrow/release/${escrow.id} to release funds`,
          dispute: `POST /escrow/dispute/${escrow.id} if something goes wrong`,
        },
      },
      201,
    );
  });

  routes.post('/escrow/complete/:id', (c) => {
    const caller = requireKey(c);
    const escrow = requireEscrow(world, c.req.param('id'));
    requireActor(caller, [escrow.counterpartyId], 'Only the counterparty can mark the task complete');
    requireStatus(escrow, ['locked'], 'complete');
    completeEscrow(world, escrow, { note: null, url: null }, c.get('now'));
    return answer(c, {
      escrow_id: escrow.id,
      status: 'completed',
      message: 'Task marked complete. Waiting for creator to release funds.',
      next_step: `Creator should call POST /escrow/release/${escrow.id}`,
      auto_release_at: isoMilliseconds(escrow.expiresAt),
    });
  });

  routes.post('/escrow/release/:id', (c) => {
    const caller = requireKey(c);
    const escrow = requireEscrow(world, c.req.param('id'));
    requireActor(caller, [escrow.creatorId], 'Only the escrow creator can release funds');
    requireStatus(escrow, ['locked', 'completed'], 'release');
    requireRecordable(world, escrow, c);
    const released = releaseEscrow(world, escrow, null, c.get('now'));
    return answer(c, {
      escrow_id: released.id,
      status: 'released',
      amount_released: toJsonNumber(released.netPayout),
      commission: toJsonNumber(released.fee),
      referral_commission: toJsonNumber(released.referralCommission),
      counterparty_id: released.counterpartyId,
      message: `$${toCents(released.netPayout)} released to counterparty.`,
    });
  });

  routes.post('/escrow/dispute/:id', (c) => {
    const caller = requireKey(c);
    // Here an unknown escrow has no message, just like an unknown path.
    const escrow = requireEscrow(world, c.req.param('id'), '');
    requireActor(caller, [escrow.creatorId, escrow.counterpartyId], 'Only escrow participants can dispute');
    requireStatus(escrow, ['locked', 'completed'], 'dispute');
    const reason = readReason(readBody(c)) || 'No reason provided';
    disputeEscrow(world, escrow, { raisedBy: caller.id, reason, evidenceUrl: null }, c.get('now'));
    return answer(c, {
      escrow_id: escrow.id,
      status: 'disputed',
      reason,
      message: 'Escrow flagged for manual review. Purple Flea team will investigate.',
      contact: 'support@purpleflea.com',
    });
  });

  routes.get('/escrow/stats', (c) => answer(c, publishedStats(world.escrows.values())));

  routes.get('/escrow/:id', (c) => {
    const escrow = requireEscrow(world, c.req.param('id'));
    const callerId = c.get('caller')?.id;
    const isParty = callerId === escrow.creatorId || callerId === escrow.counterpartyId;
    return answer(c, {
      ...publishedState(escrow),
      ...(isParty && { events: escrow.events.map((event) => eventRow(escrow, event)) }),
    });
  });

  routes.get('/', (c) =>
    answer(c, {
      service: 'agent-escrow',
      version: '1.0.0',
      commission: '1% of the amount; 15% of it goes to the referrer',
      docs: 'https://escrow.purpleflea.com/llms.txt',
      auth: 'Bearer {casino_api_key}',
    }),
  );

  const startedAt = performance.now();
  routes.get('/health', (c) =>
    answer(c, { status: 'ok', service: 'agent-escrow', uptime: (performance.now() - startedAt) / 1000 }),
  );

  return routes;
}

function publishedState(escrow: Escrow): Record<string, unknown> {
  return {
    escrow_id: escrow.id,
    status: WORDS[escrow.status],
    amount_usd: toJsonNumber(escrow.amount),
    commission_usd: toJsonNumber(escrow.fee),
    net_to_counterparty: toJsonNumber(escrow.netPayout),
    description: escrow.description,
    creator_id: escrow.creatorId,
    counterparty_id: escrow.counterpartyId,
    timeout_hours: escrow.timeoutHours,
    created_at: isoMilliseconds(escrow.createdAt),
    auto_release_at: isoMilliseconds(escrow.expiresAt),
    completed_at: isoMilliseconds(escrow.completedAt),
    // A refund has no time of its own here.
    released_at: isoMilliseconds(escrow.releasedAt ?? escrow.refundedAt),
    disputed_at: isoMilliseconds(escrow.disputedAt),
  };
}

function eventRow(escrow: Escrow, { id, event, actorId, note, at }: EscrowEvent): Record<string, unknown> {
  return { id, escrow_id: escrow.id, event, actor_id: actorId, note, created_at: at / 1000 };
}

/** ISO 8601 with milliseconds, as the published server writes times. */
function isoMilliseconds(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

function requireKey(c: TwinContext, message = ''): Agent {
  const caller = c.get('caller');
  if (caller === undefined) throw new Refusal(401, 'unauthorized', message);
  return caller;
}

function requireBalance(world: World, creator: Agent, amount: MicroUsd): void {
  const balance = world.ledger.balance(accountOf(creator.id));
  if (balance >= amount) return;
  throw new Refusal(402, 'insufficient_balance', `Balance $${toCents(balance)} < escrow amount $${toCents(amount)}`, {
    balance: toJsonNumber(balance),
  });
}

function requireEscrow(world: World, id: string, message = 'Escrow not found'): Escrow {
  const escrow = world.escrows.get(id);
  if (escrow === undefined) throw new Refusal(404, 'not_found', message);
  return escrow;
}

function requireActor(caller: Agent, allowed: readonly string[], message: string): void {
  if (!allowed.includes(caller.id)) throw new Refusal(403, 'forbidden', message);
}

function requireStatus(escrow: Escrow, allowed: readonly Escrow['status'][], action: string): void {
  if (allowed.includes(escrow.status)) return;
  throw new Refusal(409, 'invalid_status', `Cannot ${action} escrow in status '${WORDS[escrow.status]}'`);
}

function requireRecordable(world: World, escrow: Escrow, c: TwinContext): void {
  const getsStuck = c.get('releaseGetsStuck') === true && !escrow.paidUnrecorded;
  if (getsStuck) payWithoutRecord(world, escrow, c.get('now'));
  if (getsStuck || escrow.paidUnrecorded) {
    throw new Refusal(500, 'release_failed', 'Failed to release funds. Contact support.');
  }
}

/** What cannot be read counts as an empty object; `null` is read, and then is the server's undoing. */
function readBody(c: TwinContext): Record<string, unknown> {
  let body: unknown;
  try {
    body = JSON.parse(c.get('bodyText'));
  } catch {
    return {};
  }
  if (body === null) throw new Refusal(500, 'internal_error', '');
  return typeof body === 'object' ? (body as Record<string, unknown>) : {};
}

function readReason(body: Record<string, unknown>): string {
  const reason = body['reason'] ?? '';
  if (typeof reason !== 'string') throw new Refusal(500, 'internal_error', '');
  return reason.trim();
}
