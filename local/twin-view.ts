import * as z from 'zod';
import { parseUsd, type MicroUsd } from '../src/money.ts';

const agentsSchema = z.object({
  agents: z.array(z.object({ agent_id: z.string(), balance_usd: z.string(), locked_usd: z.string() })),
  fees_usd: z.string(),
  conserved: z.boolean(),
});
const escrowsSchema = z.object({
  escrows: z.array(z.looseObject({ escrow_id: z.string(), status: z.string(), description: z.string() })),
});
const ordersSchema = z.object({
  orders: z.array(
    z.looseObject({
      order_id: z.string(),
      direction: z.string(),
      metadata: z.record(z.string(), z.unknown()).nullable(),
      fee: z.number().transform((fee) => parseUsd(fee)),
    }),
  ),
});
const callsSchema = z.object({
  calls: z.array(z.looseObject({ method: z.string(), path: z.string(), status: z.number() })),
});

/** The books of a twin at one moment. */
export interface Books {
  /** Whole balances, what is locked included. */
  readonly balances: ReadonlyMap<string, MicroUsd>;
  readonly locked: ReadonlyMap<string, MicroUsd>;
  readonly fees: MicroUsd;
  /** Whether everything adds up to what was put in. */
  readonly conserved: boolean;
}

export async function readBooks(twinUrl: string): Promise<Books> {
  const { agents, fees_usd, conserved } = await read(twinUrl, '/_twin/agents', agentsSchema);
  return {
    balances: new Map(agents.map((agent) => [agent.agent_id, parseUsd(agent.balance_usd)])),
    locked: new Map(agents.map((agent) => [agent.agent_id, parseUsd(agent.locked_usd)])),
    fees: parseUsd(fees_usd),
    conserved,
  };
}

/** Every escrow the twin has, newest state. */
export async function readEscrows(twinUrl: string) {
  return (await read(twinUrl, '/_twin/escrows', escrowsSchema)).escrows;
}

/** Every order the twin has taken. */
export async function readOrders(twinUrl: string) {
  return (await read(twinUrl, '/_twin/orders', ordersSchema)).orders;
}

/** Every call the twin has answered, in order. */
export async function readCalls(twinUrl: string) {
  return (await read(twinUrl, '/_twin/calls', callsSchema)).calls;
}

async function read<Output>(twinUrl: string, path: string, schema: z.ZodType<Output>): Promise<Output> {
  const response = await fetch(`${twinUrl}${path}`);
  if (!response.ok) throw new Error(`${path}: HTTP ${response.status}`);
  return schema.parse(await response.json());
}
