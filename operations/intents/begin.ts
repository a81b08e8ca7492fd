import type { Decide, IntentOptions } from './decide.ts';
import { showBeginnings } from './skipped-intents.ts';

/** `intents begin`: shows when the ledger and its rules began; with `--at` it moves one of these beginnings. */
export async function begin(decide: Decide, { at, rule, operator, reason }: IntentOptions): Promise<number> {
  const moving = { action: 'begin', at, operator, reason, ...(rule === undefined ? {} : { rule }) };
  const { error, beginnings } = await decide(at === undefined ? { action: 'beginnings' } : moving);
  if (error !== undefined) console.error(error);
  else if (beginnings !== undefined) console.log(showBeginnings(beginnings));
  return error === undefined ? 0 : 1;
}
