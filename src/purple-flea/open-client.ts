import {
  refuseElsewhere,
  refuseOtherWallet,
  underPresentName,
  type IntentOwner,
  type ServicePlace,
} from '../ledger/owner.ts';
import type { Credentials, ServiceDeps } from './service.ts';

/** Makes a client of one service for one agent. */
export type CreateClient<Client> = (deps: ServiceDeps, credentials: Credentials) => Client;

/** A client of one service as the owner of an effect. @throws SecretUnusableError or OwnerUnavailableError */
export type OpenClient<Client> = (owner: IntentOwner) => Promise<Client>;

/** Finds an agent's key. @throws SecretUnusableError or OwnerUnavailableError */
export type KeyOf = (agentId: string) => Promise<Credentials>;

/** Opens what effects are sent with: at the configured service alone. */
export function openToSend<Client>(deps: ServiceDeps, keyOf: KeyOf, create: CreateClient<Client>): OpenClient<Client> {
  return async (owner) => {
    refuseElsewhere(owner, deps.service);
    return create(deps, await keyOf(owner.agentId));
  };
}

/** Opens what creations are sent with: where the wallet that they are looked for in is the configured one. */
export function openWithWallet<Client>(open: OpenClient<Client>, wallet: ServicePlace): OpenClient<Client> {
  return async (owner) => {
    refuseOtherWallet(owner, wallet);
    return open(owner);
  };
}

/** Opens what effects are looked for with: where they were sent, even if the service is configured elsewhere now. */
export function openToLook<Client>(deps: ServiceDeps, keyOf: KeyOf, create: CreateClient<Client>): OpenClient<Client> {
  return async ({ agentId, service }) => {
    const { symbols } = deps.service;
    const place = underPresentName(service, deps.service);
    const at = place === undefined ? deps.service : { ...place, ...(symbols === undefined ? {} : { symbols }) };
    return create({ ...deps, service: at }, await keyOf(agentId));
  };
}
