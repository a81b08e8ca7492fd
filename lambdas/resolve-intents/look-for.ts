import { lookForCreated, lookForSettled } from '../../src/escrow/look-for-escrow.ts';
import type { Intent, IntentCursor, IntentStore } from '../../src/ledger/intent.ts';
import type { Canary } from '../../src/ledger/latest.ts';
import type { IntentOwner } from '../../src/ledger/owner.ts';
import type { Look, LookFor } from '../../src/ledger/resolve-intents.ts';
import { lookForClaim, lookForTransfer } from '../../src/payouts/look-for-payout.ts';
import type { EscrowClient } from '../../src/purple-flea/escrow.ts';
import type { FaucetClient } from '../../src/purple-flea/faucet.ts';
import type { OpenClient } from '../../src/purple-flea/open-client.ts';
import type { TradingClient } from '../../src/purple-flea/trading.ts';
import type { WalletClient } from '../../src/purple-flea/wallet.ts';
import { lookForOrder } from '../../src/trading/look-for-order.ts';
import { lookForPaperOrder } from '../../src/trading/look-for-paper-order.ts';
import type { PaperBookStore } from '../../src/trading/paper-book.ts';

/** The services as the owner of an effect uses them, where it was sent. */
export interface LookDeps {
  readonly intents: IntentStore;
  readonly openEscrow: OpenClient<EscrowClient>;
  /** @param owner names no service: the wallet is where it is configured, whatever the escrow service. */
  readonly openWallet: OpenClient<WalletClient>;
  readonly openTrading: OpenClient<TradingClient>;
  readonly openFaucet: OpenClient<FaucetClient>;
  readonly paperBooks: Pick<PaperBookStore, 'read'>;
}

/** How many applied intents are read at a time. */
const PAGE = 200;

/** Looks for effects of any kind. One list of escrows serves all that are looked for in a run. */
export function createLookFor(deps: LookDeps): LookFor {
  const escrowClients = new Map<string, EscrowClient>();
  const escrowOf = async (owner: IntentOwner): Promise<EscrowClient> => {
    const { agentId, service } = owner;
    const name = JSON.stringify([agentId, service?.baseUrl, service?.profile]);
    const client = escrowClients.get(name) ?? readingOnce(await deps.openEscrow(owner));
    escrowClients.set(name, client);
    return client;
  };

  return async (intent): Promise<Look> => {
    // Needs no key, and there may be none.
    if (intent.kind === 'paper-order') return lookForPaperOrder(deps.paperBooks, intent);
    switch (intent.kind) {
      case 'escrow-create':
        return lookForCreated(
          {
            escrow: await escrowOf(intent),
            wallet: await deps.openWallet({ agentId: intent.agentId }),
            findCanary: () => findCanary(deps.intents, intent),
          },
          intent,
        );
      case 'escrow-complete':
      case 'escrow-release':
      case 'escrow-dispute':
        return lookForSettled(await deps.openEscrow(intent), intent);
      case 'trade-order':
        return lookForOrder(
          {
            trading: await deps.openTrading(intent),
            findOthers: (since) => findOrders(deps.intents, intent, since),
          },
          intent,
        );
      case 'transfer':
        return lookForTransfer();
      case 'faucet-claim':
        return lookForClaim(await deps.openFaucet(intent), intent);
    }
  };
}

/** Pages and escrows are asked for once, however many effects are looked for in them. */
function readingOnce(client: EscrowClient): EscrowClient {
  const pages = new Map<string, ReturnType<EscrowClient['list']>>();
  const views = new Map<string, ReturnType<EscrowClient['readStatus']>>();
  return {
    ...client,
    list(query = {}) {
      const name = JSON.stringify(query);
      const page = pages.get(name) ?? client.list(query);
      pages.set(name, page);
      return page;
    },
    readStatus(escrowId) {
      const view = views.get(escrowId) ?? client.readStatus(escrowId);
      views.set(escrowId, view);
      return view;
    },
  };
}

/**
 * The escrow that the agent created last. Ledgers of earlier releases keep none: then the applied intents are searched,
 * to their end. None at all means that the agent never created an escrow.
 */
async function findCanary(intents: IntentStore, { agentId }: Intent): Promise<Canary | undefined> {
  const kept = await intents.readCanary({ agentId });
  if (kept !== undefined) return kept;
  for await (const intent of newestApplied(intents)) {
    if (intent.kind !== 'escrow-create' || intent.agentId !== agentId) continue;
    return { reference: intent.reference, createdAt: intent.sentAt ?? intent.createdAt };
  }
  return undefined;
}

/** The applied orders of the same agent and market that were settled since a moment. */
async function findOrders(intents: IntentStore, intent: Intent, since: Date): Promise<Intent[]> {
  const orders: Intent[] = [];
  for await (const other of newestApplied(intents)) {
    if (other.updatedAt < since.toISOString()) break;
    const { key, kind, agentId, payee } = other;
    const isThere = kind === intent.kind && agentId === intent.agentId && payee === intent.payee;
    if (isThere && key !== intent.key) orders.push(other);
  }
  return orders;
}

/** All applied intents, newest first, page by page. */
async function* newestApplied(intents: IntentStore): AsyncGenerator<Intent> {
  let after: IntentCursor | undefined;
  do {
    const page = await intents.listApplied(PAGE, after);
    yield* page.intents;
    after = page.next;
  } while (after !== undefined);
}
