import middy from '@middy/core';
import { createSendDeadLetter } from '../../src/aws/dead-letters.ts';
import { createPublisher } from '../../src/aws/publisher.ts';
import { createFindUnready } from '../../src/trading/readiness.ts';
import { aws } from '../shared/aws.ts';
import { ledgerEnvironment, queueEnvironment, readEnvironment } from '../shared/environment.ts';
import { createLedgerDeps } from '../shared/ledger.ts';
import { createMarkets, marketEnvironment } from '../shared/market.ts';
import { ledgerPolicies, marketPolicies, readPolicies } from '../shared/policies.ts';
import { count, log, telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const env = readEnvironment({ ...queueEnvironment, ...ledgerEnvironment, ...marketEnvironment });
const policies = readPolicies({ ...ledgerPolicies, ...marketPolicies });
const policy = policies.trade;
const ledger = createLedgerDeps(env, policies);
const openMarket = createMarkets(env, policies)[policy.mode];

export const handler = middy(
  createHandler({
    ...ledger,
    policy,
    openMarket,
    findUnready: createFindUnready({ ...ledger, policy, openMarket }),
    publish: createPublisher(aws.eventBridge, env.EVENT_BUS),
    sendDeadLetter: createSendDeadLetter(aws.sqs, env.DEAD_LETTER_QUEUE_URL),
    maxReceives: env.MAX_RECEIVES,
    requestMs: env.REQUEST_TIMEOUT_MS,
    log,
    count,
  }),
).use(telemetry);
