import type { Decide, IntentOptions } from './decide.ts';

/** `intents show`, `resolve`, `retry` and `continue`: about one effect. */
export async function decideOne(
  decide: Decide,
  action: string,
  options: IntentOptions,
  key: string | undefined,
): Promise<number> {
  const { applied, operator, evidence, reason } = options;
  const verdict = applied === undefined ? { verdict: 'not-applied' } : { verdict: 'applied', id: applied };
  const answer = await decide({ action, key, operator, evidence, reason, ...verdict });
  if (answer.error !== undefined) {
    console.error(answer.error);
    return 1;
  }
  if (answer.intent === null) {
    console.error(
      `There is no intent ${key}. See npm run intents -- list, or npm run escrow -- show ID by an escrow's id.`,
    );
    return 1;
  }
  if (answer.intent !== undefined) console.log(JSON.stringify(answer.intent, undefined, 2));
  if (answer.execution !== undefined) console.log(`execution: ${answer.execution}`);
  return 0;
}
