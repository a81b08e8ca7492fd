import { lookForSettled } from '../../src/escrow/look-for-escrow.ts';
import type { Intent, IntentStore } from '../../src/ledger/intent.ts';
import type { Look, LookFor } from '../../src/ledger/resolve-intents.ts';
import { lookForClaim, lookForTransfer } from '../../src/payouts/look-for-payout.ts';
import type { FaucetClient } from '../../src/purple-flea/faucet.ts';
import type { OpenClient } from '../../src/purple-flea/open-client.ts';
import type { TradingClient } from '../../src/purple-flea/trading.ts';
import { lookForOrder } from '../../src/trading/look-for-order.ts';
import { lookForPaperOrder } from '../../src/trading/look-for-paper-order.ts';
import type { PaperBookStore } from '../../src/trading/paper-book.ts';
import { createLookForCreated, newestApplied, type LookForCreatedDeps } from '../shared/look-for-created.ts';

/** The services as the owner of an effect uses them, where it was sent. */
export interface LookDeps extends LookForCreatedDeps {
  readonly openTrading: OpenClient<TradingClient>;
  readonly openFaucet: OpenClient<FaucetClient>;
  readonly paperBooks: Pick<PaperBookStore, 'read'>;
}

/** Looks for effects of any kind. One list of escrows serves all that are looked for in a run. */
export function createLookFor(deps: LookDeps): LookFor {
  const lookForCreation = createLookForCreated(deps);

  return async (intent): Promise<Look> => {
    // Needs no key, and there may be none.
    if (intent.kind === 'paper-order') return lookForPaperOrder(deps.paperBooks, intent);
    switch (intent.kind) {
      case 'escrow-create':
        return lookForCreation(intent);
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
