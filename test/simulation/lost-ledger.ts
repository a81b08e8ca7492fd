import type { MemoryLedger } from '../support/memory-intents.ts';
import type { Disturbance } from './plan.ts';
import type { Scheduler } from './scheduler.ts';

/** The table of the ledger over time. */
export interface LedgerTable {
  /** Whether there is none now. */
  isAway(): boolean;
  /** When the one that there is now was created. No function remembers that for as long as there is none in between. */
  createdAt(): Date;
}

/** How long before a schedule begins its ledger does. */
const AGE = 2 * 3_600_000;

/** A table is created some time before it can be used. */
const CREATING = 1000;

/** Loses the table of a schedule, and has another made, if so it is to be. @param isBack is called where it can be used. */
export function createLedgerTable(
  ledger: MemoryLedger,
  disturbances: readonly Disturbance[],
  { scheduler, start }: { readonly scheduler: Scheduler; readonly start: number },
  isBack: () => void,
): LedgerTable {
  const first = new Date(start - AGE);
  const loss = disturbances.find((one) => one.kind === 'ledger');
  if (loss === undefined) return { isAway: () => false, createdAt: () => first };
  const lostAt = start + loss.at;
  const backAt = lostAt + loss.milliseconds;
  const second = new Date(lostAt + CREATING);
  let backup = copyOf(ledger);
  if (loss.backup !== null) {
    scheduler.spawn(Math.max(start, lostAt - loss.backup), async () => {
      backup = copyOf(ledger);
    });
  }
  scheduler.spawn(lostAt, async () => replace(ledger, EMPTY));
  scheduler.spawn(backAt, async () => {
    replace(ledger, loss.backup === null ? EMPTY : backup);
    isBack();
  });
  return {
    isAway: () => scheduler.now() >= lostAt && scheduler.now() < backAt,
    createdAt: () => (scheduler.now() < backAt ? first : second),
  };
}

type Backup = { readonly [Part in keyof MemoryLedger]: ReadonlyMap<string, unknown> };

const EMPTY: Backup = { items: new Map(), budgets: new Map(), locks: new Map(), latest: new Map() };

/** What is in it is replaced, never changed. */
function copyOf({ items, budgets, locks, latest }: MemoryLedger): Backup {
  return { items: new Map(items), budgets: new Map(budgets), locks: new Map(locks), latest: new Map(latest) };
}

function replace(ledger: MemoryLedger, backup: Backup): void {
  for (const part of ['items', 'budgets', 'locks', 'latest'] as const) {
    const kept: Map<string, unknown> = ledger[part];
    kept.clear();
    for (const [key, value] of backup[part]) kept.set(key, value);
  }
}
