import type { TradingDialect } from './profiles/trading-dialect.ts';
import { tradingPublished } from './profiles/trading-published.ts';
import { tradingReference } from './profiles/trading-reference.ts';
import { readService } from './read-service.ts';
import { sendEffect } from './send-effect.ts';
import { reserveCalls, type Credentials, type Profile, type ServiceDeps } from './service.ts';
import { LONGEST_HISTORY, type TradingClient } from './trading.ts';

const DIALECTS: Readonly<Record<Profile, TradingDialect>> = {
  reference: tradingReference,
  published: tradingPublished,
};

/**
 * The trading service as one agent uses it, in the dialect that is configured for it. Where the service calls an asset
 * otherwise than its dialect would, `symbols` says how: out it goes by its symbol, and comes back by its name.
 */
export function createTradingClient(deps: ServiceDeps, credentials: Credentials): TradingClient {
  const { profile, symbols = {} } = deps.service;
  const dialect = DIALECTS[profile];
  const shown = new Map(Object.entries(symbols).map(([asset, symbol]) => [asset, dialect.assetOf(symbol)]));
  const names = new Map([...shown].map(([asset, name]) => [name, asset]));
  const renamed = <Row extends { readonly asset: string }>(row: Row): Row => ({
    ...row,
    asset: names.get(row.asset) ?? row.asset,
  });
  return {
    profile,
    orderBody: (order) => dialect.orderBody({ ...order, asset: shown.get(order.asset) ?? order.asset }),
    reserve: (calls, effect, beside) =>
      reserveCalls(
        deps,
        credentials,
        calls.map((call) => dialect.limits[call]),
        effect,
        beside,
      ),
    async placeOrder(request) {
      const answer = await sendEffect(deps, credentials, 'trading.order', dialect.order(request.body), request);
      return answer.kind === 'applied' ? { ...answer, result: renamed(answer.result) } : answer;
    },
    async readPositions() {
      const route = dialect.positions(credentials.agentId);
      return (await readService(deps, credentials, 'trading.positions', route)).map(renamed);
    },
    async readHistory(limit = LONGEST_HISTORY) {
      const route = dialect.history(Math.min(limit, LONGEST_HISTORY));
      if ('kind' in route) return route;
      const trades = await readService(deps, credentials, 'trading.history', route);
      return { kind: 'read', value: trades.map(renamed) };
    },
  };
}
