import { formatUsd, parseUsd, subtractUsd, sumUsd, type MicroUsd } from '../../../src/money.ts';
import type { Profile } from '../../../src/purple-flea/service.ts';
import type { Operation, ServiceRequest } from './operations.ts';
import { KEYS } from './parties.ts';

/** Something that took place, of the kinds that the ledger sends. */
export interface ServiceEffect {
  readonly operation: Operation;
  /** What it is about: the escrow that it changed, otherwise what tells one cause from another. */
  readonly subject: string;
  /** Whose key asked for it, and whom or which market its money goes to. */
  readonly agent: string;
  readonly payee: string;
  /** The effect key that came with it. */
  readonly key: string | undefined;
  /** When its sender had claimed it, by the sender's clock. */
  readonly claimedAt: number | undefined;
  readonly id: string;
  readonly at: number;
  readonly amount: MicroUsd;
}

/** One row of an agent's ledger. */
export interface Row {
  readonly id: string;
  readonly agent: string;
  readonly amount: MicroUsd;
  readonly reason: string;
  readonly reference: string;
  readonly at: number;
}

/** What the services share: accounts, keys, ids, the dialect's words. */
export interface Books {
  readonly profile: Profile;
  readonly isReference: boolean;
  readonly rows: readonly Row[];
  readonly effects: readonly ServiceEffect[];
  readonly balance: (account: string) => bigint;
  readonly total: () => bigint;
  readonly newId: (prefix: string) => string;
  /** Throws before anything is changed. */
  readonly refuse: (name: keyof typeof REFUSALS) => never;
  readonly time: (at: number) => string;
  /** An amount in the escrow service's form, and as a number. */
  readonly usd: (amount: MicroUsd) => string | number;
  readonly number: (amount: MicroUsd) => number;
  /** Moves money; who has too little only where the service itself stands in for it. */
  readonly post: (from: string, to: string, amount: MicroUsd, reason: string, reference: string, at: number) => void;
  readonly callerOf: (request: ServiceRequest) => string;
  /** Writes down that an effect took place. */
  readonly note: (effect: Omit<ServiceEffect, 'key' | 'claimedAt'>, request: ServiceRequest) => void;
  readonly rotateKey: (agent: string, apiKey: string) => void;
}

const OPENED_AT = Date.UTC(2026, 0, 1);
export const ZERO = sumUsd();
export const INFO = {
  service: 'purple-flea',
  docs: 'https://purpleflea.com/llms.txt',
  referral: '-',
  version: '1.0.0',
};

/** Thrown before anything is changed. */
export class Refused extends Error {
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

/** An error in a dialect's words. */
export function errorBody(profile: Profile, code: string, message: string): Readonly<Record<string, unknown>> {
  return profile === 'reference' ? { success: false, error: code, message } : { error: code, message, _info: INFO };
}

/** @param balances by agent, in decimal USD. */
export function createBooks(profile: Profile, balances: Readonly<Record<string, string>>): Books {
  const isReference = profile === 'reference';
  const accounts = new Map<string, bigint>(Object.entries(balances).map(([agent, usd]) => [agent, parseUsd(usd)]));
  const agents = new Map(Object.entries(KEYS).map(([agent, key]) => [key, agent]));
  // Whoever has a balance has deposited it.
  const rows: Row[] = Object.entries(balances).map(([agent, amount], index) => ({
    id: `dep_${index}`,
    agent,
    amount: parseUsd(amount),
    reason: 'deposit',
    reference: agent,
    at: OPENED_AT,
  }));
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
  const usd = (amount: MicroUsd): string | number => (isReference ? formatUsd(amount) : Number(formatUsd(amount)));
  const number = (amount: MicroUsd): number => Number(formatUsd(amount));

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

  return {
    profile,
    isReference,
    rows,
    effects,
    balance,
    total,
    newId,
    refuse,
    time,
    usd,
    number,
    post,
    callerOf: ({ apiKey }) => agents.get(apiKey ?? '') ?? refuse('unauthorized'),
    note: (effect, { key, claimedAt }) => void effects.push({ ...effect, key, claimedAt }),
    rotateKey: (agent, apiKey) => {
      for (const [key, holder] of agents) if (holder === agent) agents.delete(key);
      agents.set(apiKey, agent);
    },
  };
}
