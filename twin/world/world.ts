import { randomBytes } from 'node:crypto';
import { parseUsd, sumUsd, type MicroUsd } from '../../src/money.ts';
import type { Call } from '../call-log.ts';
import type { Escrow } from '../escrow/escrow-book.ts';
import type { FaucetClaim } from '../faucet/faucet-book.ts';
import type { InitialAgent, InitialData } from '../initial-data.ts';
import type { DirectionModel } from '../sagemaker/direction-model.ts';
import type { TrainingJob } from '../sagemaker/training-job.ts';
import { initialPrices, type PricePath } from '../trading/prices.ts';
import type { Order, Position, Trade } from '../trading/order-book.ts';
import type { Webhook } from '../webhooks/webhook-book.ts';
import { createClock, type Clock } from './clock.ts';
import { NO_MONEY, openLedger, type AccountName, type Ledger } from './ledger.ts';
import { createSchedule, type Schedule } from './schedule.ts';
import { createStore, type Change, type Collection, type Store, type Stored } from './store.ts';

/** The dialects of the escrow API. */
export const ESCROW_PROFILES = ['reference', 'published'] as const;
export type EscrowProfile = (typeof ESCROW_PROFILES)[number];

/** One agent of the service. Its free balance is the ledger's account `agent:<id>`. */
export interface Agent extends Stored {
  readonly apiKey: string;
  /** What others name to be linked to this agent. */
  readonly referralCode: string;
  /** The agent that earns a share of the fees this one causes; null for none. */
  readonly referredBy: string | null;
}

/** The agents that are registered with one service alone; its name is the id. */
export interface Registration extends Stored {
  readonly agentIds: readonly string[];
}

/** Something that happened, for whoever has a webhook. Amounts in `data` are as the webhook shows them. */
export interface Announcement {
  readonly type:
    | 'escrow_funded'
    | 'escrow_completed'
    | 'escrow_released'
    | 'escrow_disputed'
    | 'escrow_refunded'
    | 'trade_filled'
    | 'wallet_transfer'
    | 'faucet_claimed';
  readonly at: Date;
  /** Whose business it is. */
  readonly agentIds: readonly string[];
  readonly data: Readonly<Record<string, unknown>>;
}

/** The whole state of one twin. */
export interface World {
  /** Which dialect the escrow routes speak; the other services serve both, on paths of their own. */
  readonly escrowProfile: EscrowProfile;
  readonly clock: Clock;
  readonly store: Store;
  readonly ledger: Ledger;
  readonly agents: Collection<Agent>;
  readonly registrations: Collection<Registration>;
  readonly escrows: Collection<Escrow>;
  /** When the timer of each escrow fires that has one. */
  readonly escrowTimers: Schedule;
  readonly orders: Collection<Order>;
  /** Open ones and closed ones. */
  readonly positions: Collection<Position>;
  /** One for each fill. */
  readonly trades: Collection<Trade>;
  /** By agent id. */
  readonly faucetClaims: Collection<FaucetClaim>;
  readonly webhooks: Collection<Webhook>;
  readonly trainingJobs: Collection<TrainingJob>;
  /** By asset. */
  readonly prices: Collection<PricePath>;
  /** By endpoint name. */
  readonly endpoints: ReadonlyMap<string, DirectionModel>;
  /** Every call answered in this run. */
  readonly calls: Call[];
  /** Takes what happened; whoever delivers webhooks listens. */
  announce(announcement: Announcement): void;
  /** @param listener is called for every announcement, in order. */
  onAnnouncement(listener: (announcement: Announcement) => void): void;
  /** Writes down what has changed since the last time. Called once for a request, before its answer leaves. */
  commit(): void;
}

export interface WorldOptions {
  readonly escrowProfile: EscrowProfile;
  /** The clock under the twin's own. */
  readonly realNow: () => Date;
  /** The changes of an earlier run. Where there are any, the initial agents, prices and jobs are left out. */
  readonly earlier?: readonly Change[];
  /** Takes what a request changed; none forgets it. */
  readonly append?: (changes: readonly Change[]) => void;
}

/**
 * @throws Error if two agents share an id or a key, or the earlier run spoke another dialect; InvalidAmountError if a
 *   balance is not an amount.
 */
