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
  /** When it had other terms, or was away, since then: what came to be in such a time is not paid on these. */
  readonly gaps?: readonly Gap[];
}

/** From one moment until before another (ISO 8601). */
export interface Gap {
  readonly from: string;
  readonly until: string;
}

/** Terms that a rule had, and may come back to. */
export interface EarlierTerms extends RuleBeginning {
  /** ISO 8601. */
  readonly until: string;
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
  /** Since when it knows what was sent: its restoration, or where a person moved `at` on to. No move back changes it; see `knownSince`. */
  readonly knownSince?: string;
  /** Of the table that `at` was found for: a restored table has another one (ISO 8601). */
  readonly tableCreatedAt: string;
  readonly rules: Readonly<Record<string, RuleBeginning>>;
  /** What rules paid on before, by their names, the latest last. Absent where nothing has changed. */
  readonly earlier?: Readonly<Record<string, readonly EarlierTerms[]>>;
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

/** A rule that comes back to what it paid on so recently, as by a rollback, goes on. */
const COMES_BACK_MS = 30 * 24 * 3_600_000;

/** So many earlier terms of a rule are kept. */
const MAX_EARLIER = 5;

/** A rule that changed to and fro more often than this begins anew. */
const MAX_GAPS = 10;

/**
 * What has to be stored now. A ledger seen for the first time begins with its table, and its rules begin with it; a rule
 * that comes later, or pays on other terms, begins now; one that comes back to terms that it had within 30 days goes on,
 * but for the time between; a restored table begins with its own creation.
 */
export function beginnings(
  stored: Beginnings | undefined,
  tableCreatedAt: Date,
  rules: readonly RuleTerms[],
  now: Date,
): Beginnings {
  const at = ledgerBeginning(stored, tableCreatedAt);
  const created = tableCreatedAt.toISOString();
  if (stored === undefined) {
    const first = rules.map(({ name, terms }): [string, RuleBeginning] => [name, { terms }]);
    return { at, tableCreatedAt: created, rules: Object.fromEntries(first), moves: [], version: 1 };
  }
  const known = rules.map((rule): [string, RuleBeginning] => [rule.name, beginningOf(rule, stored, now)]);
  const { earlier: _earlier, ...rest } = stored;
  const next = {
    ...rest,
    at,
    ...(stored.tableCreatedAt === created ? {} : { knownSince: latest(knownSince(stored), created) }),
    tableCreatedAt: created,
    rules: Object.fromEntries(known),
    ...earlierTerms(stored, Object.fromEntries(known), now),
  };
  return canonical(next) === canonical(stored) ? stored : { ...next, version: stored.version + 1 };
}

/** Since when a ledger knows what was done: a restored table since its own creation, at the earliest (ISO 8601). */
export function ledgerBeginning(
  stored: Pick<Beginnings, 'at' | 'tableCreatedAt'> | undefined,
  tableCreatedAt: Date,
): string {
  const created = tableCreatedAt.toISOString();
  if (stored === undefined) return created;
  return stored.tableCreatedAt === created ? stored.at : latest(stored.at, created);
}

/** Since when a ledger knows what was sent (ISO 8601): what is older, and is to be paid all the same, is looked for before. */
export function knownSince({ at, knownSince: since = at }: Pick<Beginnings, 'at' | 'knownSince'>): string {
  return latest(at, since);
}

/** The same as `beginnings` will store it. */
export function knownSinceOf(
  stored: Pick<Beginnings, 'at' | 'knownSince' | 'tableCreatedAt'> | undefined,
  tableCreatedAt: Date,
): string {
  const at = ledgerBeginning(stored, tableCreatedAt);
  return stored === undefined ? at : latest(at, knownSince(stored));
}

function beginningOf({ name, terms }: RuleTerms, { rules, earlier }: Beginnings, now: Date): RuleBeginning {
  const current = rules[name];
  if (current?.terms === terms) return current;
  const anew = { terms, at: now.toISOString() };
  const before = earlier?.[name]?.findLast((one) => one.terms === terms && mayComeBack(one, now));
  if (before === undefined) return anew;
  const { until: from, ...began } = before;
  const gaps = [...(before.gaps ?? []), { from, until: anew.at }];
  return gaps.length > MAX_GAPS ? anew : { ...began, gaps };
}

/** What the rules had before, those included that change or go now. */
function earlierTerms(
  stored: Beginnings,
  rules: Readonly<Record<string, RuleBeginning>>,
  now: Date,
): Pick<Beginnings, 'earlier'> {
  const names = new Set([...Object.keys(stored.earlier ?? {}), ...Object.keys(stored.rules)]);
  const kept = [...names].flatMap((name): [string, readonly EarlierTerms[]][] => {
    const terms = rules[name]?.terms;
    const current = stored.rules[name];
    const left = current === undefined || current.terms === terms ? [] : [{ ...current, until: now.toISOString() }];
    const had = [...(stored.earlier?.[name] ?? []), ...left].filter(
      (one) => one.terms !== terms && mayComeBack(one, now),
    );
    return had.length === 0 ? [] : [[name, had.slice(-MAX_EARLIER)]];
  });
  return kept.length === 0 ? {} : { earlier: Object.fromEntries(kept) };
}

function mayComeBack({ until }: EarlierTerms, now: Date): boolean {
  return now.getTime() - Date.parse(until) <= COMES_BACK_MS;
}

/** The beginnings with one of them moved; a rule then has no gaps. Undefined where there is no such rule. */
export function moveBeginning(stored: Beginnings, to: Date, by: Omit<Move, 'from' | 'to'>): Beginnings | undefined {
  const at = to.toISOString();
  const moved = (from: string) => ({
    moves: [...stored.moves, { ...by, from, to: at }].slice(-MAX_MOVES),
    version: stored.version + 1,
  });
  if (by.what === LEDGER) {
    const isLater = latest(at, stored.at) !== stored.at;
    return { ...stored, at, ...(isLater ? { knownSince: latest(at, knownSince(stored)) } : {}), ...moved(stored.at) };
  }
  const rule = stored.rules[by.what];
  if (rule === undefined) return undefined;
  const { gaps: _gaps, ...began } = rule;
  return { ...stored, rules: { ...stored.rules, [by.what]: { ...began, at } }, ...moved(rule.at ?? stored.at) };
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
 * Whether a cause came to be before the ledger, or before the rule that would pay it, or while that had other terms. Sources
 * date in whole seconds, so that the second of the beginning counts whole. A rule that was not seen yet begins later than
 * any cause.
 *
 * @param causedAt all times the cause bears (ISO 8601): clocks differ, and the earliest counts; in a gap each does.
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
  const tooOld = (since: string): TooOldCause => ({
    reason: 'older-than-rule',
    detail: `of ${earliest}; ${rule} ${since}`,
    rule,
    causedAt: earliest,
  });
  if (began === undefined) return tooOld('has not begun');
  if (began.at !== undefined && isBefore(earliest, began.at)) {
    return tooOld(`began to pay on its present terms at ${began.at}`);
  }
  const gap = began.gaps?.find((one) => causedAt.some((instant) => isIn(one, instant)));
  return gap === undefined ? undefined : tooOld(`had other terms from ${gap.from} until ${gap.until}`);
}

function isIn({ from, until }: Gap, instant: string): boolean {
  return !isBefore(instant, from) && isBefore(instant, until);
}

/** Whether something came to be before the ledger, which then does not know what was done about it. */
export function isOlderThanLedger({ at }: Pick<Beginnings, 'at'>, instant: string): boolean {
  return isBefore(instant, at);
}

/** Whether something is before the second of a beginning. A time that cannot be read is before everything. */
export function isBefore(instant: string, beginning: string): boolean {
  return !(Date.parse(instant) >= Math.floor(Date.parse(beginning) / 1000) * 1000);
}

function latest(one: string, other: string): string {
  return Date.parse(one) > Date.parse(other) ? one : other;
}
