import middy from '@middy/core';
import { ledgerEnvironment, readEnvironment } from '../shared/environment.ts';
import { createIntents, createLedgerDeps } from '../shared/ledger.ts';
import { createMarkets, marketEnvironment } from '../shared/market.ts';
import { ledgerPolicies, marketPolicies, readPolicies } from '../shared/policies.ts';
import { telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const { STOP_PARAMETER } = ledgerEnvironment;
const env = readEnvironment({ ...marketEnvironment, STOP_PARAMETER });
const policies = readPolicies({ ...ledgerPolicies, ...marketPolicies });

export const handler = middy(
  createHandler({
    ...createLedgerDeps(env, policies, createIntents(env.INTENT_TABLE)),
    policy: policies.trade,
    openMarkets: createMarkets(env, policies),
  }),
).use(telemetry);
