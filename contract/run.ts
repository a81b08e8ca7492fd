import { setTimeout as sleep } from 'node:timers/promises';
import { unpaced } from '../src/pacing/pacer.ts';
import { createEscrowClient } from '../src/purple-flea/escrow-client.ts';
import type { EscrowClient } from '../src/purple-flea/escrow.ts';
import { createFaucetClient } from '../src/purple-flea/faucet-client.ts';
import type { FaucetClient } from '../src/purple-flea/faucet.ts';
import type { Credentials, Profile, ServiceDeps } from '../src/purple-flea/service.ts';
import { createTradingClient } from '../src/purple-flea/trading-client.ts';
import type { TradingClient } from '../src/purple-flea/trading.ts';
import { createTransport, type HttpAnswer, type HttpRequest, type Transport } from '../src/purple-flea/transport.ts';
import { createWalletClient } from '../src/purple-flea/wallet-client.ts';
import type { WalletClient } from '../src/purple-flea/wallet.ts';

export const SERVICES = ['escrow', 'trading', 'wallet', 'faucet'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** An agent and its key; and, by service, those of registrations of its own. */
export interface TargetAgent extends Credentials {
  readonly own?: Readonly<Partial<Record<ServiceName, Credentials>>>;
}

/** What is to be checked, and with whose money. */
export interface Target {
  readonly profile: Profile;
  /** Without a slash at the end. */
  readonly urls: Readonly<Record<ServiceName, string>>;
  /** Locks, pays and trades. */
  readonly creator: TargetAgent;
  /** Delivers and is paid. */
  readonly counterparty: TargetAgent;
}

/** One agent with a client for each service. */
export interface Party {
  readonly agentId: string;
  /** Who trades: another agent where trading has a registration of its own. */
  readonly traderId: string;
  readonly escrow: EscrowClient;
  readonly trading: TradingClient;
  readonly wallet: WalletClient;
  readonly faucet: FaucetClient;
}

/** One request and what came back; never a header. */
export interface Exchange {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly answer: HttpAnswer;
}

/** What checks work with, and what they leave for those that follow. */
export interface Run {
  readonly target: Target;
  readonly creator: Party;
  readonly counterparty: Party;
  /** Somebody whose key nobody has. */
  readonly stranger: Party;
  /** Everything sent so far. */
  readonly exchanges: readonly Exchange[];
  /** A request that the clients would not send. */
  raw(service: ServiceName, method: 'GET' | 'POST', path: string, body?: unknown): Promise<HttpAnswer>;
  /** A reference no other effect has, and a key for it. */
  newEffect(): { readonly key: string; readonly reference: string };
  /** The escrow that was created, once it was. */
  escrowId: string | undefined;
}

const DEADLINES = { connectMs: 5_000, totalMs: 10_000 };

/** Opens clients for both agents that record what they see. */
export function startRun(target: Target, newId: () => string): Run {
  const exchanges: Exchange[] = [];
  const transport = recording(createTransport(DEADLINES), exchanges);
  const depsOf = (service: ServiceName): ServiceDeps => ({
    service: { baseUrl: target.urls[service], profile: target.profile },
    transport,
    pacer: unpaced,
    readMs: DEADLINES.totalMs,
    now: Date.now,
    sleep,
    random: Math.random,
  });
  const partyOf = (agent: TargetAgent): Party => {
    const at = (service: ServiceName) => agent.own?.[service] ?? agent;
    return {
      agentId: agent.agentId,
      traderId: at('trading').agentId,
      escrow: createEscrowClient(depsOf('escrow'), at('escrow')),
      trading: createTradingClient(depsOf('trading'), at('trading')),
      wallet: createWalletClient(depsOf('wallet'), at('wallet')),
      faucet: createFaucetClient(depsOf('faucet'), at('faucet')),
    };
  };
  return {
    target,
    creator: partyOf(target.creator),
    counterparty: partyOf(target.counterparty),
    stranger: partyOf({ apiKey: 'no-agent-has-this-key', agentId: target.creator.agentId }),
    exchanges,
    raw: (service, method, path, body) =>
      transport({
        method,
        url: `${target.urls[service]}${path}`,
        apiKey: (target.creator.own?.[service] ?? target.creator).apiKey,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    newEffect: () => {
      const id = newId();
      return { key: id, reference: `contract:${id.slice(0, 12)}` };
    },
    escrowId: undefined,
  };
}

function recording(transport: Transport, exchanges: Exchange[]): Transport {
  return async (request: HttpRequest) => {
    const answer = await transport(request);
    const { pathname, search } = new URL(request.url);
    exchanges.push({ method: request.method, path: `${pathname}${search}`, answer });
    return answer;
  };
}
