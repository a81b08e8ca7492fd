import { Hono } from 'hono';
import { formatUsd, InvalidAmountError, parseUsd, type MicroUsd } from '../../src/money.ts';
import {
  bodyObject,
  invalidRequest,
  optionalObject,
  optionalText,
  Refusal,
  requiredText,
  requireCaller,
  type TwinContext,
  type TwinEnv,
} from '../request.ts';
import { isoOf, isoOrNull } from '../world/clock.ts';
import { accountOf, type Agent, type World } from '../world/world.ts';
import {
  completeEscrow,
  disputeEscrow,
  ESCROW_STATUSES,
  lockEscrow,
  payWithoutRecord,
  releaseEscrow,
  type Escrow,
} from './escrow-book.ts';
import { referenceStats } from './escrow-stats.ts';

const MINIMUM = parseUsd('1.00');
const MAXIMUM = parseUsd('10000.00');
const DEFAULT_TIMEOUT_HOURS = 24;
const MAXIMUM_TIMEOUT_HOURS = 720;
const DEFAULT_PAGE = 20;
const MAXIMUM_PAGE = 100;
/** The reference shows shortened descriptions in lists, but not how short. */
const LISTED_CHARACTERS = 60;

/** The escrow API of the reference. Every route checks in the order it is written. */
export function referenceEscrowRoutes(world: World): Hono<TwinEnv> {
  const routes = new Hono<TwinEnv>();

  routes.post('/escrow/create', (c) => {
    const creator = requireCaller(c);
    const body = bodyObject(c);
    const amount = readAmount(body['amount_usd']);
    const description = requiredText(body, 'description', 500);
    const counterpartyId = requiredText(body, 'counterparty_agent_id');
    const timeoutHours = readTimeout(body['timeout_hours']);
    const referralCode = optionalText(body, 'referral_code');
    const metadata = optionalObject(body, 'metadata');
    if (counterpartyId === creator.id) {
      throw invalidRequest('counterparty_agent_id is your own agent: name another.');
    }
    if (world.agents.get(counterpartyId) === undefined) {
      throw new Refusal(400, 'COUNTERPARTY_NOT_FOUND', `No agent found with ID ${counterpartyId}`);
    }
    requireBalance(world, creator, amount);
    const escrow = lockEscrow(
      world,
      { creatorId: creator.id, counterpartyId, amount, description, timeoutHours, referralCode, metadata },
      c.get('now'),
    );
    return c.json(
      {
        success: true,
        escrow_id: escrow.id,
        status: escrow.status,
        ...amountsOf(escrow),
        ...partiesOf(escrow),
        description: escrow.description,
        timeout_hours: escrow.timeoutHours,
        expires_at: isoOf(escrow.expiresAt),
        created_at: isoOf(escrow.createdAt),
      },
      201,
    );
  });

  routes.post('/escrow/complete/:id', (c) => {
    const caller = requireCaller(c);
    const body = bodyObject(c);
    const escrow = requireEscrow(world, c.req.param('id'));
    requireParty(escrow, caller, 'counterparty', '/complete');
    requireStatus(escrow, ['locked'], '/complete');
    const note = optionalText(body, 'completion_note', 1000);
    const url = optionalText(body, 'delivery_url');
    const completed = completeEscrow(world, escrow, { note, url }, c.get('now'));
    const autoReleaseAt = isoOrNull(completed.autoReleaseAt);
    return c.json({
      success: true,
      escrow_id: completed.id,
      status: completed.status,
      completed_at: isoOrNull(completed.completedAt),
      auto_release_at: autoReleaseAt,
      message: `Funds will auto-release to you at ${autoReleaseAt} if creator does not act.`,
    });
  });

  routes.post('/escrow/release/:id', (c) => {
    const caller = requireCaller(c);
    const body = bodyObject(c);
    const escrow = requireEscrow(world, c.req.param('id'));
    requireParty(escrow, caller, 'creator', '/release');
    requireStatus(escrow, ['locked', 'completed'], '/release');
    const note = optionalText(body, 'release_note', 500);
    requireRecordable(world, escrow, c);
    const released = releaseEscrow(world, escrow, note, c.get('now'));
    return c.json({
      success: true,
      escrow_id: released.id,
      status: released.status,
      amount_locked: formatUsd(released.amount),
      fee_charged: formatUsd(released.fee),
      amount_paid_out: formatUsd(released.netPayout),
      counterparty_agent_id: released.counterpartyId,
      released_at: isoOrNull(released.releasedAt),
    });
  });

  routes.post('/escrow/dispute/:id', (c) => {
    const caller = requireCaller(c);
    const body = bodyObject(c);
    const escrow = requireEscrow(world, c.req.param('id'));
    requireAnyParty(escrow, caller);
    requireDisputable(escrow);
    const reason = requiredText(body, 'reason', 2000);
    const evidenceUrl = optionalText(body, 'evidence_url');
    const disputed = disputeEscrow(world, escrow, { raisedBy: caller.id, reason, evidenceUrl }, c.get('now'));
    return c.json({
      success: true,
      escrow_id: disputed.id,
      status: disputed.status,
      dispute_id: disputed.disputeId,
      raised_by: disputed.raisedBy,
      disputed_at: isoOrNull(disputed.disputedAt),
      estimated_resolution: '24-72 hours',
      message: 'Funds are frozen. Purple Flea staff will review and contact both parties.',
    });
  });

  routes.get('/escrow/status/:id', (c) => {
    const escrow = requireEscrow(world, c.req.param('id'));
    return c.json({ success: true, ...publicState(escrow) });
  });

  routes.get('/escrow/list', (c) => {
    const caller = requireCaller(c);
    const status = readChoice(c, 'status', ESCROW_STATUSES);
    const role = readChoice(c, 'role', ['creator', 'counterparty']);
    const limit = readCount(c, 'limit', { fallback: DEFAULT_PAGE, from: 1, to: MAXIMUM_PAGE });
    const offset = readCount(c, 'offset', { fallback: 0, from: 0, to: Number.MAX_SAFE_INTEGER });
    const found = [...world.escrows.values()]
      .filter((escrow) => roleIn(escrow, caller) !== undefined)
      .filter((escrow) => status === undefined || escrow.status === status)
      .filter((escrow) => role === undefined || roleIn(escrow, caller) === role)
      .toReversed()
      .toSorted((one, other) => other.createdAt - one.createdAt);
    return c.json({
      success: true,
      total: found.length,
      limit,
      offset,
      escrows: found.slice(offset, offset + limit).map((escrow) => ({
        escrow_id: escrow.id,
        status: escrow.status,
        amount_usd: formatUsd(escrow.amount),
        description: shorten(escrow.description),
        your_role: roleIn(escrow, caller),
        created_at: isoOf(escrow.createdAt),
        expires_at: isoOf(escrow.expiresAt),
      })),
    });
  });

  routes.get('/escrow/stats', (c) => c.json({ success: true, ...referenceStats(world.escrows.values()) }));

  routes.get('/health', (c) =>
    c.json({ status: 'ok', service: 'purple-flea-escrow', version: '1.2.0', database: 'connected' }),
  );

  return routes;
}

