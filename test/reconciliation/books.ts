import type { OrderStore } from '../../src/ledger/intent.ts';
import { createHandler } from '../../lambdas/reconcile-ledger/handler.ts';
import { createLookFor } from '../../lambdas/resolve-intents/look-for.ts';
import type { EscrowEffectDeps } from '../../src/escrow/escrow-effects.ts';
import type { ComparedPlaces } from '../../src/reconciliation/ledger-picture.ts';
import { SecretUnusableError } from '../../src/errors.ts';
import { RESOLVE_DEFAULTS, resolveIntents } from '../../src/ledger/resolve-intents.ts';
import { unpaced } from '../../src/pacing/pacer.ts';
import { createEscrowClient } from '../../src/purple-flea/escrow-client.ts';
import { createFaucetClient } from '../../src/purple-flea/faucet-client.ts';
import type { FaucetClient } from '../../src/purple-flea/faucet.ts';
import type { OpenClient } from '../../src/purple-flea/open-client.ts';
import type { Credentials, Profile, ServiceDeps } from '../../src/purple-flea/service.ts';
import { createTradingClient } from '../../src/purple-flea/trading-client.ts';
import type { TradingClient } from '../../src/purple-flea/trading.ts';
import type { HttpAnswer, HttpRequest } from '../../src/purple-flea/transport.ts';
import { createWalletClient } from '../../src/purple-flea/wallet-client.ts';
import type { WalletClient } from '../../src/purple-flea/wallet.ts';
import { createApp } from '../../twin/app.ts';
import { readInitialData } from '../../twin/initial-data.ts';
import { createWorld, type World } from '../../twin/world/world.ts';
import { opening, ownerAt } from '../support/owners.ts';
import { anInvocation, MINUTE, NOON } from '../support/effects.ts';
import { createMemoryBaselines, type MemoryBaselines } from '../support/memory-baselines.ts';
import { readFirstBeginning } from '../support/memory-beginnings.ts';
import { createMemoryIntents, createMemoryLedger, type MemoryIntents } from '../support/memory-intents.ts';
import { createMemoryPaperBooks } from '../support/memory-paper-books.ts';
import { createRecorder, type Recorder } from '../support/recorder.ts';

export const TREASURY: Credentials = { agentId: 'ag_treasury', apiKey: 'key-of-treasury' };
export const WORKER: Credentials = { agentId: 'ag_worker', apiKey: 'key-of-worker' };
export const OTHER: Credentials = { agentId: 'ag_other', apiKey: 'key-of-other' };

/** What becomes of the next request that changes anything. */
export type Fate = 'answered' | 'lost-and-done' | 'lost' | 'not-sent' | 'error-500';

/** What one agent sends effects with. */
export interface Sender extends EscrowEffectDeps {
  readonly intents: OrderStore;
  readonly wallet: WalletClient;
  readonly trading: TradingClient;
  readonly faucet: FaucetClient;
  readonly openWallet: OpenClient<WalletClient>;
  readonly openFaucet: OpenClient<FaucetClient>;
}

export type Summary = Awaited<ReturnType<ReturnType<typeof createHandler>>>[number];

