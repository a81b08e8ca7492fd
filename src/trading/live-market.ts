import type { Owner } from '../ledger/owner.ts';
import type { TradingClient } from '../purple-flea/trading.ts';
import type { WalletClient } from '../purple-flea/wallet.ts';
import type { Market } from './market.ts';

/**
 * An agent's account at Purple Flea, where orders are real. The published server trades on an exchange account of the
 * agent's own, whose balance it does not show: then no wallet is opened.
 */
export function createLiveMarket(
  { agentId, baseUrl, profile }: Owner,
  trading: TradingClient,
  openWallet: () => Promise<WalletClient>,
): Market {
  const showsBalance = profile !== 'published';
  return {
    mode: 'live',
    agentId,
    service: { baseUrl, profile },
    trading,
    reserve: async (order) => {
      const beside = showsBalance ? (await openWallet()).pacedReads(1, order) : [];
      return trading.reserve(['read', 'order'], order, beside);
    },
    readBalance: async () => (showsBalance ? (await (await openWallet()).readBalance()).available : undefined),
    async notePrice() {
      // The service knows its prices.
    },
  };
}
