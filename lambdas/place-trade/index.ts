import middy from '@middy/core';
import { createPublisher } from '../../src/aws/publisher.ts';
import { createFindUnready } from '../../src/trading/readiness.ts';
import { eventBridge } from '../shared/clients/event-bridge.ts';
import { ledgerEnvironment, readEnvironment } from '../shared/environment.ts';
import { createLedgerDeps } from '../shared/ledger.ts';
import { createOrders } from '../shared/orders.ts';
import { createMarkets, marketEnvironment } from '../shared/market.ts';
import { ledgerPolicies, marketPolicies, readPolicies } from '../shared/policies.ts';
import { createQueueDeps } from '../shared/queue.ts';
import { telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const env = readEnvironment({ ...ledgerEnvironment, ...marketEnvironment });
const policies = readPolicies({ ...ledgerPolicies, ...marketPolicies });
const policy = policies.trade;
const openMarket = createMarkets(env, policies)[policy.mode];

export const handler = middy(
  createHandler({
    ...createLedgerDeps(env, policies, createOrders(env.INTENT_TABLE)),
    ...createQueueDeps(),
    policy,
    openMarket,
    findUnready: createFindUnready({ budgets: policies.budgets, policy }),
    publish: createPublisher(eventBridge, env.EVENT_BUS),
    requestMs: env.REQUEST_TIMEOUT_MS,
  }),
).use(telemetry);