export function createWorld(
  data: InitialData,
  { escrowProfile, realNow, earlier = [], append = () => undefined }: WorldOptions,
): World {
  const store = createStore(earlier);
  const settings = store.collection<Setting>('settings');
  const earlierProfile = settings.get('world')?.escrowProfile ?? escrowProfile;
  if (earlierProfile !== escrowProfile) {
    throw new Error(`the earlier state is of a twin with the profile ${earlierProfile}, not ${escrowProfile}`);
  }
  const offsetMs = settings.get('world')?.offsetMs ?? 0;
  const clock = createClock(realNow, offsetMs);
  const keepSettings = () => settings.put({ id: 'world', escrowProfile, offsetMs: clock.offsetMs() });
  const escrows = store.collection<Escrow>('escrows');
  const listeners: ((announcement: Announcement) => void)[] = [];
  const world: World = {
    escrowProfile,
    clock: {
      ...clock,
      moveTo(time) {
        clock.moveTo(time);
        keepSettings();
      },
      advance(milliseconds) {
        clock.advance(milliseconds);
        keepSettings();
      },
    },
    store,
    ledger: openLedger(store),
    agents: store.collection('agents'),
    registrations: store.collection('registrations'),
    escrows,
    escrowTimers: createSchedule(
      [...escrows.values()].flatMap(({ id, dueAt }) => (dueAt === null ? [] : [{ id, at: dueAt }])),
    ),
    orders: store.collection('orders'),
    positions: store.collection('positions'),
    trades: store.collection('trades'),
    faucetClaims: store.collection('faucet-claims'),
    webhooks: store.collection('webhooks'),
    trainingJobs: store.collection('training-jobs'),
    prices: store.collection('prices'),
    endpoints: data.endpoints,
    calls: [],
    announce: (announcement) => {
      for (const listener of listeners) listener(announcement);
    },
    onAnnouncement: (listener) => void listeners.push(listener),
    commit: () => append(store.takeChanges()),
  };
  if (earlier.length === 0) {
    keepSettings();
    populate(world, data);
  }
  world.commit();
  return world;
}

interface Setting extends Stored {
  readonly escrowProfile: EscrowProfile;
  readonly offsetMs: number;
}

function populate(world: World, data: InitialData): void {
  const keys = new Set<string>();
  for (const agent of data.agents) {
    if (world.agents.get(agent.agentId) !== undefined) throw new Error('two agents have the same agentId');
    if (keys.has(agent.apiKey)) throw new Error('two agents have the same apiKey');
    keys.add(agent.apiKey);
    addAgent(world, agent);
  }
  for (const path of initialPrices(data.prices, world.clock.now())) world.prices.put(path);
  for (const job of data.trainingJobs) world.trainingJobs.put(job);
}

function addAgent(world: World, { agentId, apiKey, balanceUsd, referralCode, referredBy }: InitialAgent): void {
  world.agents.put({
    id: agentId,
    apiKey,
    referralCode: referralCode ?? `REF_${agentId}`,
    referredBy: referredBy ?? null,
  });
  world.ledger.post({
    at: world.clock.now(),
    from: 'deposits',
    to: accountOf(agentId),
    amount: parseUsd(balanceUsd),
    reason: 'deposit',
    reference: agentId,
  });
}

/** An agent's free balance in the ledger. */
export function accountOf(agentId: string): AccountName {
  return `agent:${agentId}`;
}

/** An id as the service makes them: a prefix and 16 hex digits. */
export function newId(prefix: string): string {
  return `${prefix}_${randomBytes(8).toString('hex')}`;
}

/** What an agent has locked in escrows it created, and as margin of its positions. */
export function lockedBy(world: World, agentId: string): MicroUsd {
  let locked = NO_MONEY;
  for (const { id, creatorId } of world.escrows.values()) {
    if (creatorId === agentId) locked = sumUsd(locked, world.ledger.balance(`escrow:${id}`));
  }
  for (const { id, holderId } of world.positions.values()) {
    if (holderId === agentId) locked = sumUsd(locked, world.ledger.balance(`position:${id}`));
  }
  return locked;
}
