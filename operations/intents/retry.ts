import { UsageError } from '../../src/command-line.ts';
import type { Decide, IntentOptions } from './decide.ts';
import { drawIntents } from './draw-intents.ts';
import { listRejected, retryAll } from './retry-intents.ts';
import { readSince } from './since.ts';

/** `intents retry --all`: another try of every rejected effect of a filter. */
export async function retryRejected(decide: Decide, options: IntentOptions, key: string | undefined): Promise<number> {
  const { operator, evidence, reason, kind, since, state = 'rejected' } = options;
  if (key !== undefined || state !== 'rejected') {
    throw new UsageError('retry --all: takes no KEY, and no --state but rejected');
  }
  const filter = { since: readSince(since), kind, reason };
  const intents = await listRejected(decide, filter);
  if (options['dry-run']) {
    console.log(drawIntents(intents, new Date()));
    return 0;
  }
  const refused = await retryAll(decide, intents, { operator, evidence, filter }, { say: console.log });
  console.log(`${intents.length - refused} of ${intents.length} are tried again`);
  return refused === 0 ? 0 : 1;
}
