import type { Intent, IntentCursor, IntentStore } from './intent.ts';

/** How far the round over all prepared intents has come, kept between runs. */
export interface RoundStore {
  /** Undefined where the next run begins with the oldest. */
  readonly read: () => Promise<IntentCursor | undefined>;
  readonly write: (next: IntentCursor | undefined) => Promise<void>;
}

/** Each run begins with the oldest. */
const NO_ROUND: RoundStore = { read: async () => undefined, write: async () => {} };

const PAGE = 100;
const MAX_PAGES = 20;

/** The next prepared intents, oldest first, up to twenty pages. The next run continues after them, so that none is left out. */
export async function listPrepared(
  intents: Pick<IntentStore, 'listSince'>,
  round: RoundStore = NO_ROUND,
): Promise<Intent[]> {
  const prepared = new Map<string, Intent>();
  const from = await round.read();
  let after = from;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const { intents: found, next } = await intents.listSince('prepared', new Date(0), PAGE, after);
    for (const intent of found) prepared.set(intent.key, intent);
    after = next;
    if (next === undefined) break;
  }
  if (from !== undefined || after !== undefined) await round.write(after);
  return [...prepared.values()];
}
