const DEFAULT_MS = 30 * 24 * 3_600_000;

/** The moment that `--since` names; 30 days ago where it names none. */
export function readSince(since: string | undefined): string {
  return since ?? new Date(Date.now() - DEFAULT_MS).toISOString();
}
