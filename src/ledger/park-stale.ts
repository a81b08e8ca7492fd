import type { Intent, IntentStore } from './intent.ts';

/** Longer than any function may run: a claim older than this belongs to an invocation that is gone. */
export const STALE_CLAIM_MS = 5 * 60_000;

/** How many claims one run looks at; the rest wait for the next. */
const BATCH = 100;

/**
 * Parks as `manual` what an invocation left in `sending`: it crashed or timed out, and whether its request went out
 * cannot be told from here. Returns the intents parked by this run.
 */
export async function parkStaleClaims(intents: IntentStore, now: Date): Promise<Intent[]> {
  const stale = await intents.listSending(new Date(now.getTime() - STALE_CLAIM_MS), BATCH);
  const parked: Intent[] = [];
  for (const intent of stale) {
    const claim = { key: intent.key, owner: intent.owner ?? '', fence: intent.fence };
    const note = `claimed at ${intent.sentAt ?? 'an unknown time'} and never recorded: the request may have been sent`;
    const ended = await intents.end(claim, { state: 'manual', note }, now);
    if (ended.state === 'manual' && ended.fence === intent.fence) parked.push(ended);
  }
  return parked;
}
