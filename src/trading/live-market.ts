import type { TradingClient } from '../purple-flea/trading.ts';
import type { WalletClient } from '../purple-flea/wallet.ts';
import type { Market } from './market.ts';

/**
 * An agent's account at Purple Flea, where orders are real. The published server trades on an exchange account of the
 * agent's own, whose balance it does not show.
 */
export function createLiveMarket(agentId: string, trading: TradingClient, wallet: WalletClient): Market {
  return {
    mode: 'live',
    agentId,
    trading,
    readBalance: async () => (trading.profile === 'published' ? undefined : (await wallet.readBalance()).available),
    async notePrice() {
      // The service knows its prices.
    },
  };
}
