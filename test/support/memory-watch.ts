import { BY_DEADLINE_ATTRIBUTES, waitItem, watchedOf, type WatchRow } from '../../src/aws/mailbox-table.ts';
import type { WatchRound, WatchStore } from '../../src/escrow/watch.ts';
import type { Mail } from './memory-mailbox.ts';

/** The waits of a mailbox in memory as the watch sees them: of each, what the table's index shows and nothing else. */
export function createMemoryWatch({ waits }: Mail): WatchStore & { round: WatchRound | undefined } {
  const store = {
    round: undefined as WatchRound | undefined,
    listWatched: async () =>
      [...waits].flatMap(([address, { isMain, ...wait }]) =>
        isMain && wait.escrowId !== undefined ? [watchedOf(projected(waitItem(address, wait)))] : [],
      ),
    readRound: async () => store.round,
    writeRound: async (round: WatchRound) => void (store.round = round),
  };
  return store;
}

/** An item as it comes through the index. */
export function projected(item: Readonly<Record<string, unknown>>): WatchRow {
  return Object.fromEntries(BY_DEADLINE_ATTRIBUTES.map((name) => [name, item[name]])) as WatchRow;
}
