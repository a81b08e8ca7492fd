import type { SecretsProvider } from '@aws-lambda-powertools/parameters/secrets';

/** Powertools' cache of secrets, as far as it is used here. */
export type SecretsCache = Pick<SecretsProvider, 'get' | 'clearCache'>;

/** At most `maxAge` seconds old, unless it is forced to be fetched. */
export interface SecretAge {
  readonly maxAge: number;
  readonly forceFetch?: boolean;
}

/** The text of secrets, kept in this process for a while. */
export interface KeptSecrets {
  /** The text of a secret, of that age unless AWS cannot be asked; undefined where it has none. */
  read(name: string, age: SecretAge): Promise<string | undefined>;
  /** Forgets all texts: a service refused a key. */
  drop(): void;
}

/** How long a text is used while AWS cannot be asked for a newer one. */
const LAST_RESORT_MS = 3_600_000;

/** The text of a secret; undefined where it has none. */
export async function readSecretText(secrets: SecretsCache, name: string, age: SecretAge): Promise<string | undefined> {
  const value = await secrets.get(name, age);
  return typeof value === 'string' ? value : undefined;
}

/** Has a last resort behind the cache: where it fails, what it gave before is better than nothing, unless that was dropped. */
export function keepSecrets(secrets: SecretsCache, now: () => number = Date.now): KeptSecrets {
  const last = new Map<string, { readonly text: string; readonly at: number }>();
  return {
    async read(name, age) {
      try {
        const text = await readSecretText(secrets, name, age);
        if (text === undefined) last.delete(name);
        else last.set(name, { text, at: now() });
        return text;
      } catch (error) {
        const kept = last.get(name);
        if (kept === undefined || now() - kept.at >= LAST_RESORT_MS) throw error;
        return kept.text;
      }
    },
    drop() {
      secrets.clearCache();
      last.clear();
    },
  };
}
