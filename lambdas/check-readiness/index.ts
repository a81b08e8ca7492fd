import middy from '@middy/core';
import { ledgerEnvironment, readEnvironment } from '../shared/environment.ts';
import { createLedgerDeps } from '../shared/ledger.ts';
import { createMarkets, marketEnvironment } from '../shared/market.ts';
import { telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const { BUDGETS, STOP_PARAMETER } = ledgerEnvironment;
const env = readEnvironment({ ...marketEnvironment, BUDGETS, STOP_PARAMETER });

export const handler = middy(
  createHandler({ ...createLedgerDeps(env), policy: env.TRADE_POLICY, openMarkets: createMarkets(env) }),
).use(telemetry);
