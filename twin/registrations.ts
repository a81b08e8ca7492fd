import { dialectOf } from './dialect.ts';
import { invalidRequest } from './request.ts';
import type { World } from './world/world.ts';

/** The services that may have registrations of their own. */
export const REGISTERED_SERVICES = ['escrow', 'trading', 'wallet'] as const;
export type RegisteredService = (typeof REGISTERED_SERVICES)[number];

/** By service: the agents that are registered there and nowhere else. A service without any has those of all others. */
export type Registrations = Readonly<Partial<Record<RegisteredService, readonly string[] | undefined>>>;

/** Replaces the registrations of the services named; no agents end a service's own. @throws Refusal 400 for an unknown agent. */
export function register(world: World, registrations: Registrations): void {
  const agentIds = Object.values(registrations).flatMap((ids) => ids ?? []);
  const unknown = agentIds.find((id) => world.agents.get(id) === undefined);
  if (unknown !== undefined) throw invalidRequest(`registrations: there is no agent ${unknown}.`);
  for (const service of REGISTERED_SERVICES) {
    const ids = registrations[service];
    if (ids !== undefined) world.registrations.put({ id: service, agentIds: ids });
  }
}

/** All registrations with a single service. */
export function registrationsView(world: World): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries([...world.registrations.values()].map(({ id, agentIds }) => [id, agentIds]));
}

/** Whether the service of a path knows an agent's key. */
export function isRegistered(world: World, path: string, agentId: string): boolean {
  const name = dialectOf(world, path)?.service;
  const service = REGISTERED_SERVICES.find((known) => known === (name === 'casino' ? 'wallet' : name));
  if (service === undefined) return true;
  const own = world.registrations.get(service)?.agentIds ?? [];
  if (own.length > 0) return own.includes(agentId);
  return ![...world.registrations.values()].some(({ agentIds }) => agentIds.includes(agentId));
}
