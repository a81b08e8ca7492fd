import type { Stage } from './stages.ts';

/** What the names of a stage's stacks and functions start with. */
export function prefixOf(stage: Stage): string {
  return `purple-flea-${stage}`;
}

/** Name of the secret that webhooks are signed with. */
export function webhookSecretName(secretName: string): string {
  return `${secretName}Webhook`;
}

/** The rule of a market's signals: `trade-signals-btc-usdc` behind the stage's prefix. */
export function ruleNameOf(stage: Stage, asset: string): string {
  return `${prefixOf(stage)}-${marketRule(asset)}`;
}

/** The same without the prefix. */
export function marketRule(asset: string): string {
  return `trade-signals-${asset.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`;
}

/** `place-trade` as a construct id: `PlaceTrade`. */
export function pascalCase(kebab: string): string {
  return kebab.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
}
