import * as z from 'zod/mini';
import { OwnerUnavailableError } from '../errors.ts';
import type { EffectKind } from '../ledger/effect-key.ts';
import type { Credentials } from '../purple-flea/service.ts';
import { readApiKeys, readCounterpartyKeys } from './api-key-secret.ts';

/**
 * What a key is for: `treasury` locks and settles escrows, `trading` places orders, `wallet` pays and reads the account,
 * `counterparties` record deliveries, and `predecessor` settles what an earlier treasury began.
 */
export const KEY_ROLES = ['treasury', 'trading', 'wallet', 'counterparties', 'predecessor'] as const;
export type KeyRole = (typeof KEY_ROLES)[number];

/** Whose keys may send an effect. A predecessor settles what it began, and begins nothing. */
export const ROLES_TO_SEND: Readonly<Record<EffectKind, readonly KeyRole[]>> = {
  'escrow-create': ['treasury'],
  'escrow-complete': ['counterparties'],
  'escrow-release': ['treasury', 'predecessor'],
  'escrow-dispute': ['treasury', 'predecessor'],
  'trade-order': ['trading'],
  'paper-order': [],
  transfer: ['wallet'],
  'faucet-claim': ['treasury'],
};

const source = z.object({ agentId: z.string(), secretName: z.string() });

/** Which secret a function finds the key of a role in, and whose key that is. Roles that it does not have are absent. */
export const keySourcesSchema = z.object({
  treasury: z.optional(source),
  trading: z.optional(source),
  wallet: z.optional(source),
  /** With an agent where its own key is in the same secret. */
  counterparties: z.optional(z.object({ agentId: z.optional(z.string()), secretName: z.string() })),
  predecessor: z.optional(source),
});
export type KeySources = z.infer<typeof keySourcesSchema>;

/** Reads a secret's text by its name. */
export type ReadSecretNamed = (secretName: string) => Promise<string | undefined>;

/** The keys that a function may use. */
export interface KeyRing {
  /**
   * The key of an agent in one of some roles; undefined where none of them is this agent's.
   *
   * @throws SecretUnusableError where it should be in a secret that cannot be used.
   */
  find(agentId: string, roles: readonly KeyRole[]): Promise<Credentials | undefined>;
  /** @throws OwnerUnavailableError where `find` finds none. */
  get(agentId: string, roles: readonly KeyRole[]): Promise<Credentials>;
}

/** The keys of some roles, each read when it is needed. */
export function createKeyRing(sources: KeySources, readSecret: ReadSecretNamed): KeyRing {
  const findIn = async (role: KeyRole, agentId: string): Promise<Credentials | undefined> => {
    if (role === 'counterparties') return findCounterparty(sources, readSecret, agentId);
    const from = sources[role];
    if (from?.agentId !== agentId) return undefined;
    return (await readApiKeys(from, () => readSecret(from.secretName))).own;
  };
  const find: KeyRing['find'] = async (agentId, roles) => {
    for (const role of roles) {
      const found = await findIn(role, agentId);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return {
    find,
    async get(agentId, roles) {
      const found = await find(agentId, roles);
      if (found !== undefined) return found;
      const known = roles.flatMap((role) => {
        const { agentId: whose } = sources[role] ?? {};
        return whose === undefined ? [] : [`${role} is ${whose}`];
      });
      throw new OwnerUnavailableError(
        `no key of ${agentId} is held for it${known.length === 0 ? '' : ` (${known.join(', ')})`}`,
      );
    },
  };
}

/** All keys of counterparties that are held, in the order of the secret. @throws SecretUnusableError */
export async function listCounterparties(
  { counterparties }: KeySources,
  readSecret: ReadSecretNamed,
): Promise<readonly Credentials[]> {
  if (counterparties === undefined) return [];
  const { secretName, agentId } = counterparties;
  const read = () => readSecret(secretName);
  return agentId === undefined
    ? (await readCounterpartyKeys(secretName, read)).counterparties
    : (await readApiKeys({ secretName, agentId }, read)).counterparties;
}

async function findCounterparty(
  { counterparties }: KeySources,
  readSecret: ReadSecretNamed,
  agentId: string,
): Promise<Credentials | undefined> {
  if (counterparties === undefined) return undefined;
  const { secretName, agentId: owner } = counterparties;
  const read = () => readSecret(secretName);
  if (owner === undefined) return (await readCounterpartyKeys(secretName, read)).forCounterparty(agentId);
  return (await readApiKeys({ secretName, agentId: owner }, read)).forCounterparty(agentId);
}
