import type { Answer } from '../../src/ledger/answer.ts';
import { createEscrowClient } from '../../src/purple-flea/escrow-client.ts';
import { createFaucetClient } from '../../src/purple-flea/faucet-client.ts';
import type { EffectRequest } from '../../src/ledger/answer.ts';
import type { Credentials, Profile, ServiceDeps } from '../../src/purple-flea/service.ts';
import { createTradingClient } from '../../src/purple-flea/trading-client.ts';
import { createWalletClient } from '../../src/purple-flea/wallet-client.ts';
import {
  BALANCE_EXAMPLE,
  CLAIM_EXAMPLE,
  DOCUMENTED_AGENT,
  FAUCET_STATUS_EXAMPLE,
  ORDER_EXAMPLE,
  POSITIONS_EXAMPLE,
  TRANSFER_EXAMPLE,
} from './documented-examples.ts';
import {
  COMPLETE_EXAMPLE,
  CREATE_EXAMPLE,
  DISPUTE_EXAMPLE,
  EXAMPLE_ID,
  HEALTH_EXAMPLE,
  LIST_EXAMPLE,
  RELEASE_EXAMPLE,
  STATS_EXAMPLE,
  STATUS_EXAMPLE,
} from './escrow-examples.ts';
import {
  PUBLISHED_BALANCE,
  PUBLISHED_CLAIM,
  PUBLISHED_COMPLETE,
  PUBLISHED_CREATE,
  PUBLISHED_CREATOR,
  PUBLISHED_DISPUTE,
  PUBLISHED_HEALTH,
  PUBLISHED_HISTORY,
  PUBLISHED_ID,
  PUBLISHED_LEDGER,
  PUBLISHED_ORDER,
  PUBLISHED_PAYMENT,
  PUBLISHED_POSITIONS,
  PUBLISHED_RELEASE,
  PUBLISHED_STATS,
  PUBLISHED_VIEW,
} from './published-examples.ts';
import { CANARY_CREDENTIALS } from './purple-flea.ts';

/** One operation that moves money, in one dialect. */
export interface EffectCall {
  readonly profile: Profile;
  readonly operation: string;
  readonly path: string;
  /** A body that may be sent. */
  readonly body: string;
  /** The answer that proves the effect of `body`. */
  readonly proof: Readonly<Record<string, unknown>>;
  /** The answers that this operation gets before any effect. */
  readonly refusals: Readonly<Record<string, number>>;
  readonly send: (deps: ServiceDeps, request: EffectRequest, credentials?: Credentials) => Promise<Answer<unknown>>;
}

/** One operation that only looks, in one dialect. */
export interface ReadCall {
  readonly profile: Profile;
  readonly operation: string;
  readonly path: string;
  /** An answer that can be read. */
  readonly answer: Readonly<Record<string, unknown>>;
  readonly read: (deps: ServiceDeps, credentials?: Credentials) => Promise<unknown>;
}

type Send = EffectCall['send'];
type Read = ReadCall['read'];

const create: Send = (deps, request, credentials = CANARY_CREDENTIALS) =>
  createEscrowClient(deps, credentials).create(request);
const complete =
  (id: string): Send =>
  (deps, request, credentials = CANARY_CREDENTIALS) =>
    createEscrowClient(deps, credentials).complete(id, request);
const release =
  (id: string): Send =>
  (deps, request, credentials = CANARY_CREDENTIALS) =>
    createEscrowClient(deps, credentials).release(id, request);
const dispute =
  (id: string): Send =>
  (deps, request, credentials = CANARY_CREDENTIALS) =>
    createEscrowClient(deps, credentials).dispute(id, request);
const placeOrder: Send = (deps, request, credentials = CANARY_CREDENTIALS) =>
  createTradingClient(deps, credentials).placeOrder(request);
const transfer: Send = (deps, request, credentials = CANARY_CREDENTIALS) =>
  createWalletClient(deps, credentials).transfer(request);
const claim: Send = (deps, request, credentials = CANARY_CREDENTIALS) =>
  createFaucetClient(deps, credentials).claim(request);

/** The examples with what the client adds to each of their requests. */
const textOf = (request: object): string => JSON.stringify({ metadata: {}, ...request });

const PARTY = { UNAUTHORIZED: 401, FORBIDDEN: 403, WRONG_PARTY: 403, ESCROW_NOT_FOUND: 404 };
const PUBLISHED_PARTY = { UNAUTHORIZED: 401, FORBIDDEN: 403, ESCROW_NOT_FOUND: 404 };

