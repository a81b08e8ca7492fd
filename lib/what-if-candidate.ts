import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { loadConfig, parseConfigText, type Config } from './config.ts';
import { STAGES } from './stages.ts';
import { tradePolicy } from './trading-settings.ts';
import { parseUsd } from '../src/money.ts';
import { paperTermsSchema } from '../src/trading/paper-market.ts';
import { tradePolicySchema } from '../src/trading/trade-policy.ts';
import type { ConfiguredCandidate } from '../src/what-if/account.ts';

/**
 * Reads a stage's configuration, or that of any file.
 *
 * @throws InvalidConfigError where it does not fit, and what reading a file throws.
 */
export function readCandidate(stageOrPath: string): ConfiguredCandidate {
  const isStage = STAGES.some((stage) => stage === stageOrPath);
  const name = basename(stageOrPath).replace(/\.json$/, '');
  return candidateOf(name, isStage ? loadConfig(stageOrPath) : parseConfigText(readText(stageOrPath), stageOrPath));
}

/** What a configuration says of trading. Its mode is left aside: here all orders are on paper. */
export function candidateOf(name: string, config: Config): ConfiguredCandidate {
  const { trading, budgets } = config;
  const marketDay = budgets.perAgentAndDay['trade-order'];
  return {
    name,
    policy: tradePolicySchema.parse(tradePolicy(config)),
    terms: paperTermsSchema.parse(trading.paper),
    marketDayUsd: marketDay === undefined ? undefined : parseUsd(marketDay),
    settings: settingsOf(config),
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`--config ${path}: neither a stage (${STAGES.join(', ')}) nor a file that can be read`, {
      cause: error,
    });
  }
}

/** All that a decision, a fee or a limit goes by. */
function settingsOf(config: Config): Record<string, string> {
  const { mode: _mode, markets, dailyNotionalUsd, ...policy } = tradePolicy(config);
  return {
    ...flatten('trading', { ...policy, paper: config.trading.paper }),
    ...Object.assign(
      {},
      ...markets.map(({ asset, ...market }) => flatten(`trading.markets.${asset}`, { allowed: true, ...market })),
    ),
    ...flatten('budgets.perDay', { 'trade-order': dailyNotionalUsd }),
    ...flatten('budgets.perAgentAndDay', { 'trade-order': config.budgets.perAgentAndDay['trade-order'] }),
  };
}

function flatten(path: string, value: unknown): Record<string, string> {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { [path]: typeof value === 'string' ? value : JSON.stringify(value) };
  }
  return Object.assign({}, ...Object.entries(value).map(([key, inner]) => flatten(`${path}.${key}`, inner)));
}