/** Every field that `GET /escrow/status/:id` shows to anyone. */
export function publicState(escrow: Escrow): Record<string, unknown> {
  return {
    escrow_id: escrow.id,
    status: escrow.status,
    ...amountsOf(escrow),
    ...partiesOf(escrow),
    description: escrow.description,
    completion_note: escrow.completionNote,
    delivery_url: escrow.deliveryUrl,
    timeout_hours: escrow.timeoutHours,
    created_at: isoOf(escrow.createdAt),
    completed_at: isoOrNull(escrow.completedAt),
    auto_release_at: isoOrNull(escrow.autoReleaseAt),
    released_at: isoOrNull(escrow.releasedAt),
    disputed_at: isoOrNull(escrow.disputedAt),
  };
}

function amountsOf(escrow: Escrow): Record<string, string> {
  return {
    amount_usd: formatUsd(escrow.amount),
    fee_usd: formatUsd(escrow.fee),
    net_payout_usd: formatUsd(escrow.netPayout),
  };
}

function partiesOf(escrow: Escrow): Record<string, string> {
  return { creator_agent_id: escrow.creatorId, counterparty_agent_id: escrow.counterpartyId };
}

function shorten(description: string): string {
  const characters = [...description];
  if (characters.length <= LISTED_CHARACTERS) return description;
  return `${characters.slice(0, LISTED_CHARACTERS - 3).join('')}...`;
}

function readAmount(value: unknown): MicroUsd {
  if (typeof value !== 'number' && typeof value !== 'string') {
    throw invalidRequest('amount_usd is required: send a number such as 50.00.');
  }
  // Numbers first as they are: a negative or a huge one has no text that parseUsd reads.
  if (typeof value === 'number' && value < 1) throw belowMinimum();
  if (typeof value === 'number' && value > 10_000) throw aboveMaximum();
  const amount = parseAmount(value);
  if (amount < MINIMUM) throw belowMinimum();
  if (amount > MAXIMUM) throw aboveMaximum();
  return amount;
}

