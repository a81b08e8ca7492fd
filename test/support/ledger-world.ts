import type { OrderStore } from '../../src/ledger/intent.ts';
import { createLookFor, type LookDeps } from '../../lambdas/resolve-intents/look-for.ts';
import type { BudgetPolicy } from '../../src/ledger/budgets.ts';
import type { EffectDeps } from '../../src/ledger/perform-effect.ts';
import { RESOLVE_DEFAULTS, resolveIntents, type ResolveRun } from '../../src/ledger/resolve-intents.ts';
import type { Owner } from '../../src/ledger/owner.ts';
import { createEscrowClient } from '../../src/purple-flea/escrow-client.ts';
import type { EscrowClient } from '../../src/purple-flea/escrow.ts';
import { createFaucetClient } from '../../src/purple-flea/faucet-client.ts';
import type { FaucetClient } from '../../src/purple-flea/faucet.ts';
import type { OpenClient } from '../../src/purple-flea/open-client.ts';
import type { Credentials, Profile } from '../../src/purple-flea/service.ts';
import { createTradingClient } from '../../src/purple-flea/trading-client.ts';
import type { TradingClient } from '../../src/purple-flea/trading.ts';
import { createWalletClient } from '../../src/purple-flea/wallet-client.ts';
import type { WalletClient } from '../../src/purple-flea/wallet.ts';
import { startTwin, type Twin } from '../../twin/server.ts';
import { OWNER, TREASURY } from './bonus-escrow.ts';
import { afterNoon, anInvocation, MINUTE, NO_BUDGETS } from './effects.ts';
import { readFirstBeginning } from './memory-beginnings.ts';
import { createMemoryIntents, type MemoryIntents } from './memory-intents.ts';
import { createMemoryPaperBooks } from './memory-paper-books.ts';
import { opening, ownerAt } from './owners.ts';
import { aService } from './purple-flea.ts';

export const TREASURY_KEY: Credentials = { agentId: TREASURY, apiKey: 'key-of-treasury' };
export const OWNER_KEY: Credentials = { agentId: OWNER, apiKey: 'key-of-owner' };

const REQUEST_MS = 5_000;

/** What one agent sends effects with. */
export interface Sender extends EffectDeps {
  readonly intents: OrderStore;
  readonly owner: Owner;
  readonly openEscrow: OpenClient<EscrowClient>;
  readonly openWallet: OpenClient<WalletClient>;
  readonly openFaucet: OpenClient<FaucetClient>;
  readonly requestMs: number;
  readonly escrow: EscrowClient;
  readonly wallet: WalletClient;
  readonly trading: TradingClient;
  readonly faucet: FaucetClient;
}

/** A ledger in memory and a twin over HTTP, both by one clock that stands still until a test moves it. */
export interface LedgerWorld {
  readonly twin: Twin;
  readonly intents: MemoryIntents;
  readonly treasury: Sender;
  readonly owner: Sender;
  readonly lookDeps: LookDeps;
  /** Sets the clock to so many minutes after noon. */
  setMinute(minute: number): void;
  /** One run of the sweeper, so many minutes after noon. */
  sweepAt(minute: number): Promise<ResolveRun>;
  close(): Promise<void>;
}

export async function startLedgerWorld(
  profile: Profile,
  { budgets = NO_BUDGETS, resend = true }: { readonly budgets?: BudgetPolicy; readonly resend?: boolean } = {},
): Promise<LedgerWorld> {
  let now = afterNoon(0);
  const agents = [
    { ...TREASURY_KEY, balanceUsd: '5000.00' },
    { ...OWNER_KEY, balanceUsd: '100.00' },
  ];
  const twin = await startTwin({ agents, escrowProfile: profile, rateLimits: false, now: () => now });
  const service = () => aService(twin.url, { profile, totalMs: REQUEST_MS });
  const intents = createMemoryIntents();
  const clientsOf = (credentials: Credentials) => ({
    escrow: createEscrowClient(service(), credentials),
    wallet: createWalletClient(service(), credentials),
    trading: createTradingClient(service(), credentials),
    faucet: createFaucetClient(service(), credentials),
  });
  const senderOf = (credentials: Credentials): Sender => ({
    ...anInvocation({ budgets, now: () => now }),
    intents,
    owner: ownerAt(service(), credentials),
    openEscrow: opening(clientsOf(credentials).escrow),
    openWallet: opening(clientsOf(credentials).wallet),
    openFaucet: opening(clientsOf(credentials).faucet),
    requestMs: REQUEST_MS,
    ...clientsOf(credentials),
  });
  const keyOf = (agentId: string) => (agentId === OWNER ? OWNER_KEY : TREASURY_KEY);
  const lookDeps: LookDeps = {
    intents,
    openEscrow: async ({ agentId }) => clientsOf(keyOf(agentId)).escrow,
    openWallet: async ({ agentId }) => clientsOf(keyOf(agentId)).wallet,
    openTrading: async ({ agentId }) => clientsOf(keyOf(agentId)).trading,
    openFaucet: async ({ agentId }) => clientsOf(keyOf(agentId)).faucet,
    paperBooks: createMemoryPaperBooks(),
  };
  const setMinute = (minute: number): void => {
    now = afterNoon(minute * MINUTE);
  };
  return {
    twin,
    intents,
    treasury: senderOf(TREASURY_KEY),
    owner: senderOf(OWNER_KEY),
    lookDeps,
    setMinute,
    async sweepAt(minute) {
      setMinute(minute);
      return resolveIntents({
        intents,
        lookFor: createLookFor(lookDeps),
        policy: { ...RESOLVE_DEFAULTS, resend },
        readBeginning: readFirstBeginning,
        now: () => now,
        remainingMs: () => 15 * MINUTE,
      });
    },
    close: () => twin.close(),
  };
}
