import Table from 'cli-table3';
import { formatUsd, subtractUsd, sumUsd, type MicroUsd } from '../money.ts';
import { SKIP_REASONS } from '../trading/decide-trade.ts';
import { REFUSALS, type ConfiguredCandidate, type Outcome } from './account.ts';
import type { PricePoint } from './prices.ts';
import type { Recording } from './recording.ts';
import type { Comparison, Difference, Result } from './replay.ts';

/** Without `--all`, as many differences are listed, and of those alone that make a trade. */
export const SHOWN_DIFFERENCES = 20;

/** Characters of an id that are shown. */
const MAX_ID = 44;

/** What a report is about, besides what came out. */
export interface WhatIfInput {
  readonly recording: Recording;
  /** What it was read from. */
  readonly eventsFrom: string;
  readonly prices: readonly PricePoint[];
  /** Undefined where there is no file of prices. */
  readonly pricesFrom: string | undefined;
  readonly candidates: readonly ConfiguredCandidate[];
}

/** The report in lines: what was read, in what the settings differ, what came out, and on what signals it differs. */
export function composeWhatIf(input: WhatIfInput, comparison: Comparison): string[] {
  return [
    ...composeSource(input, comparison),
    '',
    ...composeSettings(input.candidates),
    ...composeResults(comparison),
    ...composeDifferences(comparison),
  ];
}

function composeSource({ recording, eventsFrom, prices, pricesFrom }: WhatIfInput, comparison: Comparison): string[] {
  const { signals, repeated, span, unpriced, hasPrices } = comparison;
  const { others, unusable, problems } = recording;
  const told = [...others].toSorted(([one], [other]) => (one < other ? -1 : 1));
  const fromEvents = recording.signals.filter(({ price }) => price !== undefined).length;
  return [
    head('events', `${eventsFrom}: ${signals} signals from ${time(span.from)} to ${time(lastAt(recording))}`),
    ...(repeated === 0 ? [] : [head('', `delivered again: ${repeated}`)]),
    ...(told.length === 0
      ? []
      : [head('', `left aside: ${told.map(([type, count]) => `${type} ${count}`).join(', ')}`)]),
    ...(unusable === 0 ? [] : [head('', `unusable: ${unusable}`)]),
    ...problems.map((problem) => head('', `  ${problem}`)),
    ...(unusable > problems.length ? [head('', `  and ${unusable - problems.length} more`)] : []),
    head(
      'prices',
      [
        ...(pricesFrom === undefined ? [] : [`${pricesFrom}: ${prices.length}, to ${time(span.until)}`]),
        ...(fromEvents === 0 ? [] : [`${fromEvents} in the events`]),
        ...(hasPrices ? [] : ['none: there are no profits without them; give --prices FILE']),
      ].join('; '),
    ),
    ...(hasPrices && unpriced.length > 0
      ? [head('', `none of ${unpriced.join(', ')}: what was traded of that is carried at cost`)]
      : []),
  ];
}

function composeSettings(candidates: readonly ConfiguredCandidate[]): string[] {
  const paths = [...new Set(candidates.flatMap(({ settings }) => Object.keys(settings)))];
  const differing = paths
    .map((path) => [path, ...candidates.map(({ settings }) => settings[path] ?? '-')])
    .filter(([, ...values]) => new Set(values).size > 1);
  if (candidates.length === 1) return [];
  if (differing.length === 0) return ['no setting of trading differs', ''];
  return [...drawTable(['settings that differ', ...candidates.map(({ name }) => name)], differing), ''];
}

function composeResults({ signals, results, hasPrices }: Comparison): string[] {
  const row = (name: string, show: (result: Result) => string) => [name, ...results.map(show)];
  const counts = <Key extends string>(keys: readonly Key[], of: (result: Result) => Readonly<Record<Key, number>>) =>
    keys
      .filter((key) => results.some((result) => of(result)[key] > 0))
      .map((key) => row(`  ${key}`, (result) => String(of(result)[key])));
  const refused = counts(REFUSALS, (result) => result.refused);
  return [
    ...drawTable(
      ['', ...results.map(({ candidate }) => candidate.name)],
      [
        row('signals', () => String(signals)),
        row('traded', ({ traded }) => String(traded)),
        row('skipped', ({ skipped }) => String(sum(Object.values(skipped)))),
        ...counts(SKIP_REASONS, ({ skipped }) => skipped),
        ...(refused.length === 0 ? [] : [row('refused', (result) => String(sum(Object.values(result.refused))))]),
        ...refused,
        row('notional', ({ notional }) => usd(notional)),
        row('fees', ({ fees }) => usd(fees)),
        ...(hasPrices ? profits(row) : []),
      ],
    ),
    '',
  ];
}

