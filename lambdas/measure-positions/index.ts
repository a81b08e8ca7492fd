import middy from '@middy/core';
import { readEnvironment } from '../shared/environment.ts';
import { createMarkets, marketEnvironment } from '../shared/market.ts';
import { marketPolicies, readPolicies } from '../shared/policies.ts';
import { gauge, log, telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const env = readEnvironment(marketEnvironment);
const policies = readPolicies(marketPolicies);
const policy = policies.trade;

export const handler = middy(
  createHandler({ openMarket: createMarkets(env, policies)[policy.mode], policy, now: () => new Date(), gauge, log }),
).use(telemetry);
