import * as z from 'zod/mini';
import { pauseAtRandom } from '../../src/aws/intent-table.ts';
import { createPaperBookTable } from '../../src/aws/paper-book-table.ts';
import { serviceSchema, type Service } from '../../src/purple-flea/service.ts';
import { createTradingClient } from '../../src/purple-flea/trading-client.ts';
import { createWalletClient } from '../../src/purple-flea/wallet-client.ts';
import { jsonText } from '../../src/schemas.ts';
import { createLiveMarket } from '../../src/trading/live-market.ts';
import type { Market } from '../../src/trading/market.ts';
import { createPaperMarket, type PaperTerms } from '../../src/trading/paper-market.ts';
import type { TradingMode } from '../../src/trading/trade-policy.ts';
import { aws } from './aws.ts';
import { tradingEnvironment } from './environment.ts';
import { createApiKeySource, createServiceDeps } from './purple-flea.ts';

/** Settings of functions that trade, or look whether they could. */
export const marketEnvironment = {
  ...tradingEnvironment,
  WALLET_SERVICE: jsonText(serviceSchema),
  INTENT_TABLE: z.string(),
};

/** The ways into both markets. Only the one into the live market reads the secret. */
export function createMarkets(
  env: {
    readonly SECRET_NAME: string;
    readonly TRADING_SERVICE: Service;
    readonly WALLET_SERVICE: Service;
    readonly CONNECT_TIMEOUT_MS: number;
    readonly REQUEST_TIMEOUT_MS: number;
    readonly INTENT_TABLE: string;
  },
  { paper, symbols }: { readonly paper: PaperTerms; readonly symbols: Readonly<Record<string, string>> },
): Readonly<Record<TradingMode, () => Promise<Market>>> {
  const readApiKeys = createApiKeySource(env.SECRET_NAME);
  const trading = createServiceDeps({ ...env.TRADING_SERVICE, symbols }, env);
  const wallet = createServiceDeps(env.WALLET_SERVICE, env);
  const books = createPaperBookTable(aws.dynamoDb, env.INTENT_TABLE);
  return {
    live: async () => {
      const { own } = await readApiKeys();
      return createLiveMarket(own.agentId, createTradingClient(trading, own), createWalletClient(wallet, own));
    },
    paper: async () => createPaperMarket({ books, terms: paper, now: () => new Date(), pause: pauseAtRandom }),
  };
}