function profits(row: (name: string, show: (result: Result) => string) => string[]): string[][] {
  return [
    row('realised', ({ realised }) => profit(realised)),
    row('unrealised', ({ unrealised }) => profit(unrealised)),
    row('result after fees', ({ realised, unrealised, fees }) =>
      profit(subtractUsd(sumUsd(realised, unrealised), fees)),
    ),
    row('equity at the end', ({ equity }) => usd(equity)),
    row('largest drawdown', ({ drawdown }) =>
      drawdown === undefined ? 'none' : `${usd(drawdown.amount)} (${percent(drawdown.amount, drawdown.from)})`,
    ),
    row('  from', ({ drawdown }) => (drawdown === undefined ? '-' : time(drawdown.fromAt))),
    row('  to', ({ drawdown }) => (drawdown === undefined ? '-' : time(drawdown.at))),
    row('win rate', ({ won, closed }) =>
      closed === 0 ? 'nothing closed' : `${percent(BigInt(won), BigInt(closed))} (${won} of ${closed})`,
    ),
    row('liquidated', ({ liquidated }) => String(liquidated)),
  ];
}

function composeDifferences({ signals, results, differing, differences }: Comparison): string[] {
  if (results.length === 1) return [];
  const { tradedOnlyBy, otherSize, otherReason } = differing;
  const count = sum(tradedOnlyBy) + otherSize + otherReason;
  if (count === 0) return ['they decide the same over every signal'];
  const names = results.map(({ candidate }) => candidate.name);
  const kinds = [
    ...tradedOnlyBy.map((traded, index) => [traded, `traded by ${names[index]} alone`] as const),
    [otherSize, 'traded by both in different sizes'] as const,
    [otherReason, 'traded by neither, for different reasons'] as const,
  ].filter(([number]) => number > 0);
  const shown = differences.length;
  return [
    `they differ on ${count} of ${signals} signals:`,
    ...kinds.map(([number, what]) => `${String(number).padStart(6)} ${what}`),
    ...(shown === 0 ? [] : drawTable(['at', 'signal', 'says', ...names], differences.map(rowOf))),
    ...(shown < count ? [`${count - shown} more; --all lists them`] : []),
  ];
}

function rowOf({ signal, outcomes }: Difference): string[] {
  const { source, id, direction, asset, confidence, takenAt } = signal;
  const says = `${direction} ${asset}, ${confidence ?? source}`;
  return [time(takenAt), shorten(id), says, ...outcomes.map(describe)];
}

/** Ids may have 200 characters; the last ones tell most. */
function shorten(id: string): string {
  return id.length <= MAX_ID ? id : `…${id.slice(1 - MAX_ID)}`;
}

function describe(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'traded':
      return usd(outcome.amount);
    case 'skipped':
      return outcome.reason;
    case 'refused':
      return `refused: ${outcome.reason}`;
  }
}

/** Numbers are to the right, text in the first columns to the left. */
function drawTable(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const isList = headings[0] === 'at';
  const table = new Table({
    head: [...headings],
    style: { head: [], border: [], compact: true },
    colAligns: headings.map((_, index) => (index === 0 || isList ? 'left' : 'right')),
  });
  table.push(...rows.map((row) => [...row]));
  return table.toString().split('\n');
}

function head(name: string, text: string): string {
  return `${name.padEnd(8)}${text}`;
}

function lastAt({ signals }: Recording): number {
  return signals.at(-1)?.takenAt ?? 0;
}

/** UTC. */
function time(at: number): string {
  return new Date(at).toISOString().replace(/\.000Z$/, 'Z');
}

const CENT = 10_000n;

/** In whole cents, halves away from zero: what is shown of a figure; fees and profits are reckoned finer. */
function usd(amount: MicroUsd): string {
  const magnitude = amount < 0n ? 0n - amount : amount;
  const cents = (((magnitude + CENT / 2n) / CENT) * CENT) as MicroUsd;
  return `${amount < 0n && cents > 0n ? '-' : ''}$${formatUsd(cents)}`;
}

function profit(amount: MicroUsd): string {
  const text = usd(amount);
  return text.startsWith('-') || amount === 0n ? text : `+${text}`;
}

/** With one decimal, rounded half up. */
function percent(part: bigint, whole: bigint): string {
  if (whole === 0n) return '-';
  const tenths = (part * 2_000n + whole) / (whole * 2n);
  return `${tenths / 10n}.${tenths % 10n} %`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
