import type { Stage } from './config.ts';

/** What the names of a stage's stacks and functions start with. */
export function prefixOf(stage: Stage): string {
  return `purple-flea-${stage}`;
}

/** Name of the secret that webhooks are signed with. */
export function webhookSecretName(secretName: string): string {
  return `${secretName}Webhook`;
}

/** `place-trade` as a construct id: `PlaceTrade`. */
export function pascalCase(kebab: string): string {
  return kebab.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
}
