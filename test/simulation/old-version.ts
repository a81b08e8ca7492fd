import type { OrderStore } from '../../src/ledger/intent.ts';
import type { MemoryLedger } from '../support/memory-intents.ts';

/** The ledger as release 0.1.0 wrote it: an intent says nothing of its service or its ledger, and nothing is kept of the latest. */
export function asRelease010(store: OrderStore, ledger: MemoryLedger): OrderStore {
  return {
    ...store,
    prepare({ service: _service, ledgerBegan: _ledgerBegan, ...intent }, at) {
      return store.prepare(intent, at);
    },
    claim(claim, { ledgerBegan: _ledgerBegan, ...terms }, at) {
      return store.claim(claim, terms, at);
    },
    async move(from, ending, at) {
      const moved = await store.move(from, ending, at);
      ledger.latest.clear();
      return moved;
    },
  };
}
