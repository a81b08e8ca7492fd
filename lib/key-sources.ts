import type { KeyRole, KeySources } from '../src/aws/key-ring.ts';
import type { Config } from './config.ts';

/** Which secret holds the key of each role in a stage, and whose it is. */
export function keySourcesOf({ secretName, purpleFlea: { agentId } }: Config): KeySources {
  const own = { agentId, secretName };
  return { treasury: own, trading: own, wallet: own, counterparties: own };
}

/** What a function is told of the keys that it may use. */
export function keySettings(config: Config, ...roles: KeyRole[]): Readonly<Record<string, string>> {
  const sources = keySourcesOf(config);
  return { SECRETS: JSON.stringify(Object.fromEntries(roles.map((role) => [role, sources[role]]))) };
}
