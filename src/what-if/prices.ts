import * as z from 'zod/mini';
import type { MicroUsd } from '../money.ts';
import { formatUsd } from '../money.ts';
import { describeProblems, usdSchema } from '../schemas.ts';

/** What an asset cost at a time. */
export interface PricePoint {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly asset: string;
  /** USD for one unit. */
  readonly price: MicroUsd;
}

/** A file of prices that does not fit; the message has one line a problem, with the line and what is allowed there. */
export class InvalidPricesError extends Error {
  override readonly name = 'InvalidPricesError';
}

export interface PriceReader {
  push(text: string): void;
  /**
   * All rows in the order of time.
   *
   * @throws InvalidPricesError
   */
  finish(): readonly PricePoint[];
}

const COLUMNS = ['at', 'asset', 'price'] as const;
const HEADER = COLUMNS.join(',');
const KEPT_PROBLEMS = 5;
const MAX_LINE = 10_000;

const rowSchema = z.strictObject(
  {
    at: z.iso.datetime({
      offset: true,
      error: 'expected ISO 8601 with Z or an offset, such as "2026-03-06T09:00:00Z"',
    }),
    asset: z
      .string()
      .check(z.regex(/^\S{1,40}$/, { error: 'expected 1 to 40 characters without blanks, such as "BTC-USDC"' })),
    price: usdSchema.check(z.refine((value) => value > 0n, { error: 'must be more than nothing' })),
  },
  {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `unknown: ${issue.keys.join(', ')}; allowed: ${COLUMNS.join(', ')}`
        : undefined,
  },
);

interface Row extends PricePoint {
  readonly line: number;
}

/**
 * Reads prices from CSV with the header `at,asset,price`, or from JSON lines with these fields; the first line says which. The
 * text is given in pieces of any size.
 *
 * @param file names it in messages.
 */
export function createPriceReader(file: string): PriceReader {
  const rows: Row[] = [];
  const problems: string[] = [];
  let problemCount = 0;
  let format: 'csv' | 'json' | undefined;
  let rest = '';
  let line = 0;

  const refuse = (at: number, problem: string) => {
    problemCount += 1;
    if (problems.length < KEPT_PROBLEMS) problems.push(`  ${file}:${at}: ${problem}`);
  };

  const readLine = (raw: string) => {
    line += 1;
    const text = (line === 1 ? raw.replace(/^\uFEFF/, '') : raw).trim();
    if (text === '') return;
    if (format === undefined) {
      format = text.startsWith('{') ? 'json' : 'csv';
      if (format === 'csv') {
        if (text !== HEADER) refuse(line, `the header is ${quote(text)}; expected ${HEADER}`);
        return;
      }
    }
    const fields = format === 'csv' ? fieldsIn(text) : jsonIn(text);
    if ('problem' in fields) {
      refuse(line, fields.problem);
      return;
    }
    const row = z.safeParse(rowSchema, fields.value);
    if (row.success) rows.push({ at: Date.parse(row.data.at), asset: row.data.asset, price: row.data.price, line });
    else refuse(line, describeProblems(row.error));
  };

  return {
    push(piece) {
      const lines = (rest + piece).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > MAX_LINE) {
        throw new InvalidPricesError(`${file}:${line + 1}: the line is longer than ${MAX_LINE} characters`);
      }
      for (const one of lines) readLine(one);
    },

    finish() {
      if (rest !== '') readLine(rest);
      rest = '';
      if (format === undefined) refuse(1, `it is empty; expected ${HEADER} or JSON lines`);
      else if (rows.length === 0 && problemCount === 0) refuse(line, 'there is no price in it');
      const sorted = rows.toSorted(compareRows);
      for (const [index, row] of sorted.entries()) {
        const before = sorted[index - 1];
        if (before?.at !== row.at || before.asset !== row.asset || before.price === row.price) continue;
        const [first, second] = before.line < row.line ? [before, row] : [row, before];
        const time = new Date(row.at).toISOString();
        refuse(
          second.line,
          `${row.asset} costs ${formatUsd(second.price)} at ${time}, and ${formatUsd(first.price)} in line ${first.line}`,
        );
      }
      if (problemCount === 0) return sorted;
      const more = problemCount - problems.length;
      throw new InvalidPricesError(
        [`${file} cannot be used:`, ...problems, ...(more > 0 ? [`  and ${more} more`] : [])].join('\n'),
      );
    },
  };
}

type Fields = { readonly value: unknown } | { readonly problem: string };

function fieldsIn(text: string): Fields {
  const fields = text.split(',');
  if (fields.length !== COLUMNS.length) {
    return { problem: `${fields.length} fields; expected ${COLUMNS.length}: ${HEADER}` };
  }
  return { value: Object.fromEntries(COLUMNS.map((column, index) => [column, fields[index]])) };
}

function jsonIn(text: string): Fields {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { problem: 'not JSON; expected {"at": ..., "asset": ..., "price": ...}' };
  }
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

function compareRows(one: Row, other: Row): number {
  if (one.at !== other.at) return one.at - other.at;
  if (one.asset !== other.asset) return one.asset < other.asset ? -1 : 1;
  if (one.price !== other.price) return one.price < other.price ? -1 : 1;
  return one.line - other.line;
}
