import Table from 'cli-table3';
import type { Beginnings, RuleBeginning } from '../../src/ledger/beginnings.ts';
import type { Intent, IntentCursor } from '../../src/ledger/intent.ts';
import type { Decide } from './decide.ts';

/** Which skipped causes are meant: all that would pay since a moment, by one rule if one is named. */
export interface SkippedFilter {
  readonly since: string;
  readonly rule?: string | undefined;
}

/** The skipped causes that would pay and that nobody has paid yet; and how many others there are. */
export async function listSkipped(
  decide: Decide,
  { since, rule }: SkippedFilter,
): Promise<{ readonly payable: readonly Intent[]; readonly others: number }> {
  const found: Intent[] = [];
  let after: IntentCursor | undefined;
  do {
    const page = await decide({ action: 'skipped', since, ...(after === undefined ? {} : { after }) });
    if (page.error !== undefined) throw new Error(page.error);
    found.push(...(page.intents ?? []).filter(({ skip }) => rule === undefined || skip?.rule === rule));
    after = page.next;
  } while (after !== undefined);
  const payable = found.filter(({ skip, retriedAs }) => skip?.input !== undefined && retriedAs === undefined);
  return { payable, others: found.length - payable.length };
}

/** A table of what skipped causes would pay. */
export function showSkipped({ payable, others }: Awaited<ReturnType<typeof listSkipped>>): string {
  const rest = `${others} more earned nothing or are to be paid already: npm run intents -- list --state skipped`;
  if (payable.length === 0) return others === 0 ? 'None.' : `None that would pay. ${rest}`;
  const table = new Table({
    head: ['key', 'cause', 'of', 'rule', 'amount', 'to', 'reason'],
    style: { head: [], border: [], compact: true },
  });
  table.push(
    ...payable.map(({ key, cause, skip, amountUsd, payee }) => [
      key,
      cause.subject,
      skip?.causedAt ?? '',
      skip?.rule ?? '',
      `$${amountUsd}`,
      payee,
      skip?.reason ?? '',
    ]),
  );
  return others === 0 ? table.toString() : `${table.toString()}\n${rest}`;
}

/** Has several paid, one after the other; what is refused keeps no other from being paid. Returns a line for each. */
export async function paySkipped(
  decide: Decide,
  keys: readonly string[],
  decision: object,
): Promise<{ readonly lines: readonly string[]; readonly refused: number }> {
  const lines: string[] = [];
  let refused = 0;
  for (const key of keys) {
    const { error, execution = '' } = await decide({ action: 'pay', key, ...decision });
    if (error !== undefined) refused += 1;
    lines.push(`${key}  ${error ?? execution}`);
  }
  return { lines, refused };
}

function showBeginning({ at, gaps = [] }: RuleBeginning): string {
  return [at ?? 'with the ledger', ...gaps.map(({ from, until }) => `not from ${from} until ${until}`)].join(', ');
}

/** When the ledger and each rule began, and who moved that. */
export function showBeginnings({ at, rules, moves }: Beginnings): string {
  const names = ['the ledger', ...Object.keys(rules)];
  const width = Math.max(...names.map((name) => name.length));
  return [
    `${'the ledger'.padEnd(width)}  ${at}`,
    ...Object.entries(rules).map(([name, began]) => `${name.padEnd(width)}  ${showBeginning(began)}`),
    ...moves.map(
      ({ what, from, to, movedAt, operator, reason }) =>
        `${movedAt}: ${operator} moved ${what} from ${from} to ${to}: ${reason}`,
    ),
  ].join('\n');
}
