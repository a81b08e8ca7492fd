import type { TradingDialect } from './profiles/trading-dialect.ts';
import { tradingPublished } from './profiles/trading-published.ts';
import { tradingReference } from './profiles/trading-reference.ts';
import { readService } from './read-service.ts';
import { sendEffect } from './send-effect.ts';
import type { Credentials, Profile, ServiceDeps } from './service.ts';
import type { TradingClient } from './trading.ts';

const DIALECTS: Readonly<Record<Profile, TradingDialect>> = {
  reference: tradingReference,
  published: tradingPublished,
};

const LONGEST_HISTORY = 200;

/** The trading service as one agent uses it, in the dialect that is configured for it. */
export function createTradingClient(deps: ServiceDeps, credentials: Credentials): TradingClient {
  const { profile } = deps.service;
  const dialect = DIALECTS[profile];
  return {
    profile,
    orderBody: dialect.orderBody,
    placeOrder: (request) => sendEffect(deps, credentials, 'trading.order', dialect.order(request.body), request),
    readPositions: () => readService(deps, credentials, 'trading.positions', dialect.positions(credentials.agentId)),
    async readHistory(limit = LONGEST_HISTORY) {
      const route = dialect.history(Math.min(limit, LONGEST_HISTORY));
      if ('kind' in route) return route;
      return { kind: 'read', value: await readService(deps, credentials, 'trading.history', route) };
    },
  };
}
