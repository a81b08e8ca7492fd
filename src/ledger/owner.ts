import { OwnerUnavailableError } from '../errors.ts';
import type { Profile, Service } from '../purple-flea/service.ts';

/** Where an effect is sent: one service, and the dialect spoken there. */
export type ServicePlace = Pick<Service, 'baseUrl' | 'profile'>;

/** A service, and the names that it had before. */
export type NamedService = Pick<Service, 'baseUrl' | 'formerBaseUrls'>;

/** A place, under the present name of its service where it was recorded under a former one. */
export function underPresentName<Place extends ServicePlace | undefined>(
  place: Place,
  named: NamedService | undefined,
): Place {
  if (place === undefined || named?.formerBaseUrls?.includes(place.baseUrl) !== true) return place;
  return { ...place, baseUrl: named.baseUrl };
}

/** The place of a service that has more to it. */
export function placeOf({ baseUrl, profile }: ServicePlace): ServicePlace {
  return { baseUrl, profile };
}

/** Whose effect it is: an agent, at one address, in one dialect. It is sent, looked for and tried again only there. */
export interface Owner extends ServicePlace {
  readonly agentId: string;
  /** Where the agent's wallet is, for what is looked for there. */
  readonly wallet?: ServicePlace | undefined;
}

/** The owner as an intent names it. Without `service`, as on paper, it is the configured one; for 0.1.0 see `bindPlaces`. */
export interface IntentOwner {
  readonly agentId: string;
  readonly service?: ServicePlace | undefined;
  /** Of a creation: where the wallet is whose rows show it, if no list does. */
  readonly wallet?: ServicePlace | undefined;
}

/** What an intent records of its owner. */
export function recordedOwner({ agentId, baseUrl, profile }: Owner): IntentOwner & { readonly service: ServicePlace } {
  return { agentId, service: { baseUrl, profile } };
}

/** Whether an intent belongs to the service as it is configured now, under its present name or a former one. */
export function isAt({ service }: Pick<IntentOwner, 'service'>, configured: ServicePlace & NamedService): boolean {
  const at = underPresentName(service, configured);
  return at === undefined || (at.baseUrl === configured.baseUrl && at.profile === configured.profile);
}

/** @throws OwnerUnavailableError where an intent was recorded for another address or dialect than the configured ones. */
export function refuseElsewhere(owner: Pick<IntentOwner, 'service'>, configured: ServicePlace): void {
  if (isAt(owner, configured)) return;
  throw new OwnerUnavailableError(
    `it was recorded for ${describePlace(owner.service ?? configured)}, and the configuration names ${describePlace(configured)}: it is not sent there`,
  );
}

/** Dialects without a list of escrows: what was created is looked for in the rows of the agent's wallet. */
const LOOKED_FOR_IN_WALLET: ReadonlySet<Profile> = new Set<Profile>(['published']);

/**
 * @throws OwnerUnavailableError where a creation would be looked for in another wallet than the configured one: there its
 * row would be missing, and it would be sent again.
 */
export function refuseOtherWallet({ service, wallet }: IntentOwner, configured: ServicePlace): void {
  if (service === undefined || wallet === undefined || !LOOKED_FOR_IN_WALLET.has(service.profile)) return;
  if (isAt({ service: wallet }, configured)) return;
  throw new OwnerUnavailableError(
    `it was recorded with the wallet at ${describePlace(wallet)}, and the configuration names ${describePlace(configured)}: it is not sent with that`,
  );
}

/** @throws OwnerUnavailableError where an intent belongs to another agent, address or dialect than the way that is open. */
export function refuseOthers(owner: IntentOwner, open: IntentOwner): void {
  if (owner.agentId !== open.agentId) {
    throw new OwnerUnavailableError(`it was recorded for ${owner.agentId}, and ${open.agentId} is configured now`);
  }
  if (open.service !== undefined) refuseElsewhere(owner, open.service);
}

/** Such as `https://escrow.purpleflea.com (reference)`. */
export function describePlace({ baseUrl, profile }: ServicePlace): string {
  return `${baseUrl} (${profile})`;
}
