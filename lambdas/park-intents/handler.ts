import type { IntentStore } from '../../src/ledger/intent.ts';
import { parkStaleClaims } from '../../src/ledger/park-stale.ts';
import { announceParked, type AnnounceDeps } from '../shared/announce.ts';

export interface Deps extends AnnounceDeps {
  readonly intents: IntentStore;
  readonly now: () => Date;
}

/** Every minute: parks what a crashed invocation left in `sending`, and tells people of it. */
export function createHandler(deps: Deps) {
  return async () => {
    const parked = await parkStaleClaims(deps.intents, deps.now());
    for (const intent of parked) {
      await announceParked(deps, { outcome: 'manual', parkedNow: true, reason: intent.reason ?? '', intent });
    }
    return { parked: parked.length };
  };
}
