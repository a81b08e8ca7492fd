import type { WatchRound, WatchStore } from '../../src/escrow/watch.ts';
import type { Mail } from './memory-mailbox.ts';

/** The waits of a mailbox in memory as the watch sees them. */
export function createMemoryWatch({ waits }: Mail): WatchStore & { round: WatchRound | undefined } {
  const store = {
    round: undefined as WatchRound | undefined,
    listWatched: async () =>
      [...waits.values()].flatMap(({ isMain, escrowId, status, notBefore: since, service }) =>
        !isMain || escrowId === undefined || status === undefined ? [] : [{ escrowId, status, since, service }],
      ),
    readRound: async () => store.round,
    writeRound: async (round: WatchRound) => void (store.round = round),
  };
  return store;
}
