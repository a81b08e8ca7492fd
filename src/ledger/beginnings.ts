import { hash } from 'node:crypto';

/** A rule that may pay, and a digest of whom it pays how much for what. */
export interface RuleTerms {
  readonly name: string;
  readonly terms: string;
}

/** When a rule began to pay on these terms. */
export interface RuleBeginning {
  readonly terms: string;
  /** ISO 8601; absent where it began with the ledger. */
  readonly at?: string | undefined;
}

/** Who moved a beginning last, from where, and why. */
export interface Move {
  readonly what: string;
  readonly from: string;
  readonly to: string;
  readonly movedAt: string;
  readonly operator: string;
  readonly reason: string;
}

/** Since when this ledger pays, and by which rules. What came to be before is recorded as skipped. */
export interface Beginnings {
  /** ISO 8601. The creation of the table, unless a person moved it. */
  readonly at: string;
  /** Of the table that `at` was found for: a restored table has another one (ISO 8601). */
  readonly tableCreatedAt: string;
  readonly rules: Readonly<Record<string, RuleBeginning>>;
  readonly moves: readonly Move[];
  /** Grows with every write. */
  readonly version: number;
}

/** Reads the beginnings after recording what begins now. */
export type ReadBeginnings = () => Promise<Beginnings>;

/** Moves the beginning of the ledger, or of the rule named. Undefined where there is no such rule. */
export type MoveBeginning = (
  to: Date,
  by: { readonly operator: string; readonly reason: string; readonly rule?: string | undefined },
) => Promise<Beginnings | undefined>;

export interface BeginningStore {
  readonly read: ReadBeginnings;
  readonly move: MoveBeginning;
}

/** The same for the same terms, in whatever order they are written. */
export function digestTerms(terms: unknown): string {
  return hash('sha256', canonical(terms)).slice(0, 16);
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).toSorted().join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return `{${fields
    .map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`)
    .toSorted()
    .join()}}`;
}

/**
 * What has to be stored now. A ledger seen for the first time begins with its table, and its rules begin with it; a rule
 * that comes later, comes back, or pays on other terms begins now; a restored table begins with its own creation.
 */
export function beginnings(
  stored: Beginnings | undefined,
  tableCreatedAt: Date,
  rules: readonly RuleTerms[],
  now: Date,
): Beginnings {
  const created = tableCreatedAt.toISOString();
  if (stored === undefined) {
    const first = rules.map(({ name, terms }): [string, RuleBeginning] => [name, { terms }]);
    return { at: created, tableCreatedAt: created, rules: Object.fromEntries(first), moves: [], version: 1 };
  }
  const known = rules.map(({ name, terms }): [string, RuleBeginning] => {
    const before = stored.rules[name];
    return [name, before?.terms === terms ? before : { terms, at: now.toISOString() }];
  });
  const at = stored.tableCreatedAt === created ? stored.at : latest(stored.at, created);
  const next = { ...stored, at, tableCreatedAt: created, rules: Object.fromEntries(known) };
  return canonical(next) === canonical(stored) ? stored : { ...next, version: stored.version + 1 };
}

/** The beginnings with one of them moved. Undefined where there is no such rule. */
export function moveBeginning(stored: Beginnings, to: Date, by: Omit<Move, 'from' | 'to'>): Beginnings | undefined {
  const at = to.toISOString();
  const moved = (from: string) => ({
    moves: [...stored.moves, { ...by, from, to: at }].slice(-MAX_MOVES),
    version: stored.version + 1,
  });
  if (by.what === LEDGER) return { ...stored, at, ...moved(stored.at) };
  const rule = stored.rules[by.what];
  if (rule === undefined) return undefined;
  return { ...stored, rules: { ...stored.rules, [by.what]: { ...rule, at } }, ...moved(rule.at ?? stored.at) };
}

/** What a move of the ledger's own beginning names. No rule is called so: their names have a slash. */
export const LEDGER = 'ledger';

/** So many moves are kept. */
const MAX_MOVES = 50;

/** A cause that is too old to be paid, and why. */
export interface TooOldCause {
  readonly reason: 'older-than-ledger' | 'older-than-rule';
  readonly detail: string;
  /** The rule that would have paid it. */
  readonly rule: string;
  /** ISO 8601. */
  readonly causedAt: string;
}

/**
 * Whether a cause came to be before the ledger, or before the rule that would pay it. Sources date in whole seconds, so that
 * the second of the beginning counts whole. A rule that was not seen yet begins later than any cause.
 *
 * @param causedAt all times the cause bears (ISO 8601): clocks differ, and the earliest counts.
 */
export function findTooOld(
  { at, rules }: Beginnings,
  rule: string,
  causedAt: readonly string[],
): TooOldCause | undefined {
  const earliest = causedAt.toSorted((one, other) => Date.parse(one) - Date.parse(other))[0] ?? '';
  if (isBefore(earliest, at)) {
    const detail = `of ${earliest}; the ledger began at ${at}`;
    return { reason: 'older-than-ledger', detail, rule, causedAt: earliest };
  }
  const began = rules[rule];
  if (began !== undefined && (began.at === undefined || !isBefore(earliest, began.at))) return undefined;
  const since = began === undefined ? 'has not begun' : `began to pay on its present terms at ${began.at}`;
  return { reason: 'older-than-rule', detail: `of ${earliest}; ${rule} ${since}`, rule, causedAt: earliest };
}

/** Whether something came to be before the ledger, which then does not know what was done about it. */
export function isOlderThanLedger({ at }: Beginnings, instant: string): boolean {
  return isBefore(instant, at);
}

/** A time that cannot be read is before everything. */
function isBefore(instant: string, beginning: string): boolean {
  return !(Date.parse(instant) >= Math.floor(Date.parse(beginning) / 1000) * 1000);
}

function latest(one: string, other: string): string {
  return Date.parse(one) > Date.parse(other) ? one : other;
}