const REFERENCE_EFFECTS: readonly Omit<EffectCall, 'profile'>[] = [
  {
    operation: 'escrow.create',
    path: CREATE_EXAMPLE.path,
    body: textOf(CREATE_EXAMPLE.request),
    proof: CREATE_EXAMPLE.answer,
    refusals: {
      UNAUTHORIZED: 401,
      FORBIDDEN: 403,
      INSUFFICIENT_BALANCE: 400,
      BELOW_MINIMUM_AMOUNT: 400,
      ABOVE_MAXIMUM_AMOUNT: 400,
      COUNTERPARTY_NOT_FOUND: 400,
      INVALID_TIMEOUT: 400,
    },
    send: create,
  },
  {
    operation: 'escrow.complete',
    path: COMPLETE_EXAMPLE.path,
    body: textOf(COMPLETE_EXAMPLE.request),
    proof: COMPLETE_EXAMPLE.answer,
    refusals: PARTY,
    send: complete(EXAMPLE_ID),
  },
  {
    operation: 'escrow.release',
    path: RELEASE_EXAMPLE.path,
    body: textOf(RELEASE_EXAMPLE.request),
    proof: RELEASE_EXAMPLE.answer,
    refusals: PARTY,
    send: release(EXAMPLE_ID),
  },
  {
    operation: 'escrow.dispute',
    path: DISPUTE_EXAMPLE.path,
    body: textOf(DISPUTE_EXAMPLE.request),
    proof: DISPUTE_EXAMPLE.answer,
    refusals: PARTY,
    send: dispute(EXAMPLE_ID),
  },
  {
    operation: 'trading.order',
    path: ORDER_EXAMPLE.path,
    body: textOf(ORDER_EXAMPLE.request),
    proof: ORDER_EXAMPLE.answer,
    refusals: { UNAUTHORIZED: 401 },
    send: placeOrder,
  },
  {
    operation: 'wallet.transfer',
    path: TRANSFER_EXAMPLE.path,
    body: textOf(TRANSFER_EXAMPLE.request),
    proof: TRANSFER_EXAMPLE.answer,
    refusals: { UNAUTHORIZED: 401, FORBIDDEN: 403, INSUFFICIENT_BALANCE: 400, RECIPIENT_NOT_FOUND: 404 },
    send: transfer,
  },
  {
    operation: 'faucet.claim',
    path: CLAIM_EXAMPLE.path,
    body: textOf(CLAIM_EXAMPLE.request),
    proof: CLAIM_EXAMPLE.answer,
    refusals: { UNAUTHORIZED: 401, FORBIDDEN: 403, ALREADY_CLAIMED: 409 },
    send: claim,
  },
];

const PUBLISHED_EFFECTS: readonly Omit<EffectCall, 'profile'>[] = [
  {
    operation: 'escrow.create',
    path: PUBLISHED_CREATE.path,
    body: textOf(PUBLISHED_CREATE.request),
    proof: PUBLISHED_CREATE.answer,
    refusals: {
      UNAUTHORIZED: 401,
      BELOW_MINIMUM_AMOUNT: 400,
      INVALID_DESCRIPTION: 400,
      INVALID_COUNTERPARTY: 400,
      COUNTERPARTY_NOT_FOUND: 404,
      SELF_ESCROW: 400,
      INSUFFICIENT_BALANCE: 402,
    },
    send: create,
  },
  {
    operation: 'escrow.complete',
    path: PUBLISHED_COMPLETE.path,
    body: textOf(PUBLISHED_COMPLETE.request),
    proof: PUBLISHED_COMPLETE.answer,
    refusals: PUBLISHED_PARTY,
    send: complete(PUBLISHED_ID),
  },
  {
    operation: 'escrow.release',
    path: PUBLISHED_RELEASE.path,
    body: textOf(PUBLISHED_RELEASE.request),
    proof: PUBLISHED_RELEASE.answer,
    refusals: PUBLISHED_PARTY,
    send: release(PUBLISHED_ID),
  },
  {
    operation: 'escrow.dispute',
    path: PUBLISHED_DISPUTE.path,
    body: textOf(PUBLISHED_DISPUTE.request),
    proof: PUBLISHED_DISPUTE.answer,
    refusals: { ...PUBLISHED_PARTY, NOT_FOUND: 404 },
    send: dispute(PUBLISHED_ID),
  },
  {
    operation: 'trading.order',
    path: PUBLISHED_ORDER.path,
    body: textOf(PUBLISHED_ORDER.request),
    proof: PUBLISHED_ORDER.answer,
    refusals: { UNAUTHORIZED: 401 },
    send: placeOrder,
  },
  {
    operation: 'wallet.transfer',
    path: PUBLISHED_PAYMENT.path,
    body: textOf(PUBLISHED_PAYMENT.request),
    proof: PUBLISHED_PAYMENT.answer,
    refusals: {
      UNAUTHORIZED: 401,
      INVALID_REQUEST: 400,
      BELOW_MINIMUM_AMOUNT: 400,
      SAME_AGENT: 400,
      INSUFFICIENT_BALANCE: 400,
      RECIPIENT_NOT_FOUND: 404,
    },
    send: transfer,
  },
  {
    operation: 'faucet.claim',
    path: PUBLISHED_CLAIM.path,
    body: textOf(PUBLISHED_CLAIM.request),
    proof: PUBLISHED_CLAIM.answer,
    refusals: { INVALID_REQUEST: 400, AGENT_NOT_FOUND: 404, ALREADY_CLAIMED: 409, HAS_DEPOSITS: 403 },
    send: claim,
  },
];

