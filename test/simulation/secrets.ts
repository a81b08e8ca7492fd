import { createKeyRing, type KeyRing, type KeySources } from '../../src/aws/key-ring.ts';
import { SecretUnusableError } from '../../src/errors.ts';
import type { Chance, Disturbance } from './plan.ts';
import { KEYS, NEXT_KEY, SECOND, TREASURY, WORKER } from './service/parties.ts';

/** The longest that a function may remember a secret, in milliseconds. */
const SECRET_CACHE_MS = 5 * 60_000;

/** What the secrets hold during a schedule, and whose keys the deployed configuration says that they are. */
export interface Secrets {
  /** The treasury's agent, as the functions that start now are configured. */
  agentId(): string;
  /** The keys as one run of a function has them: it may remember a secret for some minutes. */
  openRing(): KeyRing;
  /** When a key of the treasury is replaced, at the service and in the secret. */
  readonly rotatesAt: number | undefined;
}

type Kind<Name extends Disturbance['kind']> = Extract<Disturbance, { kind: Name }>;

/** @param start is when the schedule begins, which the disturbances count from. */
export function createSecrets(
  disturbances: readonly Disturbance[],
  start: number,
  now: () => number,
  chance: Chance,
): Secrets {
  const find = <Name extends Disturbance['kind']>(kind: Name) =>
    disturbances.find((one): one is Kind<Name> => one.kind === kind);
  const [rotation, agent, redeploy] = [find('rotation'), find('agent'), find('redeploy')];
  const faults = disturbances.filter((one): one is Kind<'secret'> => one.kind === 'secret');
  const isQuiet = rotation === undefined && agent === undefined && faults.length === 0;
  const isPast = (at: number, since: number | undefined): boolean => since !== undefined && at >= start + since;

  const agentAt = (at: number): string => (isPast(at, agent?.deployedAt) ? SECOND : TREASURY);

  function sourcesAt(at: number): KeySources {
    const own = { agentId: agentAt(at), secretName: 'own' };
    const hasPredecessor = own.agentId === SECOND && agent?.old === 'kept';
    const others = hasPredecessor ? { predecessor: { agentId: TREASURY, secretName: 'predecessor' } } : {};
    return { treasury: own, trading: own, wallet: own, counterparties: own, ...others };
  }

  function textOf(secretName: string, at: number): string | undefined {
    const treasuryKey = isPast(at, rotation?.at) ? NEXT_KEY : KEYS[TREASURY];
    if (secretName === 'predecessor') return textWith(TREASURY, treasuryKey);
    const holder = isPast(at, agent?.at) ? SECOND : TREASURY;
    const key = holder === SECOND ? KEYS[SECOND] : treasuryKey;
    const fault = faults.find((one) => at >= start + one.at && at < start + one.at + one.milliseconds);
    switch (fault?.form) {
      case 'throttled':
        throw new Error('ThrottlingException: Rate exceeded');
      case 'malformed':
        return `{"apiKey": "${key}", `;
      case 'missing':
        return undefined;
      case 'wrong-key':
        return textWith(holder, 'pf_of_nobody');
      case 'other-agent':
        return textWith('ag_stranger', 'pf_of_a_stranger');
      case undefined:
        return textWith(holder, key);
    }
  }

  const ringAt = (at: () => number): KeyRing =>
    createKeyRing(sourcesAt(now()), async (secretName) => textOf(secretName, at()));
  const quiet = isQuiet ? remembering(ringAt(() => start)) : undefined;

  return {
    agentId: () => agentAt(now()),
    rotatesAt: rotation?.at,
    openRing() {
      if (quiet !== undefined) return quiet;
      // A deployment begins with new processes, which remember nothing.
      const longest = redeploy === undefined ? SECRET_CACHE_MS : Math.max(0, now() - start - redeploy.at);
      const age = chance.maybe(0.5) ? chance.below(Math.min(SECRET_CACHE_MS, longest)) : 0;
      const [kept, fetched] = [ringAt(() => now() - age), ringAt(now)];
      return {
        find: (agentId, roles) => orElse(kept.find(agentId, roles), () => fetched.find(agentId, roles)),
        get: (agentId, roles) => orElse(kept.get(agentId, roles), () => fetched.get(agentId, roles)),
      };
    },
  };
}

function textWith(agentId: string, apiKey: string | undefined): string {
  return JSON.stringify({ apiKey, agentId, counterpartyKeys: { [WORKER]: KEYS[WORKER] } });
}

/** What cannot be used is fetched again at once, as the functions do. */
async function orElse<Value>(asked: Promise<Value>, again: () => Promise<Value>): Promise<Value> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof SecretUnusableError) return again();
    throw error;
  }
}

/** Of keys that never change each is looked up once. */
function remembering(ring: KeyRing): KeyRing {
  const known = new Map<string, ReturnType<KeyRing['find']>>();
  const find: KeyRing['find'] = (agentId, roles) => {
    const name = `${agentId} ${roles.join()}`;
    const found = known.get(name) ?? ring.find(agentId, roles);
    known.set(name, found);
    return found;
  };
  return { find, get: async (agentId, roles) => (await find(agentId, roles)) ?? ring.get(agentId, roles) };
}
