import {
  beginnings,
  LEDGER,
  moveBeginning,
  type Beginnings,
  type BeginningStore,
  type ReadBeginnings,
  type RuleTerms,
} from '../../src/ledger/beginnings.ts';
import type { ReadBeginning } from '../../src/ledger/the-past.ts';

/** Beginnings in memory, which are gone with the ledger that they belong to. */
export interface MemoryBeginnings extends BeginningStore {
  /** The table is another one from now on, with what was in it. */
  restore(createdAt: Date): void;
  /** The stage is configured with other rules from now on. */
  configure(rules: readonly RuleTerms[]): void;
}

/** Of a ledger without rules, for whoever only has to record them. */
export const readNoBeginnings: ReadBeginnings = createMemoryBeginnings(new Date(0), [], () => new Date(0)).read;

export function createMemoryBeginnings(
  createdAt: Date,
  configured: readonly RuleTerms[],
  now: () => Date,
): MemoryBeginnings {
  let created = createdAt;
  let rules = configured;
  let stored: Beginnings | undefined;
  const read = (): Beginnings => {
    stored = beginnings(stored, created, rules, now());
    return stored;
  };
  return {
    read: async () => read(),
    move: async (to, { operator, reason, rule }) => {
      const by = { what: rule ?? LEDGER, movedAt: now().toISOString(), operator, reason };
      const moved = moveBeginning(read(), to, by);
      stored = moved ?? stored;
      return moved;
    },
    restore: (at) => {
      created = at;
    },
    configure: (next) => {
      rules = next;
    },
  };
}

/** Of a ledger that is older than everything. */
export const readFirstBeginning: ReadBeginning = async () => '1970-01-01T00:00:00.000Z';
