/** The text of secrets, kept in this process for a while. */
export interface KeptSecrets {
  /** The text of a secret, at most `maxAge` seconds old unless AWS cannot be asked; undefined where it has none. */
  read(name: string, options: { readonly maxAge: number; readonly forceFetch?: boolean }): Promise<string | undefined>;
  /** Forgets all texts: a service refused a key. */
  drop(): void;
}

/** How long a text is used while AWS cannot be asked for a newer one. */
const LAST_RESORT_MS = 3_600_000;

/** Keeps what `fetch` gives. Where it fails, what it gave before is better than nothing, unless that was dropped. */
export function keepSecrets(
  fetch: (name: string) => Promise<string | undefined>,
  now: () => number = Date.now,
): KeptSecrets {
  const kept = new Map<string, { readonly text: string; readonly at: number }>();
  const ageOf = (name: string) => now() - (kept.get(name)?.at ?? -Infinity);
  return {
    async read(name, { maxAge, forceFetch = false }) {
      if (!forceFetch && ageOf(name) < maxAge * 1000) return kept.get(name)?.text;
      try {
        const text = await fetch(name);
        if (text === undefined) kept.delete(name);
        else kept.set(name, { text, at: now() });
        return text;
      } catch (error) {
        if (ageOf(name) >= LAST_RESORT_MS) throw error;
        return kept.get(name)?.text;
      }
    },
    drop: () => kept.clear(),
  };
}