function parseAmount(value: number | string): MicroUsd {
  try {
    return parseUsd(value);
  } catch (error) {
    if (error instanceof InvalidAmountError) throw invalidRequest(`amount_usd: ${error.message}`);
    throw error;
  }
}

function belowMinimum(): Refusal {
  return new Refusal(400, 'BELOW_MINIMUM_AMOUNT', 'Escrow amount is below the $1.00 minimum.');
}

function aboveMaximum(): Refusal {
  return new Refusal(400, 'ABOVE_MAXIMUM_AMOUNT', 'Escrow amount exceeds the $10,000 maximum.');
}

function readTimeout(value: unknown): number {
  const hours = value ?? DEFAULT_TIMEOUT_HOURS;
  if (typeof hours !== 'number' || !Number.isInteger(hours) || hours < 1 || hours > MAXIMUM_TIMEOUT_HOURS) {
    throw new Refusal(400, 'INVALID_TIMEOUT', 'timeout_hours must be between 1 and 720.');
  }
  return hours;
}

function requireBalance(world: World, creator: Agent, amount: MicroUsd): void {
  const balance = world.ledger.balance(accountOf(creator.id));
  if (balance >= amount) return;
  throw new Refusal(
    400,
    'INSUFFICIENT_BALANCE',
    `Your balance of $${formatUsd(balance)} is less than the escrow amount of $${formatUsd(amount)}`,
  );
}

function requireEscrow(world: World, id: string): Escrow {
  const escrow = world.escrows.get(id);
  if (escrow === undefined) throw new Refusal(404, 'ESCROW_NOT_FOUND', `No escrow found with ID ${id}`);
  return escrow;
}

type Role = 'creator' | 'counterparty';

function roleIn(escrow: Escrow, agent: Agent): Role | undefined {
  if (agent.id === escrow.creatorId) return 'creator';
  if (agent.id === escrow.counterpartyId) return 'counterparty';
  return undefined;
}

function requireAnyParty(escrow: Escrow, caller: Agent): Role {
  const role = roleIn(escrow, caller);
  if (role === undefined) throw new Refusal(403, 'FORBIDDEN', 'You are not a party to this escrow.');
  return role;
}

function requireParty(escrow: Escrow, caller: Agent, role: Role, action: string): void {
  if (requireAnyParty(escrow, caller) !== role) {
    throw new Refusal(403, 'WRONG_PARTY', `Only the ${role} can call ${action}.`);
  }
}

function requireStatus(escrow: Escrow, allowed: readonly Escrow['status'][], action: string): void {
  if (allowed.includes(escrow.status)) return;
  throw new Refusal(
    409,
    'INVALID_STATUS_TRANSITION',
    `${action} cannot be performed on an escrow that is ${escrow.status}: it must be ${allowed.join(' or ')}.`,
  );
}

function requireDisputable(escrow: Escrow): void {
  if (escrow.status === 'disputed') {
    throw new Refusal(409, 'ALREADY_DISPUTED', 'A dispute is already open on this escrow.');
  }
  if (escrow.status === 'auto_released') {
    throw new Refusal(409, 'DISPUTE_WINDOW_CLOSED', 'Auto-release has already occurred; cannot dispute.');
  }
  requireStatus(escrow, ['locked', 'completed'], '/dispute');
}

function requireRecordable(world: World, escrow: Escrow, c: TwinContext): void {
  const getsStuck = c.get('releaseGetsStuck') === true && !escrow.paidUnrecorded;
  if (getsStuck) payWithoutRecord(world, escrow, c.get('now'));
  if (getsStuck || escrow.paidUnrecorded) {
    throw new Refusal(500, 'SERVER_ERROR', 'Unexpected error. Retry with exponential backoff.');
  }
}
/** Absent and `all` both mean: no filter. */
function readChoice<Choice extends string>(
  c: TwinContext,
  name: string,
  choices: readonly Choice[],
): Choice | undefined {
  const value = c.req.query(name) ?? 'all';
  if (value === 'all') return undefined;
  const choice = choices.find((known) => known === value);
  if (choice === undefined) throw invalidRequest(`${name} must be one of ${choices.join(', ')}, or all.`);
  return choice;
}

function readCount(
  c: TwinContext,
  name: string,
  { fallback, from, to }: { readonly fallback: number; readonly from: number; readonly to: number },
): number {
  const text = c.req.query(name);
  if (text === undefined) return fallback;
  const count = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(count >= from && count <= to)) throw invalidRequest(`${name} must be an integer from ${from} to ${to}.`);
  return count;
}
