import { formatUsd, parseUsd, shareOf, subtractUsd, type MicroUsd } from '../../../src/money.ts';
import { INFO, ZERO, type Books } from './books.ts';
import { escrowIn, type ServiceAnswer, type ServiceRequest } from './operations.ts';
import { KEYS } from './parties.ts';

type Status = 'locked' | 'completed' | 'disputed' | 'released' | 'auto_released' | 'refunded';

export interface ServiceEscrow {
  readonly id: string;
  readonly creator: string;
  readonly counterparty: string;
  readonly amount: MicroUsd;
  readonly fee: MicroUsd;
  readonly net: MicroUsd;
  /** Amount, fee and net as the dialect shows them. */
  readonly shown: Readonly<Record<'amount' | 'fee' | 'net', string | number>>;
  readonly description: string;
  readonly hours: number;
  readonly createdAt: number;
  completionNote: string | null;
  status: Status;
  completedAt: number | null;
  settledAt: number | null;
  disputedAt: number | null;
  /** When silence settles it. */
  deadline: number;
  /** How often the counterparty was paid. */
  paid: number;
  /** Whether a release has paid without saying so. */
  isStuck: boolean;
}

const HOUR = 3_600_000;
const LISTED_CHARACTERS = 60;

/** The escrow service. */
export function createEscrowService(books: Books) {
  const { isReference, balance, callerOf, newId, note, post, refuse, time, usd } = books;
  const escrows = new Map<string, ServiceEscrow>();

  const timeOrNull = (at: number | null): string | null => (at === null ? null : time(at));
  const word = (known: Status): string => {
    if (isReference) return known;
    if (known === 'locked') return 'funded';
    return known === 'auto_released' ? 'released' : known;
  };

  function escrowOf(path: string): ServiceEscrow {
    return escrows.get(escrowIn(path)) ?? refuse('escrow');
  }

  function noteChange(
    operation: 'complete' | 'release' | 'dispute',
    { id, counterparty }: ServiceEscrow,
    { agent, amount, at }: { readonly agent: string; readonly amount: MicroUsd; readonly at: number },
    request: ServiceRequest,
  ): void {
    note({ operation, subject: id, id, agent, payee: counterparty, amount, at }, request);
  }

  function create(request: ServiceRequest, at: number): ServiceAnswer {
    const creator = callerOf(request);
    const asked = JSON.parse(request.body ?? '{}') as {
      readonly amount_usd: number;
      readonly description: string;
      readonly counterparty_agent_id: string;
      readonly timeout_hours: number;
    };
    const amount = parseUsd(asked.amount_usd);
    const counterparty = asked.counterparty_agent_id;
    if (KEYS[counterparty] === undefined) refuse('counterparty');
    if (balance(creator) < amount) refuse('balance');
    const id = newId('esc');
    const fee = shareOf(amount, 100);
    const net = subtractUsd(amount, fee);
    const escrow: ServiceEscrow = {
      id,
      creator,
      counterparty,
      amount,
      fee,
      net,
      shown: { amount: usd(amount), fee: usd(fee), net: usd(net) },
      description: asked.description,
      hours: asked.timeout_hours,
      createdAt: at,
      completionNote: null,
      status: 'locked',
      completedAt: null,
      settledAt: null,
      disputedAt: null,
      deadline: at + asked.timeout_hours * HOUR,
      paid: 0,
      isStuck: false,
    };
    post(creator, `escrow:${id}`, amount, `escrow_lock: ${id}`, id, at);
    escrows.set(id, escrow);
    const effect = { agent: creator, payee: counterparty, amount, at };
    note({ operation: 'create', subject: formatUsd(amount), id, ...effect }, request);
    return { status: 201, body: isReference ? createdReference(escrow) : createdPublished(escrow) };
  }

  function createdReference(escrow: ServiceEscrow): Readonly<Record<string, unknown>> {
    return {
      success: true,
      escrow_id: escrow.id,
      status: escrow.status,
      amount_usd: escrow.shown.amount,
      fee_usd: escrow.shown.fee,
      net_payout_usd: escrow.shown.net,
      creator_agent_id: escrow.creator,
      counterparty_agent_id: escrow.counterparty,
      description: escrow.description,
      timeout_hours: escrow.hours,
      expires_at: time(escrow.deadline),
      created_at: time(escrow.createdAt),
    };
  }

  function createdPublished(escrow: ServiceEscrow): Readonly<Record<string, unknown>> {
    return {
      escrow_id: escrow.id,
      amount_usd: escrow.shown.amount,
      commission_usd: escrow.shown.fee,
      net_to_counterparty: escrow.shown.net,
      description: escrow.description,
      creator_id: escrow.creator,
      counterparty_id: escrow.counterparty,
      status: word(escrow.status),
      timeout_hours: escrow.hours,
      auto_release_at: time(escrow.deadline),
      next_steps: { counterparty: '-', creator: '-', dispute: '-' },
      _info: INFO,
    };
  }

  function complete(request: ServiceRequest, at: number): ServiceAnswer {
    const caller = callerOf(request);
    const escrow = escrowOf(request.path);
    if (caller !== escrow.counterparty) refuse('party');
    if (escrow.status !== 'locked') refuse('status');
    escrow.status = 'completed';
    escrow.completedAt = at;
    escrow.completionNote =
      (JSON.parse(request.body ?? '{}') as { readonly completion_note?: string }).completion_note ?? null;
    if (isReference) escrow.deadline = at + escrow.hours * HOUR;
    noteChange('complete', escrow, { agent: caller, amount: ZERO, at }, request);
    const answer = { escrow_id: escrow.id, status: 'completed', auto_release_at: time(escrow.deadline), message: '-' };
    return {
      status: 200,
      body: isReference
        ? { success: true, ...answer, completed_at: time(at) }
        : { ...answer, next_step: '-', _info: INFO },
    };
  }

  function payOut(escrow: ServiceEscrow, at: number): void {
    const held = `escrow:${escrow.id}`;
    const payer = balance(held) >= escrow.net ? held : 'losses';
    post(payer, escrow.counterparty, escrow.net, `escrow_release: ${escrow.id}`, `${escrow.id}_release`, at);
    escrow.paid += 1;
  }

  function keepRest(escrow: ServiceEscrow, at: number): void {
    const held = `escrow:${escrow.id}`;
    post(held, 'fees', balance(held) as MicroUsd, `escrow_fee: ${escrow.id}`, `${escrow.id}_fee`, at);
  }

  function release(request: ServiceRequest, at: number, getsStuck: boolean): ServiceAnswer {
    const caller = callerOf(request);
    const escrow = escrowOf(request.path);
    if (caller !== escrow.creator) refuse('party');
    if (escrow.status !== 'locked' && escrow.status !== 'completed') refuse('status');
    if (escrow.isStuck) refuse('stuck');
    payOut(escrow, at);
    noteChange('release', escrow, { agent: caller, amount: escrow.amount, at }, request);
    if (getsStuck) {
      escrow.isStuck = true;
      refuse('stuck');
    }
    keepRest(escrow, at);
    escrow.status = 'released';
    escrow.settledAt = at;
    return {
      status: 200,
      body: isReference
        ? {
            success: true,
            escrow_id: escrow.id,
            status: 'released',
            amount_locked: escrow.shown.amount,
            fee_charged: escrow.shown.fee,
            amount_paid_out: escrow.shown.net,
            counterparty_agent_id: escrow.counterparty,
            released_at: time(at),
          }
        : {
            escrow_id: escrow.id,
            status: 'released',
            amount_released: escrow.shown.net,
            commission: escrow.shown.fee,
            referral_commission: 0,
            counterparty_id: escrow.counterparty,
            message: '-',
            _info: INFO,
          },
    };
  }

  function dispute(request: ServiceRequest, at: number): ServiceAnswer {
    const caller = callerOf(request);
    const escrow = escrowOf(request.path);
    if (caller !== escrow.creator && caller !== escrow.counterparty) refuse('party');
    if (escrow.status === 'disputed') refuse('disputed');
    if (escrow.status === 'auto_released') refuse('closed');
    if (escrow.status !== 'locked' && escrow.status !== 'completed') refuse('status');
    const { reason } = JSON.parse(request.body ?? '{}') as { readonly reason: string };
    escrow.status = 'disputed';
    escrow.disputedAt = at;
    noteChange('dispute', escrow, { agent: caller, amount: ZERO, at }, request);
    return {
      status: 200,
      body: isReference
        ? {
            success: true,
            escrow_id: escrow.id,
            status: 'disputed',
            dispute_id: newId('dis'),
            raised_by: caller,
            disputed_at: time(at),
            estimated_resolution: '24-72 hours',
            message: '-',
          }
        : { escrow_id: escrow.id, status: 'disputed', reason, message: '-', contact: '-', _info: INFO },
    };
  }

  function status(request: ServiceRequest): ServiceAnswer {
    const escrow = escrowOf(request.path);
    if (isReference) {
      return {
        status: 200,
        body: {
          success: true,
          escrow_id: escrow.id,
          status: escrow.status,
          amount_usd: escrow.shown.amount,
          fee_usd: escrow.shown.fee,
          net_payout_usd: escrow.shown.net,
          creator_agent_id: escrow.creator,
          counterparty_agent_id: escrow.counterparty,
          description: escrow.description,
          completion_note: escrow.completionNote,
          delivery_url: null,
          timeout_hours: escrow.hours,
          created_at: time(escrow.createdAt),
          completed_at: timeOrNull(escrow.completedAt),
          auto_release_at: escrow.completedAt === null ? null : time(escrow.deadline),
          released_at: timeOrNull(escrow.settledAt),
          disputed_at: timeOrNull(escrow.disputedAt),
        },
      };
    }
    return {
      status: 200,
      body: {
        escrow_id: escrow.id,
        status: word(escrow.status),
        amount_usd: escrow.shown.amount,
        commission_usd: escrow.shown.fee,
        net_to_counterparty: escrow.shown.net,
        description: escrow.description,
        creator_id: escrow.creator,
        counterparty_id: escrow.counterparty,
        timeout_hours: escrow.hours,
        created_at: time(escrow.createdAt),
        auto_release_at: time(escrow.deadline),
        completed_at: timeOrNull(escrow.completedAt),
        released_at: timeOrNull(escrow.settledAt),
        disputed_at: timeOrNull(escrow.disputedAt),
        events: [],
        _info: INFO,
      },
    };
  }

  function list(request: ServiceRequest): ServiceAnswer {
    const caller = callerOf(request);
    const query = new URLSearchParams(request.path.split('?')[1] ?? '');
    const limit = Number(query.get('limit') ?? 20);
    const offset = Number(query.get('offset') ?? 0);
    const found = [...escrows.values()].filter(({ creator }) => creator === caller).toReversed();
    return {
      status: 200,
      body: {
        success: true,
        total: found.length,
        limit,
        offset,
        escrows: found.slice(offset, offset + limit).map((escrow) => ({
          escrow_id: escrow.id,
          status: escrow.status,
          amount_usd: escrow.shown.amount,
          description:
            escrow.description.length <= LISTED_CHARACTERS
              ? escrow.description
              : `${escrow.description.slice(0, LISTED_CHARACTERS - 3)}...`,
          your_role: 'creator',
          created_at: time(escrow.createdAt),
          expires_at: time(escrow.createdAt + escrow.hours * HOUR),
        })),
      },
    };
  }

  function expire(escrowId: string, now: number): void {
    const escrow = escrows.get(escrowId);
    if (escrow === undefined || (escrow.status !== 'locked' && escrow.status !== 'completed')) return;
    if (isReference && escrow.status === 'completed') {
      if (!escrow.isStuck) payOut(escrow, now);
      keepRest(escrow, now);
      escrow.status = 'auto_released';
    } else {
      const back = isReference ? escrow.amount : escrow.net;
      const held = `escrow:${escrow.id}`;
      const payer = balance(held) >= back ? held : 'losses';
      post(payer, escrow.creator, back, `escrow_timeout_refund: ${escrow.id}`, `${escrow.id}_timeout`, now);
      keepRest(escrow, now);
      escrow.status = 'refunded';
    }
    escrow.settledAt = now;
  }

  return { escrows, create, complete, release, dispute, status, list, expire };
}
