import { randomBytes } from 'node:crypto';
import { parseUsd, sumUsd, type MicroUsd } from '../src/money.ts';
import { openAccount, type Account } from './account.ts';
import type { Call } from './call-log.ts';
import { createClock, type Clock } from './clock.ts';
import type { DirectionModel } from './direction-model.ts';
import type { Escrow } from './escrow-book.ts';
import type { InitialAgent, InitialData } from './initial-data.ts';
import type { Order, Position } from './order-book.ts';
import type { TrainingJob } from './training-job.ts';

/** One agent of the service, with the money it is free to spend. */
export interface Agent extends Account {
  readonly id: string;
  readonly apiKey: string;
}

/** The whole state of one twin. */
export interface World {
  readonly clock: Clock;
  /** By agent id. */
  readonly agents: ReadonlyMap<string, Agent>;
  /** What the service has earned. */
  readonly fees: Account;
  /** The sum of all balances at the start. */
  readonly deposited: MicroUsd;
  /** By escrow id, oldest first. */
  readonly escrows: Map<string, Escrow>;
  readonly orders: Order[];
  readonly positions: Position[];
  /** By asset. */
  readonly prices: ReadonlyMap<string, MicroUsd>;
  /** By job name. */
  readonly trainingJobs: Map<string, TrainingJob>;
  /** By endpoint name. */
  readonly endpoints: ReadonlyMap<string, DirectionModel>;
  readonly calls: Call[];
}

/** @throws Error if two agents share an id or a key, InvalidAmountError if a balance or price is not an amount. */
export function createWorld(data: InitialData, realNow: () => Date): World {
  const agents = new Map(data.agents.map((agent) => [agent.agentId, openAgent(agent)]));
  if (agents.size < data.agents.length) throw new Error('two agents have the same agentId');
  if (new Set(data.agents.map(({ apiKey }) => apiKey)).size < data.agents.length) {
    throw new Error('two agents have the same apiKey');
  }
  return {
    clock: createClock(realNow),
    agents,
    fees: openAccount(),
    deposited: sumUsd(...[...agents.values()].map(({ balance }) => balance)),
    escrows: new Map(),
    orders: [],
    positions: [],
    prices: new Map(Object.entries(data.prices).map(([asset, price]) => [asset, parseUsd(price)])),
    trainingJobs: new Map(data.trainingJobs.map((job) => [job.name, job])),
    endpoints: data.endpoints,
    calls: [],
  };
}

/** An id as the service makes them: a prefix and 16 hex digits. */
export function newId(prefix: 'esc' | 'ord' | 'pos'): string {
  return `${prefix}_${randomBytes(8).toString('hex')}`;
}

/** What an agent has locked in escrows it created, and as margin of its positions. */
export function lockedBy(world: World, agent: Agent): MicroUsd {
  const escrows = [...world.escrows.values()].filter(({ creator }) => creator === agent);
  const positions = world.positions.filter(({ holder }) => holder === agent);
  return sumUsd(...escrows.map(({ held }) => held.balance), ...positions.map(({ margin }) => margin.balance));
}

function openAgent({ agentId, apiKey, balanceUsd }: InitialAgent): Agent {
  return { id: agentId, apiKey, balance: parseUsd(balanceUsd) };
}
