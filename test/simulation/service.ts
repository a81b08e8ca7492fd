import { formatUsd, parseUsd, shareOf, subtractUsd, sumUsd, type MicroUsd } from '../../src/money.ts';
import type { Profile } from '../../src/purple-flea/service.ts';

/** The parties of every schedule. */
export const TREASURY = 'ag_treasury';
export const WORKER = 'ag_worker';
export const OTHER = 'ag_other';

/** By agent: none of them may be seen anywhere but in a request. */
export const KEYS: Readonly<Record<string, string>> = {
  [TREASURY]: 'pf_secret_of_treasury',
  [WORKER]: 'pf_secret_of_worker',
  [OTHER]: 'pf_secret_of_other',
};

/** What the treasury's key is replaced by. */
export const NEXT_KEY = 'pf_next_secret_of_treasury';

/** The calls that the client makes, in both dialects. */
export const OPERATIONS = [
  'create',
  'complete',
  'release',
  'dispute',
  'status',
  'list',
  'ledger',
  'order',
  'positions',
  'history',
  'transfer',
  'claim',
  'faucet-status',
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** One request as the service sees it. */
export interface ServiceRequest {
  readonly method: 'GET' | 'POST';
  /** With its query. */
  readonly path: string;
  readonly apiKey: string;
  readonly body?: string | undefined;
  /** The header that the service ignores, and the simulator counts by. */
  readonly key?: string | undefined;
}

export interface ServiceAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

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

/** Something that took place, of the kinds that the ledger sends. */
export interface ServiceEffect {
  readonly operation: Operation;
  /** What it is about: the escrow that it changed, otherwise what tells one cause from another. */
  readonly subject: string;
  /** The effect key that came with it. */
  readonly key: string | undefined;
  readonly id: string;
  readonly at: number;
  readonly amount: MicroUsd;
}

interface Row {
  readonly id: string;
  readonly agent: string;
  readonly amount: MicroUsd;
  readonly reason: string;
  readonly reference: string;
  readonly at: number;
}

interface Fill {
  readonly positionId: string;
  readonly orderId: string;
  readonly tradeId: string;
  readonly holder: string;
  readonly asset: string;
  readonly direction: 'long' | 'short';
  readonly amount: MicroUsd;
  readonly leverage: number;
  readonly at: number;
}

/** The services of Purple Flea over plain maps: what the client needs of them, in one dialect. */
export interface Service {
  readonly profile: Profile;
  /** @param releaseGetsStuck makes a release pay and fail. */
  handle(request: ServiceRequest, now: number, releaseGetsStuck?: boolean): ServiceAnswer;
  readonly escrows: ReadonlyMap<string, ServiceEscrow>;
  readonly effects: readonly ServiceEffect[];
  readonly balance: (account: string) => bigint;
  /** What all accounts hold together; never changes. */
  readonly total: () => bigint;
  /** From now on this is the agent's only key. */
  rotateKey(agent: string, apiKey: string): void;
  /** Lets the timer of an escrow fire at once. */
  expire(escrowId: string, now: number): void;
}

const HOUR = 3_600_000;
const OPENED_AT = Date.UTC(2026, 0, 1);
const ZERO = sumUsd();
const INFO = { service: 'purple-flea', docs: 'https://purpleflea.com/llms.txt', referral: '-', version: '1.0.0' };
const LISTED_CHARACTERS = 60;
const FAUCET = parseUsd('1.00');

const operations = new Map<string, Operation>();

/** The operation behind a request, in either dialect. */
export function operationOf(method: string, path: string): Operation {
  const name = `${method} ${path}`;
  const known = operations.get(name) ?? readOperation(method, path);
  operations.set(name, known);
  return known;
}

function readOperation(method: string, path: string): Operation {
  const [, first = '', second = '', third = '', fourth = ''] = path.split('?')[0]?.split('/') ?? [];
  switch (first) {
    case 'escrow':
      if (method === 'POST') return second as Operation;
      return second === 'list' ? 'list' : 'status';
    case 'trading':
      return second === 'order' ? 'order' : 'positions';
    case 'v1':
      return third === 'open' ? 'order' : (third as Operation);
    case 'wallet':
      return second as Operation;
    case 'faucet':
      return 'claim';
    case 'api':
      if (second === 'v1') return third === 'stats' ? 'transfer' : (fourth as Operation);
      return second === 'claim' ? 'claim' : 'faucet-status';
    default:
      throw new Error(`${method} ${path} is no request of the client`);
  }
}

/** Thrown before anything is changed. */
class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Codes of the dialects; the first is the reference's. */
type Refusal = readonly [status: number, code: string, message: string];
const REFUSALS = {
  unauthorized: { reference: [401, 'UNAUTHORIZED', 'no key'], published: [401, 'unauthorized', 'no key'] },
  balance: {
    reference: [400, 'INSUFFICIENT_BALANCE', 'too little'],
    published: [402, 'insufficient_balance', 'too little'],
  },
  counterparty: {
    reference: [400, 'COUNTERPARTY_NOT_FOUND', 'nobody'],
    published: [404, 'counterparty_not_found', 'nobody'],
  },
  escrow: {
    reference: [404, 'ESCROW_NOT_FOUND', 'Escrow not found'],
    published: [404, 'not_found', 'Escrow not found'],
  },
  party: { reference: [403, 'WRONG_PARTY', 'not yours'], published: [403, 'forbidden', 'not yours'] },
  status: {
    reference: [409, 'INVALID_STATUS_TRANSITION', 'too late'],
    published: [409, 'invalid_status', 'too late'],
  },
  disputed: {
    reference: [409, 'ALREADY_DISPUTED', 'disputed'],
    published: [409, 'invalid_status', 'disputed'],
  },
  closed: {
    reference: [409, 'DISPUTE_WINDOW_CLOSED', 'released'],
    published: [409, 'invalid_status', 'released'],
  },
  stuck: {
    reference: [500, 'SERVER_ERROR', 'Unexpected error.'],
    published: [500, 'release_failed', 'Failed to release funds.'],
  },
  margin: {
    reference: [400, 'INSUFFICIENT_BALANCE', 'too little'],
    published: [400, 'trade_failed', 'Insufficient margin'],
  },
  recipient: {
    reference: [404, 'RECIPIENT_NOT_FOUND', 'nobody'],
    published: [404, 'recipient_not_found', 'nobody'],
  },
  payment: {
    reference: [400, 'INSUFFICIENT_BALANCE', 'too little'],
    published: [400, 'insufficient_balance', 'too little'],
  },
  claimed: { reference: [409, 'ALREADY_CLAIMED', 'twice'], published: [409, 'already_claimed', 'twice'] },
} as const satisfies Record<string, Record<Profile, Refusal>>;

/** @param balances by agent, in decimal USD. */
export function createService(profile: Profile, balances: Readonly<Record<string, string>>): Service {
  const isReference = profile === 'reference';
  const accounts = new Map<string, bigint>(Object.entries(balances).map(([agent, usd]) => [agent, parseUsd(usd)]));
  const agents = new Map(Object.entries(KEYS).map(([agent, key]) => [key, agent]));
  const escrows = new Map<string, ServiceEscrow>();
  // Whoever has a balance has deposited it.
  const rows: Row[] = Object.entries(balances).map(([agent, amount], index) => ({
    id: `dep_${index}`,
    agent,
    amount: parseUsd(amount),
    reason: 'deposit',
    reference: agent,
    at: OPENED_AT,
  }));
  const fills: Fill[] = [];
  const claimed = new Set<string>();
  const effects: ServiceEffect[] = [];
  let ids = 0;
  const times = new Map<number, string>();

  const newId = (prefix: string): string => `${prefix}_${(++ids).toString(16).padStart(16, '0')}`;
  const balance = (account: string): bigint => accounts.get(account) ?? 0n;
  const total = (): bigint => {
    let sum = 0n;
    for (const held of accounts.values()) sum += held;
    return sum;
  };
  const refuse = (name: keyof typeof REFUSALS): never => {
    const [httpStatus, code, message] = REFUSALS[name][profile];
    throw new Refused(httpStatus, code, message);
  };
  const time = (at: number): string => {
    const known = times.get(at);
    if (known !== undefined) return known;
    const text = new Date(at).toISOString();
    const shown = isReference ? `${text.slice(0, 19)}Z` : text;
    times.set(at, shown);
    return shown;
  };
  const timeOrNull = (at: number | null): string | null => (at === null ? null : time(at));
  const usd = (amount: MicroUsd): string | number => (isReference ? formatUsd(amount) : Number(formatUsd(amount)));
  const number = (amount: MicroUsd): number => Number(formatUsd(amount));
  const word = (known: Status): string => {
    if (isReference) return known;
    if (known === 'locked') return 'funded';
    return known === 'auto_released' ? 'released' : known;
  };

  /** Moves money; who has too little only where the service itself stands in for it. */
  function post(from: string, to: string, amount: MicroUsd, reason: string, reference: string, at: number): void {
    const left = balance(from) - amount;
    if (left < 0n && from !== 'faucet' && from !== 'losses') throw new Error(`${from} would hold ${left}`);
    accounts.set(from, left);
    accounts.set(to, balance(to) + amount);
    for (const [agent, signed] of [
      [from, subtractUsd(ZERO, amount)],
      [to, amount],
    ] as const) {
      if (agent.startsWith('ag_')) {
        rows.push({ id: `led_${rows.length + 1}`, agent, amount: signed, reason, reference, at });
      }
    }
  }

  function callerOf({ apiKey }: ServiceRequest): string {
    return agents.get(apiKey) ?? refuse('unauthorized');
  }

  function escrowOf(path: string): ServiceEscrow {
    const id = path.slice(path.lastIndexOf('/') + 1);
    return escrows.get(id) ?? refuse('escrow');
  }

  function note(
    operation: Operation,
    subject: string,
    id: string,
    amount: MicroUsd,
    request: ServiceRequest,
    at: number,
  ) {
    effects.push({ operation, subject, key: request.key, id, at, amount });
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
    note('create', formatUsd(amount), id, amount, request, at);
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
    note('complete', escrow.id, escrow.id, ZERO, request, at);
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
    note('release', escrow.id, escrow.id, escrow.amount, request, at);
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
    note('dispute', escrow.id, escrow.id, ZERO, request, at);
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

  function ledger(request: ServiceRequest): ServiceAnswer {
    const caller = callerOf(request);
    const mine = rows.filter(({ agent }) => agent === caller).toReversed();
    const entries = mine.slice(0, 50).map((row) => ({
      id: row.id,
      agentId: caller,
      type: row.amount < 0n ? 'debit' : 'credit',
      amount: number((row.amount < 0n ? 0n - row.amount : row.amount) as MicroUsd),
      balanceAfter: number(balance(caller) as MicroUsd),
      reason: row.reason,
      reference: row.reference,
      service: 'escrow',
      createdAt: Math.floor(row.at / 1000),
      at: time(row.at),
    }));
    return { status: 200, body: { entries, _info: INFO } };
  }

  function order(request: ServiceRequest, at: number): ServiceAnswer {
    const holder = callerOf(request);
    const asked = JSON.parse(request.body ?? '{}') as Readonly<Record<string, unknown>>;
    const amount = parseUsd((asked['amount'] ?? asked['size_usd']) as number);
    const asset = isReference ? String(asked['asset']) : `${String(asked['coin'])}-USDC`;
    const direction = (asked['direction'] ?? asked['side']) as 'long' | 'short';
    const leverage = Number(asked['leverage']);
    const fee = shareOf(amount, isReference ? 5 : 10);
    if (balance(holder) < amount + fee) refuse('margin');
    const fill: Fill = {
      positionId: newId('pos'),
      orderId: newId('ord'),
      tradeId: newId('trd'),
      holder,
      asset,
      direction,
      amount,
      leverage,
      at,
    };
    post(holder, 'fees', fee, 'trade_fee', fill.orderId, at);
    post(holder, `position:${fill.positionId}`, amount, 'margin_lock', fill.positionId, at);
    fills.push(fill);
    note('order', `${asset}/${direction}`, fill.orderId, amount, request, at);
    const coin = asset.replace(/-USDC$/, '');
    return isReference
      ? {
          status: 201,
          body: {
            order_id: fill.orderId,
            status: 'filled',
            asset,
            direction,
            amount: number(amount),
            leverage,
            entry_price: 100,
            fee: number(fee),
            created_at: time(at),
          },
        }
      : {
          status: 200,
          body: {
            position_id: fill.positionId,
            order_id: fill.orderId,
            coin,
            ticker: coin,
            category: 'crypto',
            dex: 'main',
            side: direction,
            size_usd: number(amount),
            entry_price: 100,
            leverage,
            max_leverage: 50,
            margin_used: number(amount),
            liquidation_price: 1,
            fee: number(fee),
            fee_breakdown: { hyperliquid: 0, purple_flea_builder: 0 },
            hl_order_id: 1,
            execution: 'real',
            status: 'open',
            _info: INFO,
          },
        };
  }

  function positions(request: ServiceRequest): ServiceAnswer {
    const caller = callerOf(request);
    const mine = fills.filter(({ holder }) => holder === caller);
    if (isReference) {
      const open = mine.map((fill) => ({
        position_id: fill.positionId,
        order_id: fill.orderId,
        asset: fill.asset,
        direction: fill.direction,
        amount: number(fill.amount),
        leverage: fill.leverage,
        entry_price: 100,
        mark_price: 100,
        pnl_usdc: 0,
        opened_at: time(fill.at),
      }));
      return { status: 200, body: { agent_id: caller, count: open.length, positions: open } };
    }
    const open = mine.map((fill) => ({
      id: fill.positionId,
      agentId: caller,
      coin: fill.asset.replace(/-USDC$/, ''),
      side: fill.direction,
      sizeUsd: number(fill.amount),
      entryPrice: 100,
      leverage: fill.leverage,
      marginUsed: number(fill.amount),
      liquidationPrice: 1,
      unrealizedPnl: 0,
      status: 'open',
      hlOrderId: '1',
      openedAt: Math.floor(fill.at / 1000),
      closedAt: null,
      ticker: fill.asset.replace(/-USDC$/, ''),
      current_price: 100,
      unrealized_pnl: 0,
    }));
    return { status: 200, body: { positions: open, count: open.length, source: 'database', _info: INFO } };
  }

  function history(request: ServiceRequest): ServiceAnswer {
    const caller = callerOf(request);
    const trades = fills
      .filter(({ holder }) => holder === caller)
      .toReversed()
      .map((fill) => ({
        id: fill.tradeId,
        agentId: caller,
        orderId: fill.orderId,
        coin: fill.asset.replace(/-USDC$/, ''),
        side: fill.direction === 'long' ? 'buy' : 'sell',
        sizeUsd: number(fill.amount),
        price: 100,
        fee: 0,
        realizedPnl: 0,
        createdAt: Math.floor(fill.at / 1000),
      }));
    return { status: 200, body: { trades, count: trades.length, _info: INFO } };
  }

  function transfer(request: ServiceRequest, at: number): ServiceAnswer {
    const from = callerOf(request);
    const asked = JSON.parse(request.body ?? '{}') as Readonly<Record<string, unknown>>;
    const to = String(asked['to_agent'] ?? asked['to_agent_id']);
    const amount = parseUsd(asked['amount'] as number);
    if (KEYS[to] === undefined) refuse('recipient');
    if (balance(from) < amount) refuse('payment');
    const id = newId(isReference ? 'tx' : 'pay');
    post(from, to, amount, 'agent_payment', id, at);
    note('transfer', formatUsd(amount), id, amount, request, at);
    const memo = asked['memo'] ?? null;
    return {
      status: 200,
      body: isReference
        ? {
            success: true,
            tx_id: id,
            from_agent: from,
            to_agent: to,
            amount: number(amount),
            memo,
            created_at: time(at),
          }
        : {
            tx_id: id,
            from,
            to,
            amount: number(amount),
            memo,
            sender_new_balance: number(balance(from) as MicroUsd),
            timestamp: time(at),
            message: '-',
            note: '-',
            _info: INFO,
          },
    };
  }

  function claim(request: ServiceRequest, at: number): ServiceAnswer {
    const asked = JSON.parse(request.body ?? '{}') as Readonly<Record<string, unknown>>;
    const agent = String(asked['agent_id'] ?? asked['agent_casino_id']);
    if (claimed.has(agent)) refuse('claimed');
    claimed.add(agent);
    const id = newId('clm');
    post('faucet', agent, FAUCET, 'faucet_claim', id, at);
    note('claim', agent, id, FAUCET, request, at);
    return {
      status: 200,
      body: isReference
        ? { agent_id: agent, claimed_usdc: number(FAUCET), message: '-' }
        : {
            credited: number(FAUCET),
            message: '-',
            casino_url: '-',
            claim_id: id,
            agent_id: agent,
            referral_tracked: false,
            _info: INFO,
          },
    };
  }

  function faucetStatus({ path }: ServiceRequest, at: number): ServiceAnswer {
    const agent = new URLSearchParams(path.split('?')[1] ?? '').get('agent_id') ?? '';
    const canClaim = !claimed.has(agent);
    return {
      status: 200,
      body: { agent_id: agent, can_claim: canClaim, next_eligible_at: canClaim ? time(at) : null },
    };
  }

  function route(request: ServiceRequest, at: number, getsStuck: boolean): ServiceAnswer {
    switch (operationOf(request.method, request.path)) {
      case 'create':
        return create(request, at);
      case 'complete':
        return complete(request, at);
      case 'release':
        return release(request, at, getsStuck);
      case 'dispute':
        return dispute(request, at);
      case 'status':
        return status(request);
      case 'list':
        return list(request);
      case 'ledger':
        return ledger(request);
      case 'order':
        return order(request, at);
      case 'positions':
        return positions(request);
      case 'history':
        return history(request);
      case 'transfer':
        return transfer(request, at);
      case 'claim':
        return claim(request, at);
      case 'faucet-status':
        return faucetStatus(request, at);
    }
  }

  return {
    profile,
    escrows,
    effects,
    balance,
    total,
    handle(request, now, releaseGetsStuck = false) {
      try {
        return route(request, now, releaseGetsStuck);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        return { status: error.status, body: errorBody(profile, error.code, error.message) };
      }
    },
    rotateKey(agent, apiKey) {
      for (const [key, holder] of agents) if (holder === agent) agents.delete(key);
      agents.set(apiKey, agent);
    },
    expire(escrowId, now) {
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
    },
  };
}

/** An error in a dialect's words. */
export function errorBody(profile: Profile, code: string, message: string): Readonly<Record<string, unknown>> {
  return profile === 'reference' ? { success: false, error: code, message } : { error: code, message, _info: INFO };
}