/** A twin in process, a ledger over it, and the daily function over both, by one clock that stands still. */
export interface Books {
  readonly profile: Profile;
  readonly world: World;
  readonly intents: MemoryIntents;
  /** Intents as they are stored: to change them behind the ledger's back. */
  readonly stored: ReturnType<typeof createMemoryLedger>['items'];
  readonly baselines: MemoryBaselines;
  readonly treasury: Sender;
  readonly worker: Sender;
  /** Escrows that the service has lost. */
  readonly lost: Set<string>;
  readonly now: () => Date;
  pass(milliseconds: number): Promise<void>;
  setFate(fate: Fate): void;
  /** Calls the service past the ledger. */
  call(who: Credentials, method: 'GET' | 'POST', path: string, body?: unknown): Promise<Record<string, unknown>>;
  sweep(): Promise<void>;
  /** One run of the daily function. @param meanwhile is called before each of its requests and reads of the ledger. */
  reconcile(options?: {
    readonly meanwhile?: () => Promise<void>;
    readonly remainingMs?: () => number;
    readonly failsToPublish?: boolean;
    /** Answers in the place of the service; undefined leaves it to that. */
    readonly answer?: (request: HttpRequest) => HttpAnswer | undefined;
    /** Takes how long the function waits. */
    readonly waits?: number[];
    /** More agents that are to be compared, whose secrets cannot be read. */
    readonly unread?: readonly string[];
    /** Where the services are configured now, if not where they were. */
    readonly places?: ComparedPlaces;
  }): Promise<{
    readonly summary: Summary;
    readonly summaries: readonly Summary[];
    readonly recorder: Recorder;
    readonly requests: number;
  }>;
}

