import type { Intent } from '../../src/ledger/intent.ts';
import { describePlace, isAt, type ServicePlace } from '../../src/ledger/owner.ts';
import { serviceOf, type Places } from '../../src/ledger/places.ts';
import type { Decide } from './decide.ts';
import { drawEscrows, drawIntents } from './draw-intents.ts';
import { listOpen, type OpenEscrow } from './open-intents.ts';

/** What is open at one place that is not configured any more. */
export interface Elsewhere {
  readonly place: string;
  readonly intents: readonly Intent[];
  readonly escrows: readonly OpenEscrow[];
}

/** All that is not at its end and belongs to another address or dialect than the configured ones, by place. */
export async function listElsewhere(
  decide: Decide,
  agentId: string | undefined,
  now: Date,
): Promise<readonly Elsewhere[]> {
  const { error, places } = await decide({ action: 'places' });
  if (places === undefined) throw new Error(error ?? 'the function decide-intent does not say where the services are');
  const { intents, escrows } = await listOpen(decide, agentId, now);
  const names = new Set<string>();
  const placeOf = (intent: Intent) => {
    const place = formerPlace(intent, places);
    return place === undefined ? undefined : describePlace(place);
  };
  for (const intent of [...intents, ...escrows.map(({ creation }) => creation)]) {
    const name = placeOf(intent);
    if (name !== undefined) names.add(name);
  }
  return [...names].map((place) => ({
    place,
    intents: intents.filter((intent) => placeOf(intent) === place),
    escrows: escrows.filter(({ creation }) => placeOf(creation) === place),
  }));
}

/** Where an intent belongs, if that is not where its service is configured now. */
function formerPlace({ kind, service, wallet }: Intent, places: Places): ServicePlace | undefined {
  const name = serviceOf(kind);
  if (name === undefined || service === undefined) return undefined;
  if (!isAt({ service }, places[name])) return service;
  const isInWallet =
    service.profile === 'published' && wallet !== undefined && !isAt({ service: wallet }, places.wallet);
  return isInWallet ? wallet : undefined;
}

/** The lists as a person reads them, and what to do. */
export function drawElsewhere(found: readonly Elsewhere[]): string {
  if (found.length === 0) return 'Nothing that is open lives elsewhere: all is at the configured addresses.';
  return [
    ...found.map(
      ({ place, intents, escrows }) =>
        `At ${place}\n\nIntents:\n${drawIntents(intents, new Date())}\n\nEscrows that are not settled:\n${drawEscrows(escrows)}\n`,
    ),
    'All of these wait: escrows are read there, but nothing is sent there. To continue them, configure that address and dialect again until this list',
    'is empty. See "When a service moves" in docs/workflows/money-once.md.',
  ].join('\n');
}
