import { randomUUID } from 'node:crypto';
import { parseUsd, sumUsd, toJsonNumber, type MicroUsd } from '../../src/money.ts';
import { NO_MONEY } from '../world/ledger.ts';
import type { Collection, Stored } from '../world/store.ts';
import { accountOf, type Agent, type World } from '../world/world.ts';

/** What an agent has had from the faucet. Its id is the agent's. */
export interface FaucetClaim extends Stored {
  /** Of the last claim. */
  readonly claimId: string;
  readonly times: number;
  readonly total: MicroUsd;
  /** When it last claimed, in milliseconds since 1970. */
  readonly claimedAt: number;
  /** Where the last claim came from. */
  readonly address: string;
}

/** What the faucet holds of an agent. Its id is the agent's. */
export interface FaucetStanding extends Stored {
  /** How often it may claim; null for once, ever, which holds without a standing as well. */
  readonly everyHours: number | null;
  /** Whether it counts as funded. What an agent started with here does not make it so. */
  readonly hasDeposits: boolean;
}

/** What holds for all agents. There is one, with the id `faucet`. */
export interface FaucetRules extends Stored {
  readonly id: typeof RULES;
  /** Whether one address may claim only once in 24 hours. Off, since all that run on one machine share an address. */
  readonly limitAddresses: boolean;
}

/** What one claim gives. */
export const FAUCET_AMOUNT = parseUsd('1.00');

const RULES = 'faucet';
const HOUR_MS = 3_600_000;
const ADDRESS_HOURS = 24;

/** When an agent may claim again: `now` or earlier if it may already, null for never. */
export function nextClaimAt(world: World, agentId: string, now: Date): Date | null {
  const claimed = world.faucetClaims.get(agentId);
  if (claimed === undefined) return now;
  const { everyHours } = standingOf(world, agentId);
  return everyHours === null ? null : new Date(claimed.claimedAt + everyHours * HOUR_MS);
}

/** Whether an agent may claim now. */
export function canClaim(world: World, agentId: string, now: Date): boolean {
  const next = nextClaimAt(world, agentId, now);
  return next !== null && next <= now;
}

/** When an address may claim again, if it may not now. */
export function addressWaitsUntil(world: World, address: string, now: Date): Date | undefined {
  if (!limitsAddresses(world)) return undefined;
  const last = Math.max(
    ...[...world.faucetClaims.values()]
      .filter((claimed) => claimed.address === address)
      .map(({ claimedAt }) => claimedAt),
  );
  const until = last + ADDRESS_HOURS * HOUR_MS;
  return until > now.getTime() ? new Date(until) : undefined;
}

/** Gives the agent its dollar. */
export function claim(world: World, agent: Agent, address: string, now: Date): FaucetClaim {
  const before = world.faucetClaims.get(agent.id);
  const claimed: FaucetClaim = {
    id: agent.id,
    claimId: randomUUID(),
    times: (before?.times ?? 0) + 1,
    total: sumUsd(before?.total ?? NO_MONEY, FAUCET_AMOUNT),
    claimedAt: now.getTime(),
    address,
  };
  world.ledger.post({
    at: now,
    from: 'faucet',
    to: accountOf(agent.id),
    amount: FAUCET_AMOUNT,
    reason: 'faucet_claim: $1 free credits',
    reference: claimed.claimId,
  });
  world.faucetClaims.put(claimed);
  world.announce({
    type: 'faucet_claimed',
    at: now,
    agentIds: [agent.id],
    data: { claim_id: claimed.claimId, agent_id: agent.id, amount_usdc: toJsonNumber(FAUCET_AMOUNT) },
  });
  return claimed;
}

/** What the faucet holds of an agent. */
export function standingOf(world: World, agentId: string): FaucetStanding {
  return standings(world).get(agentId) ?? { id: agentId, everyHours: null, hasDeposits: false };
}

export function setStanding(world: World, standing: FaucetStanding): void {
  standings(world).put(standing);
}

/** Whether one address may claim only once in 24 hours. */
export function limitsAddresses(world: World): boolean {
  return rules(world).get(RULES)?.limitAddresses ?? false;
}

export function setAddressLimit(world: World, limitAddresses: boolean): void {
  rules(world).put({ id: RULES, limitAddresses });
}

function standings(world: World): Collection<FaucetStanding> {
  return world.store.collection('faucet-standings');
}

function rules(world: World): Collection<FaucetRules> {
  return world.store.collection('faucet-rules');
}
