import type { Service } from '../src/purple-flea/service.ts';
import type { tradePolicySchema } from '../src/trading/trade-policy.ts';
import type * as z from 'zod/mini';
import type { Config } from './config.ts';

/** The trading service with the symbols of its dialect. */
export function tradingService({ purpleFlea: { trading }, trading: { markets } }: Config): Service {
  const symbols = markets.flatMap(({ asset, symbols: known }) => {
    const symbol = known?.[trading.profile];
    return symbol === undefined ? [] : [[asset, symbol] as const];
  });
  return symbols.length === 0 ? trading : { ...trading, symbols: Object.fromEntries(symbols) };
}

/** What functions are told that trade, or look whether they could. */
export function marketSettings(config: Config): Readonly<Record<string, string>> {
  const { secretName, purpleFlea, trading } = config;
  return {
    SECRET_NAME: secretName,
    TRADING_SERVICE: JSON.stringify(tradingService(config)),
    WALLET_SERVICE: JSON.stringify(purpleFlea.wallet),
    CONNECT_TIMEOUT_MS: String(purpleFlea.connectTimeoutMs),
    REQUEST_TIMEOUT_MS: String(purpleFlea.requestTimeoutMs),
    TRADE_POLICY: JSON.stringify(tradePolicy(config)),
    PAPER: JSON.stringify(trading.paper),
  };
}

/** What may be traded, with the day's limit, which is a budget of the ledger. */
export function tradePolicy({ trading, budgets }: Config): z.input<typeof tradePolicySchema> {
  const { predictors: _predictors, inferences: _inferences, paper: _paper, markets, ...policy } = trading;
  return {
    ...policy,
    markets: markets.map(({ symbols: _symbols, hours, ...market }) =>
      hours === undefined ? market : { ...market, hours },
    ),
    dailyNotionalUsd: budgets.perDay['trade-order'] ?? '0.00',
  };
}
