import { UsageError } from '../../src/command-line.ts';
import type { Decide, IntentOptions } from './decide.ts';
import { readSince } from './since.ts';
import { listSkipped, paySkipped, showSkipped } from './skipped-intents.ts';

/** `intents skipped`: what skipped causes would pay. */
export async function skipped(decide: Decide, { since, rule }: IntentOptions): Promise<number> {
  console.log(showSkipped(await listSkipped(decide, { since: readSince(since), rule })));
  return 0;
}

/** `intents pay`: pays one skipped cause, or all of a filter. */
export async function pay(decide: Decide, options: IntentOptions, key: string | undefined): Promise<number> {
  const { operator, evidence, reason, since, rule, all } = options;
  if ((key === undefined) !== all) throw new UsageError('pay: say either a KEY or --all');
  const keys = key === undefined ? await payableKeys(decide, { since: readSince(since), rule }) : [key];
  const decision = { operator, evidence, reason, dryRun: options['dry-run'] };
  const { lines, refused } = await paySkipped(decide, keys, decision);
  console.log(lines.join('\n') || 'None.');
  return refused === 0 ? 0 : 1;
}

async function payableKeys(decide: Decide, filter: Parameters<typeof listSkipped>[1]): Promise<readonly string[]> {
  const { payable } = await listSkipped(decide, filter);
  return payable.map(({ key }) => key);
}
