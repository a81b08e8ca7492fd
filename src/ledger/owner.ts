import { OwnerUnavailableError } from '../errors.ts';
import type { Service } from '../purple-flea/service.ts';

/** Where an effect is sent: one service, and the dialect spoken there. */
export type ServicePlace = Pick<Service, 'baseUrl' | 'profile'>;

/** Whose effect it is: an agent, at one address, in one dialect. It is sent, looked for and tried again only there. */
export interface Owner extends ServicePlace {
  readonly agentId: string;
}

/** The owner as an intent names it. Without `service`, as in intents of 0.1.0 and on paper, it is the configured one. */
export interface IntentOwner {
  readonly agentId: string;
  readonly service?: ServicePlace | undefined;
}

/** What an intent records of its owner. */
export function recordedOwner({ agentId, baseUrl, profile }: Owner): Required<IntentOwner> {
  return { agentId, service: { baseUrl, profile } };
}

/** Whether an intent belongs to the service as it is configured now. */
export function isAt({ service }: IntentOwner, configured: ServicePlace): boolean {
  return service === undefined || (service.baseUrl === configured.baseUrl && service.profile === configured.profile);
}

/** @throws OwnerUnavailableError where an intent was recorded for another address or dialect than the configured ones. */
export function refuseElsewhere(owner: IntentOwner, configured: ServicePlace): void {
  if (isAt(owner, configured)) return;
  throw new OwnerUnavailableError(
    `it was recorded for ${describePlace(owner.service ?? configured)}, and the configuration names ${describePlace(configured)}: it is not sent there`,
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