/** The seven operations that move money, in both dialects. */
export const EFFECT_CALLS: readonly EffectCall[] = [
  ...REFERENCE_EFFECTS.map((call) => ({ ...call, profile: 'reference' as const })),
  ...PUBLISHED_EFFECTS.map((call) => ({ ...call, profile: 'published' as const })),
];

const TRADER: Credentials = { ...CANARY_CREDENTIALS, agentId: DOCUMENTED_AGENT };
const PUBLISHED_AGENT: Credentials = { ...CANARY_CREDENTIALS, agentId: PUBLISHED_CREATOR };

const status =
  (id: string): Read =>
  (deps, credentials = CANARY_CREDENTIALS) =>
    createEscrowClient(deps, credentials).readStatus(id);
const stats: Read = (deps, credentials = CANARY_CREDENTIALS) => createEscrowClient(deps, credentials).readStats();
const health: Read = (deps, credentials = CANARY_CREDENTIALS) => createEscrowClient(deps, credentials).readHealth();

const REFERENCE_READS: readonly Omit<ReadCall, 'profile'>[] = [
  { operation: 'escrow.status', ...STATUS_EXAMPLE, read: status(EXAMPLE_ID) },
  {
    operation: 'escrow.list',
    ...LIST_EXAMPLE,
    read: (deps, credentials = CANARY_CREDENTIALS) => createEscrowClient(deps, credentials).list(LIST_EXAMPLE.query),
  },
  { operation: 'escrow.stats', ...STATS_EXAMPLE, read: stats },
  { operation: 'escrow.health', ...HEALTH_EXAMPLE, read: health },
  {
    operation: 'trading.positions',
    ...POSITIONS_EXAMPLE,
    read: (deps, credentials = TRADER) => createTradingClient(deps, credentials).readPositions(),
  },
  {
    operation: 'wallet.balance',
    ...BALANCE_EXAMPLE,
    read: (deps, credentials = TRADER) => createWalletClient(deps, credentials).readBalance(),
  },
  {
    operation: 'faucet.status',
    ...FAUCET_STATUS_EXAMPLE,
    read: (deps, credentials = TRADER) => createFaucetClient(deps, credentials).readStatus(),
  },
];

const PUBLISHED_READS: readonly Omit<ReadCall, 'profile'>[] = [
  { operation: 'escrow.status', ...PUBLISHED_VIEW, read: status(PUBLISHED_ID) },
  { operation: 'escrow.stats', ...PUBLISHED_STATS, read: stats },
  { operation: 'escrow.health', ...PUBLISHED_HEALTH, read: health },
  {
    operation: 'trading.positions',
    ...PUBLISHED_POSITIONS,
    read: (deps, credentials = PUBLISHED_AGENT) => createTradingClient(deps, credentials).readPositions(),
  },
  {
    operation: 'trading.history',
    ...PUBLISHED_HISTORY,
    read: (deps, credentials = PUBLISHED_AGENT) => createTradingClient(deps, credentials).readHistory(),
  },
  {
    operation: 'wallet.balance',
    ...PUBLISHED_BALANCE,
    read: (deps, credentials = PUBLISHED_AGENT) => createWalletClient(deps, credentials).readBalance(),
  },
  {
    operation: 'wallet.ledger',
    ...PUBLISHED_LEDGER,
    read: (deps, credentials = PUBLISHED_AGENT) => createWalletClient(deps, credentials).readLedger(),
  },
];

/** All reads that a dialect has a route for. */
export const READ_CALLS: readonly ReadCall[] = [
  ...REFERENCE_READS.map((call) => ({ ...call, profile: 'reference' as const })),
  ...PUBLISHED_READS.map((call) => ({ ...call, profile: 'published' as const })),
];
