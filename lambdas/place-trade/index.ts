import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import { createSendDeadLetter } from '../../src/aws/dead-letters.ts';
import { createPublisher } from '../../src/aws/publisher.ts';
import { createTradingClient } from '../../src/purple-flea/trading-client.ts';
import { jsonText } from '../../src/schemas.ts';
import { tradePolicySchema } from '../../src/trading/decide-trade.ts';
import { ledgerEnvironment, queueEnvironment, readEnvironment, tradingEnvironment } from '../shared/environment.ts';
import { createLedgerDeps } from '../shared/ledger.ts';
import { createApiKeySource, createServiceDeps } from '../shared/purple-flea.ts';
import { count, log, telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const env = readEnvironment({
  ...queueEnvironment,
  ...tradingEnvironment,
  ...ledgerEnvironment,
  TRADE_POLICY: jsonText(tradePolicySchema),
});
const service = createServiceDeps(env.TRADING_SERVICE, env);

export const handler = middy(
  createHandler({
    readApiKeys: createApiKeySource(env.SECRET_NAME),
    openTrading: (credentials) => createTradingClient(service, credentials),
    ...createLedgerDeps(env),
    publish: createPublisher(new EventBridgeClient({}), env.EVENT_BUS),
    sendDeadLetter: createSendDeadLetter(new SQSClient({}), env.DEAD_LETTER_QUEUE_URL),
    maxReceives: env.MAX_RECEIVES,
    requestMs: env.REQUEST_TIMEOUT_MS,
    policy: env.TRADE_POLICY,
    log,
    count,
  }),
).use(telemetry);
