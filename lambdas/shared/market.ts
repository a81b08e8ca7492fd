import * as z from 'zod/mini';
import type { KeySources } from '../../src/aws/key-ring.ts';
import { pauseAtRandom } from '../../src/aws/intent-access.ts';
import { createPaperBookTable } from '../../src/aws/paper-book-table.ts';
import { SecretUnusableError } from '../../src/errors.ts';
import { serviceSchema, type Service } from '../../src/purple-flea/service.ts';
import { createTradingClient } from '../../src/purple-flea/trading-client.ts';
import { createWalletClient } from '../../src/purple-flea/wallet-client.ts';
import { jsonText } from '../../src/schemas.ts';
import { createLiveMarket } from '../../src/trading/live-market.ts';
import type { Market } from '../../src/trading/market.ts';
import { createPaperMarket, type PaperTerms } from '../../src/trading/paper-market.ts';
import type { TradingMode } from '../../src/trading/trade-policy.ts';
import { documents } from './clients/documents.ts';
import { keysEnvironment, tradingEnvironment } from './environment.ts';
import { createKeys, createServiceDeps, createSharedPacer } from './purple-flea.ts';

/** Settings of functions that trade, or look whether they could. */
export const marketEnvironment = {
  ...tradingEnvironment,
  ...keysEnvironment,
  WALLET_SERVICE: jsonText(serviceSchema),
  INTENT_TABLE: z.string(),
};

/** The ways into both markets. Only the one into the live market reads secrets: that of the trader, and that of the wallet. */
export function createMarkets(
  env: {
    readonly SECRETS: KeySources;
    readonly TRADING_SERVICE: Service;
    readonly WALLET_SERVICE: Service;
    readonly CONNECT_TIMEOUT_MS: number;
    readonly REQUEST_TIMEOUT_MS: number;
    readonly PACE_PERCENT: number;
    readonly INTENT_TABLE: string;
  },
  { paper, symbols }: { readonly paper: PaperTerms; readonly symbols: Readonly<Record<string, string>> },
): Readonly<Record<TradingMode, () => Promise<Market>>> {
  const keys = createKeys(env.SECRETS);
  const pacer = createSharedPacer(env);
  const trading = createServiceDeps({ ...env.TRADING_SERVICE, symbols }, env, keys, pacer);
  const wallet = createServiceDeps(env.WALLET_SERVICE, env, keys, pacer);
  const books = createPaperBookTable(documents, env.INTENT_TABLE);
  return {
    live: async () => {
      const { trading: trader, wallet: payer } = env.SECRETS;
      if (trader === undefined) throw new SecretUnusableError('SECRETS: no key to trade with');
      const { baseUrl, profile } = env.TRADING_SERVICE;
      const owner = { agentId: trader.agentId, baseUrl, profile };
      return createLiveMarket(
        owner,
        createTradingClient(trading, await keys.get(trader.agentId, ['trading'])),
        async () => createWalletClient(wallet, await keys.get(payer?.agentId ?? trader.agentId, ['wallet'])),
      );
    },
    paper: async () => createPaperMarket({ books, terms: paper, now: () => new Date(), pause: pauseAtRandom }),
  };
}
