import { laterFor } from '../ledger/waiting.ts';
import type { Credentials } from '../purple-flea/service.ts';
import { KEY_ROLES, type KeyRing, type KeyRole, type KeySources } from './key-ring.ts';

/** What was found of one configured key; never its value. */
export interface KeyCheck {
  readonly role: KeyRole;
  readonly secretName: string;
  /** Whose key it has to be; undefined where no key of a counterparty is held. */
  readonly agentId: string | undefined;
  readonly ok: boolean;
  readonly detail: string;
}

export interface CheckKeysDeps {
  readonly sources: KeySources;
  readonly keys: Pick<KeyRing, 'get'>;
  /** All keys of counterparties that are held. @throws SecretUnusableError */
  readonly listCounterparties: () => Promise<readonly Credentials[]>;
  /** Makes one cheap read that a service needs the key for. @throws ServiceUnreadableError where it is refused or cannot be read. */
  readonly probe: (role: KeyRole, credentials: Credentials) => Promise<unknown>;
}

/** Checks each key that the stage names: its secret can be read, it is that of its agent, and the service takes it. */
export async function checkKeys(deps: CheckKeysDeps): Promise<readonly KeyCheck[]> {
  const checks: KeyCheck[] = [];
  for (const role of KEY_ROLES) {
    const source = deps.sources[role];
    if (source === undefined) continue;
    if (role === 'counterparties') checks.push(...(await checkCounterparties(deps, source.secretName)));
    else checks.push(await checkOne(deps, role, source.secretName, source.agentId ?? ''));
  }
  return checks;
}

async function checkOne(deps: CheckKeysDeps, role: KeyRole, secretName: string, agentId: string): Promise<KeyCheck> {
  const found = { role, secretName, agentId };
  const problem = await problemOf(async () => deps.probe(role, await deps.keys.get(agentId, [role])));
  return { ...found, ok: problem === undefined, detail: problem ?? 'the service takes it' };
}

async function checkCounterparties(deps: CheckKeysDeps, secretName: string): Promise<readonly KeyCheck[]> {
  const found = { role: 'counterparties', secretName, agentId: undefined } as const;
  let held: readonly Credentials[] = [];
  const problem = await problemOf(async () => {
    held = await deps.listCounterparties();
  });
  if (problem !== undefined) return [{ ...found, ok: false, detail: problem }];
  if (held.length === 0) return [{ ...found, ok: true, detail: 'none is held: counterparties record deliveries' }];
  const checks: KeyCheck[] = [];
  for (const { agentId } of held) checks.push(await checkOne(deps, 'counterparties', secretName, agentId));
  return checks;
}

/** Why not, in words; undefined where it can be done. */
async function problemOf(act: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await act();
    return undefined;
  } catch (error) {
    const later = laterFor(error);
    if (later === undefined) throw error;
    return later.reason;
  }
}