export function openBooks(profile: Profile, balanceUsd = '100000.00'): Books {
  let now = NOON;
  let fate: Fate = 'answered';
  const agents = [
    { ...TREASURY, balanceUsd },
    { ...WORKER, balanceUsd: '100.00' },
    { ...OTHER, balanceUsd: '100.00' },
  ];
  const data = { ...readInitialData(), agents };
  const world = createWorld(data, { escrowProfile: profile, realNow: () => now });
  const app = createApp(world, { rateLimits: false });
  const ledger = createMemoryLedger();
  const intents = createMemoryIntents(() => {}, ledger);
  const baselines = createMemoryBaselines();
  const lost = new Set<string>();

  const fetchTwin = async ({ method, url, apiKey, body }: Omit<HttpRequest, 'totalMs'>): Promise<HttpAnswer> => {
    const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' };
    const request = new Request(`http://twin${url}`, { method, headers, ...(body === undefined ? {} : { body }) });
    const answer = await app.fetch(request);
    const text = await answer.text();
    const parsed = withoutLost(url, JSON.parse(text), profile);
    return parsed === undefined
      ? { kind: 'answered', status: 404, body: gone(profile), retryAfterSeconds: undefined }
      : { kind: 'answered', status: answer.status, body: parsed, retryAfterSeconds: undefined };
  };

  /** An answer as a service gives it that has lost some escrows; undefined for the status of one of them. */
  function withoutLost(url: string, body: unknown, dialect: Profile): unknown {
    const id = url.split('?')[0]?.split('/').at(-1) ?? '';
    if (lost.has(id)) return undefined;
    if (dialect === 'published' || !url.startsWith('/escrow/list')) return body;
    const page = body as { total: number; escrows: { escrow_id: string }[] };
    return {
      ...page,
      total: page.total - lost.size,
      escrows: page.escrows.filter(({ escrow_id }) => !lost.has(escrow_id)),
    };
  }

  async function send(request: HttpRequest): Promise<HttpAnswer> {
    if (request.method === 'GET') return fetchTwin(request);
    const drawn = fate;
    fate = 'answered';
    switch (drawn) {
      case 'answered':
        return fetchTwin(request);
      case 'lost-and-done':
        await fetchTwin(request);
        return { kind: 'lost', reason: 'no answer' };
      case 'lost':
        return { kind: 'lost', reason: 'no answer' };
      case 'not-sent':
        return { kind: 'not-sent', reason: 'no connection' };
      case 'error-500':
        return { kind: 'answered', status: 500, body: {}, retryAfterSeconds: undefined };
    }
  }

  const serviceOf = (transport: ServiceDeps['transport']): ServiceDeps => ({
    service: { baseUrl: '', profile },
    transport,
    pacer: unpaced,
    readMs: 0,
    now: () => now.getTime(),
    sleep: async () => {},
    random: () => 0,
  });
  const clientsOf = (credentials: Credentials, transport = send) => ({
    escrow: createEscrowClient(serviceOf(transport), credentials),
    wallet: createWalletClient(serviceOf(transport), credentials),
    trading: createTradingClient(serviceOf(transport), credentials),
    faucet: createFaucetClient(serviceOf(transport), credentials),
  });
  const senderOf = (credentials: Credentials): Sender => ({
    ...anInvocation({ now: () => now }),
    intents,
    owner: ownerAt(serviceOf(send), credentials),
    openEscrow: opening(clientsOf(credentials).escrow),
    openWallet: opening(clientsOf(credentials).wallet),
    openFaucet: opening(clientsOf(credentials).faucet),
    requestMs: 5_000,
    ...clientsOf(credentials),
  });
  const keyOf = (agentId: string) => (agentId === WORKER.agentId ? WORKER : TREASURY);

  return {
    profile,
    world,
    intents,
    stored: ledger.items,
    baselines,
    treasury: senderOf(TREASURY),
    worker: senderOf(WORKER),
    lost,
    now: () => now,
    async pass(milliseconds) {
      now = new Date(now.getTime() + milliseconds);
      await app.fireDue();
    },
    setFate(next) {
      fate = next;
    },
    async call(who, method, path, body) {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const answer = await fetchTwin({ method, url: path, apiKey: who.apiKey, body: text });
      if (answer.kind !== 'answered' || answer.status >= 300) {
        throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
      }
      return answer.body as Record<string, unknown>;
    },
    async sweep() {
      await resolveIntents({
        intents,
        readBeginning: readFirstBeginning,
        lookFor: createLookFor({
          intents,
          openEscrow: async ({ agentId }) => clientsOf(keyOf(agentId)).escrow,
          openWallet: async ({ agentId }) => clientsOf(keyOf(agentId)).wallet,
          openTrading: async ({ agentId }) => clientsOf(keyOf(agentId)).trading,
          openFaucet: async ({ agentId }) => clientsOf(keyOf(agentId)).faucet,
          paperBooks: createMemoryPaperBooks(),
        }),
        policy: RESOLVE_DEFAULTS,
        now: () => now,
        remainingMs: () => 15 * MINUTE,
      });
    },
    async reconcile({
      meanwhile = async () => {},
      remainingMs = () => 15 * MINUTE,
      failsToPublish = false,
      answer = () => undefined,
      waits = [],
      unread = [],
      places = { escrow: { baseUrl: '', profile }, wallet: { baseUrl: '', profile } },
    } = {}) {
      const recorder = createRecorder({ failsToPublish });
      let requests = 0;
      const transport = async (request: HttpRequest): Promise<HttpAnswer> => {
        requests += 1;
        await meanwhile();
        return answer(request) ?? fetchTwin(request);
      };
      const reading = createMemoryIntents(() => meanwhile(), ledger);
      const handler = createHandler({
        intents: reading,
        baselines,
        agentIds: [...unread, TREASURY.agentId],
        places,
        openEscrow: async ({ agentId }) => {
          if (unread.includes(agentId)) throw new SecretUnusableError(`secret of ${agentId}: has no value`);
          return clientsOf(keyOf(agentId), transport).escrow;
        },
        openWallet: async ({ agentId }) => clientsOf(keyOf(agentId), transport).wallet,
        openTrading: async ({ agentId }) => clientsOf(keyOf(agentId), transport).trading,
        now: () => now,
        sleep: async (milliseconds) => void waits.push(milliseconds),
        publish: recorder.publish,
        log: recorder.log,
        count: recorder.count,
      });
      const summaries = await handler({}, { getRemainingTimeInMillis: remainingMs });
      const summary = summaries.at(-1);
      if (summary === undefined) throw new Error('nothing was reconciled');
      return { summary, summaries, recorder, requests };
    },
  };
}

function gone(profile: Profile): Record<string, unknown> {
  return profile === 'reference'
    ? { success: false, error: 'ESCROW_NOT_FOUND', message: 'No such escrow' }
    : { error: 'not_found', message: 'Escrow not found' };
}
