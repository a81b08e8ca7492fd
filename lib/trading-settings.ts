import type { KeyRole } from '../src/aws/key-ring.ts';
import type { tradePolicySchema } from '../src/trading/trade-policy.ts';
import type * as z from 'zod/mini';
import type { Config } from './config.ts';
import type { Policies } from './policies.ts';

/** What the trading service calls assets, in its dialect. */
export function marketSymbols({ purpleFlea, trading: { markets } }: Config): Readonly<Record<string, string>> {
  const symbols = markets.flatMap(({ asset, symbols: known }) => {
    const symbol = known?.[purpleFlea.trading.profile];
    return symbol === undefined ? [] : [[asset, symbol] as const];
  });
  return Object.fromEntries(symbols);
}

/** What functions are told that trade, or look whether they could. */
export function marketSettings(config: Config): Readonly<Record<string, string>> {
  const { purpleFlea } = config;
  return {
    TRADING_SERVICE: JSON.stringify(purpleFlea.trading),
    WALLET_SERVICE: JSON.stringify(purpleFlea.wallet),
    CONNECT_TIMEOUT_MS: String(purpleFlea.connectTimeoutMs),
    REQUEST_TIMEOUT_MS: String(purpleFlea.requestTimeoutMs),
    PACE_PERCENT: String(purpleFlea.pacePercent),
  };
}

/** Whose keys an order needs: the published service does not show the balance of the account that it trades on. */
export function tradingRoles({ purpleFlea }: Config): readonly KeyRole[] {
  return purpleFlea.trading.profile === 'published' ? ['trading'] : ['trading', 'wallet'];
}

/** What they decide by. */
export function marketPolicies(config: Config): Policies {
  return { trade: tradePolicy(config), paper: config.trading.paper, symbols: marketSymbols(config) };
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
