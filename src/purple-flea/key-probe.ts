import { createEscrowClient } from './escrow-client.ts';
import type { Credentials, ServiceDeps } from './service.ts';
import { createTradingClient } from './trading-client.ts';
import { createWalletClient } from './wallet-client.ts';

/** What a key is for, as far as it matters where it is tried. */
type Purpose = 'treasury' | 'trading' | 'wallet' | 'counterparties' | 'predecessor';

/**
 * Tries a key by one cheap read that needs it, at the service that it is for. Where the dialect has no list of escrows, the
 * agent's movements show it.
 */
export function createKeyProbe(services: {
  readonly escrow: ServiceDeps;
  readonly wallet: ServiceDeps;
  readonly trading: ServiceDeps;
}): (purpose: Purpose, credentials: Credentials) => Promise<unknown> {
  return async (purpose, credentials) => {
    switch (purpose) {
      case 'trading':
        return createTradingClient(services.trading, credentials).readPositions();
      case 'wallet':
        return createWalletClient(services.wallet, credentials).readBalance();
      case 'treasury':
      case 'predecessor':
      case 'counterparties': {
        const list = await createEscrowClient(services.escrow, credentials).list({ limit: 1 });
        return list.kind === 'read' ? list : createWalletClient(services.wallet, credentials).readLedger();
      }
    }
  };
}
