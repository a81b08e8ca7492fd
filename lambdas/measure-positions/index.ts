import middy from '@middy/core';
import { readEnvironment } from '../shared/environment.ts';
import { createMarkets, marketEnvironment } from '../shared/market.ts';
import { gauge, log, telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const env = readEnvironment(marketEnvironment);
const policy = env.TRADE_POLICY;

export const handler = middy(
  createHandler({ openMarket: createMarkets(env)[policy.mode], policy, now: () => new Date(), gauge, log }),
).use(telemetry);
