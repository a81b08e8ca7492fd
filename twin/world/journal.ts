import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs';
import type { Change } from './store.ts';

/**
 * A file that a twin's state survives in: JSON lines, one for each request that changed something, with all that it
 * changed. A request is in the file as a whole or not at all, and the file can be read, searched and cut by hand.
 */
export interface Journal {
  /** The changes of all earlier runs, in their order. */
  readonly earlier: readonly Change[];
  /** Appends what one request changed. Written when this returns. */
  append(changes: readonly Change[]): void;
}

/**
 * Opens the file, or begins it. A last line that an interrupted write left unfinished is cut off.
 *
 * @throws Error naming the line that cannot be read.
 */
export function openJournal(file: string): Journal {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole.length < text.length) truncateSync(file, Buffer.byteLength(whole));
  const lines = whole.split('\n').slice(0, -1);
  return {
    earlier: lines.flatMap((line, index) => readLine(line, `${file}:${index + 1}`)),
    append(changes) {
      if (changes.length > 0) appendFileSync(file, `${JSON.stringify(changes, writeAmount)}\n`);
    },
  };
}

function readLine(line: string, where: string): Change[] {
  try {
    return JSON.parse(line, readAmount) as Change[];
  } catch (error) {
    throw new Error(`${where} is not a line of a twin's journal: ${String(error)}`, { cause: error });
  }
}

/** JSON has no bigint: an amount is kept as `{"$microUsd": "50000000"}`. */
function writeAmount(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? { $microUsd: value.toString() } : value;
}

function readAmount(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('$microUsd' in value)) return value;
  return BigInt(String(value.$microUsd));
}
